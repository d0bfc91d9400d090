//! Lists of items.

use super::Cx;
use crate::error::GenerateError;
use crate::plan::{Compiled, CountPlan};
use crate::values;
use manikin_expression::Type;
use manikin_tables::Column;
use polars::prelude::*;

/// Draws per item before a list of distinct items stays shorter than asked.
const ATTEMPTS: u64 = 30;

impl Cx<'_> {
    /// A list for each row at hand. Each item has its own draw, so a longer list keeps its first items.
    pub(super) fn list(
        &self,
        of: &Compiled,
        count: &CountPlan,
        distinct: bool,
        select: Option<&[u32]>,
    ) -> Result<Column, GenerateError> {
        let rows = self.at(select);
        let counter = Cx { name: self.name.numbered(0), normals: None, ..*self };
        let counts = counter.counts(count)?;
        let dictionary = match of {
            Compiled::Choice { dictionary, .. } => dictionary,
            Compiled::Pick(pick) => &pick.dictionary,
            _ => {
                return Err(GenerateError::new(self.place, "the items of a list come from a choice or a pick")
                    .help("write `list: {of: {pick: …}}` or `list: {of: {choice: …}}`"));
            }
        };
        let found = match of {
            Compiled::Pick(pick) => Some(self.strata(pick, select)?),
            _ => None,
        };
        let texts = values::convert(dictionary.clone(), &Type::Text);
        let texts = texts.series().str().map_err(|error| GenerateError::new(self.place, error.to_string()))?;
        let address = &self.own().address;
        let mut builder = ListStringChunkedBuilder::new(PlSmallStr::EMPTY, rows.len(), rows.len() * 2);
        let mut items: Vec<u32> = Vec::new();
        for (at, &row) in rows.iter().enumerate() {
            items.clear();
            for number in 0..counts[row as usize] {
                for attempt in 0..ATTEMPTS {
                    let name = self.name.numbered(1 + number * ATTEMPTS + attempt);
                    let uniform = address[row as usize].uniform(name);
                    let item = match (of, &found) {
                        (Compiled::Choice { cumulative, .. }, _) => Some(cumulative.pick(uniform) as u32),
                        (_, Some(found)) => {
                            let stratum = found.at(at);
                            stratum.alias.as_ref().map(|alias| stratum.rows[alias.pick(uniform)])
                        }
                        _ => None,
                    };
                    let Some(item) = item else { break };
                    if !distinct || !items.contains(&item) {
                        items.push(item);
                        break;
                    }
                }
            }
            builder.append_values_iter(items.iter().filter_map(|&item| texts.get(item as usize)));
        }
        Ok(values::column(&Type::List(Box::new(Type::Text)), builder.finish().into_series()))
    }
}
