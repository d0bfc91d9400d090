//! Bins of numbers: where most values lie they are narrow, and a value that many have is one of its own.

use manikin_expression::{Type, decimal_text};

use super::SMALLEST_CELL;
use super::sheet::{Codes, NONE, Profile, outward};

/// Bins of the bulk of a column's values.
pub(super) const BINS: usize = 12;
/// What share of the values lies below a further cut, in thousandths: the tail of amounts is long.
const TAIL: usize = 970;
/// One row in so many may lie beyond either end: noise would fill a bin of fewer.
const RARE: usize = 100;
/// A value that this share of rows has, as one in so many, is a bin of its own.
const SPIKE: usize = 33;
/// Spikes at most.
const MOST_SPIKES: usize = 8;
/// Columns with so few values have them listed.
const MOST_LISTED: usize = 16;

/// What a column of numbers is cut into.
pub(super) enum Cells {
    /// These values.
    Values(Vec<f64>),
    /// Bins between these edges.
    Edges(Vec<f64>),
}

impl Cells {
    /// How `learn:` says it.
    pub(super) fn text(&self, ty: &Type) -> String {
        let (key, numbers) = match self {
            Self::Values(values) => ("values", values),
            Self::Edges(edges) => ("edges", edges),
        };
        let texts: Vec<String> = numbers.iter().map(|number| number_text(*number, ty)).collect();
        format!("{key}: [{}]", texts.join(", "))
    }
}

/// A number as YAML; decimals come in units of their last digit.
pub(super) fn number_text(number: f64, ty: &Type) -> String {
    match ty {
        Type::Decimal(scale) => decimal_text(number as i64, *scale),
        Type::Float => {
            let text = format!("{number:.9}");
            let text = text.trim_end_matches('0').trim_end_matches('.');
            if text == "-0" { "0".to_owned() } else { text.to_owned() }
        }
        _ => format!("{}", number as i64),
    }
}

/// Cuts values into cells.
///
/// The ends are values that enough people lie beyond, or rough, the cuts are round for where they lie, and only what enough people
/// have is told exactly. `None` where too few people have a value.
pub(super) fn cells(numbers: &[f64], people: &[u32], is_whole: bool, bins: usize) -> Option<Cells> {
    let mut pairs: Vec<(f64, u32)> =
        numbers.iter().zip(people).filter(|(value, _)| value.is_finite()).map(|(value, one)| (*value, *one)).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    beyond(pairs.iter(), SMALLEST_CELL, 0)?;
    let mut counted: Vec<u32> = pairs.iter().map(|(_, person)| *person).collect();
    counted.sort_unstable();
    counted.dedup();
    // Of many people the eleventh lies near the end; of few the end itself is told, as roughly as a range is.
    let most = (counted.len() / 100).clamp(1, SMALLEST_CELL);
    let rows = if most < SMALLEST_CELL { 0 } else { pairs.len() / RARE };
    let (mut low, mut high) = (beyond(pairs.iter(), most, rows)?, beyond(pairs.iter().rev(), most, rows)?);
    if most < SMALLEST_CELL {
        (low, high) = (outward(low, false), outward(high, true));
    }
    let runs: Vec<&[(f64, u32)]> = pairs.chunk_by(|a, b| a.0 == b.0).collect();
    let is_frequent =
        |run: &&[(f64, u32)]| 1 + run.windows(2).filter(|two| two[0].1 != two[1].1).count() >= SMALLEST_CELL;
    if is_whole && runs.len() <= MOST_LISTED && runs.iter().all(is_frequent) {
        return Some(Cells::Values(runs.iter().map(|run| run[0].0).collect()));
    }
    let mut edges = cuts(&pairs, (low, high), is_whole, bins);
    if is_whole {
        let mut spikes: Vec<&[(f64, u32)]> =
            runs.into_iter().filter(|run| run.len() * SPIKE >= pairs.len() && is_frequent(run)).collect();
        spikes.sort_by_key(|run| std::cmp::Reverse(run.len()));
        edges.extend(spikes.iter().take(MOST_SPIKES).flat_map(|run| [run[0].0, run[0].0 + 1.0]));
        edges.sort_by(f64::total_cmp);
        edges.dedup();
    }
    if let [only] = edges[..] {
        edges.push(only + 1.0);
    }
    Some(Cells::Edges(edges))
}

