//! Prints what became of the deprecated names that begin with one of the arguments.

use testkit::names_of_the_conventions;

fn main() {
    let prefixes: Vec<String> = std::env::args().skip(1).collect();
    for name in names_of_the_conventions() {
        let wanted = prefixes.iter().any(|prefix| name.name.starts_with(prefix.as_str()));
        let Some(replacement) = name.deprecated.filter(|_| wanted) else { continue };
        println!("{:40} {replacement}", name.name);
    }
}
