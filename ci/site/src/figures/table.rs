//! Tables, as HTML for the page and as Markdown for its twin.

use super::text;

/// A piece of a cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    Text(String),
    Strong(String),
    Code(String),
    Link(String, String),
    /// A drawing; its text alternative is what stands around it, so Markdown leaves it out.
    Svg(String),
    Break,
}

/// A cell: parts one after the other.
pub(crate) type Cell = Vec<Part>;

/// A cell of plain text.
pub(crate) fn plain(words: impl Into<String>) -> Cell {
    vec![Part::Text(words.into())]
}

/// A cell of words in which `` `…` `` is code.
pub(crate) fn prose(words: &str) -> Cell {
    let pieces = words.split('`').enumerate().filter(|(_, piece)| !piece.is_empty());
    pieces
        .map(|(at, piece)| if at % 2 == 1 { Part::Code(piece.to_owned()) } else { Part::Text(piece.to_owned()) })
        .collect()
}

/// A cell of code.
pub(crate) fn code(code: impl Into<String>) -> Cell {
    vec![Part::Code(code.into())]
}

/// A row.
#[derive(Debug, Clone)]
pub(crate) enum Row {
    /// A cell for each column; the first one names the row. With a class for the theme.
    Cells(Vec<Cell>, &'static str),
    /// A title for the rows below it.
    Group(String),
}

impl From<Vec<Cell>> for Row {
    fn from(cells: Vec<Cell>) -> Self {
        Self::Cells(cells, "")
    }
}

/// A table with a head.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub class: &'static str,
    pub head: Vec<Cell>,
    pub rows: Vec<Row>,
}

impl Table {
    /// One HTML block: no empty line in it.
    pub fn html(&self) -> String {
        let mut out = format!("<div class=\"table-wrapper\"><table class=\"{}\">\n<thead><tr>", self.class);
        for cell in &self.head {
            out += &format!("<th scope=\"col\">{}</th>", html(cell));
        }
        out += "</tr></thead>\n<tbody>\n";
        for row in &self.rows {
            match row {
                Row::Group(title) => {
                    let (columns, title) = (self.head.len(), text::html(title));
                    out += &format!(
                        "<tr class=\"group\"><th colspan=\"{columns}\" scope=\"colgroup\">{title}</th></tr>\n"
                    );
                }
                Row::Cells(cells, class) => {
                    out += &if class.is_empty() { "<tr>".to_owned() } else { format!("<tr class=\"{class}\">") };
                    for (at, cell) in cells.iter().enumerate() {
                        let cell = html(cell);
                        out += &if at == 0 {
                            format!("<th scope=\"row\">{cell}</th>")
                        } else {
                            format!("<td>{cell}</td>")
                        };
                    }
                    out += "</tr>\n";
                }
            }
        }
        out + "</tbody></table></div>\n"
    }

    /// A Markdown table.
    pub fn markdown(&self) -> String {
        let line = |cells: &[Cell]| {
            let cells: Vec<String> = cells.iter().map(|cell| markdown(cell)).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let mut out = line(&self.head) + "|" + &"---|".repeat(self.head.len()) + "\n";
        for row in &self.rows {
            match row {
                Row::Cells(cells, _) => out += &line(cells),
                Row::Group(title) => {
                    let mut cells = vec![Vec::new(); self.head.len()];
                    cells[0] = vec![Part::Strong(title.clone())];
                    out += &line(&cells);
                }
            }
        }
        out
    }
}

/// The parts as HTML.
pub(crate) fn html(cell: &[Part]) -> String {
    let part = |part: &Part| match part {
        Part::Text(words) => text::html(words),
        Part::Strong(words) => format!("<strong>{}</strong>", text::html(words)),
        Part::Code(code) => format!("<code>{}</code>", text::html(code)),
        Part::Link(words, href) => format!("<a href=\"{}\">{}</a>", text::html(href), text::html(words)),
        Part::Svg(svg) => svg.clone(),
        Part::Break => "<br>".to_owned(),
    };
    cell.iter().map(part).collect()
}

/// The parts as Markdown.
pub(crate) fn markdown(cell: &[Part]) -> String {
    let part = |part: &Part| match part {
        Part::Text(words) => text::markdown(words),
        Part::Strong(words) => format!("**{}**", text::markdown(words)),
        Part::Code(code) => text::markdown_code(code),
        Part::Link(words, href) => format!("[{}]({href})", text::markdown(words)),
        Part::Svg(_) => String::new(),
        Part::Break => "<br>".to_owned(),
    };
    cell.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table {
            class: "spans",
            head: vec![plain("A"), plain("B")],
            rows: vec![
                Row::Group("g".into()),
                vec![code("a|b"), vec![Part::Link("x".into(), "y.md".into()), Part::Break, Part::Text("<1>".into())]]
                    .into(),
            ],
        }
    }

    #[test]
    fn html_has_heads_for_columns_and_rows() {
        assert_eq!(
            table().html(),
            "<div class=\"table-wrapper\"><table class=\"spans\">\n<thead><tr><th scope=\"col\">A</th><th scope=\"col\">B</th>\
             </tr></thead>\n<tbody>\n<tr class=\"group\"><th colspan=\"2\" scope=\"colgroup\">g</th></tr>\n<tr><th scope=\"row\">\
             <code>a|b</code></th><td><a href=\"y.md\">x</a><br>&lt;1&gt;</td></tr>\n</tbody></table></div>\n"
        );
    }

    #[test]
    fn prose_may_hold_code() {
        assert_eq!(html(&prose("in `main` only")), "in <code>main</code> only");
        assert_eq!(prose("plain"), plain("plain"));
    }

    #[test]
    fn markdown_has_the_same_cells() {
        assert_eq!(table().markdown(), "| A | B |\n|---|---|\n| **g** |  |\n| `a\\|b` | [x](y.md)<br>\\<1> |\n");
    }
}
