use super::*;
use manikin_marginals::{AttributeSet, Domain, Potential, StructuralZeros};
use proptest::prelude::*;

fn model() -> LearnedModel {
    let domain = Domain::new([("sex", 2), ("patient.age", 3), ("rows.visit", 4)]).unwrap();
    let (first, second) = (AttributeSet::of(&[0, 1]), AttributeSet::of(&[1, 2]));
    let level = Model {
        domain: domain.clone(),
        cliques: vec![first, second],
        potentials: vec![
            Potential { clique: first, values: vec![0.0, -1.5, 2.0, 0.25, f64::NEG_INFINITY, 1.0] },
            Potential { clique: AttributeSet::of(&[2]), values: vec![0.0, 1.0, 2.0, 3.0] },
        ],
        zeros: vec![StructuralZeros { clique: second, cells: vec![0, 11] }],
        total: 1234.5,
        measurements: vec![
            Measurement { clique: AttributeSet::EMPTY, values: vec![1230.25], sigma: 3.5 },
            Measurement { clique: AttributeSet::of(&[0]), values: vec![600.0, -2.0], sigma: 1.0 },
        ],
    };
    let other = Model { total: 9.0, measurements: Vec::new(), zeros: Vec::new(), ..level.clone() };
    LearnedModel { levels: vec![("patient".to_owned(), level), ("visit".to_owned(), other)] }
}

#[test]
fn what_is_written_is_read_back() {
    let model = model();
    let (potentials, measurements) = (potentials(&model).unwrap(), measurements(&model).unwrap());
    assert_eq!(potentials, super::potentials(&model).unwrap());
    let read = LearnedModel::from_potentials(&potentials).unwrap().with_measurements(&measurements).unwrap();
    assert_eq!(read, model);
    assert_eq!(read.level("visit").map(|model| model.total), Some(9.0));
}

#[test]
fn a_model_of_impossible_parts_is_refused() {
    let broken = |change: &dyn Fn(&mut Model)| {
        let mut model = model();
        change(&mut model.levels[1].1);
        LearnedModel::from_potentials(&potentials(&model).unwrap()).map_err(|error| error.to_string()).unwrap_err()
    };
    assert!(broken(&|model| model.total = f64::NAN).contains("the total is [NaN]"));
    assert!(broken(&|model| model.potentials[0].values.truncate(3)).contains("has 3 numbers, expected 6"));
    assert!(broken(&|model| model.potentials[0].values[0] = f64::NAN).contains("none of them NaN"));
    assert!(
        broken(&|model| model.zeros = vec![StructuralZeros { clique: AttributeSet::of(&[0]), cells: vec![2] }])
            .contains("name cell 2 of 2")
    );
    let wide = |model: &mut Model| {
        model.domain = Domain::new((0..8).map(|at| (format!("a{at}"), 60_000))).unwrap();
        *model =
            Model { cliques: vec![model.domain.all()], potentials: Vec::new(), zeros: Vec::new(), ..model.clone() };
    };
    assert!(broken(&wide).contains("more than 268435456 cells"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_files_are_refused_or_read_and_never_panic(
        at in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(), truncate in any::<bool>(),
    ) {
        let model = model();
        let mut bytes = potentials(&model).unwrap();
        for (at, byte) in &at {
            let place = at.index(bytes.len());
            bytes[place] = *byte;
        }
        if truncate {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(read) = LearnedModel::from_potentials(&bytes) {
            let _ = read.levels.iter().filter(|(_, model)| model.calibrate().is_ok()).count();
        }
        let _ = model.clone().with_measurements(&bytes).is_ok();
    }

    #[test]
    fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(LearnedModel::from_potentials(&bytes).is_err());
    }
}
