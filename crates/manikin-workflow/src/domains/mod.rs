//! `domains`: what a draft took from the records, learned again with noise and paid for.

mod rewrite;
mod statement;
mod tables;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use manikin_diagnostic::{Diagnostic, Diagnostics, codes};
use manikin_fit::{Answer, Extract, Progress, Question, ask, questions};
use manikin_privacy::{Delta, Loss, Rho, Session, rho_for};
use manikin_spec::document::{DomainsCharge, Origin};
use manikin_spec::spec::{FieldId, Learned, Source};

use crate::budget::now;
use crate::failure::Failure;
use crate::fit::{RESERVED_SECONDS, admit, drafted_period, undeclared};
use crate::model::yaml;
use crate::spec::Checked;

pub use statement::{DomainFound, DomainsStatement};

use tables::code_tables;

/// What is learned, and what may be spent.
#[derive(Clone, Debug)]
pub struct DomainsRequest {
    /// Folder of the tables, or the file of the only one.
    pub data: PathBuf,
    /// The spec to write; its privacy statement lies beside it.
    pub output: PathBuf,
    /// ε of the whole release.
    pub epsilon: f64,
    /// δ of the whole release, of which half is for values that show only where they are frequent.
    pub delta: f64,
    /// The most distinct values of one field that are taken of one patient.
    pub keys_per_patient: u32,
    /// The ledger that is charged.
    pub ledger: String,
}

/// What was released.
#[derive(Clone, Debug)]
pub struct DomainsReleased {
    /// The privacy statement.
    pub statement: DomainsStatement,
    /// A warning for each domain that stays to be declared, since nothing stood out from the noise.
    pub warnings: Diagnostics,
}

/// The most that δ may be where the size of the source is not public yet.
///
/// # Source
/// ASSUMED: with more, a single unlikely event could show one of a thousand patients.
const MOST_DELTA: f64 = 1e-3;

/// Learns the domains that are marked `origin: data`, and writes a copy of the spec with what was found.
///
/// The ledger is charged before any noise is drawn. Everything in the copy that was marked either depends on the records
/// through noisy counts alone, or is a public rule.
///
/// # Errors
///
/// - `MK1501`, `MK1502`, `MK1503`: nothing is learned or marked, the source has no id, or what is marked has a form that
///   cannot be learned
/// - `MK1406`: ε or δ out of range
/// - `MK1505`, `MK0801`, `MK0802`: as for `fit`
/// - `MK0902`: the files are there already, or cannot be made
/// - `MK1401` to `MK1405`: the ledger refuses, or there is none
/// - `MK1507`: a file cannot be read
/// - `MK1508`: learning ended early; what was charged is spent
pub fn domains(
    checked: &Checked,
    request: &DomainsRequest,
    progress: &dyn Progress,
) -> Result<DomainsReleased, Failure> {
    let (learned, source) = marked(checked)?;
    let spec = &checked.spec;
    let tables = code_tables(checked)?;
    let follows = |entity, field| -> Vec<FieldId> {
        let table = tables.iter().find(|table| (table.entity, table.field) == (entity, field));
        table.map_or_else(Vec::new, |table| table.follows.iter().map(|(_, field)| *field).collect())
    };
    let asked = questions(spec, learned, &follows);
    let loss = loss(request, source, &asked)?;
    let words = tables.iter().flat_map(|table| table.follows.iter().map(|(_, field)| (table.entity, *field)));
    let extract = Extract::find_with(spec, &request.data, &words.collect::<Vec<_>>())?;
    let files = NewFiles::make(&request.output)?;
    let most = request.keys_per_patient;
    let (mut ledger, counts) = admit(&request.ledger, source, (request.epsilon, request.delta), &extract, |met| {
        Ok(extract.count(&asked, most, progress, met)?)
    })?;
    let reservation = ledger.reserve(&source.id, loss, "manikin domains", now(), now().plus(RESERVED_SECONDS));
    let reservation = reservation.map_err(|error| thresholds(error, request, source, loss))?;
    let mut session = Session::begin(ledger.charge(reservation, now())?);
    let answers = ask(spec, learned, &asked, &counts, most, &mut session).map_err(|error| {
        let help = "what was charged stays charged; spend more, or mark less as `origin: data`";
        Failure::from(Diagnostic::error(codes::NOT_LEARNED, error.to_string()).help(help))
    })?;
    let released: Vec<(Question, Answer)> = asked.into_iter().zip(answers).collect();
    let statement = statement::of(checked, request, source, &extract, &released, session.finish());
    let charge = DomainsCharge { entry: statement.entry, rho: loss.rho.value(), delta: loss.delta.value() };
    let node = rewrite::rewritten(checked, learned, &tables, &released, &charge, files.folder())?;
    let head = format!(
        "# Domains marked `origin: measured` were learned from {} with noise that protects each patient, under entry {} of\n\
         # its ledger; {} says how. Comments of the draft are not repeated.\n",
        source.id,
        statement.entry,
        files.statement.file_name().unwrap_or_default().to_string_lossy()
    );
    let json = serde_json::to_string_pretty(&statement).unwrap_or_default();
    files.write(&format!("{head}{}", yaml::text(&node)), &format!("{json}\n"))?;
    Ok(DomainsReleased { warnings: warnings(checked, &released), statement })
}

