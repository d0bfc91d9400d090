//! A classifier of synthetic against real rows.

use super::Attack;
use crate::risk::folds::Folds;
use crate::stats::{self, features::Cutting, tree::Boosted};

/// A row that a classifier takes for synthetic is suspected.
pub(super) const ATTACK: Attack = Attack {
    name: "classifier",
    means: "suspects real rows that a classifier, trained on other real rows and the synthetic ones, takes for synthetic",
    reference: "Hayes et al., LOGAN, PoPETs 2019(1), with gradient-boosted trees fitted in two halves",
    scores,
};

/// The most rows of each kind that a classifier learns from.
///
/// ASSUMED: 50,000, beyond which trees of this size learn nothing more.
const MOST: usize = 50_000;

fn scores(folds: &Folds<'_>) -> Result<Vec<f64>, String> {
    let pool = folds.pool();
    if pool.rows < 4 {
        return Err("a classifier needs at least four real rows".to_owned());
    }
    let cutting = Cutting::of(&[pool, folds.synthetic], &[]);
    let features = cutting.apply(pool).stacked(&cutting.apply(folds.synthetic));
    let synthetic: Vec<bool> = (0..features.rows).map(|row| row >= pool.rows).collect();
    let mut stream = stats::draws(folds.settings.seed, "classifier attack", 0);
    // Each half of the real rows is scored by the classifier that learned from the other half.
    let mut half = vec![false; pool.rows];
    for row in stats::sample_rows(pool.rows, pool.rows / 2, &mut stream) {
        half[row as usize] = true;
    }
    let mut scores = vec![0.0; pool.rows];
    for side in [false, true] {
        let real: Vec<u32> = (0..pool.rows as u32).filter(|&row| half[row as usize] != side).collect();
        let mut pick = |rows: &[u32]| -> Vec<u32> {
            stats::sample_rows(rows.len(), MOST, &mut stream).into_iter().map(|place| rows[place as usize]).collect()
        };
        let mut learned = pick(&real);
        learned.extend(pick(&(pool.rows as u32..features.rows as u32).collect::<Vec<_>>()));
        let model = Boosted::fit(&features, &synthetic, &learned).ok_or("a classifier could not be fitted")?;
        for row in (0..pool.rows).filter(|&row| half[row] == side) {
            scores[row] = model.score(&features, row);
        }
    }
    Ok(scores)
}
