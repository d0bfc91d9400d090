//! Meaningful identity disclosure, and membership disclosure as an F1 score: the two measures of El Emam and others.

use super::coding::{Coded, code};
use super::folds::{Among, Folds};
use super::ruler::Ruler;
use crate::score::{Definition, Direction, Interval, Score};
use crate::stats::{clopper_pearson, quantile_sorted};
use crate::{Table, Values};

/// Meaningful identity disclosure.
pub const IDENTITY: Definition = Definition {
    name: "meaningful_identity_disclosure",
    means: "the chance that a synthetic row matches a real person on the quasi-identifiers and tells something new \
            about them; good is below .09",
    direction: Direction::Lower,
    range: (0.0, 1.0),
    reference: "El Emam, Mosquera and Bass, Evaluating Identity Disclosure Risk in Fully Synthetic Health Data, JMIR 22(11), 2020",
};

/// Membership disclosure.
pub const MEMBERSHIP_F1: Definition = Definition {
    name: "membership_f1",
    means: "how much better than naming everybody an attacker names members by rows that nearly match; good is below .2",
    direction: Direction::Lower,
    range: (-1.0, 1.0),
    reference: "El Emam, Mosquera and Fang, Validating a Membership Disclosure Metric, JAMIA Open 5(4), 2022 (ooac083)",
};

/// The definitions of its scores.
pub(crate) const DEFINITIONS: &[&Definition] = &[&IDENTITY, &MEMBERSHIP_F1];

/// The share of sensitive columns of which something new must be learned.
///
/// # Source
/// El Emam et al. 2020: L = 5 %.
const LEARNED: f64 = 0.05;

/// Numbers within so many median absolute deviations tell a person's value.
///
/// # Source
/// El Emam et al. 2020: 1.48 times the median absolute deviation.
const NEAR: f64 = 1.48;

/// In how many columns a synthetic row may differ from one that it is taken to match.
///
/// # Source
/// El Emam et al. 2022 vary the Hamming distance up to 5.
const DIFFER: usize = 5;

/// Meaningful identity disclosure on train and, for comparison, on holdout.
#[must_use]
pub fn identity(folds: &Folds<'_>) -> Vec<Score> {
    let keys = &folds.roles.quasi_identifiers;
    let secret: Vec<usize> = folds.roles.sensitive.iter().copied().filter(|column| !keys.contains(column)).collect();
    if keys.is_empty() || secret.is_empty() {
        let reason = "quasi-identifiers and sensitive columns must be declared";
        return vec![IDENTITY.incomplete(Vec::new(), 0, "matches on quasi-identifiers", reason)];
    }
    let one = |(name, real): (&str, &Table)| {
        let risk = disclosed(real, folds.synthetic, keys, &secret, folds.settings.fraction.unwrap_or(1.0));
        let method = match folds.settings.fraction {
            Some(fraction) => format!("population classes scaled from a sampling fraction of {fraction}; λ = 1"),
            None => "the rows are taken for the whole population, which errs towards risk; λ = 1".to_owned(),
        };
        IDENTITY.score(vec![name.to_owned()], risk, real.rows, method)
    };
    [("train", folds.train), ("holdout", folds.holdout)].map(one).to_vec()
}

/// The greater of both directions of attack: (1/N) Σ I R / f and (1/n) Σ I R / F, F being f over the fraction.
fn disclosed(real: &Table, synthetic: &Table, keys: &[usize], secret: &[usize], fraction: f64) -> f64 {
    let coded = code(&[real, synthetic]);
    let [real_codes, synthetic_codes] = &coded[..] else { return 0.0 };
    let (groups, ranges) = Coded::group(&[&real_codes.select(keys), &synthetic_codes.select(keys)]);
    let spreads: Vec<f64> = secret.iter().map(|&column| deviation(&real.columns[column].values)).collect();
    let shares: Vec<Vec<f64>> = secret.iter().map(|&column| shares(real_codes, column)).collect();
    let new = |row: usize, other: usize| {
        let told = secret.iter().enumerate().filter(|&(place, &column)| {
            match (&real.columns[column].values, &synthetic.columns[column].values) {
                // A common value is no news.
                (Values::Codes { codes: a, .. }, Values::Codes { codes: b, .. }) => {
                    a[row] == b[other] && shares[place][real_codes.columns[column][row] as usize] < 0.5
                }
                (Values::Numbers(a), Values::Numbers(b)) => (a[row] - b[other]).abs() <= NEAR * spreads[place],
                _ => false,
            }
        });
        told.count() as f64 >= LEARNED * secret.len() as f64
    };
    let (mut sum, n) = (0.0, real.rows as f64);
    for group in 0..groups.len() as u32 {
        let members = groups.members(group);
        let split = members.partition_point(|&row| (row as usize) < ranges[1].start);
        let (rows, others) = members.split_at(split);
        let Some(&other) = others.first().filter(|_| !rows.is_empty()) else { continue };
        // Several matching synthetic rows: the attacker takes one, and the first is as good as any.
        let learned = rows.iter().filter(|&&row| new(row as usize, other as usize - ranges[1].start)).count();
        sum += learned as f64 / rows.len() as f64;
    }
    // Σ I R / f, over N = n / fraction; and Σ I R / F = fraction Σ I R / f, over n: the same, so the maximum is either.
    (sum * fraction / n).min(1.0)
}