/// What is learned of which source; an error where nothing is marked.
fn marked(checked: &Checked) -> Result<(&Learned, &Source), Failure> {
    let failed = |diagnostic: Diagnostic| Failure { sources: checked.sources.clone(), diagnostics: diagnostic.into() };
    let spec = &checked.spec;
    let learned = spec.learned.as_ref().filter(|learned| !learned.levels.is_empty() && learned.model.is_none());
    let Some(learned) = learned else {
        let message = format!("the spec {} learns nothing, or has a model already", spec.product);
        return Err(failed(
            Diagnostic::error(codes::NOTHING_TO_LEARN, message).help("say `learn:` of fields and entities"),
        ));
    };
    let source = match &learned.source {
        Some(source) if !source.id.trim().is_empty() => source,
        _ => return Err(failed(undeclared())),
    };
    if let Some(diagnostic) = drafted_period(checked) {
        return Err(failed(diagnostic));
    }
    let is_marked = source.origin == Some(Origin::Data)
        || learned.levels.iter().any(|level| level.origin == Some(Origin::Data))
        || spec.entities.iter().flat_map(|entity| &entity.fields).any(|field| field.origin == Some(Origin::Data));
    if !is_marked {
        let message = "nothing in the spec is marked `origin: data`";
        return Err(failed(
            Diagnostic::error(codes::NOTHING_TO_LEARN, message).help("`manikin fit` takes it as it is"),
        ));
    }
    Ok((learned, source))
}

/// What the release loses: half of δ is for thresholds where values are asked for, the rest turns ε into ρ.
fn loss(request: &DomainsRequest, source: &Source, asked: &[Question]) -> Result<Loss, Failure> {
    let refuse = |message: String, help: &str| Err(Diagnostic::error(codes::BAD_BUDGET, message).help(help).into());
    let (epsilon, delta) = (request.epsilon, request.delta);
    if !(epsilon.is_finite() && epsilon > 0.0) {
        return refuse(format!("ε is {epsilon}, expected a positive number"), "try --epsilon 0.5");
    }
    // A size that was read off the records is not told.
    let most = match source.origin {
        Some(Origin::Data) => MOST_DELTA,
        _ => MOST_DELTA.min(1.0 / source.patients.max(1) as f64),
    };
    if !(delta > 0.0 && delta < most) {
        return refuse(format!("δ is {delta}, expected a number above 0 and below {most:e}"), "try --delta 1e-9");
    }
    if request.keys_per_patient == 0 {
        return refuse("at least one value of a patient is taken".to_owned(), "try --keys-per-patient 64");
    }
    let has_values = asked.iter().any(Question::is_keyed);
    let thresholds = if has_values { delta / 2.0 } else { 0.0 };
    let rho = rho_for(epsilon, delta - thresholds);
    if rho == Rho::ZERO {
        return refuse("ε and δ allow no loss at all".to_owned(), "raise one of the two");
    }
    Ok(Loss { rho, delta: Delta::budget(thresholds).unwrap_or(Delta::ZERO) })
}

