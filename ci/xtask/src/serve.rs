//! The book, served or built.

use std::io::ErrorKind;
use std::net::{TcpListener, ToSocketAddrs};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail, ensure};

use crate::parts::part;
use crate::process::{cargo, command, run};
use crate::root::target;

/// Serves both editions until it is stopped.
pub fn serve(open: bool, port: u16) -> anyhow::Result<()> {
    free(port)?;
    tools()?;
    println!("English at http://localhost:{port}/, 中文在 http://localhost:{port}/zh/");
    let mut mdbook = command("mdbook");
    // A backtrace of mdBook would push our own message, with page and line, off the screen.
    mdbook.args(["serve", "--port", &port.to_string()]).env("RUST_BACKTRACE", "0");
    if open {
        mdbook.arg("--open");
    }
    run(&mut mdbook)
}

/// Builds both editions, with what that needs.
pub fn build() -> anyhow::Result<()> {
    tools()?;
    build_book()?;
    println!("book/html/index.html, book/html/zh/index.html");
    Ok(())
}

/// Builds both editions with the site's programs as they were built last.
pub fn build_book() -> anyhow::Result<()> {
    // As in book.toml, but without asking cargo, which would choose other features than it did for the tests.
    let site = site()?.display().to_string();
    run(command("mdbook")
        .arg("build")
        .env("RUST_BACKTRACE", "0")
        .env("MDBOOK_PREPROCESSOR__SITE__COMMAND", format!("'{site}'"))
        .env("MDBOOK_OUTPUT__SITE__COMMAND", format!("'{site}' render")))
}

/// Builds the site's preprocessor and renderer.
pub fn build_site() -> anyhow::Result<()> {
    run(cargo().args(["build", "--locked", "--package", "site", "--bin", "site"]))
}

/// The site's program, built before.
pub fn site_command() -> anyhow::Result<Command> {
    Ok(command(site()?))
}

fn site() -> anyhow::Result<PathBuf> {
    let site = target().join("debug/site");
    ensure!(site.is_file(), "{} is missing: is `build.target` set in a configuration of cargo?", site.display());
    Ok(site)
}

fn tools() -> anyhow::Result<()> {
    part("mdbook").ensure()?;
    part("mdbook-mermaid").ensure()?;
    build_site()
}

/// Fails before anything is built when the port cannot be had.
fn free(port: u16) -> anyhow::Result<()> {
    for address in ("localhost", port).to_socket_addrs().context("this machine does not know localhost")? {
        match TcpListener::bind(address) {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                let other = port.checked_add(1).unwrap_or(3000);
                bail!("port {port} is taken; choose another: cargo xtask serve --port {other}")
            }
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                bail!("port {port} needs more rights; choose one from 1024: cargo xtask serve --port 3000")
            }
            // An address that this machine does not have, `::1` for example, is not what mdBook will listen on.
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_an_error_that_names_it_and_the_way_out() {
        let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = free(port).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("port {port} is taken; choose another: cargo xtask serve --port ")),
            "{error}"
        );
        drop(taken);
        free(port).unwrap();
    }
}
