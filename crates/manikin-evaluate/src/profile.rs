//! Profiles: the limits that figures are held to, each with its reason, and what is waived for a time.

use manikin_diagnostic::{Diagnostic, Diagnostics, Sources, codes, nearest};
use manikin_expression::calendar;
use manikin_metrics::{fidelity, risk};
use manikin_spec::digest::sha256;
use manikin_spec::document::Named;
use manikin_spec::node::Node;
use manikin_spec::{shape, yaml};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::assessment::{Family, Figure, Limit, Of, Side, Waiver};

/// The limits of the reference, used when no profile is named.
pub const STARTING: &str = include_str!("../../../profiles/starting.yaml");

/// The name that the built-in profile is read under.
pub const STARTING_NAME: &str = "profiles/starting.yaml";

/// The version of profiles that this program reads.
const VERSION: u32 = 1;

/// A profile as YAML writes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Version of the form: 1.
    pub manikin_profile: u32,
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub means: Option<String>,
    /// The limits by name.
    pub limits: Named<Demand>,
    /// What is let go for a time although a limit is missed or cannot be judged, by name.
    #[serde(default)]
    pub waivers: Named<Excuse>,
}

/// One waiver: whose figures, on whose word, why, and how long.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Excuse {
    /// The limit of this profile that is waived.
    pub limit: String,
    /// Only for figures that are about all of these: a column, an attack, `fpr=0.01`.
    #[serde(default)]
    pub about: Vec<String>,
    /// Only for figures of this entity or relation.
    #[serde(default)]
    pub entity: Option<String>,
    /// Who answers for it.
    pub owner: String,
    /// Why it may be let go.
    pub why: String,
    /// The last day on which it holds, such as 2027-06-30.
    pub expires: String,
}

/// One limit: a score and its bound.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Demand {
    /// The metric, as reports name it.
    pub score: String,
    /// Only figures that are about all of these: a column, an attack, `fpr=0.01`.
    #[serde(default)]
    pub about: Vec<String>,
    /// No figures that are about one of these.
    #[serde(default)]
    pub not: Vec<String>,
    /// Only figures of this entity or relation.
    #[serde(default)]
    pub entity: Option<String>,
    /// The most that is accepted.
    #[serde(default)]
    pub at_most: Option<f64>,
    /// The least that is accepted.
    #[serde(default)]
    pub at_least: Option<f64>,
    /// What is held to the bound: the end of the interval, or the value.
    #[serde(default)]
    pub of: Of,
    /// Whether a dataset to which the figure does not apply keeps the limit: no relations, no rules, no patients.
    #[serde(default)]
    pub where_it_applies: bool,
    /// Why there is a limit.
    pub why: String,
    /// Where the number comes from.
    pub source: String,
}

/// A profile that was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// The name of its file.
    pub file: String,
    /// Hex SHA-256 of its file.
    pub digest: String,
    /// Its limits, in order.
    pub limits: Vec<Held>,
    /// Its waivers, in order.
    pub waivers: Vec<Granted>,
}

/// A waiver with the figures that it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Granted {
    /// The waiver.
    pub waiver: Waiver,
    /// The limit that it waives.
    pub limit: String,
    /// What figures must be about.
    about: Vec<String>,
    /// The entity or relation.
    entity: Option<String>,
    /// The last day on which it holds, in days since 1970-01-01.
    pub last_day: i32,
}

impl Granted {
    /// Whether it is about a figure of an entity that is held to a limit.
    #[must_use]
    pub fn is_about(&self, limit: &Limit, figure: &Figure, entity: Option<&str>) -> bool {
        self.limit == limit.name
            && self.about.iter().all(|part| figure.about.contains(part))
            && self.entity.as_deref().is_none_or(|own| entity == Some(own))
    }
}

/// A limit with the figures that it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// The limit.
    pub limit: Limit,
    /// The metric.
    pub metric: String,
    /// What figures must be about.
    about: Vec<String>,
    /// What they must not be about.
    not: Vec<String>,
    /// The entity or relation.
    entity: Option<String>,
    /// Whether data that it does not apply to keep it.
    pub where_it_applies: bool,
}

impl Held {
    /// Whether a figure of an entity is held to this limit.
    #[must_use]
    pub fn holds(&self, figure: &Figure, entity: Option<&str>) -> bool {
        self.metric == figure.metric
            && self.about.iter().all(|part| figure.about.contains(part))
            && !self.not.iter().any(|part| figure.about.contains(part))
            && self.entity.as_deref().is_none_or(|own| entity == Some(own))
    }
}

/// What reading gives: a profile, or what is wrong with it.
#[derive(Debug, Default)]
pub struct Reading {
    /// The texts that diagnostics point into.
    pub sources: Sources,
    /// What is wrong.
    pub diagnostics: Diagnostics,
    /// The profile; `None` where something is wrong.
    pub profile: Option<Profile>,
}

/// The names of all metrics that a limit may hold.
pub fn metrics() -> impl Iterator<Item = &'static str> {
    fidelity::definitions().chain(risk::definitions()).map(|definition| definition.name)
}

