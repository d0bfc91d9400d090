//! What a draft took from the records, asked of the records again, under noise and a charge.
//!
//! A draft's domains (`origin: data`) are exact facts about records. Here each is replaced by an [`Answer`] that depends
//! on the records only through a noisy measurement. Nothing of the draft's own domains goes into a question but the form:
//! listed values, bins, or numbers of rows. The derivation: docs/fitting.md, "Domains: public or paid for".
//!
//! - **Unit**: one patient with every row that descends from the patient. **Neighbours**: one patient added or removed.
//! - **Each question** is a histogram over keys. For values the keys are those that occur, NULL among them, each
//!   with the values that follow from it; for bounds by another field they are that field's values, each with a public
//!   bucket; for numbers, days, times, lengths of time and numbers of rows they are public [`Buckets`]. A patient with k distinct keys counts
//!   1/√k under each of them, rounded down to 2^-20; of more than K distinct values a random K are taken. The size of
//!   the source is the number of patients, each counted once.
//! - **Sensitivity**: with U = 2^20 units per row, a patient moves at most K keys, each by at most U, and the histogram by
//!   at most U in the Euclidean norm.
//! - **Guarantee**: of m questions each is given ρ/m, and those v whose keys are found in the records δ/v each. A histogram over public
//!   buckets with Gaussian noise is (ρ/m)-zCDP; keyed counts above a threshold are so except with probability δ/v
//!   ([`Session::keyed_counts`]). Together they are ρ-zCDP except with probability δ. Answers are post-processing.
//!
//! # Proof sketch
//! Whose a row is, which rows are kept and what derived fields are depends on one patient's rows alone (`local`, `view`), and
//! so do the patient's keys, their number k and the choice among them, whose randomness is the patient's own. So
//! neighbours, with equal random choices for all patients that they share, differ by one patient's vector: k ≤ K entries
//! of w = ⌊√(U²/k)⌋ ≤ U, of norm √(k w²) ≤ U. That the choice is random makes the histogram a mixture over choices; a
//! mixture of pairs that are each within ρ is within it too, for Rényi divergence is jointly quasi-convex.
//!
//! # Source
//! Bun and Steinke 2016, arXiv 1605.02065 (the Gaussian mechanism and composition); van Erven and Harremoës 2014, arXiv
//! 1206.2459, Theorem 13 (mixtures); Gopi et al. 2020, arXiv 2002.09745 (weights of 1/√k in a private set union);
//! thresholds: `manikin-privacy`'s `mechanisms/threshold.rs`.

mod ask;
mod buckets;
mod count;

pub use ask::{Answer, BUCKET_SIGMAS, ask};
pub use count::Counts;

use manikin_expression::Type;
use manikin_spec::document::Origin;
use manikin_spec::spec::{Anchor, AttributeKind, DomainKind, EntityId, FieldDomain, FieldId, Learned, Spec};

use buckets::Buckets;

/// One thing that a draft took from the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// The size of the source.
    Patients,
    /// The values of a field, each with those of fields that follow from it, such as the words for a code.
    Values {
        /// The entity.
        entity: EntityId,
        /// The field.
        field: FieldId,
        /// The fields that follow from it.
        with: Vec<FieldId>,
    },
    /// The bounds of a number by the value of another field.
    Bounds {
        /// The entity.
        entity: EntityId,
        /// The number.
        field: FieldId,
        /// The other field.
        by: FieldId,
    },
    /// The bins of a number, day, time or length of time.
    Bins(EntityId, FieldId),
    /// The bins of the number of child rows of a parent, which also say how many are looked at.
    Rows {
        /// The parent.
        parent: EntityId,
        /// Whose rows are counted.
        child: EntityId,
    },
}

