//! `fit`: a model learned from real records, under a budget that is charged before any noise is drawn.

use std::fs::File;
use std::path::PathBuf;

use manikin_diagnostic::{Code, Diagnostic, Diagnostics, codes};
use manikin_fit::{Extract, FitError, FitMethod, LearnOptions, Prepared, Progress, check_size, learn_levels};
use manikin_formats::{Existing, Staging};
use manikin_marginals::FitOptions;
use manikin_privacy::{Entry, Event, ExactSession, Ledger, Loss, Rho, Session, Statement, rho_for};
use manikin_spec::document::Origin;
use manikin_spec::node::Node;
use manikin_spec::spec::{Attribute, AttributeKind, Learned, Source};

use crate::budget::{Opening, now, open_ledger};
use crate::failure::Failure;
use crate::model::{Cap, MeasuredDomains, NEIGHBOURS, PrivacyStatement, UNIT, Written, write_model};
use crate::spec::Checked;

/// How long a reservation stands before it lapses: from the moment before the charge to the charge.
pub(crate) const RESERVED_SECONDS: i64 = 600;

/// What is learned, and how.
#[derive(Clone, Debug)]
pub struct FitRequest {
    /// Folder of the tables, or the file of the only one.
    pub data: PathBuf,
    /// The model folder to make.
    pub output: PathBuf,
    /// What to do where it is there already.
    pub existing: Existing,
    /// What is spent, and on what.
    pub terms: FitTerms,
}

/// What a fit spends, and on what.
#[derive(Clone, Debug)]
pub struct FitTerms {
    /// ε of the whole model.
    pub epsilon: f64,
    /// δ of the whole model.
    pub delta: f64,
    /// How marginals are chosen.
    pub method: FitMethod,
    /// All marginals of so many attributes are to come out right.
    pub workload: usize,
    /// The most megabytes (2^20 bytes) of the model's tables.
    pub model_megabytes: f64,
    /// Whether noise protects the records.
    pub protection: Protection,
}

/// Whether noise protects the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protection {
    /// It does, and the ledger at this address is charged.
    Ledger(String),
    /// It does not: for comparison inside the walls.
    None,
}

/// Learns a model and writes its folder.
///
/// # Errors
///
/// - `MK1501` to `MK1506`: the spec does not say what is needed, publicly and of one patient at a time
/// - `MK1406`: ε or δ out of range
/// - `MK0801`, `MK0802`: tables or columns are missing
/// - `MK0901`, `MK0902`: the folder cannot be made
/// - `MK1401` to `MK1405`: the ledger refuses, or there is none
/// - `MK1507`: a file cannot be read
/// - `MK1508`: learning ended early; what was charged is spent
pub fn fit(checked: &Checked, request: &FitRequest, progress: &dyn Progress) -> Result<Written, Failure> {
    let (learned, source) = declared(checked)?;
    let terms = &request.terms;
    let rho = budget(terms, source)?;
    let options = terms.options();
    check_size(&checked.spec, learned, &options)?;
    let extract = Extract::find(&checked.spec, &request.data)?;
    let staging = Staging::begin(&request.output, request.existing)?;
    let (levels, account) = match &terms.protection {
        Protection::None => {
            let records = extract.read(progress, &mut |_| {})?;
            let mut session = ExactSession::without_privacy(rho);
            let levels = learn_levels(&checked.spec, learned, &records, &options, &mut session, progress)?;
            (levels, session.finish())
        }
        Protection::Ledger(address) => {
            let (mut ledger, records) = admitted(address, source, terms, &extract, progress)?;
            let mut session = charged(&mut ledger, source, rho, "manikin fit")?;
            let levels = learn_levels(&checked.spec, learned, &records, &options, &mut session, progress)?;
            (levels, session.finish())
        }
    };
    let statement = PrivacyStatement {
        domains: domains_before(checked, learned),
        ..statement(terms, source, rho, &extract, account)
    };
    let written = write_model(checked, staging.folder(), &levels, &statement)?;
    staging.commit()?;
    Ok(written)
}

impl FitTerms {
    /// How levels are learned.
    pub(crate) fn options(&self) -> LearnOptions {
        LearnOptions {
            method: self.method,
            workload: self.workload,
            most_cells: (self.model_megabytes * 131_072.0) as u64,
            fit: match self.protection {
                Protection::Ledger(_) => FitOptions::default(),
                // There is no noise to stop at.
                Protection::None => FitOptions { noise_share: 0.0, ..FitOptions::default() },
            },
        }
    }
}

