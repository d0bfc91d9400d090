//! Singling out: descriptions that fit exactly one synthetic row, and whether they fit exactly one real person.

use rayon::prelude::*;

use super::coding::take;
use super::folds::Folds;
use super::residual::{Successes, compared};
use crate::score::{Definition, Direction, Score};
use crate::stats::{self, quantile_sorted, sorted_numbers};
use crate::{Table, Values};

/// How often a description singles out a person.
pub const RATE: Definition = Definition {
    name: "singling_out_rate",
    means: "the share of descriptions taken from single synthetic rows that fit exactly one real person",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "Giomi et al., PoPETs 2023(2) (Anonymeter)",
};

/// The same beyond holdout.
pub const RISK: Definition = Definition {
    name: "singling_out_risk",
    means: "how much more often descriptions taken from synthetic rows single out people that the data were made from \
            than others; good is 0",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "Giomi et al., PoPETs 2023(2) (Anonymeter)",
};

/// The definitions of its scores.
pub(crate) const DEFINITIONS: &[&Definition] = &[&RATE, &RISK];

/// How many descriptions of several columns are tried.
///
/// # Source
/// Anonymeter's documentation uses 500 to 2,000.
const ATTACKS: usize = 2000;

/// How many columns a description of several has.
///
/// # Source
/// Anonymeter's default.
const COLUMNS: usize = 3;

/// One condition on one column.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Condition {
    Equal(f64),
    AtMost(f64),
    AtLeast(f64),
    Null,
    Code(u32),
}

/// Singling out by one column, exhaustively, and by several, sampled.
#[must_use]
pub fn singling_out(folds: &Folds<'_>) -> Vec<Score> {
    // The chance of exactly one match depends on the number of people, so both sides have equally many.
    let people = folds.train.rows.min(folds.holdout.rows);
    let sample = |table: &Table, purpose| {
        let rows = stats::sample_rows(table.rows, people, &mut stats::draws(folds.settings.seed, purpose, 0));
        take(table, &rows.into_iter().map(|row| row as usize).collect::<Vec<_>>())
    };
    let (train, holdout) = (sample(folds.train, "singling out train"), sample(folds.holdout, "singling out holdout"));
    let mut scores = Vec::new();
    let mut add = |kind: &str, tried: &dyn Fn(&Table) -> Successes, how: &str| {
        let (attack, control) = (tried(&train), tried(&holdout));
        scores.extend(compared(&RATE, &RISK, &[kind.to_owned()], attack, control, folds.settings.level, how));
    };
    let single = univariate(folds.synthetic);
    let tried = |table: &Table| Successes { hits: alone(table, &single), attacks: single.len() };
    add("univariate", &tried, "every value or extreme that one synthetic row has");
    let several = multivariate(folds.synthetic, folds.settings.seed);
    let tried = |table: &Table| Successes {
        hits: several.par_iter().filter(|description| fits(table, description) == 1).count(),
        attacks: several.len(),
    };
    let how = format!("conjunctions of {COLUMNS} columns of random synthetic rows, seed {}", folds.settings.seed);
    add("multivariate", &tried, &how);
    scores
}

/// How many conditions on one column exactly one row meets. Each column is sorted once, whatever the number of
/// conditions.
fn alone(table: &Table, conditions: &[(usize, Condition)]) -> usize {
    let of_column = |group: &[(usize, Condition)]| match &table.columns[group[0].0].values {
        Values::Numbers(numbers) => {
            let mut sorted: Vec<f64> = numbers.iter().copied().filter(|number| !number.is_nan()).collect();
            sorted.sort_unstable_by(f64::total_cmp);
            let below = |value: f64| sorted.partition_point(|&number| number < value);
            let up_to = |value: f64| sorted.partition_point(|&number| number <= value);
            let count = |condition: Condition| match condition {
                Condition::Equal(value) => up_to(value) - below(value),
                Condition::AtMost(value) => up_to(value),
                Condition::AtLeast(value) => sorted.len() - below(value),
                Condition::Null => numbers.len() - sorted.len(),
                Condition::Code(_) => 0,
            };
            group.iter().filter(|(_, condition)| count(*condition) == 1).count()
        }
        Values::Codes { codes, .. } => {
            let mut sorted = codes.clone();
            sorted.sort_unstable();
            let count = |code: u32| {
                sorted.partition_point(|&other| other <= code) - sorted.partition_point(|&other| other < code)
            };
            group
                .iter()
                .filter(|(_, condition)| matches!(condition, Condition::Code(code) if count(*code) == 1))
                .count()
        }
    };
    conditions.chunk_by(|a, b| a.0 == b.0).map(of_column).sum()
}

