//! The privacy statement of a release of domains.

use manikin_fit::{Answer, BUCKET_SIGMAS, Extract, Question};
use manikin_privacy::{Guarantee, Statement};
use manikin_spec::spec::Source;
use serde::{Deserialize, Serialize};

use super::DomainsRequest;
use crate::model::{NEIGHBOURS, UNIT};
use crate::spec::Checked;

/// What a release of domains may claim, and what it cost. It holds no value that was read from records without being
/// paid for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DomainsStatement {
    /// Whether noise protects the records: always, for domains.
    pub private: bool,
    /// The source, by its declared id.
    pub source: String,
    /// The ledger's number of the charge.
    pub entry: i64,
    /// What is protected.
    pub unit: String,
    /// Which datasets cannot be told apart.
    pub neighbours: String,
    /// ε of the whole release at [`DomainsStatement::delta`].
    pub epsilon: f64,
    /// δ of the whole release.
    pub delta: f64,
    /// The part of δ with which a value may show that is frequent by noise alone.
    pub delta_for_thresholds: f64,
    /// What was charged, in ρ of zero-concentrated differential privacy.
    pub rho: f64,
    /// The most distinct values of one field that were taken of one patient.
    pub keys_per_patient: u32,
    /// Public buckets count as found from so many standard deviations of the noise.
    pub bucket_sigmas: f64,
    /// What was asked, and how many values or bins were found.
    pub found: Vec<DomainFound>,
    /// What the guarantee takes as known to everybody.
    pub assumed_public: Vec<String>,
    /// Every measurement with its noise and cost.
    pub account: Statement,
}

/// One domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainFound {
    /// What it is of.
    pub about: String,
    /// How many values or bins were found; nothing where nothing stood out from the noise.
    pub size: usize,
}

pub(super) fn of(
    checked: &Checked,
    request: &DomainsRequest,
    source: &Source,
    extract: &Extract,
    released: &[(Question, Answer)],
    account: Statement,
) -> DomainsStatement {
    let (entry, charged) = match &account.guarantee {
        Guarantee::Private { charge, charged, .. } => (*charge, *charged),
        // A session of a charge is private; without one nothing was charged.
        Guarantee::None { as_if } => (0, *as_if),
    };
    let mut assumed = vec![
        "which tables, columns, types and keys there are, how tables hang together, which fields are learned and in which \
         form, and everything else of the draft that is not marked `origin: data`, its period included"
            .to_owned(),
        "the form of the files: names, formats, headers and column types; that they are well-formed".to_owned(),
        "that no person is two patients of the source; otherwise k linked patients lose k² times as much".to_owned(),
    ];
    assumed.extend(extract.public_tables().into_iter().map(|table| format!("the table {table}, whole")));
    if extract.has_no_subject_key() {
        assumed.push("that each row of the only table is another patient, for it has no key".to_owned());
    }
    let found = |(question, answer): &(Question, Answer)| DomainFound {
        about: question.about(&checked.spec),
        size: answer.size(),
    };
    DomainsStatement {
        private: account.is_private(),
        source: source.id.clone(),
        entry,
        unit: UNIT.to_owned(),
        neighbours: NEIGHBOURS.to_owned(),
        epsilon: request.epsilon,
        delta: request.delta,
        delta_for_thresholds: charged.delta.value(),
        rho: charged.rho.value(),
        keys_per_patient: request.keys_per_patient,
        bucket_sigmas: BUCKET_SIGMAS,
        found: released.iter().map(found).collect(),
        assumed_public: assumed,
        account,
    }
}
