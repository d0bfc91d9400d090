//! The verbs of Manikin as functions: what the command line, a server and bindings all call.
//!
//! Nothing here prints. A verb returns data, or a [`Failure`]: diagnostics with the texts they point into.

mod audit;
mod budget;
pub mod describe;
mod domains;
mod evaluate;
mod evaluate_forms;
mod failure;
mod fit;
mod flat;
mod generate;
mod import;
mod layout;
mod library;
mod mapping;
mod model;
mod names;
mod outline;
mod preview;
mod sample;
mod spec;
mod target;
mod validate;
mod words;

pub use audit::{Audit, AuditDesign, AuditRequest, Verdict, audit};
pub use budget::{LEDGER_VARIABLE, Opening, default_ledger, now, open_ledger};
pub use domains::{DomainFound, DomainsReleased, DomainsRequest, DomainsStatement, domains};
pub use evaluate::{EvaluateOptions, REPORT, evaluate, exit_code, today};
pub use evaluate_forms::{
    figure_text, gate_texts, gates, reason_text, report_junit, report_markdown, report_sarif, standing_word,
    status_word, tally_text, waiver_notes,
};
pub use failure::Failure;
pub use fit::{FitRequest, FitTerms, Protection, fit};
pub use generate::{Bundles, GenerateOptions, Generated, Partition, Shape, generate};
pub use import::{ACCOUNT, ImportOptions, OpenedImport, draft_spec, import, open_import, write_draft};
pub use library::{SpecFiles, Template, built_in, built_in_names, templates};
pub use manikin_fit::{FitMethod, Progress as FitProgress};
pub use manikin_formats::{Existing, FORMATS};
pub use manikin_generate::Progress;
pub use manikin_import::Account;
pub use manikin_mapping::Standard;
pub use manikin_privacy::{Balance, Delta, Entry, Event, Ledger, Loss, Rho, Total, UnixSeconds, epsilon_at, rho_for};
pub use manikin_spec::document::DomainsCharge;
pub use mapping::{HeldMapping, copy_mapping, hold_mappings, standard};
pub use model::{
    Cap, LevelSummary, MODEL_SPEC, MeasuredDomains, ModelSummary, PieceSummary, PrivacyStatement, RefitRequest,
    Written, describe_model, refit,
};
pub use names::name_mappings;
pub use outline::{EdgeCaseOutline, EntityOutline, Expected, FieldOutline, Outline, outline};
pub use preview::{PreviewTable, preview};
pub use sample::{Sample, sample};
pub use spec::{Checked, Opened, Overrides, open};
pub use validate::{junit, validate};
