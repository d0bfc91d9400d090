//! The command line: verbs, arguments and their help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// Synthetic health data that people can trust.
#[derive(Debug, Parser)]
#[command(
    name = "manikin",
    version,
    about = "Synthetic health data that people can trust",
    long_about = "Synthetic health data that people can trust: one spec says what the data is, how to generate it, and what any dataset is checked against.",
    after_help = "Examples:\n  manikin new claims-prototype -o claims.yaml\n  manikin check claims.yaml\n  manikin preview claims.yaml claim\n  manikin generate claims.yaml -o data --to csv,parquet\n  manikin validate data --spec claims.yaml\n  manikin describe claims.yaml -o docs\n  manikin fit extract --spec clinic.yaml --epsilon 1 --delta 1e-9 -o model\n  manikin evaluate --real train --holdout holdout --synthetic synthetic --spec clinic.yaml -o report\n\nExit codes: 0 done; 1 the data breaks its contract, a limit or a claim; 2 bad input, or could not run; 3 too little to judge.",
    disable_help_subcommand = true
)]
pub(crate) struct Line {
    #[command(subcommand)]
    pub(crate) verb: Verb,
    /// Colours in messages.
    #[arg(long, global = true, value_enum, default_value_t = When::Auto)]
    pub(crate) color: When,
    /// Say nothing but errors on standard error.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Start a spec from a template of the library
    #[command(after_help = "Examples:\n  manikin new --list\n  manikin new claims-prototype -o claims.yaml")]
    New(New),
    /// Report every mistake in a spec, and in the mappings of its rows onto standards
    #[command(
        after_help = "Examples:\n  manikin check claims.yaml\n  manikin check claims.yaml --format json\n  manikin check clinic-population --to fhir,omop --mapping my-fhir"
    )]
    Check(Check),
    /// Show what the tool understood: entities, rows, fields, and where each number comes from
    #[command(after_help = "Examples:\n  manikin plan claims.yaml\n  manikin plan claims.yaml claim")]
    Plan(Plan),
    /// Show a few related rows
    #[command(after_help = "Examples:\n  manikin preview claims.yaml\n  manikin preview claims.yaml claim --rows 3")]
    Preview(Preview),
    /// Explain a diagnostic
    #[command(after_help = "Examples:\n  manikin explain MK0203\n  manikin explain --list")]
    Explain(Explain),
    /// Generate the data of a spec
    #[command(
        after_help = "Examples:\n  manikin generate claims.yaml -o data\n  manikin generate claims.yaml -o data --to csv,parquet,sqlite:claims.sqlite\n  manikin generate claims.yaml -o wide --shape flat\n  manikin generate claims.yaml -o fhir --map fhir --to json\n  manikin generate clinic-population -o part-1 --partition 1/8 --to parquet\n  manikin generate clinic-population -o data --to csv,fhir,omop:parquet,meds\n\nThe folder appears when everything in it is whole. The same spec, seed and version give the same bytes on any machine."
    )]
    Generate(Generate),
    /// Check a dataset, synthetic or real, against its contract
    #[command(
        after_help = "Examples:\n  manikin validate data --spec claims.yaml\n  manikin validate extract --spec claims.yaml --as-of 2025-06-30 --format junit > contract.xml\n\nKeys and values of violating rows are shown only when a manifest proves the data synthetic, or with --show-rows.\nViolations that a proven dataset's edge_cases table lists are told as expected and do not fail; --strict fails them too."
    )]
    Validate(Validate),
    /// Say how useful and how risky synthetic data are, measured against real data and held to limits
    #[command(
        after_help = "Examples:\n  manikin evaluate --real train --holdout holdout --synthetic synthetic --spec clinic.yaml -o report\n  manikin evaluate --real train.csv --holdout holdout.csv --synthetic synthetic.csv --spec census.yaml -o report --quick\n  manikin evaluate --real train --holdout holdout --synthetic synthetic --spec clinic.yaml -o report --only matches,membership\n\nExit codes: 0 every limit is kept; 1 one is missed; 2 bad input, or could not run; 3 one could not be judged.\nThe folder holds report.html for insiders, report-public.html, report.json with its schema, junit.xml, report.sarif and summary.md."
    )]
    Evaluate(Evaluate),
    /// Draw and describe a spec: diagram, data dictionary, SQL
    #[command(
        after_help = "Examples:\n  manikin describe claims.yaml -o docs\n  manikin describe claims.yaml --format mermaid\n  manikin describe claims.yaml --format sql --dialect duckdb"
    )]
    Describe(Describe),
    /// Copy a built-in mapping onto a standard, to change it
    #[command(
        after_help = "Examples:\n  manikin mapping fhir -o my-fhir\n  manikin generate clinic-population -o data --to fhir --mapping my-fhir"
    )]
    Mapping(Mapping),
    /// Draft a spec from the tables of a dataset
    #[command(
        after_help = "Examples:\n  manikin init --from-data extract -o extract.yaml\n\nCodes and reference tables go to the folder tables beside the spec.\nThe draft says what can be seen and what can be guessed. What was taken from values is marked `origin: data`; values are listed only where each is that of at least 11 rows."
    )]
    Init(Init),
    /// Turn a dataset made elsewhere into the entities of a spec
    #[command(
        after_help = "Examples:\n  manikin import fhir-export --from fhir -o data\n  manikin import synthea/csv --from csv -o data\n  manikin import cdm --from omop --spec my-spec.yaml -o data\n\nWhat could not be taken over is counted and listed, here and in import.json beside the data."
    )]
    Import(Import),
    /// Set, show and use what may ever leave real records
    #[command(
        after_help = "Examples:\n  manikin budget set claims-2025 --epsilon 3 --delta 1e-9\n  manikin budget show\n  manikin budget entries claims-2025\n  manikin budget reserve claims-2025 --epsilon 0.5 --about \"a model of visits\"\n  manikin budget show --ledger postgresql://custodian@db/ledger\n\nThe ledger is private: it belongs beside the records, on a local disk, or in a PostgreSQL database."
    )]
    Budget(Budget),
    /// Learn the domains that a draft took from records, with noise, and pay for them
    #[command(
        after_help = "Examples:\n  manikin budget set claims-2025 --epsilon 3 --delta 1e-8 --delta-for-thresholds 5e-9\n  manikin init --from-data extract -o draft.yaml\n  manikin domains extract --spec draft.yaml --epsilon 0.5 --delta 2e-9 -o claims.yaml\n  manikin fit extract --spec claims.yaml --epsilon 1 --delta 1e-9 -o model\n\nWhat is marked `origin: data` is asked of the records again, with noise, and marked `origin: measured`.\nThe budget is charged before the first noise is drawn. Values of too few patients do not appear.\nExit codes: 0 everything was found; 2 bad input, or could not run; 3 something stays marked, for nothing of it stood out from the noise."
    )]
    Domains(Domains),
    /// Learn a model from real records, with noise that protects each patient and a budget that is charged
    #[command(
        after_help = "Examples:\n  manikin budget set claims-2025 --epsilon 3 --delta 1e-9\n  manikin fit extract --spec claims.yaml --epsilon 1 --delta 1e-9 -o model\n  manikin generate model -o data --patients 50000\n  manikin fit extract --spec claims.yaml --epsilon 1 --delta 1e-9 --no-privacy -o inside   # never leaves the walls\n\nDATA is a folder with one CSV or Parquet file per entity, or the file of the only one.\nThe budget is charged before the first noise is drawn: an attempt that fails later has spent it.\nNothing that is said depends on a record; `manikin validate` is where a custodian finds faults of records."
    )]
    Fit(Fit),
    /// Test a fit's claim: plant canary patients, learn, and guess which were there
    #[command(
        after_help = "Examples:\n  manikin audit extract --spec claims.yaml --epsilon 1 --delta 1e-9\n  manikin audit extract --spec claims.yaml --epsilon 1 --delta 1e-9 --no-privacy   # the control: must be refuted\n  manikin audit extract --spec claims.yaml --epsilon 1 --delta 1e-9 --runs 20\n\nEvery fit is charged as any other: what is printed is computed from records. No model is kept.\nExit codes: 0 the lower bound on ε is not above the claim; 1 it is; 2 bad input, or could not run; 3 the audit could say nothing."
    )]
    Audit(Audit),
    /// Fit a model again to its stored measurements, which costs nothing
    #[command(after_help = "Example:\n  manikin refit model -o smoother --noise-share 1")]
    Refit(Refit),
    /// Show a learned model: what was learned, how noisy each piece is, what was assumed
    #[command(after_help = "Example:\n  manikin model show model")]
    Model(Model),
    /// Print a completion script for a shell
    #[command(after_help = "Example:\n  manikin completions bash > /etc/bash_completion.d/manikin")]
    Completions {
        /// The shell.
        shell: Shell,
    },
}

