//! The area under the receiver operating characteristic, and the distance between two score distributions.

use super::resample::Resamples;

/// One scored record of a two-class problem.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// The score: higher means more like a positive.
    pub score: f64,
    /// Whether the record is a positive.
    pub positive: bool,
    /// The row that it comes from, for resampling.
    pub row: u32,
}

/// The area under the curve of records sorted by [`sort_scored`]; ties count half. `None` unless both classes occur.
///
/// # Source
/// Mann and Whitney, Annals of Mathematical Statistics 18, 1947; Hanley and McNeil, Radiology 143, 1982.
#[must_use]
pub fn auc(sorted: &[Scored]) -> Option<f64> {
    let (mut negatives, mut positives, mut area) = (0.0f64, 0.0f64, 0.0f64);
    for group in sorted.chunk_by(|a, b| a.score == b.score) {
        let up = group.iter().filter(|record| record.positive).count() as f64;
        let down = group.len() as f64 - up;
        area += up * (negatives + 0.5 * down);
        negatives += down;
        positives += up;
    }
    (negatives > 0.0 && positives > 0.0).then(|| area / (negatives * positives))
}

/// The area in each replicate; NaN in one that lost a class. Positives and negatives are drawn by their own resamples.
#[must_use]
pub fn auc_replicates(sorted: &[Scored], positives: &Resamples, negatives: &Resamples) -> Vec<f64> {
    let replicates = positives.replicates().min(negatives.replicates());
    let (mut below, mut total, mut area) = (vec![0u64; replicates], vec![0u64; replicates], vec![0.0f64; replicates]);
    let (mut up, mut down) = (vec![0u32; replicates], vec![0u32; replicates]);
    for group in sorted.chunk_by(|a, b| a.score == b.score) {
        up.fill(0);
        down.fill(0);
        for record in group {
            if record.positive {
                positives.add(record.row as usize, &mut up);
            } else {
                negatives.add(record.row as usize, &mut down);
            }
        }
        for r in 0..replicates {
            area[r] += f64::from(up[r]) * (below[r] as f64 + 0.5 * f64::from(down[r]));
            below[r] += u64::from(down[r]);
            total[r] += u64::from(up[r]);
        }
    }
    (0..replicates).map(|r| area[r] / (below[r] as f64 * total[r] as f64)).collect()
}

/// The Kolmogorov-Smirnov distance between the scores of positives and negatives of sorted records.
#[must_use]
pub fn score_distance(sorted: &[Scored]) -> Option<f64> {
    let positives = sorted.iter().filter(|record| record.positive).count() as f64;
    let negatives = sorted.len() as f64 - positives;
    if positives == 0.0 || negatives == 0.0 {
        return None;
    }
    let (mut up, mut down, mut most) = (0.0f64, 0.0f64, 0.0f64);
    for group in sorted.chunk_by(|a, b| a.score == b.score) {
        let here = group.iter().filter(|record| record.positive).count() as f64;
        up += here;
        down += group.len() as f64 - here;
        most = most.max((up / positives - down / negatives).abs());
    }
    Some(most)
}

/// Sorts records by score, then by class and row, so that equal input gives equal order.
pub fn sort_scored(records: &mut [Scored]) {
    records
        .sort_unstable_by(|a, b| a.score.total_cmp(&b.score).then(a.positive.cmp(&b.positive)).then(a.row.cmp(&b.row)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(positives: &[f64], negatives: &[f64]) -> Vec<Scored> {
        let one = |scores: &[f64], positive| {
            scores
                .iter()
                .enumerate()
                .map(move |(row, &score)| Scored { score, positive, row: row as u32 })
                .collect::<Vec<_>>()
        };
        let mut all = [one(positives, true), one(negatives, false)].concat();
        sort_scored(&mut all);
        all
    }

    #[test]
    fn the_area_is_the_share_of_pairs_in_order_with_ties_as_halves() {
        // Pairs: 3 over 1, 2 and 3 (half); 2 over 1, 2 (half), under 3: 2.5 + 1.5 of 6.
        assert_eq!(auc(&records(&[3.0, 2.0], &[1.0, 2.0, 3.0])), Some(4.0 / 6.0));
        assert_eq!(auc(&records(&[1.0, 1.0], &[1.0])), Some(0.5));
        assert_eq!(auc(&records(&[], &[1.0])), None);
    }

    #[test]
    fn a_replicate_that_draws_every_row_once_gives_the_area_itself() {
        let sorted = records(&[3.0, 2.0], &[1.0, 2.0, 3.0]);
        let up = Resamples::new(2, Some(&[1, 1]), 3, 1, "up");
        let down = Resamples::new(3, Some(&[4, 4, 4]), 3, 1, "down");
        assert_eq!(auc_replicates(&sorted, &up, &down), [4.0 / 6.0; 3]);
    }

    #[test]
    fn the_score_distance_is_that_of_kolmogorov() {
        assert_eq!(score_distance(&records(&[3.0, 2.0], &[0.0, 1.0])), Some(1.0));
        assert_eq!(score_distance(&records(&[1.0, 2.0], &[1.0, 2.0])), Some(0.0));
        assert_eq!(score_distance(&records(&[], &[1.0])), None);
    }
}
