use super::testing::Fixture;
use super::*;

fn page(fixture: &Fixture) -> (Book, Page) {
    let book = Book::open(fixture.path()).unwrap();
    let page = book.pages(Edition::En)[0].clone();
    (book, page)
}

#[test]
fn only_directives_change() {
    let fixture = Fixture::new();
    let (book, page) = page(&fixture);
    let text = "# T\n\n`{{#trace x}}` stays.\n\n```text\n{{#trace x}}\n```\n\n{{#archive}}\nMore.\n";
    let expanded = expand(&book, &page, text, Target::Html).unwrap();
    assert!(
        expanded.starts_with("# T\n\n`{{#trace x}}` stays.\n\n```text\n{{#trace x}}\n```\n\n\n<p class=\"archive\">")
    );
    assert!(expanded.ends_with("</p>\n\nMore.\n"));
}

#[test]
fn every_problem_is_reported_with_its_line() {
    let fixture = Fixture::new();
    let (book, page) = page(&fixture);
    let text = "# T\n\n{{#trace gone}}\n\n{{#archive}}\n\n{{#archive}}\n\n{{#include x}}\n";
    let error = expand(&book, &page, text, Target::Html).unwrap_err().to_string();
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines.len(), 3, "{error}");
    assert!(lines[2].starts_with("src/en/patterns/breaker/build.md:9: there is no directive `include`"));
    assert!(
        lines[0].starts_with(
            "src/en/patterns/breaker/build.md:3: listings/patterns/breaker/telemetry/gone.json is missing"
        )
    );
    assert_eq!(
        lines[1],
        "src/en/patterns/breaker/build.md:7: line 5 has the same directive: show it once and link to it"
    );
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let fixture = Fixture::new();
    let text = "{{#trace trip}}\n\n{{#spans trip}}\n\n{{#metrics twice}}\n\n{{#bench call}}\n\n{{#dependencies}}\n";
    assert_eq!(fixture.html(text), fixture.html(text));
}

#[test]
fn a_page_without_a_crate_names_the_crate() {
    let fixture = Fixture::new();
    fixture.write("src/en/SUMMARY.md", "# Summary\n\n[V](versions.md)\n");
    let (book, page) = page(&fixture);
    let error = expand(&book, &page, "{{#dependencies}}\n", Target::Html).unwrap_err().to_string();
    assert!(error.starts_with("src/en/versions.md:1: this page has no crate in `listings/`"));
    assert!(expand(&book, &page, "{{#trace /patterns/breaker/trip}}\n", Target::Html).is_ok());
}

#[test]
fn links_lead_to_the_repository_when_there_is_one() {
    let fixture = Fixture::new();
    fixture.write("book.toml", "[output.html]\ngit-repository-url = \"https://example.org/book\"\n");
    let region = "href=\"https://example.org/book/blob/HEAD/listings/patterns/breaker/src/window.rs#L3-L3\"";
    assert!(fixture.html("{{#listing src/window.rs:ring}}").contains(region));
    let capture = "href=\"https://example.org/book/blob/HEAD/listings/patterns/breaker/telemetry/trip.json\"";
    assert!(fixture.html("{{#trace trip}}").contains(capture));
}

#[test]
fn linked_files_are_listed() {
    let fixture = Fixture::new();
    let text = "{{#listing src/window.rs:ring}}\n\n{{#trace trip}}\n\n{{#bench call}}\n\n{{#archive}}\n";
    fixture.write("src/en/patterns/breaker/build.md", text);
    let (book, page) = page(&fixture);
    let files = ["src/window.rs", "telemetry/trip.json", "results/call.json"];
    assert_eq!(linked_files(&book, &page).unwrap(), files.map(|file| format!("listings/patterns/breaker/{file}")));
}
