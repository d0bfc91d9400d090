//! The evaluation: every measure on every table, relation, history and patient, held to the limits of a profile.

use std::collections::BTreeSet;

use manikin_diagnostic::{Diagnostic, codes, nearest};
use manikin_metrics::fidelity::{self, Family as Kind, METRICS, health, relation, time};
use manikin_metrics::risk::{self, Folds, MEASURES, OVERLAP_ALPHA};
use manikin_metrics::table::NULL_CODE;
use manikin_metrics::{Score, Status, Values};
use manikin_spec::spec::EntityId;

use crate::assessment::{
    Asked, Assessment, Compared, Condition, Exposed, Family, Figure, Internal, ProfileUsed, REPORT_VERSION, Role, Split,
};
use crate::judgement::{Absence, Found, Grounds, judge, verdict, waive};
use crate::plots::{self, Plots};
use crate::profile::{Held, Profile, family_of_measure};
use crate::sides::{Refusal, Sides};
use crate::{histories, joins, outcomes, texts};

/// How an evaluation is run.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Everything sampled comes from this seed.
    pub seed: u64,
    /// The level of every interval.
    pub level: f64,
    /// Whether to compute the quick subset alone: see [`QUICK`].
    pub quick: bool,
    /// The measures and families to compute; all when empty.
    pub only: Vec<String>,
    /// Version of the program, for the report.
    pub version: String,
    /// The day on which waivers are judged, in days since 1970-01-01.
    pub today: i32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { seed: 1, level: 0.95, quick: false, only: Vec::new(), version: String::new(), today: 0 }
    }
}

/// What `--quick` computes: what answers in seconds at tens of thousands of rows. Bootstraps have 20 replicates and
/// models learn from smaller samples.
pub const QUICK: &[&str] =
    &["overlap", "matches", "linkability", "classes", "rules", "relations", "columns", "accuracy"];

/// The measures of this crate's own, beside those of `manikin-metrics`.
const OWN: [&str; 4] = ["cross_table_pairs", "patients", "leaks", "rules"];

/// Is told what runs now.
pub trait Watch: Sync {
    /// A measure begins: the `at`-th of `of`.
    fn begins(&self, what: &str, at: usize, of: usize);
}

/// Watches nothing.
pub struct Unwatched;

impl Watch for Unwatched {
    fn begins(&self, _: &str, _: usize, _: usize) {}
}

/// Every name that `--only` takes: families, then measures.
#[must_use]
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Family::ALL.iter().map(|family| family.name()).collect();
    names.extend(MEASURES.iter().map(|measure| measure.name));
    names.extend(METRICS.iter().map(fidelity::Metric::name));
    names.extend(relation::METRICS.iter().map(|metric| metric.definitions[0].name));
    names.extend(time::METRICS.iter().map(|metric| metric.definitions[0].name));
    names.extend(time::COURSE_METRICS.iter().map(|metric| metric.definitions[0].name));
    names.extend(health::METRICS.iter().map(|metric| metric.definitions[0].name));
    names.extend(OWN);
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(*name));
    names
}

