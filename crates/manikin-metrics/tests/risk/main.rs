//! Risk: what every measure does on identical, independent and leaky data.

use std::sync::Arc;

use manikin_metrics::risk::{Folds, MEASURES, Roles, Settings, definitions};
use manikin_metrics::stats::{draws, sample_rows};
use manikin_metrics::{Column, Score, Table, Values};

/// As many rows as it takes to bound a share at a thousandth.
const ROWS: usize = 4000;

/// People with four numbers and four codes, which depend on a group of twenty.
fn people(rows: usize, seed: u64) -> Table {
    let mut stream = draws(seed, "people", 0);
    let groups: Vec<u64> = (0..rows).map(|_| stream.below(20)).collect();
    let mut columns = Vec::new();
    for (place, size) in (0..).zip([2u64, 6, 12, 40]) {
        let codes = groups.iter().map(|group| ((group * (place + 1) + stream.below(size / 2 + 1)) % size) as u32);
        let labels: Arc<[String]> = (0..size).map(|label| label.to_string()).collect();
        columns.push(Column { name: format!("c{place}"), values: Values::Codes { codes: codes.collect(), labels } });
        let numbers = groups.iter().map(|group| (group * place) as f64 + (60.0 * stream.uniform()).floor());
        columns.push(Column { name: format!("n{place}"), values: Values::Numbers(numbers.collect()) });
    }
    Table { columns, rows }
}

fn scores(synthetic: &Table, train: &Table, holdout: &Table) -> Vec<Score> {
    let settings = Settings { permutations: 499, fraction: Some(0.1), ..Settings::default() };
    // Keys: three numbers and a code, nearly unique; secrets: the codes of twelve and forty, and a number.
    let roles = Roles { quasi_identifiers: vec![0, 1, 3, 5], sensitive: vec![4, 6, 7], ..Roles::default() };
    let folds = Folds::new(train, holdout, synthetic, settings).expect("folds").with_roles(roles);
    MEASURES.iter().flat_map(|measure| (measure.scores)(&folds)).collect()
}

fn find<'a>(scores: &'a [Score], name: &str) -> &'a Score {
    let same = |score: &&Score| {
        let about = score.about.iter().map(String::as_str);
        std::iter::once(score.metric).chain(about).collect::<Vec<_>>().join(" ") == name
    };
    scores.iter().find(same).unwrap_or_else(|| panic!("{name} is missing"))
}

/// 5 % of the rows of `table` replaced by rows of `from`.
fn leaky(table: &Table, from: &Table) -> Table {
    let kept: Vec<u32> = (0..(ROWS - ROWS / 20) as u32).collect();
    let (mut mixed, copied) =
        (table.select(&kept), from.select(&sample_rows(ROWS, ROWS / 20, &mut draws(1, "leak", 0))));
    for (column, more) in mixed.columns.iter_mut().zip(&copied.columns) {
        match (&mut column.values, &more.values) {
            (Values::Numbers(to), Values::Numbers(from)) => to.extend(from),
            (Values::Codes { codes: to, .. }, Values::Codes { codes: from, .. }) => to.extend(from),
            _ => {}
        }
    }
    mixed.rows = ROWS;
    mixed
}

