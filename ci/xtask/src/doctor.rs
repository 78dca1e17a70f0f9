//! What is there, and what is not.

use crate::parts::PARTS;
use crate::process::version;

/// Prints a table. What is missing is no error: `test` and `serve` bring it.
pub fn run() -> anyhow::Result<()> {
    println!("{:<16} {:<30} {:<9} {:<46} brought by", "part", "found", "wanted", "for");
    let row = |name: &str, found: Option<String>, wanted: &str, purpose: &str, how: &str| {
        let found = found.unwrap_or_else(|| "–".into());
        println!("{name:<16} {:<30} {wanted:<9} {purpose:<46} {how}", found.chars().take(30).collect::<String>());
    };
    row("rustc", version("rustc", &["--version"]), "1.91.1+", "everything", "rustup update");
    for part in &PARTS {
        row(part.name, (part.found)(), part.wanted, part.purpose, if part.is_there() { "" } else { part.how });
    }
    row("node, npm", version("npm", &["--version"]), "20+", "brings axe-core", "nodejs.org");
    row("python3", version("python3", &["--version"]), "3.11+", "runs the validators", "apt-get install python3-venv");
    row(
        "java",
        version("java", &["-version"]),
        "17+",
        "`versus`: the JVM peers",
        "apt-get install openjdk-17-jdk-headless",
    );
    row(
        "maven",
        version("mvn", &["--batch-mode", "-Dstyle.color=never", "--version"]),
        "3.8+",
        "`versus`: the JVM peers",
        "apt-get install maven",
    );
    Ok(())
}
