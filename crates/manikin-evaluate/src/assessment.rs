//! What an evaluation gives: `report.json`, version 1.
//!
//! An [`Assessment`] is plain data: figures with their intervals, the limits they were held to, and what came of it.
//! What must not leave the house (places of real rows, examples) stands in [`Internal`] alone, so that a public edition
//! is made by leaving it out.

use std::collections::BTreeMap;

use manikin_metrics::{Direction, Score};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plots::Plots;
use crate::validation::Kind;
use crate::wire;

/// The version of `report.json` that this program writes.
pub const REPORT_VERSION: u32 = 1;

/// How useful and how risky a synthetic dataset is, and how sure that is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Assessment {
    /// Version of this form.
    pub manikin_report: u32,
    /// Version of the program.
    pub version: String,
    /// The product's name in the spec.
    pub product: String,
    /// Hex SHA-256 of the spec.
    pub spec_digest: String,
    /// Everything sampled comes from this seed.
    pub seed: u64,
    /// How the evaluation was asked to run.
    pub settings: Asked,
    /// The limits that figures were held to.
    pub profile: ProfileUsed,
    /// What was read.
    pub inputs: Vec<Input>,
    /// Where the holdout came from.
    pub split: Split,
    /// What came of it all.
    pub verdict: Verdict,
    /// The waivers of the profile and what came of each.
    pub waivers: Vec<WaiverSeen>,
    /// What the comparison rests on: whether train and holdout are drawn alike and apart.
    pub conditions: Vec<Condition>,
    /// What was compared of each entity, and what was left out.
    pub tables: Vec<Compared>,
    /// Every figure; those of one metric and entity are written together.
    #[serde(with = "wire")]
    #[schemars(with = "Vec<wire::Scores>")]
    pub scores: Vec<Judged>,
    /// Rules and contract of the spec on real and on synthetic rows.
    pub rules: Vec<RuleOutcome>,
    /// What a reader should know besides.
    pub notes: Vec<String>,
    /// What the report draws; absent when nothing was drawn.
    pub plots: Option<Plots>,
    /// What must not be published.
    pub internal: Internal,
}

/// How an evaluation was asked to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Asked {
    /// The level of every interval.
    pub level: f64,
    /// Whether only the quick subset was computed.
    pub quick: bool,
    /// The measures and families that were asked for; empty for all.
    pub only: Vec<String>,
    /// Replicates of the bootstrap.
    pub replicates: usize,
    /// Permutations behind the greatest attack.
    pub permutations: usize,
}

/// Which profile was used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProfileUsed {
    /// Its name.
    pub name: String,
    /// Hex SHA-256 of its file.
    pub digest: String,
    /// How many limits it sets.
    pub limits: usize,
}

/// One of the datasets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Input {
    /// Which one.
    pub fold: Fold,
    /// Its files by name, with their hex SHA-256.
    pub files: BTreeMap<String, String>,
    /// Rows of each entity, after a split.
    pub rows: BTreeMap<String, u64>,
}

/// One of the three datasets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fold {
    /// The real rows that the synthetic ones were made from.
    Real,
    /// Real rows that they were not made from.
    Holdout,
    /// The synthetic rows.
    Synthetic,
}

/// Where the holdout came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// It was given.
    Given,
    /// It was split off the real rows, which weakens what can be said.
    Made {
        /// What was split: the entity whose rows are people.
        by: String,
        /// What that weakens.
        weakens: String,
    },
}

/// What came of an evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// Fail if a limit is missed, else incomplete if one could not be judged, else pass.
    pub status: Standing,
    /// The limits missed or not judged, most serious first, in plain words.
    pub reasons: Vec<String>,
    /// Limits kept.
    pub passed: usize,
    /// Limits missed.
    pub failed: usize,
    /// Limits that could not be judged.
    pub incomplete: usize,
    /// Limits missed or not judged that the profile waives; they are in neither count.
    pub waived: usize,
}

/// Somebody's word that a limit may be missed, or not judged, for a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Waiver {
    /// Its name in the profile.
    pub name: String,
    /// Who answers for it.
    pub owner: String,
    /// Why it may be let go.
    pub why: String,
    /// The last day on which it holds: year-month-day.
    pub expires: String,
}

/// A waiver and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WaiverSeen {
    /// The waiver.
    pub waiver: Waiver,
    /// The limit that it waives.
    pub limit: String,
    /// What came of it.
    pub state: WaiverState,
    /// How many figures it is about that miss their limit or could not be judged.
    pub figures: usize,
}

/// What came of a waiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaiverState {
    /// It let figures go.
    Used,
    /// No figure called for it.
    Unused,
    /// It is past its last day, and lets nothing go.
    Expired,
}

