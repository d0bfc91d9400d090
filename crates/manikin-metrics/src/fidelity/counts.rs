//! Counts of things of which a patient can have several.

use super::comparison::Settings;
use super::tally::Tally;
use crate::stats::Resamples;

/// What each patient of both sides has: cells, with repetition.
pub(crate) struct Memberships<'a> {
    pub(crate) real: &'a [Vec<u32>],
    pub(crate) synthetic: &'a [Vec<u32>],
    pub(crate) cells: usize,
}

/// How often each cell occurs, and how intervals were made.
pub(crate) struct Counted {
    pub(crate) tally: Tally,
    pub(crate) method: String,
}

/// Replicates times cells beyond which there is no resampling, so that memory stays within about 400 MiB.
const MOST: usize = 50_000_000;

impl Memberships<'_> {
    /// Counts every cell in the data and in replicates that draw patients.
    pub(crate) fn count(&self, settings: &Settings) -> Counted {
        let few = self.real.len() < 2 || self.synthetic.len() < 2 || settings.replicates < 10;
        let large = self.cells.saturating_mul(settings.replicates) > MOST;
        let replicates = if few || large { 0 } else { settings.replicates };
        let side = |patients: &[Vec<u32>], purpose| {
            let draws = Resamples::new(patients.len(), None, replicates, settings.seed, purpose);
            let mut counts = vec![0u32; self.cells];
            let mut resampled = vec![0u32; self.cells * replicates];
            for (patient, cells) in patients.iter().enumerate() {
                for &cell in cells {
                    let cell = cell as usize;
                    counts[cell] += 1;
                    draws.add(patient, &mut resampled[cell * replicates..(cell + 1) * replicates]);
                }
            }
            (counts, resampled)
        };
        let tally =
            Tally::new(side(self.real, "real patients"), side(self.synthetic, "synthetic patients"), replicates);
        let method = match replicates {
            0 if large => format!("no interval: {} cells are too many to resample", self.cells),
            0 => "no interval".to_owned(),
            n => format!("bootstrap by patient, {n} replicates, seed {}", settings.seed),
        };
        Counted { tally, method }
    }
}