fn shares(real: &Coded, column: usize) -> Vec<f64> {
    let mut counts = vec![0.0; real.sizes[column]];
    real.columns[column].iter().for_each(|&code| counts[code as usize] += 1.0 / real.rows as f64);
    counts
}

/// The median absolute deviation of the numbers; 0 when there are none.
fn deviation(values: &Values) -> f64 {
    let Values::Numbers(numbers) = values else { return 0.0 };
    let median = |mut numbers: Vec<f64>| {
        numbers.sort_unstable_by(f64::total_cmp);
        quantile_sorted(&numbers, 0.5).unwrap_or(0.0)
    };
    let known: Vec<f64> = numbers.iter().copied().filter(|number| number.is_finite()).collect();
    let middle = median(known.clone());
    median(known.into_iter().map(|number| (number - middle).abs()).collect())
}

/// Membership F1 relative to naming everybody, at the Hamming distance where the attacker does best.
#[must_use]
pub fn membership_f1(folds: &Folds<'_>) -> Vec<Score> {
    let method = "nearest synthetic row by number of differing columns";
    match claims(folds) {
        Ok(claims) => {
            // Without a declared fraction, members are as common among those attacked as among the real rows here.
            let (m, n) = (folds.train.rows as f64, folds.holdout.rows as f64);
            let share = folds.settings.fraction.unwrap_or(m / (m + n));
            let relative = |tpr: f64, fpr: f64| {
                let naive = 2.0 * share / (1.0 + share);
                let precision = share * tpr / (share * tpr + (1.0 - share) * fpr).max(f64::MIN_POSITIVE);
                let f1 = 2.0 * precision * tpr / (precision + tpr).max(f64::MIN_POSITIVE);
                if naive < 1.0 { ((f1 - naive) / (1.0 - naive)).max(-1.0) } else { 0.0 }
            };
            let rates = |[hits, alarms]: [usize; 2]| relative(hits as f64 / m, alarms as f64 / n);
            let best =
                (0..claims.len()).fold(0, |best, at| if rates(claims[at]) > rates(claims[best]) { at } else { best });
            let [hits, alarms] = claims[best];
            let side = 0.5 * (1.0 + folds.settings.level);
            let bounds =
                clopper_pearson(hits as u64, m as u64, side).zip(clopper_pearson(alarms as u64, n as u64, side));
            let interval = bounds.map(|(tpr, fpr)| Interval {
                low: relative(tpr.low, fpr.high),
                high: relative(tpr.high, fpr.low),
                level: folds.settings.level,
            });
            let method = format!(
                "{method}, at most {best}: {hits} of {m} members and {alarms} of {n} others claimed; members are {share:.4} \
                 of those attacked; the best of {} distances, so biased upwards",
                claims.len()
            );
            vec![MEMBERSHIP_F1.score(Vec::new(), rates(claims[best]), folds.train.rows, method).with_interval(interval)]
        }
        Err(reason) => vec![MEMBERSHIP_F1.incomplete(Vec::new(), 0, method, reason)],
    }
}

/// How many members and others have a synthetic row that differs in at most 0, 1, … columns.
fn claims(folds: &Folds<'_>) -> Result<Vec<[usize; 2]>, String> {
    let [train, holdout, synthetic] = folds.coded();
    let (pool, synthetic) = (train.stack(holdout).table(), synthetic.table());
    let ruler = Ruler::new(&[&pool])?;
    let found = folds.settings.nearest(&ruler, &synthetic, &pool, 1, Among::All)?;
    let width = ruler.columns();
    let mut claims = vec![[0usize; 2]; DIFFER.min(width) + 1];
    for (row, distance) in found.nearest().enumerate() {
        let differ = libm::round(distance * width as f64) as usize;
        let side = usize::from(row >= train.rows);
        claims.iter_mut().skip(differ).for_each(|claims| claims[side] += 1);
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::toy::{codes, numbers, table};
    use crate::risk::{Roles, Settings};

    #[test]
    fn identity_disclosure_is_what_is_worked_by_hand() {
        // Class a: two people, one with the rare y that the synthetic row tells; class b: x is common, no news.
        let real = table([codes("k", ["a", "a", "b", "c"]), codes("s", ["y", "x", "x", "x"])]);
        let synthetic = table([codes("k", ["a", "b"]), codes("s", ["y", "x"])]);
        assert!((disclosed(&real, &synthetic, &[0], &[1], 1.0) - 0.5 / 4.0).abs() < 1e-12);
        assert!((disclosed(&real, &synthetic, &[0], &[1], 0.1) - 0.05 / 4.0).abs() < 1e-12);
    }

    #[test]
    fn copies_have_a_membership_f1_of_one_and_strangers_of_nought_or_less() {
        let train = table([numbers("a", [1.0, 2.0, 3.0, 4.0]), numbers("b", [1.0, 2.0, 3.0, 4.0])]);
        let holdout = table([numbers("a", [5.0, 6.0, 7.0, 8.0]), numbers("b", [5.0, 6.0, 7.0, 8.0])]);
        let value = |synthetic: &Table| {
            let folds = Folds::new(&train, &holdout, synthetic, Settings::default()).expect("folds");
            membership_f1(&folds.with_roles(Roles::default()))[0].value.expect("a value")
        };
        assert!((value(&train) - 1.0).abs() < 1e-12);
        let strangers = table([numbers("a", [99.0]), numbers("b", [99.0])]);
        assert!(value(&strangers).abs() < 1e-12, "naming everybody is the baseline");
    }
}
