//! Prints how firm the names of each namespace are.

use std::collections::BTreeMap;

use testkit::{Name, names_of_the_conventions};

/// Attributes, then metrics; of each stable, candidate, in development, deprecated.
type Counts = [[usize; 4]; 2];

fn main() {
    let mut namespaces = BTreeMap::<&str, Counts>::new();
    for name in names_of_the_conventions() {
        let namespace = name.name.split('.').next().unwrap_or_default();
        namespaces.entry(namespace).or_default()[usize::from(name.is_metric)][column(name)] += 1;
    }
    let has = |counts: &Counts, column: usize| counts.iter().any(|of| of[column] > 0);
    let (firm, soft): (Vec<_>, Vec<_>) = namespaces.iter().partition(|(_, counts)| has(counts, 0) || has(counts, 1));

    println!("             attributes                metrics");
    println!("namespace    stable   dev.  depr.      stable     RC   dev.  depr.");
    for (namespace, [attributes, metrics]) in &firm {
        println!(
            "{namespace:11} {:>7}{:>7}{:>7}     {:>7}{:>7}{:>7}{:>7}",
            attributes[0], attributes[2], attributes[3], metrics[0], metrics[1], metrics[2], metrics[3],
        );
    }
    println!("\nNothing is stable in");
    let alive: Vec<_> = soft.iter().filter(|(_, counts)| has(counts, 2)).map(|(namespace, _)| **namespace).collect();
    alive.chunks(9).for_each(|line| println!("{}", line.join(", ")));
}

fn column(name: Name) -> usize {
    match (name.deprecated, name.stability) {
        (Some(_), _) => 3,
        (None, "stable") => 0,
        (None, "release_candidate") => 1,
        (None, _) => 2,
    }
}
