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

    #[test]
    fn intervals_by_cluster_hold_the_true_area_as_often_as_they_promise() {
        // Scores of 60 positive and 60 negative patients, three records each that share half of their variance; the area
        // between normals a standard deviation of the difference apart is Φ(δ / (sd sqrt 2)).
        let (patients, each, delta) = (60u32, 3u32, 0.8);
        let truth = manikin_random::normal_cdf(delta / 2.0f64.sqrt());
        let ids: Vec<u32> = (0..patients * each).map(|row| row / each).collect();
        let mut held = 0;
        for draw in 0..200 {
            let mut stream = crate::stats::draws(17, "coverage", draw);
            let mut normal = || manikin_random::normal_quantile(stream.uniform());
            let mut all = Vec::new();
            for positive in [true, false] {
                for patient in 0..patients {
                    let level = normal();
                    for record in 0..each {
                        let score = 0.5f64.sqrt() * (level + normal()) + if positive { delta } else { 0.0 };
                        all.push(Scored { score, positive, row: patient * each + record });
                    }
                }
            }
            sort_scored(&mut all);
            let resamples = |purpose| Resamples::new(ids.len(), Some(&ids), 100, draw, purpose);
            let replicates = auc_replicates(&all, &resamples("up"), &resamples("down"));
            let interval = crate::stats::bootstrap_interval(auc(&all).unwrap_or(0.5), &replicates, 0.95);
            held += u32::from(interval.is_some_and(|i| i.low <= truth && truth <= i.high));
        }
        // Of 200 at 95 %, fewer than 178 have a probability of 4e-4 (alpha).
        assert!((178..=199).contains(&held), "{held} of 200");
    }
}