#[derive(Debug, Args)]
pub(crate) struct New {
    /// Template to start from; lists them when left out
    pub(crate) template: Option<String>,
    /// File to write; standard output when left out
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// List the templates
    #[arg(long)]
    pub(crate) list: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Spec: a file, or the name of one in the library
    pub(crate) spec: String,
    /// Form of the report
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    pub(crate) format: TextOrJson,
    /// Check the mappings onto these standards as well, separated by commas: fhir, omop, meds
    #[arg(long, value_name = "STANDARDS", value_delimiter = ',')]
    pub(crate) to: Vec<String>,
    /// Folder of a mapping that takes the place of the built-in one of its standard; may be given several times
    #[arg(long, value_name = "DIR")]
    pub(crate) mapping: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Folder of the tables, as CSV, Parquet, Arrow, NDJSON or JSON
    #[arg(long, value_name = "DIR")]
    pub(crate) from_data: PathBuf,
    /// File to write; standard output when left out
    #[arg(short, long, value_name = "SPEC")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Folder of the dataset
    pub(crate) data: PathBuf,
    /// Its form: fhir (NDJSON), omop, meds, or csv
    #[arg(long, value_name = "FORM")]
    pub(crate) from: String,
    /// Folder to make, with one Parquet file per entity
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Spec whose entities are made; that of the mapping when left out
    #[arg(long, value_name = "SPEC")]
    pub(crate) spec: Option<String>,
    /// YAML file of the import mapping, instead of the built-in one
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: Option<PathBuf>,
    /// Replace the folder if it is there and manikin made it
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Form of the account
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    pub(crate) format: TextOrJson,
}