/// The ledger's refusal, with the option that keeps δ for thresholds where that is what lacks.
fn thresholds(error: manikin_privacy::LedgerError, request: &DomainsRequest, source: &Source, loss: Loss) -> Failure {
    match &error {
        manikin_privacy::LedgerError::Exceeded { left, .. } if left.delta < loss.delta => {
            let help = format!(
                "values show only where they are frequent, for which part of δ is kept: `manikin budget set {} --epsilon {} \
                 --delta {:e} --delta-for-thresholds {:e}`, or more of each where some is spent",
                source.id,
                request.epsilon.max(1.0),
                4.0 * request.delta,
                2.0 * request.delta,
            );
            Diagnostic::error(codes::BUDGET_EXCEEDED, error.to_string()).help(help).into()
        }
        _ => error.into(),
    }
}

/// One for each question without an answer. Which they are follows from noisy counts alone.
fn warnings(checked: &Checked, released: &[(Question, Answer)]) -> Diagnostics {
    let mut warnings = Diagnostics::new();
    for (question, _) in released.iter().filter(|(_, answer)| *answer == Answer::Nothing) {
        let message = format!("nothing of {} stood out from the noise", question.about(&checked.spec));
        let help = "run `manikin domains` on the new spec with more ε, δ or fewer marks, or declare it by hand and write \
                    `origin: public`";
        warnings.push(Diagnostic::warning(codes::TAKEN_FROM_RECORDS, message).help(help));
    }
    warnings
}

/// The spec and its statement: made before anything is spent, taken away again unless they are written.
struct NewFiles {
    spec: PathBuf,
    statement: PathBuf,
    is_written: bool,
}

impl NewFiles {
    fn make(spec: &Path) -> Result<Self, Failure> {
        let statement = spec.with_extension("privacy.json");
        if statement == spec {
            let message = format!("{} is the name of a statement", spec.display());
            let diagnostic = Diagnostic::error(codes::CANNOT_WRITE, message);
            return Err(diagnostic.help("name a file such as spec.yaml").into());
        }
        create(spec)?;
        if let Err(failure) = create(&statement) {
            // It was made empty just now; what cannot be taken away again stays empty.
            let _ = fs::remove_file(spec);
            return Err(failure);
        }
        Ok(Self { spec: spec.to_owned(), statement, is_written: false })
    }

    /// The folder that they lie in.
    fn folder(&self) -> &Path {
        match self.spec.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }

    fn write(mut self, spec: &str, statement: &str) -> Result<(), Failure> {
        for (path, text) in [(&self.spec, spec), (&self.statement, statement)] {
            let written = fs::OpenOptions::new().write(true).truncate(true).open(path);
            let written = written.and_then(|mut file| file.write_all(text.as_bytes()));
            written.map_err(|error| cannot_write(path, &error))?;
        }
        self.is_written = true;
        Ok(())
    }
}

impl Drop for NewFiles {
    fn drop(&mut self) {
        if !self.is_written {
            // What cannot be taken away stays; nothing was released in it that was not paid for.
            let _ = fs::remove_file(&self.spec);
            let _ = fs::remove_file(&self.statement);
        }
    }
}

fn create(path: &Path) -> Result<(), Failure> {
    match fs::File::create_new(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(cannot_write(path, &error)),
    }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    let (problem, help) = match error.kind() {
        std::io::ErrorKind::AlreadyExists => ("it exists already".to_owned(), "name a file that does not exist yet"),
        kind => (kind.to_string(), "name a file in a folder that can be written"),
    };
    let message = format!("cannot write {}: {problem}", path.display());
    Diagnostic::error(codes::CANNOT_WRITE, message).help(help).into()
}