/// The probability that a description of weight `w` between two bounds, drawn uniformly, fits exactly one of `n`
/// people: the integral of n w (1 - w)^(n - 1).
///
/// # Source
/// Cohen and Nissim, Towards Formalizing the GDPR's Notion of Singling Out, PNAS 117(15), 2020.
#[must_use]
pub fn singling_out_probability(n: u64, least: f64, greatest: f64) -> Option<f64> {
    let ordered = 0.0 <= least && least <= greatest && greatest <= 1.0;
    if n == 0 || !ordered {
        return None;
    }
    let n = n as f64;
    let antiderivative = |w: f64| -w * libm::pow(1.0 - w, n) - libm::pow(1.0 - w, n + 1.0) / (n + 1.0);
    Some(antiderivative(greatest) - antiderivative(least))
}

/// Every condition on one column that exactly one synthetic row meets: its value is unique, or it is the least or
/// greatest.
fn univariate(synthetic: &Table) -> Vec<(usize, Condition)> {
    let mut found = Vec::new();
    for (column, values) in synthetic.columns.iter().map(|column| &column.values).enumerate() {
        match values {
            Values::Numbers(numbers) => {
                let mut sorted: Vec<f64> = numbers.iter().copied().filter(|number| !number.is_nan()).collect();
                sorted.sort_unstable_by(f64::total_cmp);
                let unique: Vec<f64> =
                    sorted.chunk_by(|a, b| a == b).filter(|run| run.len() == 1).map(|run| run[0]).collect();
                found.extend(unique.iter().map(|&number| (column, Condition::Equal(number))));
                if let (Some(&least), Some(&greatest)) = (sorted.first(), sorted.last()) {
                    // Beyond an extreme that several rows share nothing is singled out.
                    if unique.first() == Some(&least) {
                        found.push((column, Condition::AtMost(least)));
                    }
                    if unique.last() == Some(&greatest) {
                        found.push((column, Condition::AtLeast(greatest)));
                    }
                }
                if numbers.len() - sorted.len() == 1 {
                    found.push((column, Condition::Null));
                }
            }
            Values::Codes { codes, .. } => {
                let mut sorted = codes.clone();
                sorted.sort_unstable();
                let unique = sorted.chunk_by(|a, b| a == b).filter(|run| run.len() == 1).map(|run| run[0]);
                found.extend(unique.map(|code| (column, Condition::Code(code))));
            }
        }
    }
    found
}

/// Conjunctions over random columns of random synthetic rows that fit no other synthetic row.
fn multivariate(synthetic: &Table, seed: u64) -> Vec<Vec<(usize, Condition)>> {
    let width = synthetic.columns.len();
    let medians: Vec<f64> = synthetic
        .columns
        .iter()
        .map(|column| match &column.values {
            Values::Numbers(numbers) => quantile_sorted(&sorted_numbers(numbers).values, 0.5).unwrap_or(0.0),
            Values::Codes { .. } => 0.0,
        })
        .collect();
    if synthetic.rows == 0 || width == 0 {
        return Vec::new();
    }
    let mut stream = stats::draws(seed, "singling out", 0);
    let tries = (ATTACKS * 5).min(1 + 4_000_000_000 / synthetic.rows.max(1));
    let drawn: Vec<Vec<(usize, Condition)>> = (0..tries)
        .map(|_| {
            let row = stream.below(synthetic.rows as u64) as usize;
            let columns = stats::sample_rows(width, COLUMNS, &mut stream);
            columns
                .into_iter()
                .map(|column| (column as usize, condition(synthetic, column as usize, row, &medians)))
                .collect()
        })
        .collect();
    let fitting: Vec<bool> = drawn.par_iter().map(|description| fits(synthetic, description) == 1).collect();
    let mut kept: Vec<_> =
        drawn.into_iter().zip(fitting).filter(|(_, fits)| *fits).map(|(description, _)| description).collect();
    kept.truncate(ATTACKS);
    kept
}