/// Evaluates synthetic data against real ones and holds every figure to the limits of the profile.
///
/// # Errors
/// - `MK0911` a name in `only` is no measure
/// - `MK1003` the holdout holds more rows of the real data than chance explains
pub fn assess(sides: &Sides, profile: &Profile, settings: &Settings, watch: &dyn Watch) -> Result<Assessment, Refusal> {
    let known = names();
    for name in &settings.only {
        if !known.contains(&name.as_str()) {
            let close = nearest(name, known.iter().copied());
            let help = match close {
                Some(close) => format!("did you mean {close}?"),
                None => format!("there are {}", known.join(", ")),
            };
            let message = format!("--only: there is no measure {name}");
            return Err(Diagnostic::error(codes::BAD_OPTION, message).help(help).into());
        }
    }
    let mut run = Run { sides, settings, watch, found: Vec::new(), plots: Plots::default(), at: 0, of: 0 };
    run.of = run.steps();
    let people = sides.people();
    let mut internal = Internal::default();
    let mut conditions = Vec::new();
    for &id in &people {
        run.risk(id, &mut internal, &mut conditions)?;
    }
    run.leaks();
    let rules = run.rules(&mut internal);
    for (id, compared) in &sides.compared {
        run.fidelity(*id, compared);
    }
    run.relations();
    run.histories();
    watch.begins("plots", run.of, run.of);
    let Plots { attacks, distances, .. } = run.plots;
    run.plots = Plots { attacks, distances, ..Plots::of_tables(sides) };
    let weakened = match &sides.split {
        Split::Made { weakens, .. } => Some(weakens.clone()),
        Split::Given => conditions.iter().find(|condition: &&Condition| !condition.holds).map(|c| c.says.clone()),
    };
    let partial = settings.quick || !settings.only.is_empty();
    let grounds = Grounds { weakened, absent, absence: Absence { partial } };
    let mut scores = judge(run.found, profile, &grounds);
    let waivers = waive(&mut scores, profile, settings.today);
    let fidelity = settings.fidelity();
    Ok(Assessment {
        manikin_report: REPORT_VERSION,
        version: settings.version.clone(),
        product: sides.spec.product.clone(),
        spec_digest: sides.spec.digest.clone(),
        seed: settings.seed,
        settings: Asked {
            level: settings.level,
            quick: settings.quick,
            only: settings.only.clone(),
            replicates: fidelity.replicates,
            permutations: risk::Settings::default().permutations,
        },
        profile: ProfileUsed {
            name: profile.name.clone(),
            digest: profile.digest.clone(),
            limits: profile.limits.len(),
        },
        inputs: [&sides.real, &sides.holdout, &sides.synthetic].map(|side| side.input.clone()).to_vec(),
        split: sides.split.clone(),
        verdict: verdict(&scores),
        waivers,
        conditions,
        tables: sides.compared.iter().map(|(_, compared)| compared.clone()).collect(),
        scores,
        rules,
        notes: sides.notes.clone(),
        plots: Some(run.plots),
        internal,
    })
}

fn absent(held: &Held, absence: &Absence) -> String {
    if absence.partial {
        return format!("no figure of {} was computed: --only or --quick left it out", held.metric);
    }
    format!("the data give no figure of {} that this limit is about", held.metric)
}

impl Settings {
    /// What the metrics of fidelity are told.
    #[must_use]
    pub fn fidelity(&self) -> fidelity::Settings {
        let base = if self.quick { fidelity::Settings::quick() } else { fidelity::Settings::default() };
        fidelity::Settings { seed: self.seed, level: self.level, ..base }
    }

    /// What the measures of risk are told.
    #[must_use]
    pub fn risk(&self) -> risk::Settings {
        risk::Settings { seed: self.seed, level: self.level, ..risk::Settings::default() }
    }

    /// Whether a measure of a family is to be computed.
    fn wants(&self, family: Family, measure: &str) -> bool {
        let named = |name: &str| name == measure || name == family.name();
        if self.only.is_empty() {
            return !self.quick || QUICK.iter().any(|name| named(name));
        }
        self.only.iter().any(|name| named(name))
    }
}

/// An evaluation under way.
pub(crate) struct Run<'a> {
    pub(crate) sides: &'a Sides,
    pub(crate) settings: &'a Settings,
    watch: &'a dyn Watch,
    found: Vec<Found>,
    /// What attacks and distances give to draw.
    plots: Plots,
    at: usize,
    of: usize,
}

