//! Tables and numbers as text.

use std::path::Path;

use comfy_table::{CellAlignment, Table};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// A line below the header and nothing else.
const STYLE: &str = "     ──            ";

/// How a column is aligned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// Lays out rows under a header as text that ends with a line break. Cells are shown [`plain`].
pub fn render(columns: &[(&str, Align)], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_preset(STYLE).set_header(columns.iter().map(|(name, _)| *name));
    for row in rows {
        table.add_row(row.iter().map(|cell| plain(cell)));
    }
    for (column, (_, align)) in table.column_iter_mut().zip(columns) {
        column.set_padding((0, 1));
        column.set_cell_alignment(match align {
            Align::Left => CellAlignment::Left,
            Align::Right => CellAlignment::Right,
        });
    }
    table.lines().fold(String::new(), |text, line| text + line.trim_end() + "\n")
}

/// A value as indented JSON that ends with a line break.
pub fn json(value: &impl serde::Serialize) -> String {
    // Only maps with keys that are no strings can fail, and nothing here has any.
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

/// A name out of a file, without what could move the cursor of a terminal, turn the order of what is read, or be there
/// and not be seen.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if is_unseen(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

fn is_unseen(c: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator};
    matches!(c.general_category(), Control | Format | LineSeparator | ParagraphSeparator)
}

/// A path as [`plain`] text; what is no UTF-8 in it cannot be shown either.
pub fn path(path: &Path) -> String {
    plain(&path.to_string_lossy())
}

/// `[1, 299, 299, 3]` as `1x299x299x3`; a scalar as `scalar`.
pub fn shape(shape: &[usize]) -> String {
    if shape.is_empty() {
        return "scalar".to_owned();
    }
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x")
}

/// Bytes in the unit that leaves one to three digits before the point.
pub fn bytes(count: usize) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.1} kB", count as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", count as f64 / 1e6),
        _ => format!("{:.2} GB", count as f64 / 1e9),
    }
}

/// Multiply-accumulates in the unit that fits.
pub fn macs(count: u64) -> String {
    match count {
        0 => "0 MAC".to_owned(),
        1..1_000_000 => format!("{:.1} kMAC", count as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MMAC", count as f64 / 1e6),
        _ => format!("{:.2} GMAC", count as f64 / 1e9),
    }
}

/// `1 thread`, `2 threads`.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_right_and_lines_have_no_trailing_blanks() {
        let rows = vec![vec!["a".to_owned(), "1".to_owned()], vec!["long".to_owned(), "23".to_owned()]];
        let text = render(&[("name", Align::Left), ("n", Align::Right)], rows);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[2].starts_with('a') && lines[2].ends_with(" 1"), "{text}");
        assert!(lines.iter().all(|line| line.trim_end() == *line));
    }

    #[test]
    fn what_is_printed_shows_what_is_there() {
        assert_eq!(plain("a\x1b[2Jb"), "a\u{fffd}[2Jb");
        let directions =
            ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}').chain(['\u{200e}', '\u{200f}', '\u{61c}']);
        let invisible = ['\0', '\n', '\u{85}', '\u{ad}', '\u{200b}', '\u{2028}', '\u{2029}', '\u{feff}', '\u{e0041}'];
        for hidden in directions.chain(invisible) {
            assert_eq!(plain(&format!("a{hidden}b")), "a\u{fffd}b", "{hidden:?}");
            let rows = vec![vec![format!("a{hidden}b")]];
            assert!(render(&[("name", Align::Left)], rows).ends_with("\na\u{fffd}b\n"), "{hidden:?}");
        }
        let shown = "conv2d/Relu;x_1 é e\u{301} שלום 深度 \u{3000}\u{e000}🐈";
        assert_eq!(plain(shown), shown);
    }

    #[test]
    fn units() {
        assert_eq!(bytes(23_944_000), "23.9 MB");
        assert_eq!(macs(5_710_000_000), "5.71 GMAC");
        assert_eq!(shape(&[1, 2, 3]), "1x2x3");
        assert_eq!(counted(1, "layer") + &counted(2, "layer"), "1 layer2 layers");
    }
}