/// What is learned from which source; an error for each setting that is missing or not public.
pub(crate) fn declared(checked: &Checked) -> Result<(&Learned, &Source), Failure> {
    let spec = &checked.spec;
    let mut wrong = Diagnostics::new();
    let error = |code: Code, message: String, path: &[&str], help: &str| {
        let mut diagnostic = Diagnostic::error(code, message).path(path.join(".")).help(help);
        if let Some(node) = &checked.node {
            diagnostic = diagnostic.at(node.span_of(path));
        }
        diagnostic
    };
    let nothing = || {
        let message = format!("the spec {} learns nothing", spec.product);
        error(codes::NOTHING_TO_LEARN, message, &["entities"], "say `learn:` of fields and entities").into()
    };
    let Some(learned) = spec.learned.as_ref().filter(|learned| !learned.levels.is_empty()) else {
        return Err(Failure { sources: checked.sources.clone(), diagnostics: nothing() });
    };
    if learned.model.is_some() {
        let help = "fit with the spec that the model was learned by, or `manikin refit` the model";
        wrong.push(error(codes::NOTHING_TO_LEARN, "the spec has a model already".to_owned(), &["model"], help));
    }
    let draft = |what: &str, path: &[&str]| {
        let help = "replace it by public knowledge and write `origin: public`, or pay for it: `manikin domains DATA --spec \
                    SPEC --epsilon E --delta D -o NEW_SPEC`";
        error(codes::TAKEN_FROM_RECORDS, format!("{what} was taken from the records"), path, help)
    };
    match &learned.source {
        None => wrong.push(undeclared()),
        Some(source) if source.id.trim().is_empty() || source.patients == 0 => {
            let help = "give the id that the custodian declared, and the round public number of patients";
            let message = "the source has no id, or no patients".to_owned();
            wrong.push(error(codes::SOURCE_NOT_DECLARED, message, &["privacy", "source"], help));
        }
        Some(source) if source.origin == Some(Origin::Data) => {
            wrong.push(draft("the size of the source", &["privacy", "source"]));
        }
        Some(_) => {}
    }
    wrong.extend(drafted_period(checked));
    for table in spec.tables.values().filter(|table| table.origin == Some(Origin::Data)) {
        wrong.push(draft(&format!("the table {}", table.name), &["tables", table.name.as_str()]));
    }
    for (index, level) in learned.levels.iter().enumerate() {
        let entity = &spec[level.entity];
        let place = ["entities", entity.name.as_str(), "learn"];
        if level.origin == Some(Origin::Data) {
            wrong.push(draft(&format!("what is said of the rows of {}", entity.name), &place));
        }
        if index > 0 && level.cap.is_none() {
            let help = "add `at_most`, the most rows of one parent that are looked at";
            wrong.push(error(codes::CAP_MISSING, format!("{} has no cap", entity.name), &place, help));
        }
        for attribute in &level.attributes {
            let AttributeKind::Own(field, _) = &attribute.kind else { continue };
            let field = &entity[*field];
            if field.origin == Some(Origin::Data) {
                let place = ["entities", entity.name.as_str(), "fields", field.name.as_str(), "learn"];
                wrong.push(draft(&format!("the domain of {}.{}", entity.name, field.name), &place));
            }
        }
    }
    for (entity, field) in drafted_contracts(checked) {
        let place = ["entities", entity, "fields", field, "origin"];
        wrong.push(draft(&format!("what is said of {entity}.{field}"), &place));
    }
    let measured = measured_before(checked, learned);
    if let Some(first) = measured.first().filter(|_| learned.charges.is_empty()) {
        let message = format!("`origin: measured` stands at {first}, and `privacy.domains` names no charge for it");
        let help = "keep what `manikin domains` wrote, or write `origin: public` of what is public knowledge";
        wrong.push(error(codes::TAKEN_FROM_RECORDS, message, &["privacy"], help));
    }
    match &learned.source {
        Some(source) if wrong.is_empty() => Ok((learned, source)),
        _ => Err(Failure { sources: checked.sources.clone(), diagnostics: wrong }),
    }
}

/// The fault of a period that was read off the records: the years are said by a person, for nothing else needs them.
pub(crate) fn drafted_period(checked: &Checked) -> Option<Diagnostic> {
    let path = ["period", "origin"];
    let (node, is_there) = checked.node.as_ref()?.at(&path);
    let is_drafted = is_there && node.text() == Some("data");
    is_drafted.then(|| {
        Diagnostic::error(codes::TAKEN_FROM_RECORDS, "the period was taken from the records")
            .path(path.join("."))
            .at(node.span)
            .help("say the years that the records are publicly known to be from, and write `origin: public`")
    })
}

