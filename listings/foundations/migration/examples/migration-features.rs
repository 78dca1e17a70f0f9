//! Prints the features that are gone, by crate.

fn main() -> anyhow::Result<()> {
    let mut of = String::new();
    for gone in migration::features::gone()? {
        if gone.package != of {
            println!("{}", gone.package);
            of = gone.package;
        }
        let instead = gone.instead.join(" or ");
        let instead = if instead.is_empty() { "remove it" } else { &instead };
        println!("  {}  {:42}  {instead}", gone.since, gone.feature);
    }
    Ok(())
}