/// The greatest number that enough people and one row in a hundred have or exceed.
pub(super) fn reached(numbers: &[f64], people: &[u32]) -> Option<f64> {
    let mut pairs: Vec<(f64, u32)> = numbers.iter().copied().zip(people.iter().copied()).collect();
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    beyond(pairs.iter(), SMALLEST_CELL, pairs.len() / RARE)
}

/// The first value that so many people and so many rows have, or have a more extreme one than.
fn beyond<'a>(pairs: impl Iterator<Item = &'a (f64, u32)>, people: usize, rows: usize) -> Option<f64> {
    let mut seen: Vec<u32> = Vec::new();
    for (before, (value, person)) in pairs.enumerate() {
        if seen.len() < people && !seen.contains(person) {
            seen.push(*person);
        }
        if seen.len() == people && before >= rows {
            return Some(*value);
        }
    }
    None
}

/// Edges at quantiles, each rounded to what its neighbours are apart.
fn cuts(pairs: &[(f64, u32)], (low, high): (f64, f64), is_whole: bool, bins: usize) -> Vec<f64> {
    let at = |thousandths: usize| pairs[(pairs.len() * thousandths / 1000).min(pairs.len() - 1)].0;
    let shares = (1..bins).map(|bin| bin * 1000 / bins).chain([TAIL]);
    let mut raw: Vec<f64> = shares.map(at).filter(|value| *value > low && *value < high).collect();
    raw.insert(0, low);
    raw.push(high);
    raw.sort_by(f64::total_cmp);
    raw.dedup();
    let last = raw.len() - 1;
    let rounded = raw.iter().enumerate().map(|(place, value)| {
        let before = if place > 0 { value - raw[place - 1] } else { f64::INFINITY };
        let after = if place < last { raw[place + 1] - value } else { f64::INFINITY };
        let unit = unit(before.min(after), is_whole);
        let scaled = value / unit;
        let moved = match place {
            0 => scaled.floor(),
            _ if place == last => scaled.ceil(),
            _ => scaled.round(),
        };
        // No edge lies beyond what the range tells.
        (moved * unit).clamp(outward(pairs[0].0, false), outward(pairs[pairs.len() - 1].0, true))
    });
    let mut edges: Vec<f64> = rounded.collect();
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    edges
}

/// The power of ten at or below a distance; 1 at least for whole numbers.
fn unit(distance: f64, is_whole: bool) -> f64 {
    let mut unit = 1.0;
    if !distance.is_finite() || distance <= 0.0 {
        return unit;
    }
    while unit * 10.0 <= distance {
        unit *= 10.0;
    }
    while !is_whole && unit > distance && unit > 1e-6 {
        unit /= 10.0;
    }
    unit
}

/// How much of a column's order is that of another one's values: the correlation ratio of ranks, 0 to 1.
///
/// # Source
/// Kruskal and Wallis 1952: their statistic over the number of values less one.
pub(super) fn explained(codes: &Codes, numbers: &[f64]) -> f64 {
    let mut present: Vec<usize> =
        (0..numbers.len()).filter(|row| numbers[*row].is_finite() && codes.rows[*row] != NONE).collect();
    present.sort_by(|a, b| numbers[*a].total_cmp(&numbers[*b]));
    let middle = (present.len() as f64 - 1.0) / 2.0;
    let (mut sums, mut counts) = (vec![0.0; codes.labels.len()], vec![0.0; codes.labels.len()]);
    let (mut total, mut start) = (0.0, 0);
    for ties in present.chunk_by(|a, b| numbers[*a] == numbers[*b]) {
        let rank = start as f64 + (ties.len() as f64 - 1.0) / 2.0 - middle;
        for row in ties {
            let code = codes.rows[*row] as usize;
            sums[code] += rank;
            counts[code] += 1.0;
            total += rank * rank;
        }
        start += ties.len();
    }
    let between: f64 = sums.iter().zip(&counts).filter(|(_, n)| **n > 0.0).map(|(sum, n)| sum * sum / n).sum();
    if total > 0.0 { between / total } else { 0.0 }
}

