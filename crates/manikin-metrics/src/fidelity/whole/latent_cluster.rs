//! Whether real and synthetic records fall into the same clusters in the same shares.

use rayon::prelude::*;

use crate::fidelity::comparison::Comparison;
use crate::score::{Definition, Direction, Score};
use crate::stats::design::{Coding, Design};
use crate::stats::draws;

/// log of the mean over clusters of (share of real records in the cluster - overall share)².
///
/// The originals reduce dimensions by principal components first and choose the number of clusters by an elbow; here
/// the coded records are clustered as they are, in twenty.
pub const DEFINITION: Definition = Definition {
    name: "log_cluster",
    means: "How unevenly real and synthetic records mix in clusters found among both; lower is better mixed. The \
            benchmark is what fresh data has on average; perfect mixture is cut off at -20.",
    direction: Direction::Lower,
    range: (LEAST, 0.0),
    reference: "Woo et al. 2009; Goncalves et al., BMC Med Res Methodol 20, 2020; Yan et al. 2022 (latent cluster analysis)",
};

/// `ASSUMED`: twenty; the originals choose by the data, which would make scores of two runs incomparable.
const CLUSTERS: usize = 20;
/// The logarithm of perfect mixture is minus infinity; e^-20 is below what any sample size shows.
const LEAST: f64 = -20.0;
const ITERATIONS: usize = 20;

/// One score.
pub fn compute(comparison: &Comparison<'_>) -> Vec<Score> {
    let most = comparison.settings.learner_rows.saturating_mul(2);
    let sides = [comparison.real.table, comparison.synthetic.table]
        .map(|table| table.select(&comparison.sample(table.rows, most, "clusters")));
    let n = sides[0].rows + sides[1].rows;
    let seed = comparison.settings.seed;
    let method = format!("{CLUSTERS} clusters by k-means of {n} coded records, k-means++ start, seed {seed}");
    if sides.iter().any(|side| side.rows == 0) || comparison.width() == 0 {
        let reason = "one side has no rows, or there are no columns";
        return vec![DEFINITION.incomplete(Vec::new(), n, method, reason)];
    }
    let coding = Coding::of(&[&sides[0], &sides[1]], &[], 20);
    let design = coding.apply(&sides[0]).stacked(&coding.apply(&sides[1]));
    let clusters = k_means(&design, seed);
    let mut counts = [(0.0f64, 0.0f64); CLUSTERS];
    for (row, &cluster) in clusters.iter().enumerate() {
        counts[cluster].1 += 1.0;
        counts[cluster].0 += if row < sides[0].rows { 1.0 } else { 0.0 };
    }
    let c = sides[0].rows as f64 / n as f64;
    let occupied: Vec<&(f64, f64)> = counts.iter().filter(|(_, all)| *all > 0.0).collect();
    let mean =
        |term: &dyn Fn(&(f64, f64)) -> f64| occupied.iter().map(|c| term(c)).sum::<f64>() / occupied.len() as f64;
    let uneven = mean(&|(real, all)| (real / all - c) * (real / all - c));
    let fresh = mean(&|(_, all)| c * (1.0 - c) / all);
    let log = |x: f64| libm::log(x).max(LEAST);
    vec![DEFINITION.score(Vec::new(), log(uneven), n, method).with_benchmark(Some(log(fresh)))]
}

/// The cluster of each row, by Lloyd's iterations from a k-means++ start.
///
/// # Source
/// Lloyd 1982; Arthur and Vassilvitskii, SODA 2007.
fn k_means(design: &Design, seed: u64) -> Vec<usize> {
    let mut stream = draws(seed, "k-means", 0);
    let squares: Vec<f64> = (0..design.rows).map(|row| design.row(row).map(|(_, x)| x * x).sum()).collect();
    let dense = |row: usize| {
        let mut centre = vec![0.0; design.width];
        design.row(row).for_each(|(i, x)| centre[i] += x);
        centre
    };
    let norm = |centre: &[f64]| centre.iter().map(|x| x * x).sum::<f64>();
    let distance = |row: usize, centre: &[f64], norm: f64| {
        (squares[row] + norm - 2.0 * design.row(row).map(|(i, x)| x * centre[i]).sum::<f64>()).max(0.0)
    };
    let first = usize::try_from(stream.below(design.rows as u64)).unwrap_or(0);
    let mut centres = vec![dense(first)];
    let mut nearest = vec![f64::INFINITY; design.rows];
    while centres.len() < CLUSTERS {
        let newest = &centres[centres.len() - 1];
        let length = norm(newest);
        nearest.par_iter_mut().enumerate().for_each(|(row, near)| *near = near.min(distance(row, newest, length)));
        let total: f64 = nearest.iter().sum();
        if total <= 1e-9 {
            // Fewer distinct records than clusters.
            break;
        }
        let mut left = stream.uniform() * total;
        let drawn = nearest.iter().position(|near| {
            left -= near;
            left <= 0.0
        });
        centres.push(dense(drawn.unwrap_or(design.rows - 1)));
    }
    let mut clusters = vec![usize::MAX; design.rows];
    for _ in 0..ITERATIONS {
        let norms: Vec<f64> = centres.iter().map(|centre| norm(centre)).collect();
        let assigned: Vec<usize> = (0..design.rows)
            .into_par_iter()
            .map(|row| {
                let mut best = (f64::INFINITY, 0);
                for (cluster, (centre, &norm)) in centres.iter().zip(&norms).enumerate() {
                    let d = distance(row, centre, norm);
                    if d < best.0 {
                        best = (d, cluster);
                    }
                }
                best.1
            })
            .collect();
        let settled = assigned == clusters;
        clusters = assigned;
        if settled {
            break;
        }
        let mut sizes = vec![0.0; centres.len()];
        centres.iter_mut().for_each(|centre| centre.fill(0.0));
        for (row, &cluster) in clusters.iter().enumerate() {
            sizes[cluster] += 1.0;
            design.row(row).for_each(|(i, x)| centres[cluster][i] += x);
        }
        for (centre, size) in centres.iter_mut().zip(&sizes) {
            centre.iter_mut().for_each(|x| *x /= f64::max(*size, 1.0));
        }
    }
    clusters
}
