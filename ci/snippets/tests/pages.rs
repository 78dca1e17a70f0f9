//! One test a fence, named after its page, section and line.

include!(concat!(env!("OUT_DIR"), "/skeptic-tests.rs"));

/// The tests above are those of the fences that the book has now, and both editions were read whole.
#[test]
fn every_fence_of_the_book_has_a_test() {
    let book = book::Book::open("../..").unwrap();
    let tests =
        include_str!(concat!(env!("OUT_DIR"), "/skeptic-tests.rs")).matches("\n    skeptic::rt::run_test(").count();
    let prepared: usize = env!("SNIPPETS").parse().unwrap();
    assert_eq!(tests, prepared, "skeptic left out a fence that was prepared for it");

    let pages = book::Edition::ALL.map(|edition| book.pages(edition).len());
    let fences = book::Edition::ALL.map(|edition| book::snippets(&book, edition).unwrap().len());
    // With --nocapture, what was read.
    println!(
        "{} English and {} Chinese pages, {} and {} inline Rust fences, {tests} of them different",
        pages[0], pages[1], fences[0], fences[1]
    );
    assert!(pages.iter().all(|pages| *pages > 1), "{pages:?}");
    assert!(fences.iter().all(|fences| *fences <= tests), "{fences:?} fences, {tests} tests: build again");
}
