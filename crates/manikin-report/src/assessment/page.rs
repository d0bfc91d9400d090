//! The report as the template takes it.

use std::collections::BTreeSet;

use manikin_evaluate::Assessment;
use manikin_evaluate::assessment::{Family, Fold, Input, RuleOutcome, Split, Standing};
use manikin_evaluate::plots::{Associations, Attacks, Distribution, Plots, TableRows};
use serde::Serialize;

use super::draw::{self, Panel};
use super::edition::{Edition, grouped, number, percent};
use super::figures::{self, Group, Row, plural};
use super::words;

/// Most columns drawn, those that differ most.
///
/// ASSUMED: 48 drawings of 4 kB each leave four fifths of a megabyte for everything else.
const COLUMNS: usize = 48;
/// Most tables whose attacks, distances and associations are drawn.
const TABLES: usize = 6;
/// Most rows of the lists of what is worst.
const WORST: usize = 6;

/// Everything on the page.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    title: String,
    edition: &'static str,
    is_public: bool,
    status: [&'static str; 3],
    verdict: &'static str,
    reasons: Vec<String>,
    more_reasons: usize,
    tally: [String; 3],
    /// How many limits are waived; 0 is not shown.
    waived: usize,
    facts: Vec<(&'static str, String)>,
    read: Vec<ReadRow>,
    files: Vec<(&'static str, Vec<(String, String)>)>,
    conditions: Vec<Condition>,
    gates: Vec<Row>,
    more_gates: usize,
    attacks: Vec<AttackFigure>,
    distances: Vec<Figure>,
    exposed: Vec<[String; 4]>,
    risk: Vec<Group>,
    rules: Vec<RuleRow>,
    kept_rules: usize,
    examples: Vec<ExampleRow>,
    health: Vec<Group>,
    structure: Option<Figure>,
    tables: Vec<TableRow>,
    children: Vec<Figure>,
    journeys: Vec<Figure>,
    journeys_of: String,
    relations: Vec<Group>,
    columns: Vec<ColumnFigure>,
    more_columns: usize,
    worst_columns: Vec<WorstRow>,
    worst_pairs: Vec<WorstRow>,
    associations: Vec<AssociationFigure>,
    utility: Vec<Group>,
    left_out: Vec<(String, String)>,
    notes: Vec<String>,
    level: String,
}

/// The rows of an entity in each dataset.
#[derive(Debug, Serialize)]
struct ReadRow {
    entity: String,
    rows: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Condition {
    name: String,
    holds: bool,
    says: String,
}

/// A drawing with its caption.
#[derive(Debug, Serialize)]
struct Figure {
    title: String,
    svg: String,
    says: String,
}

#[derive(Debug, Serialize)]
struct AttackFigure {
    title: String,
    svg: String,
    members: String,
    others: String,
    rows: Vec<[String; 4]>,
}

#[derive(Debug, Serialize)]
struct RuleRow {
    entity: String,
    name: String,
    demands: String,
    severity: &'static str,
    real: String,
    synthetic: String,
    svg: String,
    status: [&'static str; 3],
}

#[derive(Debug, Serialize)]
struct ExampleRow {
    rule: String,
    row: String,
    values: String,
}

#[derive(Debug, Serialize)]
struct TableRow {
    entity: String,
    columns: String,
    rows: [String; 3],
    per_patient: [String; 3],
}

#[derive(Debug, Serialize)]
struct ColumnFigure {
    entity: String,
    name: String,
    difference: String,
    ordinary: String,
    svg: String,
}

#[derive(Debug, Serialize)]
struct WorstRow {
    what: String,
    figure: String,
    beside: String,
}

#[derive(Debug, Serialize)]
struct AssociationFigure {
    entity: String,
    panels: Vec<(&'static str, String)>,
}

impl Page {
    pub(super) fn of(assessment: &Assessment, edition: Edition) -> Self {
        let nothing = Plots::default();
        let plots = assessment.plots.as_ref().unwrap_or(&nothing);
        let is_public = edition.is_public();
        let mut reasons = figures::reasons(edition, &assessment.scores);
        let more_reasons = reasons.len().saturating_sub(5);
        reasons.truncate(5);
        let group = |families: &[Family]| figures::groups(edition, &assessment.scores, families);
        let (columns, more_columns) = columns(edition, &plots.columns);
        let (rules, kept_rules) = rules(edition, &assessment.rules);
        let (gates, more_gates) = figures::gates(edition, &assessment.scores);
        let internal = &assessment.internal;
        Self {
            title: assessment.product.clone(),
            edition: if is_public { "Public edition" } else { "Internal edition" },
            is_public,
            status: words::standing(assessment.verdict.status),
            verdict: words::verdict(&assessment.verdict),
            reasons,
            more_reasons,
            tally: [
                assessment.verdict.passed.to_string(),
                assessment.verdict.failed.to_string(),
                assessment.verdict.incomplete.to_string(),
            ],
            waived: assessment.verdict.waived,
            facts: facts(edition, assessment),
            read: read(edition, &assessment.inputs),
            files: assessment
                .inputs
                .iter()
                .map(|input| (fold(input.fold), digests(edition, input)))
                .filter(|(_, files)| !files.is_empty())
                .collect(),
            conditions: assessment
                .conditions
                .iter()
                .map(|condition| Condition {
                    name: words::condition(&condition.name),
                    holds: condition.holds,
                    says: if is_public { String::new() } else { condition.says.clone() },
                })
                .collect(),
            gates,
            more_gates,
            attacks: plots
                .attacks
                .iter()
                .enumerate()
                .filter_map(|(n, of)| attack(edition, n, of))
                .take(TABLES)
                .collect(),
            distances: plots
                .distances
                .iter()
                .enumerate()
                .filter_map(|(n, of)| {
                    let svg = draw::distances(edition, &format!("distance-{n}"), of)?;
                    let (train, holdout) = of.among;
                    let uneven = train.max(holdout) > train.min(holdout).saturating_mul(11) / 10;
                    let says = if uneven {
                        format!(
                            "Train has {} rows, the holdout {}: among more rows the closest is closer.",
                            edition.count_text(train),
                            edition.count_text(holdout)
                        )
                    } else {
                        String::new()
                    };
                    Some(Figure { title: of.entity.clone(), svg, says })
                })
                .take(TABLES)
                .collect(),
            exposed: match edition {
                Edition::Public => Vec::new(),
                Edition::Internal => internal
                    .exposed
                    .iter()
                    .take(20)
                    .map(|one| [one.entity.clone(), grouped(one.row), number(one.to_synthetic), number(one.to_real)])
                    .collect(),
            },
            risk: group(&[
                Family::Comparability,
                Family::Copies,
                Family::Membership,
                Family::Disclosure,
                Family::Anonymity,
                Family::Patients,
                Family::Leaks,
            ]),
            rules,
            kept_rules,
            examples: match edition {
                Edition::Public => Vec::new(),
                Edition::Internal => internal.examples.iter().take(20).map(example).collect(),
            },
            health: group(&[Family::Rules, Family::Health]),
            structure: draw::rows_per_patient("rows-per-patient", &plots.tables).map(|svg| Figure {
                title: "Rows per patient".to_owned(),
                svg,
                says: String::new(),
            }),
            tables: plots.tables.iter().map(|table| self::table(edition, table)).collect(),
            children: plots
                .children
                .iter()
                .enumerate()
                .filter_map(|(n, of)| {
                    let title = format!("{} per {}", of.name, of.entity);
                    let svg = draw::distribution(edition, &format!("children-{n}"), &title, of)?;
                    Some(Figure { title, svg, says: differs(edition, of) })
                })
                .collect(),
            journeys: journeys(edition, plots),
            journeys_of: plots
                .journeys
                .as_ref()
                .map_or_else(String::new, |of| format!("{} by {}", of.entity, of.column)),
            relations: group(&[Family::Relations, Family::Time]),
            columns,
            more_columns,
            worst_columns: worst_columns(edition, &plots.columns),
            worst_pairs: worst_pairs(edition, &plots.associations),
            associations: widest(&plots.associations)
                .into_iter()
                .enumerate()
                .map(|(n, of)| association(edition, n, of))
                .collect(),
            utility: group(&[
                Family::Columns,
                Family::Pairs,
                Family::Marginals,
                Family::Distinguishability,
                Family::Utility,
                Family::Fairness,
            ]),
            left_out: assessment
                .tables
                .iter()
                .flat_map(|table| table.left_out.iter().map(move |column| (table, column)))
                .map(|(table, column)| {
                    // Why a column was left out may name counts of values.
                    let why = if is_public { String::new() } else { column.why.clone() };
                    (format!("{}.{}", table.entity, column.column), why)
                })
                .collect(),
            notes: if is_public { Vec::new() } else { assessment.notes.clone() },
            level: percent(assessment.settings.level).replace(".0 %", " %"),
        }
    }
}

fn facts(edition: Edition, assessment: &Assessment) -> Vec<(&'static str, String)> {
    let short = |digest: &str| digest.get(..12).unwrap_or(digest).to_owned();
    let profile = &assessment.profile;
    let mut facts = vec![
        ("Program", format!("manikin {}", assessment.version)),
        ("Seed", assessment.seed.to_string()),
        ("Spec", short(&assessment.spec_digest)),
        ("Profile", format!("{} ({}), {}", profile.name, short(&profile.digest), plural(profile.limits, "limit"))),
        (
            "Holdout",
            match &assessment.split {
                Split::Given => "given".to_owned(),
                Split::Made { by, .. } => format!("split off the real rows by {by}, which weakens what can be said"),
            },
        ),
    ];
    let rows = |fold| {
        let input = assessment.inputs.iter().find(|input| input.fold == fold)?;
        let rows: u64 = input.rows.values().sum();
        Some(format!("{} rows in {}", edition.count_text(rows), plural(input.rows.len(), "table")))
    };
    for (name, fold) in [("Real rows", Fold::Real), ("Held out", Fold::Holdout), ("Synthetic", Fold::Synthetic)] {
        facts.extend(rows(fold).map(|rows| (name, rows)));
    }
    if assessment.settings.quick || !assessment.settings.only.is_empty() {
        let part = if assessment.settings.quick { "the quick subset" } else { "a chosen part" };
        facts.push(("Extent", format!("{part} of the measures, not all")));
    }
    facts
}

/// The rows of every entity, dataset by dataset.
fn read(edition: Edition, inputs: &[Input]) -> Vec<ReadRow> {
    let entities: BTreeSet<&String> = inputs.iter().flat_map(|input| input.rows.keys()).collect();
    let count = |input: &Input, entity: &String| {
        input.rows.get(entity).map_or_else(|| "none".to_owned(), |rows| edition.count_text(*rows))
    };
    entities
        .into_iter()
        .map(|entity| ReadRow {
            entity: entity.clone(),
            rows: inputs.iter().map(|input| count(input, entity)).collect(),
        })
        .collect()
}

/// The start of the digest of every file. One of real records is a release about them: whoever guesses the file can
/// check the guess.
fn digests(edition: Edition, input: &Input) -> Vec<(String, String)> {
    if edition.is_public() && input.fold != Fold::Synthetic {
        return Vec::new();
    }
    let short = |digest: &String| digest.get(..12).unwrap_or(digest).to_owned();
    input.files.iter().map(|(file, digest)| (file.clone(), short(digest))).collect()
}

fn fold(fold: Fold) -> &'static str {
    match fold {
        Fold::Real => "Real (train)",
        Fold::Holdout => "Holdout",
        Fold::Synthetic => "Synthetic",
    }
}

fn attack(edition: Edition, n: usize, of: &Attacks) -> Option<AttackFigure> {
    let svg = draw::roc(edition, &format!("roc-{n}"), of)?;
    let rate = |curve, limit| draw::named_at(edition, of, curve, limit).map_or_else(|| "few".to_owned(), percent);
    let rows = of
        .curves
        .iter()
        .map(|curve| [curve.attack.replace('_', " "), rate(curve, 0.001), rate(curve, 0.01), rate(curve, 0.1)])
        .collect();
    Some(AttackFigure {
        title: of.on.clone(),
        svg,
        members: edition.count_text(of.members),
        others: edition.count_text(of.others),
        rows,
    })
}

/// Rules that somebody breaks, or that could not be checked, worst first; and how many are kept by all rows.
fn rules(edition: Edition, outcomes: &[RuleOutcome]) -> (Vec<RuleRow>, usize) {
    let broken = |outcome: &RuleOutcome| outcome.synthetic.is_some_and(|found| found.broken > 0);
    let is_kept = |outcome: &&RuleOutcome| {
        outcome.synthetic.is_some() && !broken(outcome) && outcome.real.is_none_or(|found| found.broken == 0)
    };
    let kept = outcomes.iter().filter(is_kept).count();
    let mut shown: Vec<&RuleOutcome> = outcomes.iter().filter(|outcome| !is_kept(outcome)).collect();
    shown.sort_by_key(|outcome| (!(outcome.hard && broken(outcome)), !broken(outcome)));
    shown.truncate(40);
    let row = |outcome: &&RuleOutcome| {
        let said = |found: Option<manikin_evaluate::assessment::Broken>| match found {
            None => "not checked".to_owned(),
            Some(found) => {
                let share = edition.share_text(found.broken, found.rows);
                format!("{share} ({} of {})", edition.count_text(found.broken), edition.count_text(found.rows))
            }
        };
        let share = |found: Option<manikin_evaluate::assessment::Broken>| {
            found.and_then(|found| edition.share(found.broken, found.rows))
        };
        let (real, synthetic) = (share(outcome.real), share(outcome.synthetic));
        let most = real.unwrap_or(0.0).max(synthetic.unwrap_or(0.0));
        let status = match outcome.synthetic {
            None => Standing::Incomplete,
            Some(found) if found.broken == 0 => Standing::Pass,
            Some(_) if outcome.hard => Standing::Fail,
            Some(_) => Standing::Info,
        };
        let status = match status {
            Standing::Fail => ["fail", "✗", "broken"],
            Standing::Pass => ["pass", "✓", "kept"],
            Standing::Incomplete => ["open", "?", "not checked"],
            Standing::Info => ["info", "!", "warning"],
        };
        RuleRow {
            entity: outcome.entity.clone(),
            name: outcome.name.clone(),
            demands: outcome.demands.clone(),
            severity: if outcome.hard { "error" } else { "warning" },
            real: said(outcome.real),
            synthetic: said(outcome.synthetic),
            svg: draw::rates(real, synthetic, most),
            status,
        }
    };
    (shown.iter().map(row).collect(), kept)
}

fn example(one: &manikin_evaluate::assessment::ExampleRow) -> ExampleRow {
    let values: Vec<String> = one.values.iter().map(|(field, value)| format!("{field}: {value}")).collect();
    ExampleRow { rule: format!("{}.{}", one.entity, one.rule), row: grouped(one.row), values: values.join(", ") }
}

fn table(edition: Edition, table: &TableRows) -> TableRow {
    let counts = [table.rows.real, table.rows.holdout, table.rows.synthetic];
    TableRow {
        entity: table.entity.clone(),
        columns: table.columns.to_string(),
        rows: counts.map(|count| edition.count_text(count)),
        per_patient: match table.per_patient {
            None => ["", "", ""].map(str::to_owned),
            Some(rates) => std::array::from_fn(|place| match edition.count(counts[place]) {
                Some(_) => number(libm::round(rates[place] * 100.0) / 100.0),
                None => "few".to_owned(),
            }),
        },
    }
}

fn journeys(edition: Edition, plots: &Plots) -> Vec<Figure> {
    let Some(of) = &plots.journeys else { return Vec::new() };
    let real = draw::journey(edition, "journey-real", of, "real", |counts| counts.real);
    let synthetic = draw::journey(edition, "journey-synthetic", of, "synthetic", |counts| counts.synthetic);
    [("Real patients", of.patients.real, real), ("Synthetic patients", of.patients.synthetic, synthetic)]
        .into_iter()
        .filter_map(|(title, patients, svg)| {
            let says = format!("{} patients with a visit", edition.count_text(patients));
            Some(Figure { title: title.to_owned(), svg: svg?, says })
        })
        .collect()
}

fn differs(edition: Edition, of: &Distribution) -> String {
    let n = of.totals.real.min(of.totals.synthetic);
    match (edition.blurred(of.difference, n), edition.blurred(of.ordinary, n)) {
        (Some(difference), Some(ordinary)) => format!(
            "Synthetic differs from real by {}; the holdout does by {}.",
            percent(difference),
            percent(ordinary)
        ),
        _ => "Too few rows to say how far the two differ.".to_owned(),
    }
}

/// Columns by how much more they differ than train and holdout do.
fn by_excess(columns: &[Distribution]) -> Vec<&Distribution> {
    let mut sorted: Vec<&Distribution> = columns.iter().collect();
    let excess = |of: &Distribution| of.difference - of.ordinary;
    sorted.sort_by(|a, b| excess(b).total_cmp(&excess(a)));
    sorted
}

/// The columns that are drawn, and how many are not.
fn columns(edition: Edition, columns: &[Distribution]) -> (Vec<ColumnFigure>, usize) {
    let drawn: Vec<ColumnFigure> = by_excess(columns)
        .into_iter()
        .take(COLUMNS)
        .enumerate()
        .filter_map(|(n, of)| {
            let title = format!("{}.{}", of.entity, of.name);
            let svg = draw::distribution(edition, &format!("column-{n}"), &title, of)?;
            let rows = of.totals.real.min(of.totals.synthetic);
            let said = |value| edition.blurred(value, rows).map_or_else(|| "few rows".to_owned(), percent);
            Some(ColumnFigure {
                entity: of.entity.clone(),
                name: of.name.clone(),
                difference: said(of.difference),
                ordinary: said(of.ordinary),
                svg,
            })
        })
        .collect();
    let more = columns.len() - drawn.len();
    (drawn, more)
}

fn worst_columns(edition: Edition, columns: &[Distribution]) -> Vec<WorstRow> {
    by_excess(columns)
        .into_iter()
        .take(WORST)
        .filter_map(|of| {
            let n = of.totals.real.min(of.totals.synthetic);
            Some(WorstRow {
                what: format!("{}.{}", of.entity, of.name),
                figure: percent(edition.blurred(of.difference, n)?),
                beside: percent(edition.blurred(of.ordinary, n)?),
            })
        })
        .collect()
}

fn worst_pairs(edition: Edition, tables: &[Associations]) -> Vec<WorstRow> {
    let mut pairs: Vec<(f64, WorstRow)> = Vec::new();
    for of in tables {
        let places = (1..of.columns.len()).flat_map(|row| (0..row).map(move |column| (row, column)));
        for ((row, column), pair) in places.zip(&of.pairs) {
            let said = |panel: Panel| panel.of(edition, pair);
            let (Some(real), Some(synthetic), Some(difference)) =
                (said(Panel::Real), said(Panel::Synthetic), said(Panel::Difference))
            else {
                continue;
            };
            pairs.push((
                difference.abs(),
                WorstRow {
                    what: format!("{}: {} with {}", of.entity, of.columns[column], of.columns[row]),
                    figure: format!("{synthetic:.2}"),
                    beside: format!("{real:.2}"),
                },
            ));
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    pairs.into_iter().take(WORST).map(|(_, row)| row).collect()
}

/// The tables with most columns, in the order of the spec: in those of two there is little to see.
fn widest(tables: &[Associations]) -> Vec<&Associations> {
    let mut sizes: Vec<usize> = tables.iter().map(|of| of.columns.len()).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let least = sizes.get(TABLES - 1).copied().unwrap_or(0).max(3);
    tables.iter().filter(|of| of.columns.len() >= least).take(TABLES).collect()
}

fn association(edition: Edition, n: usize, of: &Associations) -> AssociationFigure {
    let panels = [Panel::Real, Panel::Synthetic, Panel::Difference]
        .into_iter()
        .enumerate()
        .map(|(place, panel)| (panel.name(), draw::heat(edition, &format!("heat-{n}-{place}"), of, panel)))
        .collect();
    AssociationFigure { entity: of.entity.clone(), panels }
}
