//! Order: sorted values, quantiles, ranks, distances between distributions.

use super::radix::{sort_by_word, sort_numbers, word};

/// The finite numbers of `values` in increasing order, and how many were null (NaN) and how many infinite.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ranked {
    /// The finite values, sorted.
    pub values: Vec<f64>,
    /// The number of nulls.
    pub nulls: usize,
    /// The number of infinite values, which no metric uses.
    pub infinite: usize,
}

/// Sorts the finite numbers of a column and counts the others.
#[must_use]
pub fn sorted_numbers(numbers: &[f64]) -> Ranked {
    let nulls = numbers.iter().filter(|x| x.is_nan()).count();
    let mut values: Vec<f64> = numbers.iter().copied().filter(|x| x.is_finite()).collect();
    let infinite = numbers.len() - nulls - values.len();
    sort_numbers(&mut values);
    Ranked { values, nulls, infinite }
}

/// The quantile at `p` of sorted values, by linear interpolation between order statistics.
///
/// `None` when there are no values or `p` is outside [0, 1].
///
/// # Source
/// Hyndman and Fan, The American Statistician 50(4), 1996, type 7: the default of R and NumPy.
#[must_use]
pub fn quantile_sorted(sorted: &[f64], p: f64) -> Option<f64> {
    if sorted.is_empty() || !(0.0..=1.0).contains(&p) {
        return None;
    }
    let place = p * (sorted.len() - 1) as f64;
    let below = place as usize;
    let share = place - below as f64;
    let (a, b) = (sorted[below], sorted[(below + 1).min(sorted.len() - 1)]);
    // Halves first, so that neighbours at opposite ends of the range do not overflow.
    Some(if share == 0.0 { a } else { a * (1.0 - share) + b * share })
}

/// The rank of each value from 1, ties sharing the mean of their ranks.
#[must_use]
pub fn average_ranks(values: &[f64]) -> Vec<f64> {
    // Both zeros are one value: adding zero makes the negative one positive.
    let mut order: Vec<(u64, u32)> = values.iter().map(|&x| word(x + 0.0)).zip(0..).collect();
    sort_by_word(&mut order, |item| item.0);
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for ties in order.chunk_by(|a, b| a.0 == b.0) {
        let rank = before as f64 + 0.5 * (1 + ties.len()) as f64;
        ties.iter().for_each(|&(_, row)| ranks[row as usize] = rank);
        before += ties.len();
    }
    ranks
}

/// The Kolmogorov-Smirnov distance: the greatest difference between two empirical distribution functions.
///
/// Both inputs are sorted. `None` when either is empty.
#[must_use]
pub fn kolmogorov_distance(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let (mut i, mut j) = (0, 0);
    let mut most: f64 = 0.0;
    while i < a.len() && j < b.len() {
        let value = a[i].min(b[j]);
        while i < a.len() && a[i] <= value {
            i += 1;
        }
        while j < b.len() && b[j] <= value {
            j += 1;
        }
        most = most.max((i as f64 / a.len() as f64 - j as f64 / b.len() as f64).abs());
    }
    Some(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate_between_order_statistics() {
        let sorted = [1.0, 2.0, 3.0, 10.0];
        assert_eq!(quantile_sorted(&sorted, 0.0), Some(1.0));
        assert_eq!(quantile_sorted(&sorted, 0.5), Some(2.5));
        assert_eq!(quantile_sorted(&sorted, 1.0), Some(10.0));
        assert_eq!(quantile_sorted(&[f64::MIN, f64::MAX], 0.5), Some(0.0));
        assert_eq!(quantile_sorted(&[], 0.5), None);
        assert_eq!(quantile_sorted(&sorted, f64::NAN), None);
    }

    #[test]
    fn ties_share_the_mean_of_their_ranks() {
        assert_eq!(average_ranks(&[3.0, 1.0, 3.0, 2.0, 3.0]), [4.0, 1.0, 4.0, 2.0, 4.0]);
        assert_eq!(average_ranks(&[0.0, -0.0]), [1.5, 1.5]);
        assert!(average_ranks(&[]).is_empty());
    }

    #[test]
    fn the_kolmogorov_distance_is_taken_after_ties() {
        assert_eq!(kolmogorov_distance(&[0.0, 1.0, 2.0, 3.0], &[0.0, 2.0, 2.0, 3.0]), Some(0.25));
        assert_eq!(kolmogorov_distance(&[5.0, 5.0, 5.0], &[5.0, 5.0]), Some(0.0));
        assert_eq!(kolmogorov_distance(&[1.0], &[2.0]), Some(1.0));
        assert_eq!(kolmogorov_distance(&[], &[2.0]), None);
    }

    #[test]
    fn nulls_and_infinities_are_counted_and_left_out() {
        let ranked = sorted_numbers(&[2.0, f64::NAN, f64::INFINITY, -1.0]);
        assert_eq!(ranked, Ranked { values: vec![-1.0, 2.0], nulls: 1, infinite: 1 });
    }
}
