//! What `Cargo.toml` says: versions and features, against the lock file and the sources of the pinned crates.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use migration::{features, versions};
use serde_json::Value;

/// The packages that the lock file chose, by name.
static PACKAGES: LazyLock<BTreeMap<String, Value>> = LazyLock::new(|| {
    let host = run("rustc", &["--print", "host-tuple"]);
    let arguments = ["metadata", "--format-version=1", "--locked", "--filter-platform", host.trim()];
    let metadata: Value = serde_json::from_str(&run(env!("CARGO"), &arguments)).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages.map(|package| (package["name"].as_str().unwrap().to_owned(), package.clone())).collect()
});

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// `0.33` of `0.33.1`, and of `^0.33.1`.
fn minor(version: &str) -> String {
    let parts: Vec<_> = version.trim_start_matches(['^', '=']).split('.').collect();
    parts[..2].join(".")
}

fn pinned(package: &str) -> String {
    minor(PACKAGES[package]["version"].as_str().unwrap())
}

fn changelog(package: &str) -> String {
    let manifest = PathBuf::from(PACKAGES[package]["manifest_path"].as_str().unwrap());
    std::fs::read_to_string(manifest.with_file_name("CHANGELOG.md")).unwrap()
}

#[test]
fn the_last_row_is_what_the_lock_file_has() {
    let last = versions::minors().unwrap().pop().unwrap();
    assert_eq!(last.opentelemetry, pinned("opentelemetry"));
    assert_eq!(last.tracing_opentelemetry, pinned("tracing-opentelemetry"));
    let required = |package: &str| {
        let dependencies = PACKAGES["opentelemetry-otlp"]["dependencies"].as_array().unwrap();
        let found = dependencies.iter().find(|dependency| dependency["name"] == package).unwrap();
        minor(&format!("{}.0", found["req"].as_str().unwrap()))
    };
    for (package, row) in [("tonic", &last.tonic), ("prost", &last.prost), ("reqwest", &last.reqwest)] {
        assert_eq!((&required(package), &pinned(package)), (row, row), "{package}");
    }
}

#[test]
fn each_row_was_released_on_its_day() {
    let changelog = changelog("opentelemetry");
    for row in versions::minors().unwrap() {
        let heading = format!("## {}.0\n\nReleased ", row.opentelemetry);
        let alternative = format!("## v{}.0\n\nReleased ", row.opentelemetry);
        let (_, after) = changelog.split_once(&heading).or_else(|| changelog.split_once(&alternative)).unwrap();
        let released: Vec<_> = after.lines().next().unwrap().split('-').collect();
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let month = months.iter().position(|month| *month == released[1]).unwrap() + 1;
        assert_eq!(row.released, format!("{}-{month:02}-{}", released[0], released[2]));
    }
}

#[test]
fn the_bridge_is_one_ahead_in_each_row() {
    let number = |version: &str| version.trim_start_matches("0.").parse::<u32>().unwrap();
    let changelog = changelog("tracing-opentelemetry");
    for row in versions::minors().unwrap() {
        assert_eq!(number(&row.tracing_opentelemetry), number(&row.opentelemetry) + 1, "{row:?}");
        let headings =
            [format!("\n# {}.0 (", row.tracing_opentelemetry), format!("\n## [{}.0]", row.tracing_opentelemetry)];
        match headings.iter().find_map(|heading| changelog.split_once(heading)) {
            Some((_, entry)) => {
                let upgrade = entry.lines().find(|line| line.to_lowercase().contains("upgrade ")).unwrap();
                assert!(upgrade.contains(&row.opentelemetry), "{row:?}: {upgrade}");
            }
            // The bridge's changelog says nothing of its 0.28 and 0.29.
            None => assert!(["0.27", "0.28"].contains(&row.opentelemetry.as_str()), "{row:?}"),
        }
    }
}

#[test]
fn gone_features_are_gone_and_their_successors_are_there() {
    for gone in features::gone().unwrap() {
        let has = |feature: &str| PACKAGES[&gone.package]["features"].get(feature).is_some();
        assert!(!has(&gone.feature), "{gone:?}");
        assert!(gone.instead.iter().all(|feature| has(feature)), "{gone:?}");
    }
}

#[test]
fn changed_by_default_spans_leave_over_http() {
    let default = PACKAGES["opentelemetry-otlp"]["features"]["default"].as_array().unwrap();
    let has = |feature: &str| default.iter().any(|name| name == feature);
    assert!(has("http-proto") && has("reqwest-blocking-client") && !has("grpc-tonic"), "{default:?}");
}

/// Features add up, and this workspace has TLS. So the error cannot be provoked here; the source has it.
#[test]
fn changed_https_without_tls_is_refused() {
    let manifest = PathBuf::from(PACKAGES["opentelemetry-otlp"]["manifest_path"].as_str().unwrap());
    let source = std::fs::read_to_string(manifest.with_file_name("src").join("exporter/tonic/mod.rs")).unwrap();
    assert!(source.contains("uses HTTPS but no TLS feature is enabled"));
}