impl Question {
    /// What it is about, in public words: `patient.sex`, `patient.rows.visit`.
    pub fn about(&self, spec: &Spec) -> String {
        match self {
            Self::Patients => "number of patients".to_owned(),
            Self::Values { entity, field, .. } | Self::Bins(entity, field) | Self::Bounds { entity, field, .. } => {
                format!("{}.{}", spec[*entity].name, spec[*entity][*field].name)
            }
            Self::Rows { parent, child } => format!("{}.rows.{}", spec[*parent].name, spec[*child].name),
        }
    }

    /// Whether its keys are values found in the records, which show only where they are frequent.
    pub fn is_keyed(&self) -> bool {
        matches!(self, Self::Values { .. } | Self::Bounds { .. })
    }

    /// The public buckets of everything but values.
    fn buckets(&self, spec: &Spec, learned: &Learned) -> Option<Buckets> {
        match self {
            Self::Patients | Self::Values { .. } => None,
            Self::Bounds { entity, field, .. } => Buckets::of_type(&spec[*entity][*field].ty),
            Self::Rows { .. } => Some(Buckets::counts()),
            Self::Bins(entity, field) => {
                let domain = domain_of(learned, *entity, *field)?;
                match domain.kind() {
                    DomainKind::Since(since) => {
                        let is_signed = matches!(since.anchor, Anchor::Time(_));
                        Some(Buckets::lengths(since.unit, *domain.ty() == Type::Date, is_signed))
                    }
                    _ => Buckets::of_type(&spec[*entity][*field].ty),
                }
            }
        }
    }

    /// The widest bins that any answer could have: what stands in a spec where nothing was found.
    ///
    /// Nothing for values and for the size of the source.
    pub fn widest(&self, spec: &Spec, learned: &Learned) -> Vec<f64> {
        let Some(buckets) = self.buckets(spec, learned) else { return Vec::new() };
        let all = (0..buckets.len()).filter_map(|at| buckets.bounds(at));
        let ends = all.fold(None, |ends: Option<(f64, f64)>, (low, high)| {
            Some(ends.map_or((low, high), |(least, most)| (least.min(low), most.max(high))))
        });
        ends.map_or_else(Vec::new, |(low, high)| vec![low, high])
    }
}

/// Everything of a spec that is marked `origin: data` and has to be asked for, in the order of the spec. `follows` says
/// which fields follow from the values of a field.
///
/// Truth values are not asked for: that there are two is known to everybody.
pub fn questions(spec: &Spec, learned: &Learned, follows: &dyn Fn(EntityId, FieldId) -> Vec<FieldId>) -> Vec<Question> {
    let mut asked = Vec::new();
    if learned.source.as_ref().is_some_and(|source| source.origin == Some(Origin::Data)) {
        asked.push(Question::Patients);
    }
    let marked = |entity: EntityId| learned.level(entity).is_some_and(|level| level.origin == Some(Origin::Data));
    for level in &learned.levels {
        let entity = level.entity;
        for attribute in &level.attributes {
            match &attribute.kind {
                AttributeKind::Own(field, domain) if spec[entity][*field].origin == Some(Origin::Data) => {
                    let field = *field;
                    match domain.kind() {
                        DomainKind::Values(_) if *domain.ty() == Type::Boolean => {}
                        DomainKind::Values(_) => {
                            asked.push(Question::Values { entity, field, with: follows(entity, field) });
                        }
                        DomainKind::Bins(_) | DomainKind::Since(_) => asked.push(Question::Bins(entity, field)),
                        DomainKind::By { by, .. } => asked.push(Question::Bounds { entity, field, by: *by }),
                    }
                }
                // How many rows of a child are looked at is said by the child.
                AttributeKind::Rows(child, _) if marked(entity) || marked(*child) => {
                    asked.push(Question::Rows { parent: entity, child: *child });
                }
                _ => {}
            }
        }
    }
    asked
}

fn domain_of(learned: &Learned, entity: EntityId, field: FieldId) -> Option<&FieldDomain> {
    let level = learned.level(entity)?;
    match &level.attributes.get(level.own(field)?)?.kind {
        AttributeKind::Own(_, domain) => Some(domain),
        _ => None,
    }
}