fn condition(table: &Table, column: usize, row: usize, medians: &[f64]) -> Condition {
    match &table.columns[column].values {
        Values::Codes { codes, .. } => Condition::Code(codes[row]),
        Values::Numbers(numbers) if numbers[row].is_nan() => Condition::Null,
        Values::Numbers(numbers) if numbers[row] > medians[column] => Condition::AtLeast(numbers[row]),
        Values::Numbers(numbers) => Condition::AtMost(numbers[row]),
    }
}

/// How many rows meet all conditions; counting stops at two.
fn fits(table: &Table, description: &[(usize, Condition)]) -> usize {
    let Some(((first, condition), rest)) = description.split_first() else { return table.rows };
    let meets = |column: usize, condition: Condition, row: usize| match (&table.columns[column].values, condition) {
        (Values::Numbers(numbers), Condition::Equal(value)) => numbers[row] == value,
        (Values::Numbers(numbers), Condition::AtMost(value)) => numbers[row] <= value,
        (Values::Numbers(numbers), Condition::AtLeast(value)) => numbers[row] >= value,
        (Values::Numbers(numbers), Condition::Null) => numbers[row].is_nan(),
        (Values::Codes { codes, .. }, Condition::Code(code)) => codes[row] == code,
        _ => false,
    };
    let all = |&row: &usize| {
        meets(*first, *condition, row) && rest.iter().all(|&(column, condition)| meets(column, condition, row))
    };
    (0..table.rows).filter(all).take(2).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::Settings;
    use crate::risk::toy::{codes, numbers, table};

    #[test]
    fn the_probability_of_singling_out_is_that_of_anonymeter() {
        for (n, least, greatest, expected) in
            [(1000, 0.0, 0.001, 0.0002643448056524201), (50, 0.1, 0.9, 0.0006063264949788377)]
        {
            let found = singling_out_probability(n, least, greatest).expect("a probability");
            assert!((found - expected).abs() < 1e-9);
        }
        assert!(singling_out_probability(0, 0.0, 1.0).is_none());
        assert!(singling_out_probability(5, 0.5, 0.1).is_none());
    }

    #[test]
    fn unique_values_and_extremes_single_out_as_counted_by_hand() {
        let synthetic = table([numbers("n", [1.0, 2.0, 2.0, 5.0]), codes("c", ["a", "a", "a", "b"])]);
        // 1 and 5 are unique and the extremes, and so is b: five descriptions.
        assert_eq!(univariate(&synthetic).len(), 5);
        let train = table([numbers("n", [1.0, 3.0, 9.0, 9.0]), codes("c", ["b", "a", "a", "a"])]);
        // = 1 fits one, = 5 none, at most 1 one, at least 5 two, b one.
        let single = univariate(&synthetic);
        let one_by_one = single.iter().filter(|description| fits(&train, &[**description]) == 1).count();
        assert_eq!((one_by_one, alone(&train, &single)), (3, 3));
        let folds = Folds::new(&train, &train, &synthetic, Settings::default()).expect("folds");
        let scores = singling_out(&folds);
        assert_eq!(scores[0].value, Some(0.6));
        assert_eq!(scores[2].value, Some(0.0), "nothing is left beyond the control");
    }
}