#[derive(Debug, Args)]
pub(crate) struct Domains {
    /// Folder of the tables, or the file of the only one
    pub(crate) data: PathBuf,
    /// Draft whose marks are to be paid for
    #[arg(long, value_name = "SPEC")]
    pub(crate) spec: String,
    /// The ε of all domains together
    #[arg(long, allow_negative_numbers = true, value_name = "E")]
    pub(crate) epsilon: f64,
    /// The δ of all domains together, of which half is for values that show only where they are frequent
    #[arg(long, allow_negative_numbers = true, value_name = "D")]
    pub(crate) delta: f64,
    /// Spec to write; its privacy statement lies beside it
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Most distinct values of one field that are taken of one patient
    #[arg(long, value_name = "K", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) keys_per_patient: u32,
    /// Ledger: a file, or postgresql://USER@HOST/DATABASE; MANIKIN_LEDGER, or a file of this user, when left out
    #[arg(long, value_name = "LEDGER")]
    pub(crate) ledger: Option<String>,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    pub(crate) format: TextOrJson,
}

#[derive(Debug, Args)]
pub(crate) struct Fit {
    /// Folder of the tables, or the file of the only one
    pub(crate) data: PathBuf,
    /// Spec that says what is learned: a file, or the name of one in the library
    #[arg(long, value_name = "SPEC")]
    pub(crate) spec: String,
    /// The ε of the whole model
    #[arg(long, allow_negative_numbers = true, value_name = "E")]
    pub(crate) epsilon: f64,
    /// The δ of the whole model, below one in the number of patients
    #[arg(long, allow_negative_numbers = true, value_name = "D")]
    pub(crate) delta: f64,
    /// Folder to make
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Replace the folder if it is there and manikin made it
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// How marginals are chosen
    #[arg(long, value_enum, default_value_t = FitMethodName::Adaptive)]
    pub(crate) method: FitMethodName,
    /// All marginals of so many attributes are to come out right
    #[arg(long, value_name = "K", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=4))]
    pub(crate) workload: u8,
    /// Most megabytes of the model's tables
    #[arg(long, allow_negative_numbers = true, value_name = "MB", default_value_t = 16.0)]
    pub(crate) max_model_mb: f64,
    /// Ledger: a file, or postgresql://USER@HOST/DATABASE; MANIKIN_LEDGER, or a file of this user, when left out
    #[arg(long, value_name = "LEDGER")]
    pub(crate) ledger: Option<String>,
    /// Fit without noise and without a budget: the model is marked, and is kept as the records are
    #[arg(long, conflicts_with = "ledger")]
    pub(crate) no_privacy: bool,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    pub(crate) format: TextOrJson,
}