/// The ends between which nearly all of some values lie, rounded outward.
pub(super) fn bounds(mut values: Vec<f64>, is_whole: bool) -> Option<(f64, f64)> {
    values.retain(|value| value.is_finite());
    if values.len() < SMALLEST_CELL {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let cut = values.len() / 100;
    let (low, high) = (values[cut], values[values.len() - 1 - cut]);
    let unit = unit((high - low) / 10.0, is_whole);
    let low = ((low / unit).floor() * unit).max(outward(values[0], false));
    let high = ((high / unit).ceil() * unit).min(outward(values[values.len() - 1], true));
    Some((low, if low < high { high } else { low + unit }))
}

/// Two other columns whose product a column is, in all its rows.
pub(super) fn product(columns: &[Profile], of: usize) -> Option<(usize, usize)> {
    let scale = |profile: &Profile| match profile.ty {
        Type::Decimal(scale) => Some(manikin_expression::power_of_ten(scale) as f64),
        Type::Integer => Some(1.0),
        _ => None,
    };
    let whole = scale(&columns[of])?;
    let varies = |place: usize| columns[place].codes.as_ref().is_none_or(|codes| codes.labels.len() > 2);
    let factors: Vec<usize> = (0..columns.len())
        .filter(|place| *place != of && scale(&columns[*place]).is_some() && varies(*place))
        .collect();
    let is_product = |a: usize, b: usize| {
        let (Some(by_a), Some(by_b)) = (scale(&columns[a]), scale(&columns[b])) else { return false };
        let (a, b, all) = (&columns[a].numbers, &columns[b].numbers, &columns[of].numbers);
        let holds = |row: usize| {
            if all[row].is_nan() {
                return a[row].is_nan() || b[row].is_nan();
            }
            (a[row] / by_a * (b[row] / by_b) * whole - all[row]).abs() <= 1.0
        };
        (0..all.len()).all(holds)
    };
    let mut pairs = factors.iter().enumerate().flat_map(|(at, a)| factors[at + 1..].iter().map(move |b| (*a, *b)));
    pairs.find(|(a, b)| varies(of) && is_product(*a, *b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(numbers: &[f64], is_whole: bool) -> Vec<f64> {
        let people: Vec<u32> = (0..numbers.len() as u32).collect();
        match cells(numbers, &people, is_whole, 16).unwrap() {
            Cells::Edges(edges) | Cells::Values(edges) => edges,
        }
    }

    #[test]
    fn a_value_that_many_have_is_a_bin_of_its_own() {
        let numbers: Vec<f64> = (0..1000).map(|row| if row % 3 == 0 { 0.0 } else { f64::from(row * row) }).collect();
        let edges = edges(&numbers, true);
        assert_eq!(&edges[..2], [0.0, 1.0]);
        assert!(edges.windows(2).all(|two| two[0] < two[1]));
    }

    #[test]
    fn extremes_of_few_people_are_beyond_the_ends() {
        let numbers: Vec<f64> = (0..2000).map(|row| if row < 5 { 1e9 } else { f64::from(row) }).collect();
        assert!(edges(&numbers, true).iter().all(|edge| *edge <= 2000.0));
    }

    #[test]
    fn fewer_than_eleven_people_have_no_cells() {
        assert!(cells(&[1.0; 40], &[7; 40], true, BINS).is_none());
        assert!(cells(&[f64::NAN; 40], &(0..40).collect::<Vec<u32>>(), true, BINS).is_none());
    }

    #[test]
    fn cuts_are_round_for_where_they_lie() {
        let numbers: Vec<f64> = (0..900).map(|row| 42.0 + f64::from(row) / 1000.0).collect();
        let texts = Cells::Edges(edges(&numbers, false)).text(&Type::Float);
        assert!(texts.starts_with("edges: [42, 42.06, "), "{texts}");
    }
}
