//! What the compiler says to each old form.
//!
//! Stable rustdoc looks only whether a `compile_fail` fence fails, and not at the code behind it. So each fence is given
//! to the compiler once more, and its answer is read.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A `compile_fail` fence of `src/`.
pub struct Old {
    pub place: String,
    /// `src/setup.rs:exporter`.
    pub region: String,
    pub codes: Vec<String>,
    pub source: String,
}

/// An error of the compiler.
#[derive(Debug)]
pub struct Refusal {
    pub code: String,
    pub message: String,
    /// What stands beside the underlined code, where the message alone says too little.
    pub label: String,
}

impl Refusal {
    /// The message as a page quotes it: without the paths of types, which depend on how the crate is named.
    pub fn quote(&self) -> String {
        let message = self.message.split(" found for ").next().unwrap();
        let found = if message == self.message { "" } else { " found" };
        match self.code.as_str() {
            "E0308" => format!("{message}: {}", self.label),
            "deprecated" => format!("{} `HTTP_METHOD`", message.split(" `").next().unwrap()),
            _ => format!("{message}{found}"),
        }
    }
}

fn old_forms() -> Vec<Old> {
    let mut files: Vec<PathBuf> = std::fs::read_dir("src").unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().flat_map(|path| fences(path)).collect()
}

fn fences(path: &Path) -> Vec<Old> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().enumerate();
    let (mut found, mut region) = (Vec::new(), "");
    while let Some((number, line)) = lines.next() {
        region = line.strip_prefix("// ANCHOR: ").unwrap_or(region);
        let Some(rest) = line.strip_prefix("/// ```compile_fail") else { continue };
        let codes = rest.split(',').skip(1).map(str::to_owned).collect();
        let body = lines
            .by_ref()
            .map(|(_, line)| line.strip_prefix("///").unwrap())
            .map(|line| line.strip_prefix(' ').unwrap_or(line));
        let body = body.take_while(|line| *line != "```").map(|line| line.strip_prefix("# ").unwrap_or(line));
        let source = body.collect::<Vec<_>>().join("\n");
        found.push(Old {
            place: format!("{}:{}", path.display(), number + 1),
            region: format!("{}:{region}", path.display()),
            codes,
            source,
        });
    }
    found
}

/// The library that this test was built with, and the folder of all that it needs.
fn library() -> (PathBuf, PathBuf) {
    let deps = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let entries = std::fs::read_dir(&deps).unwrap().map(|entry| entry.unwrap());
    let ours = entries.filter(|entry| {
        let name = entry.file_name().into_string().unwrap_or_default();
        name.starts_with("libmigration-") && name.ends_with(".rlib")
    });
    let newest = ours.max_by_key(|entry| entry.metadata().unwrap().modified().unwrap()).unwrap();
    (newest.path(), deps)
}

fn compile(old: &Old) -> Vec<Refusal> {
    let (library, deps) = library();
    let (attributes, body): (Vec<_>, Vec<_>) = old.source.lines().partition(|line| line.starts_with("#!["));
    let (attributes, body) = (attributes.join("\n"), body.join("\n"));
    let program = format!("#![allow(unused)]\n{attributes}\nuse migration::crates::*;\nfn main() {{\n{body}\n}}\n");
    let mut rustc = Command::new("rustc")
        .args(["--edition=2024", "--emit=metadata", "--error-format=json", "-"])
        .arg(format!("--out-dir={}", env!("CARGO_TARGET_TMPDIR")))
        .arg(format!("-Ldependency={}", deps.display()))
        .arg(format!("--extern=migration={}", library.display()))
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    rustc.stdin.take().unwrap().write_all(program.as_bytes()).unwrap();
    let output = rustc.wait_with_output().unwrap();
    let diagnostics = String::from_utf8(output.stderr).unwrap();
    let errors = diagnostics.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    errors
        .filter(|diagnostic| diagnostic["level"] == "error")
        .filter_map(|error| {
            let code = error["code"]["code"].as_str()?.to_owned();
            let spans = error["spans"].as_array().unwrap();
            let primary = spans.iter().find(|span| span["is_primary"] == true);
            let label = primary.and_then(|span| span["label"].as_str()).unwrap_or_default().to_owned();
            Some(Refusal { code, message: error["message"].as_str().unwrap().to_owned(), label })
        })
        .collect()
}

/// Each old form with the compiler's answer. They are asked once, on as many threads as there are cores.
pub static ANSWERS: LazyLock<Vec<(Old, Vec<Refusal>)>> = LazyLock::new(|| {
    let forms = old_forms();
    let next = AtomicUsize::new(0);
    let work = || {
        let mine = std::iter::from_fn(|| forms.get(next.fetch_add(1, Ordering::Relaxed)));
        mine.map(|old| (old.place.clone(), compile(old))).collect::<Vec<_>>()
    };
    let mut answers: BTreeMap<_, _> = std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    forms
        .into_iter()
        .map(|old| {
            let answer = answers.remove(&old.place).unwrap();
            (old, answer)
        })
        .collect()
});

#[test]
fn each_old_form_is_refused_for_its_reason() {
    for (old, refusals) in ANSWERS.iter() {
        let codes: Vec<_> = refusals.iter().map(|refusal| &refusal.code).collect();
        assert!(!codes.is_empty(), "{}: it compiles", old.place);
        assert!(codes.iter().all(|code| old.codes.contains(code)), "{}: {refusals:#?}", old.place);
    }
}