/// How a figure stands to its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The bound of its interval is within the limit.
    Pass,
    /// It is not.
    Fail,
    /// It could not be computed, or says too little at this size.
    Incomplete,
    /// It has no limit.
    Info,
}

/// Something that the comparison rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Condition {
    /// Its name, such as `train_holdout_exchangeable`.
    pub name: String,
    /// Whether it holds.
    pub holds: bool,
    /// What was found, and what follows from it.
    pub says: String,
}

/// What was compared of an entity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Compared {
    /// The entity.
    pub entity: String,
    /// Its columns that were compared.
    pub columns: Vec<ComparedColumn>,
    /// Its columns that were not, and why.
    pub left_out: Vec<LeftOut>,
}

/// A column that was compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComparedColumn {
    /// Its name.
    pub name: String,
    /// How its values are to be read.
    pub kind: ColumnKind,
    /// What is known of it to others.
    pub role: Option<Role>,
    /// Its unit, where the spec says one.
    pub unit: Option<String>,
}

/// How a column's encoded values are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Numbers.
    Number,
    /// Days since 1970-01-01.
    Date,
    /// Seconds since 1970-01-01.
    Time,
    /// Categories, by their place in a list of labels that all folds share.
    Category,
}

/// What others may know of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May be known from elsewhere.
    QuasiIdentifier,
    /// Must not become known.
    Sensitive,
}

/// A column that was not compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// Its name.
    pub column: String,
    /// Why not.
    pub why: String,
}

/// A figure and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Unique in the report: entity, metric and what it is about, joined by slashes.
    pub id: String,
    /// The section of the report that it belongs to.
    pub family: Family,
    /// The measure that computed it, as `--only` names it.
    pub measure: String,
    /// The entity or relation that it is about; absent for whole patients.
    pub entity: Option<String>,
    /// The figure.
    pub score: Figure,
    /// The limit that it was held to.
    pub limit: Option<Limit>,
    /// How it stands to the limit; incomplete without a limit too when it could not be computed.
    pub status: Standing,
    /// Why it failed or is incomplete, in plain words.
    pub reason: Option<String>,
    /// The number of records at which harmless data would keep the limit, where there are fewer.
    pub needed_n: Option<u64>,
    /// Who lets it go, why and how long, where it failed or is incomplete and the profile waives that: the verdict does
    /// not count it.
    pub waiver: Option<Waiver>,
}

impl Judged {
    /// Whether it misses a limit, or could not be judged, and nobody waives that.
    #[must_use]
    pub fn blocks(&self) -> bool {
        self.limit.is_some() && self.waiver.is_none() && matches!(self.status, Standing::Fail | Standing::Incomplete)
    }
}

/// The section of the report that a figure belongs to, in the order of sections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Whether train and holdout can be compared.
    Comparability,
    /// Synthetic rows that repeat real ones.
    Copies,
    /// Membership inference.
    Membership,
    /// Singling out, linkability, inference, disclosure.
    Disclosure,
    /// Classical disclosure control on quasi-identifiers.
    Anonymity,
    /// Whole patients.
    Patients,
    /// Identifiers in texts.
    Leaks,
    /// Rules and contract of the spec.
    Rules,
    /// Codes of patients.
    Health,
    /// Foreign keys, children, and pairs of columns across tables.
    Relations,
    /// Histories and courses.
    Time,
    /// One column at a time.
    Columns,
    /// Two columns at a time.
    Pairs,
    /// Sets of columns.
    Marginals,
    /// Whether a model tells the sides apart.
    Distinguishability,
    /// What models and regressions learn.
    Utility,
    /// Subgroups.
    Fairness,
}

impl Family {
    /// Every family, in the order of sections.
    pub const ALL: [Self; 17] = [
        Self::Comparability,
        Self::Copies,
        Self::Membership,
        Self::Disclosure,
        Self::Anonymity,
        Self::Patients,
        Self::Leaks,
        Self::Rules,
        Self::Health,
        Self::Relations,
        Self::Time,
        Self::Columns,
        Self::Pairs,
        Self::Marginals,
        Self::Distinguishability,
        Self::Utility,
        Self::Fairness,
    ];

    /// Its name, as `--only` takes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Comparability => "comparability",
            Self::Copies => "copies",
            Self::Membership => "membership",
            Self::Disclosure => "disclosure",
            Self::Anonymity => "anonymity",
            Self::Patients => "patients",
            Self::Leaks => "leaks",
            Self::Rules => "rules",
            Self::Health => "health",
            Self::Relations => "relations",
            Self::Time => "time",
            Self::Columns => "columns",
            Self::Pairs => "pairs",
            Self::Marginals => "marginals",
            Self::Distinguishability => "distinguishability",
            Self::Utility => "utility",
            Self::Fairness => "fairness",
        }
    }

    /// Whether its limits hold what is so of train and not of holdout.
    #[must_use]
    pub fn needs_holdout(self) -> bool {
        matches!(self, Self::Copies | Self::Membership | Self::Disclosure | Self::Patients | Self::Leaks)
    }
}

