//! How much a row counts: a patient's rows of one level never add up to more than one row.

use manikin_privacy::UNITS_PER_ROW;

/// Weights of the rows of an entity, in units of 2^-20 rows, rounded down; rows that are not chosen weigh nothing.
///
/// The parents that have chosen rows share one row of weight among them, in proportion to their own weights, and each
/// parent's rows share the parent's part evenly: for rows below the patient 1/k, for children of an encounter
/// 1/(k m), k encounters with children and m children here.
///
/// # Sensitivity
/// A patient's weights add up to at most [`UNITS_PER_ROW`]: with S the sum of the parents' weights w, and m rows of a
/// parent, the sum is at most Σ m ⌊⌊U w/S⌋/m⌋ ≤ Σ ⌊U w/S⌋ ≤ U. So adding or removing a patient moves the cells of any
/// weighted marginal by at most U in all, and by at most U in the Euclidean norm.
///
/// # Source
/// The weights of the patient-level cascade in docs/fitting.md; proof above.
pub(crate) fn weights(parent: &[u32], patient: &[u32], chosen: &[bool], parent_weights: &[u32]) -> Vec<u32> {
    let mut children = vec![0_u64; parent_weights.len()];
    let rows = || parent.iter().zip(patient).zip(chosen).filter(|(_, chosen)| **chosen).map(|(row, _)| row);
    let patients = patient.iter().max().map_or(0, |last| *last as usize + 1);
    let mut sums = vec![0_u64; patients];
    for (parent, patient) in rows() {
        let parent = *parent as usize;
        if children[parent] == 0 {
            sums[*patient as usize] += u64::from(parent_weights[parent]);
        }
        children[parent] += 1;
    }
    let weigh = |((parent, patient), chosen): ((&u32, &u32), &bool)| {
        let (parent, sum) = (*parent as usize, sums[*patient as usize]);
        if !chosen || sum == 0 {
            return 0;
        }
        let part = UNITS_PER_ROW as u64 * u64::from(parent_weights[parent]) / sum;
        // At most one row, so it fits.
        (part / children[parent].max(1)) as u32
    };
    parent.iter().zip(patient).zip(chosen).map(weigh).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const U: u32 = UNITS_PER_ROW as u32;

    #[test]
    fn rows_below_the_patient_weigh_one_over_their_number_and_children_share_their_parents_part() {
        // Patient 0 has encounters 0, 1 and 2, patient 1 has encounter 3; labs hang on 0 (twice), 2 and 3.
        let encounters = weights(&[0, 0, 0, 1], &[0, 0, 0, 1], &[true; 4], &[U, U]);
        assert_eq!(encounters, [U / 3, U / 3, U / 3, U]);
        let labs = weights(&[0, 0, 2, 3], &[0, 0, 0, 1], &[true; 4], &encounters);
        assert_eq!(labs, [U / 4, U / 4, U / 2, U]);
        assert_eq!(weights(&[0, 0, 2, 3], &[0, 0, 0, 1], &[true, false, false, false], &encounters), [U, 0, 0, 0]);
    }

    proptest! {
        #[test]
        fn a_patients_rows_never_add_up_to_more_than_one_row(
            encounters in proptest::collection::vec((0u32..6, any::<bool>()), 1..60),
            children in proptest::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..300),
        ) {
            let patient: Vec<u32> = encounters.iter().map(|(patient, _)| *patient).collect();
            let chosen: Vec<bool> = encounters.iter().map(|(_, chosen)| *chosen).collect();
            let first = weights(&patient, &patient, &chosen, &[U; 6]);
            let parent: Vec<u32> = children.iter().map(|(at, _)| at.index(encounters.len()) as u32).collect();
            let kept: Vec<bool> =
                children.iter().zip(&parent).map(|((_, kept), parent)| *kept && chosen[*parent as usize]).collect();
            let whose: Vec<u32> = parent.iter().map(|parent| patient[*parent as usize]).collect();
            let second = weights(&parent, &whose, &kept, &first);
            for of in 0..6 {
                let sum = |weights: &[u32], whose: &[u32]| -> u32 {
                    weights.iter().zip(whose).filter(|(_, whose)| **whose == of).map(|(weight, _)| weight).sum()
                };
                prop_assert!(sum(&first, &patient) <= U);
                prop_assert!(sum(&second, &whose) <= U);
            }
        }
    }
}
