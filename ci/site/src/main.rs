//! What mdBook calls: the preprocessor without arguments, the renderer as `site render`. And `site links DIR` for people.

use std::env;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use anyhow::bail;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    // mdBook's own warnings about the Chinese edition would be lost otherwise.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).without_time().init();

    match run(&env::args().skip(1).collect::<Vec<_>>()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> anyhow::Result<ExitCode> {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => site::preprocessor::run(io::stdin(), io::stdout())?,
        ["supports", renderer] => return Ok(if renderer == "html" { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
        ["render"] => site::renderer::run(io::stdin())?,
        ["links", folder] => return check_links(Path::new(folder)),
        _ => bail!("usage: site [supports RENDERER | render | links FOLDER]"),
    }
    Ok(ExitCode::SUCCESS)
}

fn check_links(folder: &Path) -> anyhow::Result<ExitCode> {
    let report = site::links::check(folder)?;
    for broken in &report.broken {
        println!("{broken}");
    }
    eprintln!("{} links in {} pages, {} broken", report.links, report.pages, report.broken.len());
    Ok(if report.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
