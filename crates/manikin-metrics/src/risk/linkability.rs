//! Linkability: two sources that know different columns of a person, joined through the synthetic rows.

use super::coding::select;
use super::folds::{Among, Folds};
use super::residual::{Successes, compared};
use super::ruler::Ruler;
use crate::Table;
use crate::score::{Definition, Direction, Score};

/// How often two halves of a record are linked.
pub const RATE: Definition = Definition {
    name: "linkability_rate",
    means: "the share of real people of whom two disjoint sets of columns lead to the same synthetic row",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "Giomi et al., PoPETs 2023(2) (Anonymeter), on all records instead of a sample",
};

/// The same beyond holdout.
pub const RISK: Definition = Definition {
    name: "linkability_risk",
    means: "how much more often people that the data were made from are linked than others; good is 0",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "Giomi et al., PoPETs 2023(2) (Anonymeter), on all records instead of a sample",
};

/// The definitions of its scores.
pub(crate) const DEFINITIONS: &[&Definition] = &[&RATE, &RISK];

/// Linkability with the nearest neighbour, over all records of train and of holdout.
#[must_use]
pub fn linkability(folds: &Folds<'_>) -> Vec<Score> {
    let sets = folds.roles.linked(folds.train.columns.len());
    let method = "nearest synthetic row by either set, all records; ties: the first synthetic row";
    let tried = |table: &Table| linked(folds, table, &sets, 1);
    match (tried(folds.train), tried(folds.holdout)) {
        (Ok(attack), Ok(control)) => compared(&RATE, &RISK, &[], attack, control, folds.settings.level, method),
        (Err(reason), _) | (_, Err(reason)) => vec![RISK.incomplete(Vec::new(), 0, method, reason)],
    }
}

/// How many rows of `table` have a synthetic row among the `k` nearest by both sets of columns.
///
/// # Errors
/// - A set of columns is empty.
pub fn linked(folds: &Folds<'_>, table: &Table, sets: &[Vec<usize>; 2], k: usize) -> Result<Successes, String> {
    let mut found = Vec::new();
    for set in sets {
        if set.is_empty() {
            return Err("linking takes at least two columns".to_owned());
        }
        let [train, holdout, synthetic, queries] =
            [folds.train, folds.holdout, folds.synthetic, table].map(|table| select(table, set));
        let ruler = Ruler::new(&[&train, &holdout])?;
        found.push(folds.settings.nearest(&ruler, &synthetic, &queries, k, Among::All)?);
    }
    let meets = |row: &usize| found[0].rows(*row).iter().any(|near| found[1].rows(*row).contains(near));
    Ok(Successes { hits: (0..table.rows).filter(meets).count(), attacks: table.rows })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::residual::residual;
    use crate::risk::toy::{numbers, table};
    use crate::risk::{Roles, Settings};

    #[test]
    fn linked_halves_are_those_of_anonymeter() {
        let real = table([numbers("col0", [0.0, 0.0, 4.0, 0.0]), numbers("col1", [0.0, 1.0, 9.0, 4.0])]);
        let synthetic = table([numbers("col0", [0.0, 1.0, 4.0, 9.0]), numbers("col1", [0.0, 1.0, 4.0, 9.0])]);
        let folds = Folds::new(&real, &real, &synthetic, Settings::default()).expect("folds");
        let found = linked(&folds, &real, &Roles::default().linked(2), 1).expect("an answer");
        assert_eq!(found, Successes { hits: 1, attacks: 4 });
        let plain = crate::stats::wilson(found.hits as u64, found.attacks as u64, 0.95).expect("a rate");
        assert!((plain.rate - 0.3724727091136493).abs() < 1e-9);
        let interval = plain.interval(0.95);
        assert!((interval.low - 0.04558726080970055).abs() < 1e-9);
        assert!((interval.high - 0.6993581574175981).abs() < 1e-9);
        assert!(residual(found, Successes { hits: 4, attacks: 4 }, 0.95).is_some());
    }
}
