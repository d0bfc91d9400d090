//! The registry of codes. A code never changes its meaning; one that is no longer used is not given out again.
//!
//! A new code is one entry in the file of its range, in order:
//!
//! | range | what it is about | file |
//! |---|---|---|
//! | MK00xx | files and YAML | `codes/files.rs` |
//! | MK01xx | the shape of a document | `codes/shape.rs` |
//! | MK02xx | values | `codes/values.rs` |
//! | MK03xx | names | `codes/names.rs` |
//! | MK04xx | expressions | `codes/expressions.rs` |
//! | MK05xx | layers | `codes/layers.rs` |
//! | MK06xx | edge cases | `codes/edge_cases.rs` |
//! | MK07xx | privacy and contract | `codes/contract.rs` |
//! | MK08xx | data checked against a contract | `codes/data.rs` |
//! | MK09xx | output | `codes/output.rs` |
//! | MK10xx | evaluations and their limits | `codes/evaluation.rs` |
//! | MK11xx | mappings to other standards | `codes/mappings.rs` |
//! | MK12xx | datasets made elsewhere | `codes/import.rs` |
//! | MK14xx | budgets of real records | `codes/budget.rs` |
//! | MK15xx | learning from real records | `codes/fit.rs` |

use std::fmt;

use serde::{Serialize, Serializer};

/// A stable code such as `MK0203`, one of the constants of [`crate::codes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(&'static str);

impl Code {
    /// The code as written, such as `MK0203`.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// What the registry says about it.
    pub fn entry(self) -> Option<&'static Entry> {
        find(self.0)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

/// One code with what `manikin explain` says about it.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The code.
    pub code: Code,
    /// A few words.
    pub title: &'static str,
    /// What it means and why it matters, as Markdown.
    pub explanation: &'static str,
    /// An example that gets this code.
    pub wrong: &'static str,
    /// The same, mended.
    pub mended: &'static str,
}

impl Entry {
    /// The whole explanation as Markdown: title, meaning, a wrong example and the mended one.
    pub fn markdown(&self) -> String {
        format!(
            "# {}: {}\n\n{}\n\nWrong:\n\n```\n{}\n```\n\nMended:\n\n```\n{}\n```\n",
            self.code, self.title, self.explanation, self.wrong, self.mended
        )
    }
}

/// Every entry, in the order of the codes.
pub fn all() -> impl Iterator<Item = &'static Entry> {
    [
        files::ENTRIES,
        shape::ENTRIES,
        values::ENTRIES,
        names::ENTRIES,
        expressions::ENTRIES,
        layers::ENTRIES,
        edge_cases::ENTRIES,
        contract::ENTRIES,
        data::ENTRIES,
        output::ENTRIES,
        evaluation::ENTRIES,
        mappings::ENTRIES,
        import::ENTRIES,
        budget::ENTRIES,
        fit::ENTRIES,
    ]
    .into_iter()
    .flatten()
}

/// The entry of a code given as text, whatever its case; `None` where there is no such code.
///
/// ```
/// use manikin_diagnostic::codes;
/// assert_eq!(codes::find("mk0203").map(|entry| entry.code), Some(codes::NEGATIVE_SPREAD));
/// assert!(codes::find("MK9999").is_none());
/// ```
pub fn find(code: &str) -> Option<&'static Entry> {
    all().find(|entry| entry.code.0.eq_ignore_ascii_case(code.trim()))
}

/// Declares the constants of one range and their entries, in one place each.
macro_rules! codes {
    ($($name:ident = $code:literal, $title:literal, $explanation:literal,
       wrong: $wrong:literal, mended: $mended:literal;)*) => {
        $(
            #[doc = concat!("`", $code, "`: ", $title, ".")]
            pub const $name: $crate::codes::Code = $crate::codes::Code($code);
        )*
        pub(super) const ENTRIES: &[$crate::codes::Entry] = &[$(
            $crate::codes::Entry {
                code: $name,
                title: $title,
                explanation: $explanation,
                wrong: $wrong,
                mended: $mended,
            },
        )*];
    };
}

mod budget;
mod contract;
mod data;
mod edge_cases;
mod evaluation;
mod expressions;
mod files;
mod fit;
mod import;
mod layers;
mod mappings;
mod names;
mod output;
mod shape;
mod values;

pub use budget::*;
pub use contract::*;
pub use data::*;
pub use edge_cases::*;
pub use evaluation::*;
pub use expressions::*;
pub use files::*;
pub use fit::*;
pub use import::*;
pub use layers::*;
pub use mappings::*;
pub use names::*;
pub use output::*;
pub use shape::*;
pub use values::*;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_sorted_and_four_digits() {
        let codes: Vec<&str> = all().map(|entry| entry.code.as_str()).collect();
        for pair in codes.windows(2) {
            assert!(pair[0] < pair[1], "{} comes before {}", pair[0], pair[1]);
        }
        for code in codes {
            let digits = code.strip_prefix("MK").expect("starts with MK");
            assert_eq!(digits.len(), 4, "{code}");
            assert!(digits.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
        }
    }

    #[test]
    fn every_code_is_explained_with_an_example() {
        for entry in all() {
            let code = entry.code;
            assert!(!entry.title.is_empty(), "{code} has a title");
            assert!(!entry.title.ends_with('.'), "{code}'s title is no sentence");
            assert!(entry.explanation.len() > 30, "{code} is explained");
            assert!(!entry.wrong.is_empty(), "{code} has a wrong example");
            assert!(!entry.mended.is_empty(), "{code} has a mended example");
            assert_ne!(entry.wrong, entry.mended, "{code}'s examples differ");
        }
    }
}
