//! Inference: a secret guessed from the synthetic row that is nearest in everything else.

use super::coding::{select, take};
use super::folds::{Among, Folds, Settings};
use super::residual::{Successes, compared};
use super::ruler::Ruler;
use crate::score::{Definition, Direction, Score};
use crate::stats::{self, quantile_sorted, sorted_numbers, wilson};
use crate::{Column, Table, Values};

/// How often a secret is guessed.
pub const RATE: Definition = Definition {
    name: "inference_rate",
    means: "the share of people whose secret is guessed from the nearest synthetic row",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "Giomi et al., PoPETs 2023(2) (Anonymeter), on all records instead of a sample",
};

/// The same beyond holdout.
pub const RISK: Definition = Definition {
    name: "inference_risk",
    means: "how much more often secrets of people that the data were made from are guessed than of others; good is 0",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "Giomi et al., PoPETs 2023(2) (Anonymeter), on all records instead of a sample",
};

/// How often the same guess for everybody succeeds.
pub const BASELINE: Definition = Definition {
    name: "inference_baseline",
    means: "the share of people whose secret is the most common synthetic value: what guessing without an attack gives",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "Giomi et al., PoPETs 2023(2) (Anonymeter)",
};

/// The definitions of its scores.
pub(crate) const DEFINITIONS: &[&Definition] = &[&RATE, &RISK, &BASELINE];

/// How far a guessed number may be off.
///
/// # Source
/// Anonymeter's default: 5 % of the secret.
const TOLERANCE: f64 = 0.05;

/// The most records of each side that are attacked.
///
/// ASSUMED: 50,000, at which a rate of .01 is known to .001.
const MOST: usize = 50_000;

/// Inference of every secret column from the columns that an attacker knows.
#[must_use]
pub fn inference(folds: &Folds<'_>) -> Vec<Score> {
    let width = folds.train.columns.len();
    let secrets = folds.roles.secrets(width);
    // All secrets together may compare as many pairs as two other passes do.
    let settings = Settings { pairs: folds.settings.pairs / secrets.len().max(1) as f64, ..folds.settings };
    secrets.into_iter().flat_map(|secret| one(folds, &settings, secret)).collect()
}

fn one(folds: &Folds<'_>, settings: &Settings, secret: usize) -> Vec<Score> {
    let about = vec![folds.train.columns[secret].name.clone()];
    let known = folds.roles.known(folds.train.columns.len(), secret);
    let sample = |table: &Table, purpose| {
        let rows = stats::sample_rows(table.rows, MOST, &mut stats::draws(folds.settings.seed, purpose, 0));
        take(table, &rows.into_iter().map(|row| row as usize).collect::<Vec<_>>())
    };
    let (train, holdout) = (sample(folds.train, "inference train"), sample(folds.holdout, "inference holdout"));
    let method = format!(
        "nearest synthetic row by {} known columns, all of at most {MOST} records; ties: the first synthetic row; \
         numbers within 5 %",
        known.len()
    );
    let tried = |table: &Table| guesses(folds, settings, table, &known, secret);
    let (attack, control) = match (tried(&train), tried(&holdout)) {
        (Ok(attack), Ok(control)) => (attack, control),
        (Err(reason), _) | (_, Err(reason)) => return vec![RISK.incomplete(about, 0, method, reason)],
    };
    let mut scores = compared(&RATE, &RISK, &about, attack, control, folds.settings.level, &method);
    let naive = common(&folds.synthetic.columns[secret]);
    let hits = (0..train.rows).filter(|&row| matches(&train.columns[secret].values, row, naive)).count();
    let level = folds.settings.level;
    scores.push(
        BASELINE
            .score(
                about,
                hits as f64 / train.rows as f64,
                train.rows,
                "the most common (or median) synthetic value; Wilson",
            )
            .with_interval(wilson(hits as u64, train.rows as u64, level).map(|rate| rate.interval(level))),
    );
    scores
}

/// How many rows of `table` have their `secret` guessed.
///
/// # Errors
/// - Nothing is known.
pub fn guessed(folds: &Folds<'_>, table: &Table, known: &[usize], secret: usize) -> Result<Successes, String> {
    guesses(folds, &folds.settings, table, known, secret)
}

fn guesses(
    folds: &Folds<'_>,
    settings: &Settings,
    table: &Table,
    known: &[usize],
    secret: usize,
) -> Result<Successes, String> {
    if known.is_empty() {
        return Err("guessing takes at least one column besides the secret".to_owned());
    }
    let [train, holdout, synthetic, queries] =
        [folds.train, folds.holdout, folds.synthetic, table].map(|table| select(table, known));
    let ruler = Ruler::new(&[&train, &holdout])?;
    let found = settings.nearest(&ruler, &synthetic, &queries, 1, Among::All)?;
    let (secrets, source) = (&table.columns[secret].values, &folds.synthetic.columns[secret].values);
    let hit = |row: &usize| {
        let guess = found.rows(*row)[0] as usize;
        matches(secrets, *row, value(source, guess))
    };
    Ok(Successes { hits: (0..table.rows).filter(hit).count(), attacks: table.rows })
}

fn value(values: &Values, row: usize) -> f64 {
    match values {
        Values::Numbers(numbers) => numbers[row],
        Values::Codes { codes, .. } => f64::from(codes[row]),
    }
}

/// Whether a guess is right: the same code, both null, or a number within the tolerance.
fn matches(secrets: &Values, row: usize, guess: f64) -> bool {
    let secret = value(secrets, row);
    match secrets {
        Values::Codes { .. } => secret == guess,
        Values::Numbers(_) if secret.is_nan() || guess.is_nan() => secret.is_nan() && guess.is_nan(),
        Values::Numbers(_) => (guess - secret).abs() <= TOLERANCE * secret.abs(),
    }
}

/// The most common code, or the median.
fn common(column: &Column) -> f64 {
    match &column.values {
        Values::Numbers(numbers) => quantile_sorted(&sorted_numbers(numbers).values, 0.5).unwrap_or(f64::NAN),
        Values::Codes { codes, .. } => {
            let mut sorted = codes.clone();
            sorted.sort_unstable();
            // The first of equally common codes.
            let runs = sorted.chunk_by(|a, b| a == b);
            let best = runs.fold((0, 0), |best, run| if run.len() > best.0 { (run.len(), run[0]) } else { best });
            f64::from(best.1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::toy::{codes, table};

    #[test]
    fn guesses_are_those_of_anonymeter() {
        let real = table([codes("c0", ["a", "c"]), codes("c1", ["b", "d"])]);
        for (secrets, expected) in [(["b", "d"], 2), (["h", "g"], 0)] {
            let synthetic = table([codes("c0", ["a", "c"]), codes("c1", secrets)]);
            let folds = Folds::new(&real, &real, &synthetic, Settings::default()).expect("folds");
            let found = guessed(&folds, &real, &[0], 1).expect("an answer");
            assert_eq!(found, Successes { hits: expected, attacks: 2 });
        }
    }
}
