//! What the environment says, read from the example's table.
#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use testkit::example;

/// What the example prints.
static TABLE: LazyLock<String> = LazyLock::new(|| {
    let output = example("sampling-environment").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
});

/// Kept of 10,000 without a parent, below a sampled one, below one that is not sampled.
fn row(sampler: &str, argument: &str) -> [usize; 3] {
    let mut rows = TABLE.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let row = rows.find(|cells| cells[..2] == [sampler, argument]).unwrap();
    std::array::from_fn(|at| row[at + 2].parse().unwrap())
}

/// About a tenth: six standard deviations of a binomial distribution. The ids are the same in every run, so it is red
/// always or never.
fn a_tenth(count: usize) -> bool {
    (820..=1_180).contains(&count)
}

#[test]
fn without_a_word_everything_is_kept_that_its_parent_keeps() {
    assert_eq!(row("–", "–"), [10_000, 10_000, 0], "{}", *TABLE);
}

#[test]
fn a_parent_based_ratio_decides_for_roots_alone() {
    let [roots, sampled, unsampled] = row("parentbased_traceidratio", "0.1");
    assert!(a_tenth(roots) && sampled == 10_000 && unsampled == 0, "{}", *TABLE);
}

#[test]
fn symptom_a_ratio_without_parent_based_overrules_its_callers() {
    assert!(row("traceidratio", "0.1").into_iter().all(a_tenth), "{}", *TABLE);
    assert_eq!(row("always_on", "–"), [10_000; 3], "and so does this one: {}", *TABLE);
    assert_eq!(row("always_off", "–"), [0; 3], "and this one: {}", *TABLE);
}

#[test]
fn symptom_ten_is_not_ten_percent() {
    for argument in ["10", "10%", "–"] {
        assert_eq!(row("parentbased_traceidratio", argument)[0], 10_000, "{argument}: {}", *TABLE);
    }
}

#[test]
fn symptom_a_sampler_that_is_misspelt_or_missing_keeps_everything() {
    for (sampler, argument) in [("ParentBased_TraceIdRatio", "0.1"), ("jaeger_remote", "–")] {
        assert_eq!(row(sampler, argument), row("–", "–"), "{}", *TABLE);
    }
}

#[test]
fn what_the_code_says_wins_over_the_environment() {
    let output = example("sampling-environment").arg("code").env("OTEL_TRACES_SAMPLER", "always_on").output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().split_whitespace().next(), Some("0"));
}
