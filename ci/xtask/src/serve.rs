//! The book, served or built.

use std::net::TcpListener;

use anyhow::Context;

use crate::parts::part;
use crate::process::{command, run};

/// Serves both editions until it is stopped.
pub fn serve(open: bool, port: u16) -> anyhow::Result<()> {
    TcpListener::bind(("127.0.0.1", port)).with_context(|| {
        format!("port {port} is taken; choose another: cargo xtask serve --port {}", port.wrapping_add(1))
    })?;
    tools()?;
    println!("English at http://localhost:{port}/, 中文在 http://localhost:{port}/zh/");
    let mut mdbook = command("mdbook");
    mdbook.args(["serve", "--port", &port.to_string()]);
    if open {
        mdbook.arg("--open");
    }
    run(&mut mdbook)
}

/// Builds both editions.
pub fn build() -> anyhow::Result<()> {
    tools()?;
    run(command("mdbook").arg("build"))
}

fn tools() -> anyhow::Result<()> {
    part("mdbook").ensure()?;
    part("mdbook-mermaid").ensure()
}
