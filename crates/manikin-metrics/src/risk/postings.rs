//! Which entries have a code: the short way to those that share a rare one with a query.

use super::ruler::{Ruler, Scale};

/// The places of entries by code, for every column of categories.
#[derive(Debug)]
pub(crate) struct Postings {
    columns: Vec<Posting>,
    most: usize,
}

/// The places of one column.
#[derive(Debug)]
struct Posting {
    column: usize,
    /// Each code, rising, and where its places start.
    starts: Vec<(u32, u32)>,
    places: Vec<u32>,
}

/// The most entries that are compared for one shared code.
///
/// # Source
/// Own measurement on the Adult folds: more costs as much as the boxes that it spares.
const MOST: usize = 512;

impl Postings {
    /// Lists the places of entries whose values stand row by row.
    pub(crate) fn new(ruler: &Ruler, exact: &[f64]) -> Self {
        let width = ruler.columns();
        let places = exact.len() / width;
        let of_categories = (0..width).filter(|&column| ruler.scales[column] == Scale::Category);
        let columns = of_categories
            .map(|column| {
                // Codes of nulls are one beyond those that 32 bits less one can count, and are listed too.
                let mut list: Vec<(u32, u32)> =
                    (0..places).map(|place| (exact[place * width + column] as u32, place as u32)).collect();
                list.sort_unstable();
                let starts = list.chunk_by(|a, b| a.0 == b.0).scan(0, |start, run| {
                    let from = *start;
                    *start += run.len() as u32;
                    Some((run[0].0, from))
                });
                Posting { column, starts: starts.collect(), places: list.iter().map(|&(_, place)| place).collect() }
            })
            .collect();
        Self { columns, most: (places / 32).clamp(8, MOST) }
    }

    /// The columns in which few entries have the code of `values`, each with the places of those that do.
    pub(crate) fn rare<'a>(&'a self, values: &'a [f64]) -> impl Iterator<Item = (usize, &'a [u32])> {
        self.columns.iter().filter_map(|Posting { column, starts, places }| {
            let code = values[*column] as u32;
            let shared = match starts.binary_search_by_key(&code, |&(code, _)| code) {
                Ok(at) => {
                    let end = starts.get(at + 1).map_or(places.len(), |&(_, end)| end as usize);
                    &places[starts[at].1 as usize..end]
                }
                Err(_) => &[][..],
            };
            (shared.len() <= self.most).then_some((*column, shared))
        })
    }
}