/// Fields of which a draft says more than how they are learned (values allowed, ranges), by entity and name. That stands
/// in the model's spec as well.
fn drafted_contracts(checked: &Checked) -> Vec<(&str, &str)> {
    let spec = &checked.spec;
    let Some(entities) = checked.node.as_ref().and_then(|node| node.get("entities")) else { return Vec::new() };
    let is_drafted = |entity: &str, field: &str| {
        let own = entities.get(entity).and_then(|entity| entity.get("fields")).and_then(|fields| fields.get(field));
        own.and_then(|own| own.get("origin")).and_then(Node::text) == Some("data")
    };
    let fields = spec.entities.iter().flat_map(|entity| entity.fields.iter().map(move |field| (entity, field)));
    fields
        .map(|(entity, field)| (entity.name.as_str(), field.name.as_str()))
        .filter(|(entity, field)| is_drafted(entity, field))
        .collect()
}

/// The fault of a spec that says nothing of a source.
pub(crate) fn undeclared() -> Diagnostic {
    let help = "add `privacy: {source: {id: ..., patients: ..., origin: public}}`";
    Diagnostic::error(codes::SOURCE_NOT_DECLARED, "the spec declares no source").path("privacy").help(help)
}

/// What the statement says of domains that are not public, and were paid for.
fn domains_before(checked: &Checked, learned: &Learned) -> Option<MeasuredDomains> {
    let of = measured_before(checked, learned);
    (!of.is_empty()).then(|| MeasuredDomains { of, charges: learned.charges.clone() })
}

/// What was learned from the records before, by name: fields, rows of entities, the size of the source.
fn measured_before(checked: &Checked, learned: &Learned) -> Vec<String> {
    let spec = &checked.spec;
    let source = learned.source.iter().filter(|source| source.origin == Some(Origin::Measured));
    let mut found: Vec<String> = source.map(|_| "the size of the source".to_owned()).collect();
    for level in &learned.levels {
        let entity = &spec[level.entity];
        if level.origin == Some(Origin::Measured) {
            found.push(format!("rows of {}", entity.name));
        }
        let own = |attribute: &Attribute| match attribute.kind {
            AttributeKind::Own(field, _) => Some(&entity[field]),
            _ => None,
        };
        let fields = level.attributes.iter().filter_map(own).filter(|field| field.origin == Some(Origin::Measured));
        found.extend(fields.map(|field| format!("{}.{}", entity.name, field.name)));
    }
    found
}

/// The ρ that ε and δ allow.
pub(crate) fn budget(request: &FitTerms, source: &Source) -> Result<Rho, Failure> {
    let refuse = |message: String, help: String| Err(Diagnostic::error(codes::BAD_BUDGET, message).help(help).into());
    let (epsilon, delta) = (request.epsilon, request.delta);
    if !(epsilon.is_finite() && epsilon > 0.0) {
        return refuse(format!("ε is {epsilon}, expected a positive number"), "try --epsilon 1".to_owned());
    }
    let most = 1.0 / source.patients as f64;
    if !(delta > 0.0 && delta < most) {
        return refuse(
            format!("δ is {delta}, expected a number above 0 and below 1 in {} patients", source.patients),
            format!("δ bounds the chance that the guarantee fails; try --delta {:e}", 1e-9_f64.min(most / 1000.0)),
        );
    }
    if !(request.model_megabytes.is_finite() && request.model_megabytes > 0.0) {
        let diagnostic = Diagnostic::error(codes::BAD_OPTION, "the size of the model is no positive number");
        return Err(diagnostic.help("try --max-model-mb 16").into());
    }
    let rho = rho_for(epsilon, delta);
    if rho == Rho::ZERO {
        return refuse("ε and δ allow no loss at all".to_owned(), "raise one of the two".to_owned());
    }
    Ok(rho)
}

/// The ledger, and the records once it has admitted them. Nothing is charged yet.
pub(crate) fn admitted<'a>(
    address: &str,
    source: &Source,
    terms: &FitTerms,
    extract: &'a Extract,
    progress: &dyn Progress,
) -> Result<(Ledger, Prepared<'a>), Failure> {
    admit(address, source, (terms.epsilon, terms.delta), extract, |met| Ok(extract.read(progress, met)?))
}

