//! Names and plain words of the report.

use manikin_evaluate::assessment::{Family, Side, Standing, Verdict};

use super::edition::{number, rate};

/// A metric's name for people.
pub(super) fn title(metric: &str) -> String {
    let known = match metric {
        "ks_complement" => "Kolmogorov-Smirnov complement",
        "tv_complement" => "Total variation complement",
        "pmse" => "Propensity error (pMSE)",
        "pmse_ratio" => "pMSE against its null",
        "tabular_s_pmse" => "Standardised tabular pMSE",
        "specks" => "SPECKS",
        "tstr_auc" => "AUC, trained on synthetic, tested on real",
        "tstr_r_squared" => "R², trained on synthetic, tested on real",
        "trtr_tstr_gap" => "Loss by training on synthetic data",
        "subgroup_trtr_tstr_gap" => "Loss by training on synthetic data, by subgroup",
        "dcr_share" => "Share of rows nearer to train than to holdout",
        "membership_tpr" => "Members named (TPR)",
        "membership_maximum_tpr" => "Members named by the best attack (TPR)",
        "membership_maximum_p" => "Best attack against chance (p)",
        "membership_epsilon" => "Lower bound on ε by attack",
        "membership_f1" => "Membership F1",
        "two_sample_auc" => "Two-sample AUC",
        "train_holdout_exchangeable_p" => "Train and holdout alike (p)",
        "train_holdout_overlap_p" => "Train and holdout share rows (p)",
        "rep_u" => "repU",
        "dis_co" | "disco" => "DiSCO",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    let mut letters = metric.replace('_', " ");
    if let Some(first) = letters.get(..1) {
        let first = first.to_uppercase();
        letters.replace_range(..1, &first);
    }
    letters.replace("auc", "AUC").replace(" dcr", " DCR").replace("tpr", "TPR")
}

/// A condition's name, `entity/metric`, for people.
pub(super) fn condition(name: &str) -> String {
    match name.split_once('/') {
        Some((entity, metric)) => {
            let said = match metric {
                "train_holdout_exchangeable_p" => "train and holdout are drawn alike",
                "train_holdout_overlap_p" => "train and holdout share no more rows than chance explains",
                _ => return format!("{entity}: {}", title(metric)),
            };
            format!("{entity}: {said}")
        }
        None => title(name),
    }
}

/// What a figure is about.
pub(super) fn about(entity: Option<&str>, parts: &[String]) -> String {
    let part = |part: &String| match part.strip_prefix("fpr=") {
        Some(text) => match text.parse() {
            Ok(limit) => format!("at {} wrong", rate(limit)),
            Err(_) => part.clone(),
        },
        None if part == "most_exposed" => "most exposed 1 %".to_owned(),
        None => part.clone(),
    };
    let mut said: Vec<String> = entity.map(str::to_owned).into_iter().collect();
    for text in parts.iter().map(part) {
        if said.last() != Some(&text) {
            said.push(text);
        }
    }
    if said.is_empty() { "all".to_owned() } else { said.join(" · ") }
}

/// A family's name as a heading.
pub(super) fn family(family: Family) -> &'static str {
    match family {
        Family::Comparability => "Are train and holdout comparable?",
        Family::Copies => "Copies of real rows",
        Family::Membership => "Membership inference",
        Family::Disclosure => "Singling out, linkability, inference, disclosure",
        Family::Anonymity => "Classical disclosure control",
        Family::Patients => "Whole patients",
        Family::Leaks => "Identifiers in texts",
        Family::Rules => "Rules of the spec",
        Family::Health => "Codes of patients",
        Family::Relations => "Relations between tables",
        Family::Time => "Histories and courses",
        Family::Columns => "One column at a time",
        Family::Pairs => "Two columns at a time",
        Family::Marginals => "Sets of columns",
        Family::Distinguishability => "Can a model tell the sides apart?",
        Family::Utility => "What models and regressions learn",
        Family::Fairness => "Subgroups",
    }
}

/// How something stands: its class, its mark and its word. The mark and the word say what the colour says.
pub(super) fn standing(status: Standing) -> [&'static str; 3] {
    match status {
        Standing::Pass => ["pass", "✓", "pass"],
        Standing::Fail => ["fail", "✗", "fail"],
        Standing::Incomplete => ["open", "?", "incomplete"],
        Standing::Info => ["info", "·", "no limit"],
    }
}

/// How what a waiver lets go stands.
pub(super) const WAIVED: [&str; 3] = ["open", "–", "waived"];

/// A bound with its side.
pub(super) fn bound(side: Side, bound: f64) -> String {
    match side {
        Side::AtMost => format!("at most {}", number(bound)),
        Side::AtLeast => format!("at least {}", number(bound)),
    }
}

/// The verdict in a sentence.
pub(super) fn verdict(verdict: &Verdict) -> &'static str {
    match verdict.status {
        Standing::Pass if verdict.waived > 0 => {
            "Every limit of the profile is kept or waived. What is waived has not passed: somebody answers for it."
        }
        Standing::Pass => "Every limit of the profile is kept, with the bound of its interval.",
        Standing::Fail => "At least one limit of the profile is missed.",
        Standing::Incomplete => {
            "No limit is missed, but at least one could not be judged. What could not be judged has not passed."
        }
        Standing::Info => "No limit was set, so nothing was judged.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_places_read_as_words() {
        assert_eq!(title("linkability_risk"), "Linkability risk");
        assert_eq!(title("membership_auc"), "Membership AUC");
        let parts = ["dcr".to_owned(), "fpr=0.01".to_owned()];
        assert_eq!(about(Some("census"), &parts), "census · dcr · at 1 % wrong");
        assert_eq!(about(None, &[]), "all");
    }
}
