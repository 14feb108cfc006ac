//! Tables in the house's look: one rule below the header, and words that stay whole.

use std::fmt;

use comfy_table::{
    ColumnConstraint, ContentArrangement, LineStyle, Row, TableStyle, Width, presets,
};

/// What stands between two columns, beside the separator's own space.
const GAP: u16 = 1;

/// Rows of cells as wide as the terminal allows; an address or id is never broken.
#[derive(Debug)]
pub(super) struct Table(comfy_table::Table);

impl Table {
    /// An empty table.
    pub(super) fn new<const N: usize>(header: [&str; N]) -> Self {
        let mut table = comfy_table::Table::new();
        let look: TableStyle =
            presets::NOTHING.header_separator(LineStyle::none().fill('─').junction('─'));
        table
            .load_style(look)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_header(header);
        Self(table)
    }

    /// Adds a row.
    pub(super) fn add_row(&mut self, row: impl Into<Row>) {
        self.0.add_row(row);
    }

    /// The table in so many columns; wider where a word would not fit.
    pub(super) fn fitted(&self, width: usize) -> String {
        let mut table = self.0.clone();
        table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
        let last = table.column_count().saturating_sub(1);
        for index in 0..=last {
            let longest = self
                .0
                .column_cells_iter(index)
                .flatten()
                .chain(
                    self.0
                        .header()
                        .and_then(|header| header.cell_iter().nth(index)),
                )
                .map(|cell| longest_word(&cell.content()))
                .max()
                .unwrap_or(0);
            let gap = if index == last { 0 } else { GAP };
            if let Some(column) = table.column_mut(index) {
                column.set_padding((0, gap));
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(
                    longest.saturating_add(gap),
                )));
            }
        }
        let lines: Vec<String> = table
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect();
        lines.join("\n")
    }
}

fn longest_word(text: &str) -> u16 {
    let longest = text
        .split_whitespace()
        .map(|word| word.chars().count())
        .max();
    u16::try_from(longest.unwrap_or(0)).unwrap_or(u16::MAX)
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fitted(super::output::columns()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stay_whole_and_prose_is_wrapped() {
        let mut table = Table::new(["step", "id", "why"]);
        let id = "vpn-0a1b2c3d4e5f67890";
        table.add_row([
            "connection",
            id,
            "a long sentence that has to go on below itself",
        ]);
        let text = table.fitted(60);
        assert!(text.contains(id), "{text}");
        assert!(
            text.lines().all(|line| line.chars().count() <= 60),
            "{text}"
        );
        assert_eq!(
            text.matches('─').count(),
            text.lines().nth(1).unwrap().chars().count()
        );
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(table.fitted(20).contains(id), "wider rather than broken");
    }
}