/// One figure, with all that is needed to read it.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The metric's standard name.
    pub metric: String,
    /// What it is about: columns, an attack, a fold; empty for a whole table.
    pub about: Vec<String>,
    /// The value; absent when it could not be computed.
    pub value: Option<f64>,
    /// The interval around it, where the metric has one.
    pub interval: Option<Bounds>,
    /// What faultless data would score at this size, or real against other real data; `method` says which.
    pub benchmark: Option<f64>,
    /// Which way is better.
    pub direction: Better,
    /// The least and the greatest value there can be; null where there is none.
    pub range: (Option<f64>, Option<f64>),
    /// Records, or attacks, behind it.
    pub n: u64,
    /// What it says and what good looks like, in plain words.
    pub means: String,
    /// How it was computed.
    pub method: String,
    /// Where the definition comes from.
    pub reference: String,
}

/// The ends of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Bounds {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The level, such as 0.95.
    pub level: f64,
}

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// A higher value.
    Higher,
    /// A lower value.
    Lower,
}

impl From<&Score> for Figure {
    fn from(score: &Score) -> Self {
        let finite = |x: f64| (x.is_finite() && x.abs() < f64::MAX).then_some(x);
        Self {
            metric: score.metric.to_owned(),
            about: score.about.clone(),
            value: score.value,
            interval: score.interval.filter(|i| i.low.is_finite() && i.high.is_finite()).map(|i| Bounds {
                low: i.low,
                high: i.high,
                level: i.level,
            }),
            benchmark: score.benchmark,
            direction: match score.direction {
                Direction::Higher => Better::Higher,
                Direction::Lower => Better::Lower,
            },
            range: (finite(score.range.0), finite(score.range.1)),
            n: score.n as u64,
            means: score.means.to_owned(),
            method: score.method.clone(),
            reference: score.reference.to_owned(),
        }
    }
}

/// A limit that a figure is held to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Limit {
    /// Its name in the profile.
    pub name: String,
    /// Which side of the bound is good.
    pub side: Side,
    /// The bound, itself allowed.
    pub bound: f64,
    /// What is held to it.
    pub of: Of,
    /// Why it is there.
    pub why: String,
    /// Where the number comes from.
    pub source: String,
    /// The profile's line, from 1.
    pub line: u32,
}

/// Which side of a bound is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// At most the bound.
    AtMost,
    /// At least the bound.
    AtLeast,
}

/// What is held to a bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// The end of the interval that is nearer to the bound.
    #[default]
    Interval,
    /// The value itself: for counts of what stands in the files, which no sampling blurs, and for p-values.
    Value,
}

/// A rule or a demand of the contract, on real and on synthetic rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RuleOutcome {
    /// The entity.
    pub entity: String,
    /// The rule, or the field and what is demanded of it.
    pub name: String,
    /// What kind it is.
    pub kind: Kind,
    /// What is demanded.
    pub demands: String,
    /// Whether breaking it is an error rather than a warning.
    pub hard: bool,
    /// On the real rows; absent when it could not be checked.
    pub real: Option<Broken>,
    /// On the synthetic rows; absent when it could not be checked.
    pub synthetic: Option<Broken>,
    /// Why it could not be checked.
    pub skipped: Option<String>,
}

/// How many rows break a rule.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Broken {
    /// Rows looked at.
    pub rows: u64,
    /// Rows that break it.
    pub broken: u64,
}

/// What must not be published: it tells of single people or rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Internal {
    /// The real records nearest to synthetic ones relative to their real neighbours, worst first.
    pub exposed: Vec<Exposed>,
    /// Synthetic rows that break rules.
    pub examples: Vec<ExampleRow>,
}

/// A real record that synthetic ones come suspiciously close to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exposed {
    /// The entity.
    pub entity: String,
    /// The row among the real ones, from 1.
    pub row: u64,
    /// Distance to the closest synthetic row.
    pub to_synthetic: f64,
    /// Distance to the closest other real row.
    pub to_real: f64,
}

/// A synthetic row that breaks a rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExampleRow {
    /// The entity.
    pub entity: String,
    /// The rule.
    pub rule: String,
    /// The row among the synthetic ones, from 1.
    pub row: u64,
    /// Some of its values, by field.
    pub values: BTreeMap<String, String>,
}

impl Assessment {
    /// The JSON Schema of `report.json`.
    #[must_use]
    pub fn schema() -> serde_json::Value {
        let mut schema = schemars::schema_for!(Self).to_value();
        schema["title"] = serde_json::json!("Manikin report");
        schema
    }
}