#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// Folder of the tables, or the file of the only one
    pub(crate) data: PathBuf,
    /// Spec that says what is learned: a file, or the name of one in the library
    #[arg(long, value_name = "SPEC")]
    pub(crate) spec: String,
    /// The ε that a fit claims
    #[arg(long, allow_negative_numbers = true, value_name = "E")]
    pub(crate) epsilon: f64,
    /// The δ that a fit claims, below one in the number of patients
    #[arg(long, allow_negative_numbers = true, value_name = "D")]
    pub(crate) delta: f64,
    /// Canary patients of the one fit, each there by a fair coin
    #[arg(long, value_name = "M", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) canaries: u32,
    /// One canary instead, and so many fits with it as without it; each is charged
    #[arg(long, value_name = "N", conflicts_with = "canaries", value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    pub(crate) runs: Option<u32>,
    /// Confidence of the lower bound
    #[arg(long, allow_negative_numbers = true, value_name = "C", default_value_t = 0.95)]
    pub(crate) confidence: f64,
    /// Seed of canaries and coins; noise has none
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// How marginals are chosen
    #[arg(long, value_enum, default_value_t = FitMethodName::Adaptive)]
    pub(crate) method: FitMethodName,
    /// All marginals of so many attributes are to come out right
    #[arg(long, value_name = "K", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=4))]
    pub(crate) workload: u8,
    /// Most megabytes of the model's tables
    #[arg(long, allow_negative_numbers = true, value_name = "MB", default_value_t = 16.0)]
    pub(crate) max_model_mb: f64,
    /// Ledger: a file, or postgresql://USER@HOST/DATABASE; MANIKIN_LEDGER, or a file of this user, when left out
    #[arg(long, value_name = "LEDGER")]
    pub(crate) ledger: Option<String>,
    /// Audit a fit without noise, charging nothing: a control that must be refuted
    #[arg(long, conflicts_with = "ledger")]
    pub(crate) no_privacy: bool,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    pub(crate) format: TextOrJson,
}

/// How marginals are chosen, or what is measured in their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FitMethodName {
    /// A few rounds of many pairs, then precision inside the tree.
    Adaptive,
    /// Scores once, measures once.
    OneShot,
    /// One marginal a round.
    Aim,
    /// A tree of pairs.
    Mst,
    /// No dependence at all.
    Independent,
    /// Noisy means and spreads of clipped numbers, noisy counts of all else.
    ClippedMeans,
}

