//! How much of a row's information one synthetic row repeats.

use super::Attack;
use crate::risk::coding::Coded;
use crate::risk::folds::{Among, Folds};
use crate::risk::ruler::Ruler;

/// A row of which one synthetic row repeats more than any other real row does is suspected.
pub(super) const ATTACK: Attack = Attack {
    name: "agreement",
    means: "suspects real rows of which one synthetic row repeats more rare values than any other real row does",
    reference: "Fellegi and Sunter, Journal of the American Statistical Association 64, 1969 (agreement weights)",
    scores,
};

/// A value that agrees counts -log2 of its share among real rows: a common one says little, a rare one much. A row
/// copied with one value changed still agrees in all the others, which a mean distance hardly notices.
fn scores(folds: &Folds<'_>) -> Result<Vec<f64>, String> {
    let [train, holdout, synthetic] = folds.coded();
    let pool = train.stack(holdout);
    let bits = information(&pool);
    let weigh = |values: &[f64], weights: &mut Vec<f64>| {
        weights.extend(values.iter().zip(&bits).map(|(&code, bits)| bits[code as usize]));
    };
    let (pool, synthetic) = (pool.table(), synthetic.table());
    let ruler = Ruler::new(&[&pool])?;
    let lost = |table, among| folds.settings.nearest_weighted(&ruler, table, &pool, among, &weigh);
    let (synthetic, others) = (lost(&synthetic, Among::All)?, lost(&pool, Among::Others)?);
    if others.is_empty() {
        return Err("there is no other real row to compare with".to_owned());
    }
    Ok(synthetic.nearest().zip(others.nearest()).map(|(synthetic, other)| other - synthetic).collect())
}

/// The information of each code of each column, in bits.
fn information(pool: &Coded) -> Vec<Vec<f64>> {
    pool.columns
        .iter()
        .zip(&pool.sizes)
        .map(|(codes, &size)| {
            let mut counts = vec![0usize; size];
            for &code in codes {
                counts[code as usize] += 1;
            }
            let bits = |&count: &usize| libm::log2(pool.rows as f64 / count.max(1) as f64);
            counts.iter().map(bits).collect()
        })
        .collect()
}