/// What is expected of a copy of train, of independent rows, and of those with 5 % copies: the least and the greatest.
///
/// Seeds are fixed; the ranges of independent rows are at least four standard errors wide (alpha 1e-4 a figure).
type Expected = (&'static str, [(f64, f64); 3]);

const EXPECTED: &[Expected] = &[
    ("train_holdout_overlap_p", [(0.01, 1.0), (0.01, 1.0), (0.01, 1.0)]),
    ("train_holdout_exchangeable_p", [(0.01, 1.0), (0.01, 1.0), (0.01, 1.0)]),
    ("exact_match_share train", [(1.0, 1.0), (0.0, 0.0), (0.05, 0.05)]),
    ("exact_match_excess", [(1.0, 1.0), (0.0, 0.0), (0.05, 0.05)]),
    ("near_match_excess", [(0.99, 1.0), (-0.003, 0.003), (0.047, 0.053)]),
    ("distance_to_closest_record train quantile=0.01", [(0.0, 0.0), (0.005, 0.2), (0.0, 0.0)]),
    ("distance_to_closest_record holdout quantile=0.01", [(0.005, 0.2), (0.005, 0.2), (0.005, 0.2)]),
    ("nearest_neighbour_distance_ratio train quantile=0.01", [(0.0, 0.0), (0.1, 1.0), (0.0, 0.0)]),
    ("dcr_share", [(0.99, 1.0), (0.465, 0.535), (0.5, 0.56)]),
    ("nearest_neighbour_adversarial_accuracy train", [(0.0, 0.01), (0.46, 0.54), (0.43, 0.52)]),
    ("nearest_neighbour_privacy_loss", [(0.46, 0.54), (-0.045, 0.045), (0.0, 0.07)]),
    ("membership_auc dcr", [(0.99, 1.0), (0.47, 0.53), (0.5, 0.56)]),
    ("membership_tpr dcr fpr=0.001", [(0.99, 1.0), (0.0, 0.005), (0.045, 0.06)]),
    ("membership_tpr dcr_difference fpr=0.01", [(0.99, 1.0), (0.0, 0.02), (0.025, 0.08)]),
    ("membership_tpr density_ratio fpr=0.01", [(0.5, 1.0), (0.0, 0.02), (0.02, 0.08)]),
    ("membership_tpr neighbourhood fpr=0.1", [(0.2, 1.0), (0.0, 0.13), (0.05, 0.2)]),
    ("membership_tpr rare_combination fpr=0.01", [(0.99, 1.0), (0.0, 0.02), (0.045, 0.08)]),
    ("membership_tpr agreement fpr=0.01", [(0.99, 1.0), (0.0, 0.02), (0.045, 0.08)]),
    ("membership_tpr classifier fpr=0.1", [(0.0, 1.0), (0.0, 0.13), (0.0, 0.2)]),
    ("membership_epsilon dcr fpr=0.001", [(5.0, 99.0), (0.0, 0.5), (2.0, 9.0)]),
    ("membership_advantage dcr", [(0.89, 1.0), (-0.05, 0.05), (0.03, 0.1)]),
    ("membership_maximum_tpr fpr=0.001", [(0.99, 1.0), (0.0, 0.008), (0.045, 0.06)]),
    ("membership_maximum_p", [(0.0, 0.002), (0.01, 1.0), (0.0, 0.002)]),
    ("membership_f1", [(0.95, 1.0), (-1.0, 0.05), (-1.0, 0.1)]),
    ("singling_out_risk multivariate", [(0.9, 1.0), (0.0, 0.12), (0.0, 0.15)]),
    ("linkability_risk", [(0.9, 1.0), (0.0, 0.003), (0.03, 0.06)]),
    ("inference_risk c2", [(0.9, 1.0), (0.0, 0.03), (0.03, 0.08)]),
    ("inference_risk n3", [(0.9, 1.0), (0.0, 0.03), (0.03, 0.08)]),
    ("disclosure_excess unique_in_original_in_synthetic", [(0.9, 1.0), (-0.01, 0.01), (0.03, 0.06)]),
    ("disclosure_excess replicated_uniques", [(0.9, 1.0), (-0.01, 0.01), (0.03, 0.06)]),
    ("disclosure_excess in_synthetic", [(0.9, 1.0), (-0.01, 0.01), (0.03, 0.06)]),
    ("disclosure_excess c2 disclosive_in_synthetic_for_original", [(0.9, 1.0), (-0.01, 0.01), (0.03, 0.06)]),
    ("disclosure_excess c2 disco", [(0.9, 1.0), (-0.01, 0.01), (0.04, 0.06)]),
    ("disclosure_excess c2 disco_small_groups", [(0.9, 1.0), (-0.01, 0.01), (0.04, 0.06)]),
    ("disclosure_excess c2 dcap", [(0.9, 1.0), (-0.01, 0.01), (0.04, 0.06)]),
    ("tcap c2 train", [(1.0, 1.0), (0.0, 0.4), (0.7, 1.0)]),
    ("disclosure_protection train", [(0.5, 0.8), (0.999, 1.0), (0.95, 0.999)]),
    ("disclosure_protection_generalised train", [(0.5, 0.8), (0.999, 1.0), (0.95, 0.999)]),
    ("meaningful_identity_disclosure train", [(0.05, 0.1), (0.0, 0.002), (0.003, 0.01)]),
    // What says nothing of the synthetic rows stays as it is.
    ("sample_uniqueness train", [(0.9, 1.0), (0.9, 1.0), (0.9, 1.0)]),
    ("population_uniqueness train dankar", [(0.9, 1.0), (0.9, 1.0), (0.9, 1.0)]),
    ("delta_presence train", [(1.0, 1.0), (1.0, 1.0), (1.0, 1.0)]),
];

#[test]
fn every_measure_tells_copies_and_leaks_from_independent_rows() {
    let (train, holdout, independent) = (people(ROWS, 1), people(ROWS, 2), people(ROWS, 3));
    let leaky = leaky(&independent, &train);
    let all = [&train, &independent, &leaky].map(|synthetic| scores(synthetic, &train, &holdout));
    let mut wrong = Vec::new();
    for (name, expected) in EXPECTED {
        for ((data, scores), (least, greatest)) in ["copy", "independent", "leaky"].iter().zip(&all).zip(expected) {
            let found = find(scores, name).value.unwrap_or(f64::NAN);
            if !(least - 1e-9..=greatest + 1e-9).contains(&found) {
                wrong.push(format!("{name}, {data}: {found} is not within {least} and {greatest}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The figures of synthetic rows alone are those of train where they are train.
    for metric in ["sample_uniqueness", "marketer_risk", "k_anonymity", "records_at_risk"] {
        let of = |table: &str| find(&all[0], &format!("{metric} {table}")).value;
        assert_eq!(of("train"), of("synthetic"), "{metric}");
    }
}

#[test]
fn every_measure_has_an_expectation() {
    let (train, holdout) = (people(60, 1), people(60, 2));
    let scores = scores(&holdout, &train, &holdout);
    for measure in MEASURES {
        let roles = Roles { quasi_identifiers: vec![0, 1], sensitive: vec![4], ..Roles::default() };
        let settings = Settings { permutations: 9, ..Settings::default() };
        let folds = Folds::new(&train, &holdout, &holdout, settings).expect("folds").with_roles(roles);
        let own = (measure.scores)(&folds);
        let met = |score: &Score| EXPECTED.iter().any(|(name, _)| name.split(' ').next() == Some(score.metric));
        assert!(own.iter().any(met), "{} has no expectation", measure.name);
    }
    let defined: Vec<&str> = definitions().map(|definition| definition.name).collect();
    for score in &scores {
        assert!(defined.contains(&score.metric), "{} is not among the definitions", score.metric);
    }
}