#[derive(Debug, Args)]
pub(crate) struct Refit {
    /// The model's folder
    pub(crate) model: PathBuf,
    /// Folder to make
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Replace the folder if it is there and manikin made it
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// The fit ends at this share of the loss that the truth would have; 0 fits the noise as well
    #[arg(long, value_name = "SHARE", default_value_t = 0.7)]
    pub(crate) noise_share: f64,
    /// The most steps of the fit
    #[arg(long, value_name = "N", default_value_t = 1_500)]
    pub(crate) steps: usize,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    pub(crate) format: TextOrJson,
}

#[derive(Debug, Args)]
pub(crate) struct Model {
    #[command(subcommand)]
    pub(crate) verb: ModelVerb,
}

/// What to do with a model.
#[derive(Debug, Subcommand)]
pub(crate) enum ModelVerb {
    /// Show what was learned, how noisy each piece is, and what was assumed
    Show(ModelShow),
}

#[derive(Debug, Args)]
pub(crate) struct ModelShow {
    /// The model's folder
    pub(crate) model: PathBuf,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    pub(crate) format: TextOrJson,
}

#[derive(Debug, Args)]
pub(crate) struct Budget {
    #[command(subcommand)]
    pub(crate) verb: BudgetVerb,
    /// Ledger: a file, or postgresql://USER@HOST/DATABASE; MANIKIN_LEDGER, or a file of this user, when left out
    #[arg(long, global = true, value_name = "LEDGER")]
    pub(crate) ledger: Option<String>,
    /// Form of the answer
    #[arg(long, global = true, value_enum, default_value_t = TextOrJson::Text)]
    pub(crate) format: TextOrJson,
}

/// What to do with a budget.
#[derive(Debug, Subcommand)]
pub(crate) enum BudgetVerb {
    /// Set what may ever leave a source; makes the ledger if there is none
    Set(BudgetSet),
    /// Show what each source has spent, set aside and left
    Show {
        /// Show this source alone
        source: Option<String>,
    },
    /// List everything that was recorded about a source
    Entries {
        /// Id of the source
        source: String,
    },
    /// Set part of a budget aside and print the number of the reservation
    Reserve(BudgetReserve),
    /// Give an unused reservation back
    Release {
        /// Number of the reservation
        number: i64,
    },
    /// Declare that two sources hold different people, although their records look alike
    Distinct {
        /// Id of the one source
        source: String,
        /// Id of the other
        other: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct BudgetSet {
    /// Id of the source, as specs declare it
    pub(crate) source: String,
    /// The ε of everything that ever leaves the source
    #[arg(long, allow_negative_numbers = true, value_name = "E")]
    pub(crate) epsilon: f64,
    /// The δ of the same, far below one in the number of patients
    #[arg(long, allow_negative_numbers = true, value_name = "D")]
    pub(crate) delta: f64,
    /// Part of δ kept for releases that show only what is frequent
    #[arg(long, allow_negative_numbers = true, value_name = "D", default_value_t = 0.0)]
    pub(crate) delta_for_thresholds: f64,
}

#[derive(Debug, Args)]
pub(crate) struct BudgetReserve {
    /// Id of the source
    pub(crate) source: String,
    #[command(flatten)]
    pub(crate) amount: Amount,
    /// Part of δ for releases that show only what is frequent
    #[arg(long, allow_negative_numbers = true, value_name = "D", default_value_t = 0.0)]
    pub(crate) delta_for_thresholds: f64,
    /// What it is for, in public words
    #[arg(long, value_name = "TEXT")]
    pub(crate) about: String,
    /// Hours after which it lapses
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=8760))]
    pub(crate) hours: u32,
}

