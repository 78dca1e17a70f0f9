//! Clears up behind a server, whatever ends the tests: a static value is never dropped, and a killed program drops nothing.

use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A shell that waits for the end of this program, or of this value. Then it ends the server whose number stands in the first
/// line of `pid_file`, and removes the folder.
#[derive(Debug)]
pub(crate) struct Keeper(Child);

impl Keeper {
    pub fn of(folder: &Path, pid_file: &str) -> io::Result<Self> {
        let clear = r#"cat > /dev/null; kill -QUIT "$(head -n 1 "$0/$1")"; sleep 0.2; rm -rf "$0""#;
        // In a session of its own: Ctrl-C is for the tests, and the keeper comes after them.
        let mut shell = Command::new("setsid");
        shell.args(["sh", "-c", clear]).arg(folder).arg(pid_file);
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        shell.spawn().map(Self)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
