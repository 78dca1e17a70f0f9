//! One test a fence, named after its page and section.

include!(concat!(env!("OUT_DIR"), "/skeptic-tests.rs"));

/// The fences that were prepared are those that the book has now.
#[test]
fn every_fence_of_the_book_has_a_test() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let book = book::Book::open(root).unwrap();
    let fences = book::snippets(&book, book::Edition::En).unwrap();
    assert!(fences.len() <= env!("SNIPPETS").parse().unwrap());
}