/// An amount of loss.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Amount {
    /// The ε that the loss would have by itself, at the δ of the source
    #[arg(long, allow_negative_numbers = true, value_name = "E")]
    pub(crate) epsilon: Option<f64>,
    /// The loss in ρ
    #[arg(long, allow_negative_numbers = true, value_name = "R")]
    pub(crate) rho: Option<f64>,
}

#[derive(Debug, Args)]
pub(crate) struct Mapping {
    /// The mapping: fhir, omop or meds
    pub(crate) name: String,
    /// Folder to make
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TextOrJson {
    /// For people.
    Text,
    /// For machines.
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// Spec: a file, or the name of one in the library
    pub(crate) spec: String,
    /// Show this entity's fields alone
    pub(crate) entity: Option<String>,
    /// Number of subjects instead of the spec's; totals scale along
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) patients: Option<u64>,
    /// Form of the plan
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    pub(crate) format: TextOrJson,
}

#[derive(Debug, Args)]
pub(crate) struct Preview {
    /// Spec: a file, or the name of one in the library
    pub(crate) spec: String,
    /// Show this entity alone
    pub(crate) entity: Option<String>,
    /// Rows of each entity
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub(crate) rows: u64,
    /// Seed instead of the spec's
    #[arg(long, allow_negative_numbers = true, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Code, such as MK0203
    #[arg(required_unless_present = "list")]
    pub(crate) code: Option<String>,
    /// List every code
    #[arg(long)]
    pub(crate) list: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Generate {
    /// Spec: a file, the folder of a learned model, or the name of a spec in the library
    pub(crate) spec: String,
    /// Folder to make
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Formats, separated by commas: csv, parquet, ndjson, json, arrow, sql, sqlite or sqlite:FILE, duckdb or
    /// duckdb:FILE, postgres://USER@HOST/DATABASE?schema=NAME; and standards: fhir, omop or omop:FORMAT, meds
    #[arg(long, value_name = "FORMATS", value_delimiter = ',', default_value = "csv")]
    pub(crate) to: Vec<String>,
    /// Number of subjects (patients) instead of the spec's; totals scale along
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) patients: Option<u64>,
    /// Seed instead of the spec's
    #[arg(long, allow_negative_numbers = true, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// With a learned model: only subjects for whom this holds, such as "gender = 'F' and diabetic"
    #[arg(long = "where", value_name = "CONDITION")]
    pub(crate) condition: Option<String>,
    /// Write these entities alone, separated by commas
    #[arg(long, value_name = "ENTITIES", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Threads; all cores when left out. The bytes do not depend on it
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Make one of several parts: 1/8 to 8/8
    #[arg(long, value_name = "I/N", value_parser = partition)]
    pub(crate) partition: Option<(u64, u64)>,
    /// Replace the folder if it is there and manikin made it
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// One table per entity, or one wide row per row of the main one
    #[arg(long, value_enum, default_value_t = Shape::Relational)]
    pub(crate) shape: Shape,
    /// Entity of the wide rows; that of the first critical field when left out
    #[arg(long, value_name = "ENTITY")]
    pub(crate) flat: Option<String>,
    /// Rename tables and columns alone, the rows unchanged: fhir, omop, or a YAML file
    #[arg(long, value_name = "NAMES")]
    pub(crate) map: Option<String>,
    /// With `--to` a standard: folder of a mapping that takes the place of its built-in one; may be given several times
    #[arg(long, value_name = "DIR")]
    pub(crate) mapping: Vec<PathBuf>,
    /// With `--to fhir`: also one transaction Bundle for each patient, and one of what they share, to be loaded first
    #[arg(long)]
    pub(crate) bundles: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// One table per entity.
    Relational,
    /// One wide row per row of the main entity.
    Flat,
}