impl Run<'_> {
    /// Whether a measure is to be computed; if so, says that it begins.
    pub(crate) fn begins(&mut self, family: Family, measure: &str, entity: Option<&str>) -> bool {
        self.at += 1;
        let wanted = self.settings.wants(family, measure);
        if wanted {
            let what = entity.map_or(measure.to_owned(), |entity| format!("{measure} of {entity}"));
            self.watch.begins(&what, self.at, self.of.max(self.at));
        }
        wanted
    }

    pub(crate) fn keep(&mut self, family: Family, measure: &'static str, entity: Option<&str>, scores: Vec<Score>) {
        self.found.extend(scores.into_iter().map(|score| Found {
            family,
            measure,
            entity: entity.map(str::to_owned),
            incomplete: match &score.status {
                Status::Incomplete(why) => Some(why.clone()),
                Status::Computed => None,
            },
            figure: Figure::from(&score),
            needed_n: score.needed_n,
            harmless: score.harmless,
        }));
    }

    /// How many measures there are to be asked for.
    fn steps(&self) -> usize {
        let tables = self.sides.compared.len();
        let relations = joins::relations(self.sides).len();
        let histories = histories::histories(self.sides).len();
        let people = self.sides.people().len();
        people * (MEASURES.len() + 1)
            + 2
            + tables * METRICS.len()
            + relations * (relation::METRICS.len() + 1)
            + histories * (time::METRICS.len() + health::METRICS.len() + time::COURSE_METRICS.len())
    }

    /// Risk on the rows of people, and on whole patients.
    fn risk(&mut self, id: EntityId, internal: &mut Internal, conditions: &mut Vec<Condition>) -> Result<(), Refusal> {
        let sides = self.sides;
        let (Some([train, holdout, synthetic]), Some(compared)) = (sides.tables(id), sides.columns(id)) else {
            return Ok(());
        };
        let entity = sides.spec[id].name.clone();
        let folds = match Folds::new(train, holdout, synthetic, self.settings.risk()) {
            Ok(folds) => folds.with_roles(roles(compared)),
            Err(reason) => {
                let diagnostic = Diagnostic::error(codes::FOLDS_DIFFER, format!("{entity}: {reason}"));
                return Err(diagnostic.help("give three datasets of one form").into());
            }
        };
        if compared.columns.is_empty() {
            conditions.push(Condition {
                name: format!("{entity}_has_columns"),
                holds: false,
                says: format!("{entity} has no column to compare: all are keys, identifiers or free text"),
            });
            return Ok(());
        }
        for measure in MEASURES {
            let family = family_of_measure(measure.name).unwrap_or(Family::Disclosure);
            let wanted = self.begins(family, measure.name, Some(&entity));
            // A holdout that holds rows of train would make copies look harmless, whatever else is asked for.
            if !wanted && measure.name != "overlap" {
                continue;
            }
            let scores = if measure.name == "membership" {
                let bank = risk::Bank::run(&folds);
                self.plots.attacks.extend(plots::attacks(&format!("rows of {entity}"), &bank));
                risk::membership::of_bank(&bank, &folds)
            } else {
                (measure.scores)(&folds)
            };
            if let Some(condition) = condition(&entity, measure.name, &scores) {
                let has_key = sides.real.data.keys(id).is_some();
                if measure.name == "overlap" && !condition.holds && !has_key && sides.split == Split::Given {
                    let diagnostic = Diagnostic::error(codes::HOLDOUT_SHARED, format!("{entity}: {}", condition.says));
                    let help =
                        "split by patient, so that nobody is in both, and make the synthetic data of one part only";
                    return Err(diagnostic.help(help).into());
                }
                conditions.push(condition);
            }
            if wanted {
                self.keep(family, measure.name, Some(&entity), scores);
            }
        }
        if self.settings.wants(Family::Copies, "distances") {
            internal.exposed.extend(exposed(&entity, &folds));
            self.plots.distances.extend(plots::distances(&entity, &folds));
        }
        if sides.spec.subject == Some(id) && self.begins(Family::Patients, "patients", None) {
            let (scores, bank) = histories::patients(sides, &folds);
            self.plots.attacks.extend(bank.and_then(|bank| plots::attacks("whole patients", &bank)));
            self.keep(Family::Patients, "patients", None, scores);
        }
        Ok(())
    }

    fn leaks(&mut self) {
        if self.begins(Family::Leaks, "leaks", None) {
            let scores = texts::leaks(self.sides, self.settings.level);
            self.keep(Family::Leaks, "leaks", None, scores);
        }
    }

    fn rules(&mut self, internal: &mut Internal) -> Vec<crate::assessment::RuleOutcome> {
        if !self.begins(Family::Rules, "rules", None) {
            return Vec::new();
        }
        let found = outcomes::outcomes(self.sides, &self.settings.fidelity());
        for (entity, scores) in found.scores {
            self.keep(Family::Rules, "rules", Some(&entity), scores);
        }
        internal.examples = found.examples;
        found.outcomes
    }

    fn fidelity(&mut self, id: EntityId, compared: &Compared) {
        let sides = self.sides;
        let Some([real, holdout, synthetic]) = sides.tables(id) else { return };
        if compared.columns.is_empty() {
            return;
        }
        let entity = compared.entity.clone();
        let settings = told(self.settings.fidelity(), compared, real);
        let clusters =
            |side: &'_ crate::sides::Side| side.patients[id.0].clone().filter(|_| sides.spec.subject != Some(id));
        let owned = [clusters(&sides.real), clusters(&sides.holdout), clusters(&sides.synthetic)];
        let sample = |place: usize, table| fidelity::Sample { table, clusters: owned[place].as_deref() };
        let comparison =
            fidelity::Comparison::new(sample(0, real), sample(2, synthetic), Some(sample(1, holdout)), settings);
        match comparison {
            Ok(comparison) => {
                for metric in METRICS {
                    let family = family(metric.family);
                    if self.begins(family, metric.name(), Some(&entity)) {
                        let scores = (metric.compute)(&comparison);
                        self.keep(family, metric.name(), Some(&entity), scores);
                    }
                }
            }
            Err(mismatch) => {
                for metric in METRICS {
                    let score =
                        metric.definitions[0].incomplete(Vec::new(), 0, "not computed", mismatch.message.clone());
                    self.keep(family(metric.family), metric.name(), Some(&entity), vec![score]);
                }
            }
        }
    }

    fn relations(&mut self) {
        for relation in joins::relations(self.sides) {
            let settings = self.settings.fidelity();
            for metric in relation::METRICS {
                let name = metric.definitions[0].name;
                if self.begins(Family::Relations, name, Some(&relation.name)) {
                    let scores = relation.scores(self.sides, metric, &settings);
                    self.keep(Family::Relations, name, Some(&relation.name), scores);
                }
            }
            if self.begins(Family::Relations, "cross_table_pairs", Some(&relation.name)) {
                let scores = relation.pairs(self.sides, &settings);
                self.keep(Family::Relations, "cross_table_pairs", Some(&relation.name), scores);
            }
        }
    }

    fn histories(&mut self) {
        let settings = self.settings.fidelity();
        for history in histories::histories(self.sides) {
            let entity = history.entity.clone();
            let built = history.build(self.sides);
            for (family, metrics) in [(Family::Time, time::METRICS), (Family::Health, health::METRICS)] {
                for metric in metrics {
                    let name = metric.definitions[0].name;
                    let applies = family == Family::Time || history.has_codes();
                    if self.begins(family, name, Some(&entity)) && applies {
                        let scores = built.scores(metric, &settings);
                        self.keep(family, name, Some(&entity), scores);
                    }
                }
            }
            for metric in time::COURSE_METRICS {
                let name = metric.definitions[0].name;
                if self.begins(Family::Time, name, Some(&entity)) {
                    let scores = built.courses(self.sides, metric, &settings);
                    self.keep(Family::Time, name, Some(&entity), scores);
                }
            }
        }
    }
}

