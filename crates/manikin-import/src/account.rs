//! What became of a dataset's rows: everything that was not taken over, counted and named.

use serde::Serialize;

/// What an import read, made, and could not take over.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Account {
    /// The form of the dataset.
    pub form: String,
    /// The import mapping.
    pub mapping: String,
    /// Each source that was read.
    pub sources: Vec<Source>,
    /// Files, resource types and columns that nothing reads.
    pub unread: Vec<Unread>,
    /// Values that are not of the type of their column or field, and became null.
    pub not_converted: Vec<Field>,
    /// Keys that lead to no row.
    pub dangling: Vec<Field>,
    /// Rows made, by entity, in the spec's order.
    pub made: Vec<(String, u64)>,
    /// Entities that the mapping makes and the spec lacks.
    pub left_out: Vec<String>,
    /// Tables, and columns as `source.column`, that the mapping reads and the dataset lacks.
    pub absent: Vec<String>,
    /// Entities of the spec that nothing was made of, in its order.
    pub unmade: Vec<String>,
    /// Fields of the entities made that nothing was made of, each as `entity.field`, in the spec's order.
    pub unfilled: Vec<String>,
}

impl Account {
    /// Counts a file of a kind that nothing reads: by itself at the top of the folder, with its like below it, where
    /// there may be one for every patient.
    pub(crate) fn passes_over(&mut self, name: &str) {
        const WHY: &str = "files of this kind are not read";
        let what = match (name.rsplit_once('/'), name.rsplit_once('.')) {
            (Some((folder, _)), Some((_, extension))) => format!("{folder}/*.{extension}"),
            _ => name.to_owned(),
        };
        match self.unread.iter_mut().find(|unread| unread.what == what && unread.why == WHY) {
            Some(unread) => unread.count += 1,
            None => self.unread.push(Unread { what, count: 1, why: WHY }),
        }
    }
}

/// A source and what became of its rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Source {
    /// Its name in the mapping.
    pub source: String,
    /// The rows read, without those that the source's own `where` refused.
    pub rows: u64,
    /// Rows that made a row of some entity.
    pub taken: u64,
    /// Rows that every entity's `where` refused.
    pub refused: u64,
    /// Rows of which the spec makes nothing, since no entity takes the source.
    pub without_entity: u64,
    /// Whether rows made of other sources read this one.
    pub joined: bool,
}

/// Something in the dataset that nothing reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// A file, a resource type, or a column or element of one that is read.
    pub what: String,
    /// How many rows, resources or values there are.
    pub count: u64,
    /// Why.
    pub why: &'static str,
}

/// A column or field with values that could not be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// The column or field.
    pub field: String,
    /// How many values.
    pub count: u64,
    /// Where the first stands: file and line, never the value.
    pub first: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_below_the_folder_are_counted_with_their_like() {
        let mut account = Account::default();
        for name in ["readme.txt", "bundles/a.json", "bundles/b.json", "notes"] {
            account.passes_over(name);
        }
        let unread: Vec<(&str, u64)> =
            account.unread.iter().map(|unread| (unread.what.as_str(), unread.count)).collect();
        assert_eq!(unread, [("readme.txt", 1), ("bundles/*.json", 2), ("notes", 1)]);
    }
}