#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// Folder with one file or folder of parts per entity: CSV, Parquet, Arrow, NDJSON or JSON
    pub(crate) data: PathBuf,
    /// Spec that the data is checked against
    #[arg(long, value_name = "SPEC")]
    pub(crate) spec: String,
    /// Day that the data is seen from, YYYY-MM-DD; the spec's when left out
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<String>,
    /// Form of the report
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    pub(crate) format: ReportFormat,
    /// Show keys and values of violating rows, whosever they are
    #[arg(long)]
    pub(crate) show_rows: bool,
    /// Most violating rows to show of each check
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) examples: usize,
    /// Expected violations, warnings and unknown columns fail as well
    #[arg(long)]
    pub(crate) strict: bool,
    /// Show every check, not only those that did not pass
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// A table for people.
    Table,
    /// For machines.
    Json,
    /// For continuous integration.
    Junit,
}

#[derive(Debug, Args)]
pub(crate) struct Evaluate {
    /// Real data that the synthetic data were made from: a folder with one file per entity, or a single file
    #[arg(long, value_name = "DIR")]
    pub(crate) real: PathBuf,
    /// Real data of other people that they were not made from; without it half of the real patients are set aside
    #[arg(long, value_name = "DIR")]
    pub(crate) holdout: Option<PathBuf>,
    /// Synthetic data, made by any tool
    #[arg(long, value_name = "DIR")]
    pub(crate) synthetic: PathBuf,
    /// Spec that all three are read by: a file, or the name of one in the library
    #[arg(long, value_name = "SPEC")]
    pub(crate) spec: String,
    /// Folder to make for the report
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Profile of limits; the starting limits when left out
    #[arg(long, value_name = "FILE")]
    pub(crate) profile: Option<PathBuf>,
    /// Compute these measures or families alone, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Compute a first look in seconds: exact and near copies, linkability, classes, rules, relations, columns, accuracy
    #[arg(long)]
    pub(crate) quick: bool,
    /// Seed of everything that is sampled
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Threads; all cores when left out. The figures do not depend on it
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Replace the folder if it is there and manikin made it
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Form of what is printed
    #[arg(long, value_enum, default_value_t = TableOrJson::Table)]
    pub(crate) format: TableOrJson,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableOrJson {
    /// The limits and what came of them, for people.
    Table,
    /// The whole report.
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Describe {
    /// Spec: a file, or the name of one in the library
    pub(crate) spec: String,
    /// Folder for all forms, or for the one asked for; standard output when left out
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Form; all of them into a folder, the diagram on standard output when left out
    #[arg(long, value_enum)]
    pub(crate) format: Option<DescribeFormat>,
    /// Dialect of SQL
    #[arg(long, value_enum, default_value_t = Dialect::Postgres)]
    pub(crate) dialect: Dialect,
    /// Tables without keys and without demands on values, for data that may break them
    #[arg(long)]
    pub(crate) no_constraints: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DescribeFormat {
    /// Entity-relationship diagram in Mermaid.
    Mermaid,
    /// Data dictionary in Markdown.
    Markdown,
    /// Data dictionary as one HTML page with plots of a sample.
    Html,
    /// CREATE TABLE statements.
    Sql,
    /// Every rule as a query that finds the rows that break it, as JSON.
    Rules,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// DuckDB.
    Duckdb,
    /// SQLite.
    Sqlite,
}

fn partition(text: &str) -> Result<(u64, u64), String> {
    let expected = || format!("expected a part and their number such as 1/8, found {text}");
    let (number, of) = text.split_once('/').ok_or_else(expected)?;
    let (number, of) = (number.parse().map_err(|_| expected())?, of.parse().map_err(|_| expected())?);
    if number == 0 || number > of {
        return Err(format!("parts are numbered from 1/{of} to {of}/{of}"));
    }
    Ok((number, of))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Line::command().debug_assert();
    }

    #[test]
    fn partitions_are_read_and_bounded() {
        assert_eq!(partition("3/8"), Ok((3, 8)));
        assert!(["0/8", "9/8", "8", "a/b", "1/0"].into_iter().all(|text| partition(text).is_err()));
    }
}
