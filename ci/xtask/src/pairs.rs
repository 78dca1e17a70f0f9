//! Which pages say the same in both languages, as far as somebody has confirmed it.

use book::{Book, Pairs};
use clap::Subcommand;

use crate::root::root;

#[derive(Subcommand)]
pub enum Command {
    /// Fail when a page has changed on one side since both were confirmed
    Check,
    /// Confirm that both sides of these pages say the same now
    Confirm {
        /// Paths as in SUMMARY.md: patterns/circuit-breaker/build.md
        #[arg(required = true)]
        pages: Vec<String>,
    },
    /// A table of all pages
    Status,
}

pub fn run(command: Command) -> anyhow::Result<()> {
    let book = Book::open(root())?;
    let mut pairs = Pairs::load(&book)?;
    match command {
        Command::Check => book::fail_on(&pairs.check(&book)?),
        Command::Confirm { pages } => {
            for page in pages {
                pairs.confirm(&book, &page, &book::today())?;
                println!("{page}: confirmed");
            }
            Ok(())
        }
        Command::Status => {
            for (page, status) in pairs.table(&book)? {
                println!("{page:<48} {status}");
            }
            Ok(())
        }
    }
}
