//! `docs/metrics.md` says what the definitions say. `MANIKIN_UPDATE=1` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use manikin_metrics::{Definition, Direction, fidelity, risk};

/// Where Manikin departs from SDMetrics, Anonymeter, mostlyai-qa or synthpop on purpose, and why.
const DIFFERENCES: &[(&str, &str)] = &[
    (
        "tv_complement",
        "SDMetrics leaves nulls out, and puts a count of about 1e-6 where the real data has none of a category; here null \
         is a category, and a share of nought is nought.",
    ),
    (
        "contingency_similarity",
        "SDMetrics cuts each side by its own range, so that one outlier takes a pair from .99995 to .10175; here the real \
         quantiles cut both, and nulls have a cell.",
    ),
    ("missing_value_similarity", "SDMetrics' figure, for every column, with an interval."),
    ("accuracy", "mostlyai-qa's definition, with the ceiling that sampling noise leaves beside it."),
    ("pmse_ratio", "synthpop's S_pMSE; the benchmark beside it says what fresh real rows reach."),
    (
        "two_sample_auc",
        "SDMetrics' detection scores are 1 less the area without a name for the classifier, in three folds without a seed; \
         here it is named, in two folds of whole clusters.",
    ),
    (
        "distance_to_closest_record",
        "SDMetrics samples rows and measures train and holdout by different ranges; here all rows and one ruler. Two nulls \
         are equal, one is a whole step. A picture, not a gate: it does not see a leak of few.",
    ),
    ("dcr_share", "mostlyai-qa's share in an embedding, here under the ruler; ties count half. Not a gate."),
    (
        "membership_tpr",
        "Others report the area or the accuracy, which pass a leak of 5 %; here the rate at few false alarms, from the step \
         curve, with exact bounds.",
    ),
    ("membership_auc", "Given for comparison; no gate rests on it."),
    (
        "membership_f1",
        "El Emam's threshold of .2 stands on a set of members at the sampling fraction; without one, at their share here.",
    ),
    (
        "singling_out_rate",
        "Anonymeter counts attacks that it never made and draws without a seed; here every description on one column, seeded \
         ones on three, and as many people on either side.",
    ),
    (
        "linkability_rate",
        "Anonymeter samples 2,000 records; here all, so that a leak of 1 % stands out. Ties: the first row, stated.",
    ),
    ("inference_rate", "Anonymeter samples; here all up to 50,000, against the guess that needs no attack."),
    (
        "inference_baseline",
        "Anonymeter draws its naive guesses and loses them; here the most common value for everybody.",
    ),
    (
        "disclosure_protection",
        "SDMetrics' figure to 1e-9, with an interval and the same on holdout: CAP alone mistakes rules for leaks.",
    ),
    ("disco", "synthpop's figure as a share, less the same on holdout: what holdout shows too is a rule, not a leak."),
    ("disco_small_groups", "synthpop's denom_lim of 5."),
    ("population_uniqueness", "ARX's models; Dankar's rule chooses, and all are shown."),
    ("k_anonymity", "ARX's classes; nulls are a value, not a wildcard."),
];

fn reference() -> String {
    let mut text = String::from(
        "# Metrics\n\n\
         <!-- Written from the definitions of crates/manikin-metrics by a test; run it with MANIKIN_UPDATE=1. -->\n\n\
         Every score of `manikin evaluate`: what it says, which way is better, and where it departs from other tools on\n\
         purpose. Each has an interval where one exists, the number of records behind it, and the method in its report.\n\
         Where nothing is said, the definition is that of the tool or paper that is named.\n",
    );
    section(&mut text, "Fidelity and utility", &mut fidelity::definitions());
    section(&mut text, "Re-identification risk", &mut risk::definitions());
    text.push_str("\n## Attacks on membership\n\n| attack | what it does | after |\n|---|---|---|\n");
    for attack in risk::ATTACKS {
        let _ = writeln!(text, "| `{}` | {} | {} |", attack.name, attack.means, attack.reference);
    }
    for (name, means) in risk::PATIENT_ATTACKS {
        let _ = writeln!(text, "| `{name}` | {means} | MT-MIA, arXiv 2602.07126 |");
    }
    text
}

fn section(text: &mut String, heading: &str, definitions: &mut dyn Iterator<Item = &'static Definition>) {
    let _ = write!(
        text,
        "\n## {heading}\n\n| metric | what it says | better | source | departs |\n|---|---|---|---|---|\n"
    );
    for definition in definitions {
        let better = match definition.direction {
            Direction::Higher => "higher",
            Direction::Lower => "lower",
        };
        let departs = DIFFERENCES.iter().find(|(name, _)| *name == definition.name).map_or("", |(_, why)| why);
        let _ = writeln!(
            text,
            "| `{}` | {} | {better} | {} | {departs} |",
            definition.name,
            definition.means.replace('|', "\\|"),
            definition.reference.replace('|', "\\|")
        );
    }
}

#[test]
fn every_difference_is_that_of_a_metric() {
    for (name, _) in DIFFERENCES {
        let known = fidelity::definitions().chain(risk::definitions()).any(|definition| definition.name == *name);
        assert!(known, "{name} is no metric");
    }
}

#[test]
fn the_metric_reference_says_what_the_definitions_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md");
    let expected = reference();
    if std::env::var_os("MANIKIN_UPDATE").is_some() {
        std::fs::write(&path, &expected).expect("docs/metrics.md can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "docs/metrics.md is out of date; run `MANIKIN_UPDATE=1 cargo test -p manikin-metrics`");
}