/// The condition that a measure of comparability tests.
fn condition(entity: &str, measure: &str, scores: &[Score]) -> Option<Condition> {
    let score = scores.first()?;
    let p = score.value?;
    let holds = p >= OVERLAP_ALPHA;
    let says = match (measure, holds) {
        ("overlap", true) => {
            format!("no more rows of {entity} are in both train and holdout than chance explains (p {p:.4})")
        }
        ("overlap", false) => {
            format!(
                "more equal rows are in both the real data and the holdout than chance explains (p {p:.2e}): {}",
                score.method
            )
        }
        ("exchangeability", true) => {
            format!("a classifier does not tell train from holdout of {entity} beyond chance (p {p:.4})")
        }
        ("exchangeability", false) => format!(
            "a classifier tells train from holdout of {entity} (p {p:.2e}): they were not drawn alike, so differences \
             between them prove nothing, and no figure that compares them can pass"
        ),
        _ => return None,
    };
    Some(Condition { name: format!("{entity}/{}", score.metric), holds, says })
}

/// The roles that the spec declares. Where no column is sensitive, each that is not known from elsewhere is a secret.
fn roles(compared: &Compared) -> risk::Roles {
    let of = |role| -> Vec<usize> {
        (0..compared.columns.len()).filter(|&column| compared.columns[column].role == role).collect()
    };
    let declared = of(Some(Role::Sensitive));
    risk::Roles {
        quasi_identifiers: of(Some(Role::QuasiIdentifier)),
        sensitive: if declared.is_empty() { of(None) } else { declared },
        ..risk::Roles::default()
    }
}