/// The ledger, and what `read` makes of the records, once it has admitted them. Nothing is charged yet.
pub(crate) fn admit<T>(
    address: &str,
    source: &Source,
    (epsilon, delta): (f64, f64),
    extract: &Extract,
    read: impl FnOnce(&mut dyn FnMut(&str)) -> Result<T, Failure>,
) -> Result<(Ledger, T), Failure> {
    let mut ledger = open_ledger(address, Opening::Existing)?;
    // A source without a budget is refused before anything is read.
    ledger.balance(&source.id, now()).map_err(|error| unknown_source(error, (epsilon, delta), source))?;
    let charges = &extract.learned().charges;
    if !charges.is_empty() {
        let entries = ledger.entries(&source.id)?;
        let is_charge = |entry: &Entry| matches!(entry.event, Event::Charged { .. });
        let known: Vec<i64> = entries.iter().filter(|entry| is_charge(entry)).map(|entry| entry.number).collect();
        if let Some(charge) = charges.iter().find(|charge| !known.contains(&charge.entry)) {
            let message = format!(
                "the spec says that its domains were paid for under entry {} of {}, and this ledger has no such charge",
                charge.entry, source.id
            );
            let help = "name the ledger that `manikin domains` charged";
            return Err(Diagnostic::error(codes::TAKEN_FROM_RECORDS, message).help(help).into());
        }
    }
    let mut fingerprinter = ledger.fingerprinter()?;
    let records = read(&mut |id| fingerprinter.patient(id))?;
    for path in extract.private_files() {
        let added = File::open(path).and_then(|file| fingerprinter.table(file));
        added.map_err(|error| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let message = format!("cannot read {name}: {}", error.kind());
            Diagnostic::error(codes::RECORDS_UNREADABLE, message).help("see that the files are there and can be read")
        })?;
    }
    ledger.admit(&source.id, &fingerprinter.finish(), now())?;
    Ok((ledger, records))
}

/// A session under a charge that is on disk before it exists.
pub(crate) fn charged(ledger: &mut Ledger, source: &Source, rho: Rho, about: &str) -> Result<Session, Failure> {
    let reservation = ledger.reserve(&source.id, Loss::of_rho(rho), about, now(), now().plus(RESERVED_SECONDS))?;
    Ok(Session::begin(ledger.charge(reservation, now())?))
}

/// The ledger's refusal of a source without a total, with the command that sets one.
fn unknown_source(error: manikin_privacy::LedgerError, (epsilon, delta): (f64, f64), source: &Source) -> Failure {
    if !matches!(error, manikin_privacy::LedgerError::UnknownSource { .. }) {
        return error.into();
    }
    let help = format!(
        "its custodian sets one: `manikin budget set {} --epsilon {} --delta {:e}`",
        source.id,
        epsilon.max(1.0),
        delta
    );
    Diagnostic::error(codes::UNKNOWN_SOURCE, error.to_string()).help(help).into()
}

fn statement(request: &FitTerms, source: &Source, rho: Rho, extract: &Extract, account: Statement) -> PrivacyStatement {
    let mut assumed = vec![
        "the spec: entities, fields, types, shares, and all domains, bins and caps that were not paid for".to_owned(),
        format!("the size of the source, about {} patients", source.patients),
        "the form of the files: names, formats, headers and column types; that they are well-formed".to_owned(),
        "that no person is two patients of the source; otherwise k linked patients lose k² times as much".to_owned(),
    ];
    assumed.extend(extract.public_tables().into_iter().map(|table| format!("the table {table}, whole")));
    if extract.has_no_subject_key() {
        assumed.push("that each row of the only table is another patient, for it has no key".to_owned());
    }
    PrivacyStatement {
        private: account.is_private(),
        source: source.id.clone(),
        patients: source.patients,
        unit: UNIT.to_owned(),
        neighbours: NEIGHBOURS.to_owned(),
        epsilon: request.epsilon,
        delta: request.delta,
        rho: rho.value(),
        method: request.method.name().to_owned(),
        workload: request.workload,
        caps: extract.caps().into_iter().map(|(entity, rows)| Cap { entity: entity.to_owned(), rows }).collect(),
        assumed_public: assumed,
        domains: None,
        account,
    }
}

impl From<FitError> for Failure {
    fn from(error: FitError) -> Self {
        Self::of(Diagnostic::error(error.code, error.message).help(error.help))
    }
}
