//! Measures a listing and its Rust peers with criterion, and keeps what a page needs to show it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use book::Lock;
use book::results::{Better, Machine, Results, Row};
use serde_json::Value;

use crate::process::{cargo, output, run as execute, version};
use crate::root::{listing, package, root, target};
use crate::versus::Answer;

/// What a run found out.
pub struct Measured {
    /// The result's name.
    pub name: String,
    /// What repeats it.
    pub command: String,
    /// The unit of all rows: of a rate, more is better; of anything else, less.
    pub unit: String,
    /// What the numbers depend on, below `listings/`.
    pub sources: Vec<String>,
    /// Of what was measured.
    pub versions: BTreeMap<String, String>,
    /// The numbers.
    pub rows: Vec<Row>,
}

/// Runs every bench of the listing; each becomes `results/<bench>.json`. So does every program that the crate's manifest names
/// under `[package.metadata.bench]`, with its unit: for `memory = "KiB"`, `examples/<crate>-memory.rs` prints rows in the format
/// of a peer. A quick run is a first look: it prints, and writes nothing; a program is told with `--quick`. `only` picks one.
pub fn run(slug: &str, quick: bool, only: Option<&str>) -> anyhow::Result<()> {
    let folder = listing(slug)?;
    let measured = |name: &str, unit: &str, source: &str, answer: Answer| -> anyhow::Result<()> {
        let Answer { versions: others, rows } = answer;
        ensure!(!rows.is_empty(), "{name} measured nothing");
        if quick {
            show(unit, &rows);
            return Ok(());
        }
        let (command, mut versions) = (format!("cargo xtask bench {slug}"), versions(slug)?);
        versions.extend(others);
        let sources = vec![format!("{slug}/src"), format!("{slug}/{source}")];
        save(slug, Measured { name: name.into(), command, unit: unit.into(), sources, versions, rows })
    };
    let (mut benches, mut programs) = (names(&folder.join("benches"))?, programs(&folder)?);
    if let Some(only) = only {
        benches.retain(|bench| bench == only);
        programs.retain(|(program, _)| program == only);
        ensure!(
            !benches.is_empty() || !programs.is_empty(),
            "listings/{slug} measures nothing that is called {only:?}"
        );
    }
    ensure!(!benches.is_empty() || !programs.is_empty(), "listings/{slug} has no benches and names no programs");
    for bench in benches {
        let criterion = target().join("criterion");
        if criterion.exists() {
            fs::remove_dir_all(&criterion).context("the numbers of an earlier run cannot be removed")?;
        }
        let mut cargo = cargo();
        cargo.args(["bench", "--locked", "--package", package(slug), "--bench", &bench]);
        if quick {
            cargo.args(["--", "--quick"]);
        }
        execute(&mut cargo)?;
        measured(&bench, "ns", "benches", Answer { versions: BTreeMap::new(), rows: rows(&criterion)? })?;
    }
    for (name, unit) in programs {
        let example = format!("{}-{name}", package(slug));
        let mut cargo = cargo();
        cargo.args(["run", "--locked", "--release", "--quiet", "--example", &example, "--package", package(slug)]);
        if quick {
            cargo.args(["--", "--quick"]);
        }
        measured(&name, &unit, &format!("examples/{example}.rs"), Answer::parse(&output(&mut cargo)?)?)?;
    }
    Ok(())
}

fn show(unit: &str, rows: &[Row]) {
    println!("\n{:<44} {:<28} {unit:>10}", "case", "subject");
    for Row { case, subject, value, .. } in rows {
        println!("{case:<44} {subject:<28} {value:>10.1}");
    }
}

/// The benches, of which there may be none.
fn names(benches: &Path) -> anyhow::Result<Vec<String>> {
    let files = if benches.is_dir() { book::files(benches)? } else { Vec::new() };
    let name = |file: &std::path::PathBuf| Some(file.file_stem()?.to_string_lossy().into_owned());
    Ok(files
        .iter()
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(name)
        .collect())
}

/// The programs that measure something other than criterion's nanoseconds, and their units.
fn programs(folder: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let manifest: toml::Table = fs::read_to_string(folder.join("Cargo.toml"))?.parse()?;
    let metadata = manifest["package"].get("metadata").and_then(|metadata| metadata.get("bench"));
    let program = |(name, unit): (&String, &toml::Value)| {
        let unit = unit.as_str().with_context(|| format!("[package.metadata.bench] {name}: no unit, like \"KiB\""))?;
        Ok((name.clone(), unit.to_owned()))
    };
    metadata.and_then(toml::Value::as_table).into_iter().flatten().map(program).collect()
}

/// Writes `results/<name>.json` with today's date, this machine and the hashes of what was measured.
pub fn save(slug: &str, measured: Measured) -> anyhow::Result<()> {
    let Measured { name, command, unit, sources, versions, rows } = measured;
    let results = Results {
        name,
        better: if unit.ends_with("/s") { Better::Higher } else { Better::Lower },
        unit,
        command,
        date: book::today(),
        machine: machine()?,
        versions,
        sources: book::hash_sources(&root().join("listings"), &sources)?,
        rows,
    };
    results.save(&listing(slug)?)?;
    println!("listings/{slug}/results/{}.json: {} rows", results.name, results.rows.len());
    Ok(())
}