/// Which columns are predicted, which part subgroups, and which outcome is compared over them.
///
/// Predicted are the sensitive columns, or all where none is declared. Subgroups are those of at most four
/// quasi-identifiers with two to eight categories; the outcome is the last column of two categories that is none of
/// them, or the last of all, and of its categories the rarer one.
fn told(settings: fidelity::Settings, compared: &Compared, real: &manikin_metrics::Table) -> fidelity::Settings {
    let named = |role| -> Vec<String> {
        compared.columns.iter().filter(|column| column.role == Some(role)).map(|column| column.name.clone()).collect()
    };
    let counts = |name: &str| -> Option<Vec<(u32, String)>> {
        let Values::Codes { codes, labels } = &real.column(name)?.values else { return None };
        let mut counts = vec![0u32; labels.len()];
        for &code in codes.iter().filter(|code| **code != NULL_CODE) {
            if let Some(count) = counts.get_mut(code as usize) {
                *count += 1;
            }
        }
        Some(counts.into_iter().zip(labels.iter().cloned()).filter(|(count, _)| *count > 0).collect())
    };
    let categories = |name: &str| counts(name).map_or(0, |counts| counts.len());
    // Columns that are protected by law come first where the spec has them.
    let rank = |name: &str| ["sex", "gender", "race", "ethnicity"].iter().position(|known| name.contains(known));
    let mut groups: Vec<String> =
        named(Role::QuasiIdentifier).into_iter().filter(|name| (2..=8).contains(&categories(name))).collect();
    let two = || compared.columns.iter().rev().filter(|column| categories(&column.name) == 2);
    let outcome = two().find(|column| rank(&column.name).is_none()).map(|column| column.name.clone());
    groups.retain(|name| outcome.as_ref() != Some(name));
    groups.sort_by_key(|name| rank(name).unwrap_or(usize::MAX));
    groups.truncate(4);
    let outcome = outcome.filter(|_| !groups.is_empty()).and_then(|name| {
        let rarer = counts(&name)?.into_iter().min()?;
        Some((name, rarer.1))
    });
    fidelity::Settings { targets: named(Role::Sensitive), groups, outcome, ..settings }
}

/// The real records of train that a synthetic row is closer to than any other real row is, by how much, worst first.
fn exposed(entity: &str, folds: &Folds<'_>) -> Vec<Exposed> {
    /// How many are told.
    const TOLD: usize = 20;
    let (Ok(synthetic), Ok(others)) = (folds.pool_to_synthetic(), folds.pool_to_others()) else { return Vec::new() };
    let nearest: Vec<(f64, f64)> = synthetic.nearest().zip(others.nearest()).take(folds.train.rows).collect();
    let mut order: Vec<usize> = (0..nearest.len()).filter(|&row| nearest[row].0 < nearest[row].1).collect();
    let closer = |row: usize| nearest[row].1 - nearest[row].0;
    order.sort_by(|&a, &b| closer(b).total_cmp(&closer(a)).then(a.cmp(&b)));
    order
        .into_iter()
        .take(TOLD)
        .map(|row| Exposed {
            entity: entity.to_owned(),
            row: row as u64 + 1,
            to_synthetic: nearest[row].0,
            to_real: nearest[row].1,
        })
        .collect()
}

fn family(kind: Kind) -> Family {
    match kind {
        Kind::Columns => Family::Columns,
        Kind::Pairs => Family::Pairs,
        Kind::Marginals => Family::Marginals,
        Kind::Distinguishability => Family::Distinguishability,
        Kind::Utility => Family::Utility,
        Kind::Fairness => Family::Fairness,
    }
}