impl Profile {
    /// Reads a profile.
    ///
    /// # Errors
    /// In the diagnostics, all at once: no YAML (MK00xx), keys and values of the wrong shape (MK01xx), and limits that
    /// cannot be used (MK1001).
    #[must_use]
    pub fn read(name: &str, bytes: Vec<u8>) -> Reading {
        let mut reading = Reading::default();
        let digest = sha256(&bytes);
        let (node, found) = yaml::load(name, bytes, &mut reading.sources);
        reading.diagnostics.append(found);
        let Some(node) = node else { return reading };
        let what = format!("a profile, `{name}`,");
        let Some(document) = shape::document::<Document>(&node, &what, &schema(), &mut reading.diagnostics) else {
            return reading;
        };
        if document.manikin_profile != VERSION {
            let message = format!("version {} of profiles is not known", document.manikin_profile);
            let place = node.span_of(&["manikin_profile"]);
            reading.diagnostics.push(Diagnostic::error(codes::BAD_LIMIT, message).at(place).help("write 1"));
        }
        let mut limits = Vec::new();
        for (name, demand) in &document.limits {
            match held(name, demand, &node, &reading.sources) {
                Ok(held) => limits.push(held),
                Err(diagnostic) => reading.diagnostics.push(*diagnostic),
            }
        }
        let mut waivers = Vec::new();
        for (name, excuse) in &document.waivers {
            match granted(name, excuse, &document, &node) {
                Ok(granted) => waivers.push(granted),
                Err(diagnostic) => reading.diagnostics.push(*diagnostic),
            }
        }
        if !reading.diagnostics.has_errors() {
            reading.profile = Some(Self { name: document.name, file: name.to_owned(), digest, limits, waivers });
        }
        reading
    }

    /// The built-in profile.
    #[must_use]
    pub fn starting() -> Reading {
        Self::read(STARTING_NAME, STARTING.as_bytes().to_vec())
    }
}

fn held(name: &str, demand: &Demand, node: &Node, sources: &Sources) -> Result<Held, Box<Diagnostic>> {
    let wrong = |key: &str, message: String, help: String| {
        let place =
            if key.is_empty() { node.key_span_of(&["limits", name]) } else { node.span_of(&["limits", name, key]) };
        Box::new(Diagnostic::error(codes::BAD_LIMIT, message).at(place).help(help))
    };
    if !metrics().any(|metric| metric == demand.score) {
        let close = nearest(&demand.score, metrics());
        let help = close.map_or("see docs/evaluating.md for the metrics there are".to_owned(), |close| {
            format!("did you mean {close}?")
        });
        return Err(wrong("score", format!("there is no metric {}", demand.score), help));
    }
    let (side, bound) = match (demand.at_most, demand.at_least) {
        (Some(bound), None) => (Side::AtMost, bound),
        (None, Some(bound)) => (Side::AtLeast, bound),
        _ => {
            let message = format!("{name} must have one of at_most and at_least");
            return Err(wrong("", message, "write at_most where less is better, at_least where more is".into()));
        }
    };
    if !bound.is_finite() {
        return Err(wrong("", format!("the bound of {name} is no finite number"), "write a number".into()));
    }
    for (key, text) in [("why", &demand.why), ("source", &demand.source)] {
        if text.trim().is_empty() {
            return Err(wrong(key, format!("{name} does not say {key}"), "a limit without a reason is a habit".into()));
        }
    }
    let span = node.key_span_of(&["limits", name]);
    let line = sources.position(span.file, span.range().start).line;
    let limit = Limit {
        name: name.to_owned(),
        side,
        bound,
        of: demand.of,
        why: demand.why.trim().to_owned(),
        source: demand.source.trim().to_owned(),
        line: u32::try_from(line).unwrap_or(0),
    };
    Ok(Held {
        limit,
        metric: demand.score.clone(),
        about: demand.about.clone(),
        not: demand.not.clone(),
        entity: demand.entity.clone(),
        where_it_applies: demand.where_it_applies,
    })
}

fn granted(name: &str, excuse: &Excuse, document: &Document, node: &Node) -> Result<Granted, Box<Diagnostic>> {
    let wrong = |key: &str, message: String, help: String| {
        let place = node.span_of(&["waivers", name, key]);
        Box::new(Diagnostic::error(codes::BAD_LIMIT, message).at(place).help(help))
    };
    let limits = || document.limits.iter().map(|(name, _)| name.as_str());
    if !limits().any(|limit| limit == excuse.limit) {
        let help = match nearest(&excuse.limit, limits()) {
            Some(close) => format!("did you mean {close}?"),
            None => format!("the limits are {}", limits().collect::<Vec<_>>().join(", ")),
        };
        return Err(wrong("limit", format!("the profile has no limit {}", excuse.limit), help));
    }
    for (key, text) in [("owner", &excuse.owner), ("why", &excuse.why)] {
        if text.trim().is_empty() {
            let help = "a waiver is somebody's decision, and says why it was made".to_owned();
            return Err(wrong(key, format!("the waiver {name} does not say {key}"), help));
        }
    }
    let Some(last_day) = calendar::parse_date(excuse.expires.trim()) else {
        let message = format!("{} is no day on which the waiver {name} could expire", excuse.expires);
        return Err(wrong("expires", message, "write it as year-month-day, such as 2027-06-30".into()));
    };
    let waiver = Waiver {
        name: name.to_owned(),
        owner: excuse.owner.trim().to_owned(),
        why: excuse.why.trim().to_owned(),
        expires: calendar::date_text(last_day),
    };
    let (limit, about, entity) = (excuse.limit.clone(), excuse.about.clone(), excuse.entity.clone());
    Ok(Granted { waiver, limit, about, entity, last_day })
}

/// The JSON Schema of a profile, as editors use it.
#[must_use]
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Document).to_value();
    schema["title"] = serde_json::json!("Manikin profile");
    schema
}

/// The family of a metric's figures, by the measure that computes them.
#[must_use]
pub fn family_of_measure(measure: &str) -> Option<Family> {
    Some(match measure {
        "overlap" | "exchangeability" => Family::Comparability,
        "matches" | "distances" | "adversarial" => Family::Copies,
        "membership" | "membership_f1" => Family::Membership,
        "singling_out" | "linkability" | "inference" | "disclosure" | "attribution" | "identity" => Family::Disclosure,
        "classes" => Family::Anonymity,
        _ => return None,
    })
}