/// criterion keeps a folder for each group and function; group is the case and function the subject. The order of the
/// run is the order of the page.
fn rows(criterion: &Path) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for file in book::files(criterion)? {
        if !file.ends_with("new/benchmark.json") {
            continue;
        }
        let read = |path: &Path| -> anyhow::Result<Value> { Ok(serde_json::from_str(&fs::read_to_string(path)?)?) };
        let (name, estimates) = (read(&file)?, read(&file.with_file_name("estimates.json"))?);
        let text = |key: &str| name[key].as_str().unwrap_or_default().to_owned();
        let number = |path: &str| estimates.pointer(path).and_then(Value::as_f64);
        let typical = if estimates["slope"].is_object() { "slope" } else { "mean" };
        let row = Row {
            case: text("group_id"),
            subject: text("function_id"),
            value: number(&format!("/{typical}/point_estimate")).context("criterion writes an estimate")?,
            low: number(&format!("/{typical}/confidence_interval/lower_bound")).context("and its interval")?,
            high: number(&format!("/{typical}/confidence_interval/upper_bound")).context("and its interval")?,
        };
        let written = fs::metadata(&file)?.modified()?;
        rows.push((written, Row { value: round(row.value), low: round(row.low), high: round(row.high), ..row }));
    }
    rows.sort_by_key(|(written, _)| *written);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// Three digits after the point are less than the clock can tell.
pub fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// The compiler, and the listing's direct dependencies as they are locked.
fn versions(slug: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let manifest: toml::Table = fs::read_to_string(listing(slug)?.join("Cargo.toml"))?.parse()?;
    let lock = Lock::read(root())?;
    let own = lock.member(package(slug)).with_context(|| format!("Cargo.lock does not have {}", package(slug)))?;
    let direct = ["dependencies", "dev-dependencies"].iter().filter_map(|table| manifest.get(*table)?.as_table());
    let locked = direct.flat_map(toml::Table::keys).filter_map(|name| lock.dependency(own, name));
    // A crate without a source is one of the workspace.
    let foreign = locked.filter(|package| package.source.is_some());
    let mut versions: BTreeMap<_, _> = foreign.map(|package| (package.name.clone(), package.version.clone())).collect();
    let rustc = version("rustc", &["--version"]).context("rustc is here: it compiled this")?;
    versions.insert("rustc".into(), rustc.split(' ').nth(1).unwrap_or(&rustc).into());
    Ok(versions)
}

/// What this runs on.
fn machine() -> anyhow::Result<Machine> {
    let read = |path: &str| fs::read_to_string(path).with_context(|| format!("{path}: results are measured on Linux"));
    let field = |text: &str, key: &str, separator: char| {
        let line = text.lines().find(|line| line.starts_with(key))?;
        Some(line.split_once(separator)?.1.trim().trim_matches('"').to_owned())
    };
    let (cpu, memory, os) = (read("/proc/cpuinfo")?, read("/proc/meminfo")?, read("/etc/os-release")?);
    let kib: u64 = field(&memory, "MemTotal", ':').and_then(|text| text.split(' ').next()?.parse().ok()).unwrap_or(0);
    Ok(Machine {
        cpu: field(&cpu, "model name", ':').context("/proc/cpuinfo names the processor")?,
        cores: std::thread::available_parallelism()?.get() as u64,
        memory_gib: (kib + (1 << 19)) >> 20,
        os: field(&os, "PRETTY_NAME", '=').context("/etc/os-release names the system")?,
        kernel: read("/proc/sys/kernel/osrelease")?.trim().into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_names_the_programs_and_their_units() {
        let folder = tempfile::tempdir().unwrap();
        let programs = |metadata: &str| {
            fs::write(folder.path().join("Cargo.toml"), format!("[package]\nname = \"a\"\n{metadata}")).unwrap();
            programs(folder.path()).map_err(|error| error.to_string())
        };
        assert_eq!(programs(""), Ok(Vec::new()));
        let named = programs("[package.metadata.bench]\nrequest = \"µs\"\nmemory = \"KiB\"\n");
        assert_eq!(named.unwrap(), [("request", "µs"), ("memory", "KiB")].map(|(a, b)| (a.to_owned(), b.to_owned())));
        let error = programs("[package.metadata.bench]\nmemory = true\n").unwrap_err();
        assert_eq!(error, "[package.metadata.bench] memory: no unit, like \"KiB\"");
    }

    #[test]
    fn criterion_s_folders_become_rows_in_the_order_of_the_run() {
        let folder = tempfile::tempdir().unwrap();
        for (subject, value) in [("ours", 9.12345), ("theirs", 12.0)] {
            let new = folder.path().join("closed call").join(subject).join("new");
            fs::create_dir_all(&new).unwrap();
            fs::write(new.join("benchmark.json"), format!(r#"{{"group_id":"closed call","function_id":"{subject}"}}"#))
                .unwrap();
            let estimate =
                format!(r#"{{"point_estimate":{value},"confidence_interval":{{"lower_bound":9,"upper_bound":13}}}}"#);
            fs::write(new.join("estimates.json"), format!(r#"{{"mean":{estimate},"slope":null}}"#)).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(5)); // a file system's clock is coarse
        }
        let rows = rows(folder.path()).unwrap();
        let seen: Vec<_> = rows.iter().map(|row| (row.subject.as_str(), row.value, row.high)).collect();
        assert_eq!(seen, [("ours", 9.123, 13.0), ("theirs", 12.0, 13.0)]);
    }
}
