//! The deployment files of the listings: parsed and validated, by the tools that would run them.

use std::path::Path;
use std::process::Stdio;
use std::{fs, io::Write};

use anyhow::{Context, ensure};

use crate::process::{command, output, run};
use crate::root::{listing, listings, root, target};

/// The Kubernetes version whose schemas the manifests must satisfy.
const KUBERNETES: &str = "1.32";

/// Validates `deploy/` of every listing that has one, and the workflows.
pub fn run_all() -> anyhow::Result<()> {
    for slug in listings()? {
        let deploy = listing(&slug)?.join("deploy");
        if deploy.is_dir() {
            validate(&deploy).with_context(|| format!("listings/{slug}/deploy"))?;
            println!("listings/{slug}/deploy: valid");
        }
    }
    let workflows = root().join(".github/workflows");
    if workflows.is_dir() {
        run(command("actionlint").arg("-color"))?;
    }
    Ok(())
}

fn validate(deploy: &Path) -> anyhow::Result<()> {
    for file in book::files(deploy)? {
        let text = fs::read_to_string(&file)?;
        pinned(&text).with_context(|| file.display().to_string())?;
    }
    run(command("hadolint").arg(deploy.join("Dockerfile")))?;
    // The wrapper of this package always exits with success; the program it wraps does not.
    let compose = book::files(target().join("tools/venv/lib").as_path())?
        .into_iter()
        .find(|file| file.ends_with("compose/docker-compose"));
    let compose = compose.context("the validators have no docker-compose")?;
    run(command(compose).arg("--file").arg(deploy.join("compose.yaml")).args(["config", "--quiet"]))?;
    let rendered = output(command("kubectl").arg("kustomize").arg(deploy.join("k8s")))?;
    let mut validate = command("kubernetes-validate")
        .args(["--strict", "--kubernetes-version", KUBERNETES, "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .context("cannot run kubernetes-validate")?;
    validate.stdin.take().context("it has a standard input")?.write_all(rendered.as_bytes())?;
    ensure!(validate.wait()?.success(), "kubernetes-validate found an error in the manifests of deploy/k8s");
    Ok(())
}

/// An image has a version, and a secret is not in the repository.
fn pinned(text: &str) -> anyhow::Result<()> {
    for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line.trim())) {
        let image = line
            .trim_start_matches("- ")
            .strip_prefix("image:")
            .or_else(|| line.strip_prefix("FROM "))
            .map(|rest| rest.split_whitespace().find(|word| !word.starts_with("--")).unwrap_or(""));
        if let Some(image) = image {
            // A stage of the same file has no slash, no tag, and is named with AS.
            let stage = text.contains(&format!(" AS {image}"));
            let name = image.trim_matches('"').rsplit('/').next().unwrap_or("");
            ensure!(stage || name.contains([':', '@']) || name.contains('$'), "line {number}: {image} has no version");
            ensure!(!name.contains(":latest"), "line {number}: {image} is a different image every day");
        }
        ensure!(line != "kind: Secret", "line {number}: a secret does not belong into the repository");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_needs_a_version() {
        assert!(pinned("image: jaegertracing/jaeger:2.1.0\n").is_ok());
        assert!(pinned("FROM --platform=$BUILDPLATFORM rust:1.95 AS build\nFROM build\n").is_ok());
        assert!(pinned("  - image: jaegertracing/jaeger\n").unwrap_err().to_string().contains("has no version"));
        assert!(pinned("FROM rust:latest\n").unwrap_err().to_string().contains("every day"));
        assert!(pinned("a: b\nkind: Secret\n").unwrap_err().to_string().starts_with("line 2"));
    }
}
