//! What must not be written in a deployment file: an image without a version, and a secret.

use anyhow::ensure;

/// Words in the name of a setting that holds a secret.
const SECRETS: [&str; 8] = ["password", "passwd", "passphrase", "secret", "token", "api_key", "apikey", "private_key"];

/// Checks a Dockerfile or YAML file line by line.
pub fn check(text: &str) -> anyhow::Result<()> {
    let mut variable = "";
    for (index, line) in text.lines().enumerate() {
        let (number, line) = (index + 1, line.split(" #").next().unwrap_or(line).trim());
        if line.starts_with('#') {
            continue;
        }
        if let Some(image) = image(line) {
            pinned(text, image).map_err(|error| error.context(format!("line {number}")))?;
        }
        ensure!(line != "kind: Secret", "line {number}: a Secret with its content does not belong into the repository");
        for (name, value) in settings(line) {
            // Kubernetes writes `name:` on one line and `value:` on the next.
            let holder = if name == "value" { variable } else { name };
            ensure!(
                !(is_secret(holder) && is_literal(value)),
                "line {number}: {holder} has its value written out; refer to a secret or to a variable"
            );
            variable = if name == "name" { value } else { "" };
        }
    }
    Ok(())
}

/// The image that a line of a manifest, compose file or Dockerfile names.
fn image(line: &str) -> Option<&str> {
    let line = line.trim_start_matches("- ");
    let rest = line.strip_prefix("image:").or_else(|| line.strip_prefix("FROM "))?;
    rest.split_whitespace().find(|word| !word.starts_with("--")).map(|image| image.trim_matches(['"', '\'']))
}

fn pinned(text: &str, image: &str) -> anyhow::Result<()> {
    // A stage of the same Dockerfile is not an image, and the empty image has no versions.
    if image == "scratch" || text.contains(&format!(" AS {image}\n")) {
        return Ok(());
    }
    let name = image.rsplit('/').next().unwrap_or_default();
    ensure!(name.contains([':', '@']), "the image {image} has no version");
    ensure!(!name.contains(":latest"), "the image {image} is another one every day");
    Ok(())
}

/// The settings on a line: `name: value`, `- NAME=value`, `ENV NAME=value OTHER=value`.
fn settings(line: &str) -> Vec<(&str, &str)> {
    let line = line.trim_start_matches("- ").trim_matches('"');
    let of_docker = line.strip_prefix("ENV ").or_else(|| line.strip_prefix("ARG "));
    let words = match of_docker {
        Some(words) => words.split_whitespace().filter_map(|word| word.split_once('=')).collect(),
        None => line.split_once([':', '=']).into_iter().collect::<Vec<_>>(),
    };
    words.into_iter().map(|(name, value)| (name.trim(), value.trim().trim_matches(['"', '\'']))).collect()
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    SECRETS.iter().any(|word| name.ends_with(word))
}

/// A value that stands there itself, and not where to find it (`${PASSWORD}`, `/run/secrets/password`, another mapping).
fn is_literal(value: &str) -> bool {
    let elsewhere = value.is_empty() || value.starts_with(['$', '/', '{', '&', '*', '<']);
    let is_switch = ["true", "false"].contains(&value);
    let has_default = value.contains(":-") && !value.contains(":-}");
    has_default || !elsewhere && !is_switch
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(text: &str) -> String {
        check(text).map_or_else(|error| format!("{error:#}"), |()| "good".into())
    }

    #[test]
    fn an_image_needs_a_version() {
        assert_eq!(verdict("image: jaegertracing/jaeger:2.1.0\n"), "good");
        assert_eq!(verdict("FROM --platform=$BUILDPLATFORM rust:1.95 AS build\nFROM build\nFROM scratch\n"), "good");
        assert_eq!(verdict("  - image: a/b@sha256:0 # the newest\n"), "good");
        assert_eq!(verdict("a: b\n  - image: a/b\n"), "line 2: the image a/b has no version");
        assert_eq!(verdict("image: \"localhost:5000/a\"\n"), "line 1: the image localhost:5000/a has no version");
        assert_eq!(verdict("FROM rust:latest\n"), "line 1: the image rust:latest is another one every day");
    }

    #[test]
    fn a_secret_is_not_written_out() {
        for text in [
            "a: b\n  POSTGRES_PASSWORD: hunter2\n",
            "a: b\n  - API_TOKEN=abc\n",
            "ARG A=b\nENV A=b DB_PASSWORD=hunter2\n",
            "- name: DB_PASSWORD\n  value: \"hunter2\"\n",
            "a: b\n  password: ${PASSWORD:-hunter2}\n",
        ] {
            assert!(
                verdict(text).starts_with("line 2: ") && verdict(text).contains("written out"),
                "{text}{}",
                verdict(text)
            );
        }
        assert!(verdict("apiVersion: v1\nkind: Secret\n").starts_with("line 2: a Secret"));
    }

    #[test]
    fn where_to_find_a_secret_is_no_secret() {
        for text in [
            "POSTGRES_PASSWORD: ${POSTGRES_PASSWORD}\n",
            "POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?set it}\n",
            "POSTGRES_PASSWORD_FILE: /run/secrets/password\n",
            "- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef:\n      name: db\n      key: password\n",
            "automountServiceAccountToken: false\n",
            "# the password: hunter2\n",
        ] {
            assert_eq!(verdict(text), "good", "{text}");
        }
    }
}
