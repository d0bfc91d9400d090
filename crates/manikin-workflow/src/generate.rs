//! `generate`: a spec to a folder of files, whole or not at all.

use std::path::PathBuf;
use std::sync::Arc;

use manikin_diagnostic::{Diagnostic, codes};
use manikin_expression::calendar;
use manikin_formats::{
    Constraints, EncodedBlock, Existing, FormatError, LearnedFrom, Manifest, Options, Origin, Output, Period, Source,
    Staging, Written,
};
use manikin_generate::{Plan, PlanOptions, Progress, Run};
use manikin_mapping::Standard;
use manikin_spec::spec::{self, Rows};
use manikin_tables::Block;

pub use manikin_generate::Partition;
pub use manikin_mapping::bulk::Bundles;

use crate::failure::Failure;
use crate::layout::Layout;
use crate::mapping::hold_mappings;
use crate::spec::Checked;
use crate::target::{Asked, Encoded, Engine, Target, Writer};

/// Rows after which a file is continued in a next part.
///
/// ASSUMED: about a gigabyte of CSV at 200 bytes a row, which spreadsheets and loaders still open.
const ROWS_PER_PART: u64 = 5_000_000;

/// What a run makes, and where.
#[derive(Clone, Debug)]
pub struct GenerateOptions {
    /// The folder that is made.
    pub folder: PathBuf,
    /// What to do when it is there already.
    pub existing: Existing,
    /// Formats, such as `csv` or `sqlite:claims.sqlite`, and standards, such as `omop:parquet` or `meds`.
    pub formats: Vec<String>,
    /// Folders of mappings that take the place of the built-in ones of their standards.
    pub mappings: Vec<PathBuf>,
    /// Whether FHIR resources are also written as Bundles.
    pub bundles: Bundles,
    /// Number of subjects instead of the spec's; totals scale along.
    pub subjects: Option<u64>,
    /// Seed instead of the spec's.
    pub seed: Option<u64>,
    /// Condition over what was learned of the subject, such as `gender = 'F'`: subjects alone for whom it holds.
    pub condition: Option<String>,
    /// Entities to write; all where empty.
    pub only: Vec<String>,
    /// Which part of the run.
    pub partition: Partition,
    /// One file per entity, or one wide row per row of one of them.
    pub shape: Shape,
    /// Name of a mapping of table and column names, such as `fhir`, or the path of one.
    pub names: Option<String>,
}

/// The form of the output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// One table per entity.
    #[default]
    Relational,
    /// One wide row per row of an entity: with its ancestors, the rows it points to, and lists of its children.
    Flat {
        /// The entity; that of the first critical field unless given.
        entity: Option<String>,
    },
}

/// What a run made.
#[derive(Clone, Debug)]
pub struct Generated {
    /// The folder.
    pub folder: PathBuf,
    /// What is in it.
    pub manifest: Manifest,
}

/// Generates a spec's data into a folder.
///
/// The folder appears when everything is written, its `manifest.json` included; a run that fails or is killed leaves
/// nothing that looks finished. Uses rayon's current thread pool; the bytes do not depend on its size.
///
/// # Errors
///
/// - `MK0901`–`MK0909` when the folder or a file cannot be written, or a format is not known
/// - `MK0910` when the spec cannot be carried out
/// - `MK0911` when an option does not fit the spec
pub fn generate(checked: &Checked, options: &GenerateOptions, progress: &dyn Progress) -> Result<Generated, Failure> {
    let spec = &checked.spec;
    let partition = options.partition;
    if partition.of == 0 || partition.number == 0 || partition.number > partition.of {
        let message = format!("there is no partition {} of {}", partition.number, partition.of);
        return Err(Diagnostic::error(codes::BAD_OPTION, message)
            .help("partitions are numbered from 1: 1/8 to 8/8")
            .into());
    }
    let is_made = |entity: &spec::Entity| !matches!(entity.rows, Rows::External);
    let is_learned = spec.learned.is_some() && spec.subject.is_some_and(|id| !is_made(&spec[id]));
    if is_learned {
        let message = "what the subject holds is learned, and there is no model yet";
        let help = "`manikin fit` learns it from real records; then name the folder of the model";
        return Err(Diagnostic::error(codes::CANNOT_GENERATE, message).help(help).into());
    }
    if !spec.entities.iter().any(is_made) {
        let diagnostic = Diagnostic::error(
            codes::CANNOT_GENERATE,
            "the spec only describes data: no entity says how many rows it has",
        );
        return Err(diagnostic
            .help("give the entities a `count` and their fields generators; `validate` needs neither")
            .into());
    }
    let asked = Asked::read(&options.formats)?;
    if let (Some((standard, _)), false) = (asked.standards.first(), options.only.is_empty()) {
        let message = format!("`--only` narrows the spec's own tables, and {standard} is made of all of them");
        return Err(Diagnostic::error(codes::BAD_OPTION, message)
            .help("leave `--only` out, or make the few tables in a run of their own")
            .into());
    }
    let has_resources = asked.standards.iter().any(|(standard, _)| *standard == Standard::FhirR4);
    if options.bundles == Bundles::Made && !has_resources {
        return Err(Diagnostic::error(
            codes::BAD_OPTION,
            "`--bundles` is about FHIR resources, and none are asked for",
        )
        .help("add `--to fhir`")
        .into());
    }
    let is_whole = partition.of == 1;
    let format_options = Options {
        // The rows that a part's keys point to may lie in another part.
        constraints: if is_whole { Constraints::Declared } else { Constraints::Omitted },
        rows_per_part: Some(ROWS_PER_PART),
        spec_digest: Some(spec.digest.clone()),
        existing: options.existing,
        ..Options::default()
    };
    // Everything that can be refused is, before rows are made: mappings, formats, programs and servers.
    let mut targets = Vec::new();
    let mut mapping_files = Vec::new();
    let standards: Vec<Standard> = asked.standards.iter().map(|(standard, _)| *standard).collect();
    let held = hold_mappings(spec, &standards, &options.mappings)?;
    for (held, (_, formats)) in held.into_iter().zip(&asked.standards) {
        mapping_files.extend(held.files.clone());
        targets.push(Target::open(held.checked()?, formats, options.bundles, &format_options, partition)?);
    }
    let output = Output::open(&asked.plain, &format_options).map_err(|error| match error {
        FormatError::UnknownFormat { .. } => {
            let failure = Failure::from(error);
            let words: Vec<&str> = Standard::ALL.iter().map(|standard| standard.word()).collect();
            let help = format!("and the standards {}", words.join(", "));
            failure.diagnostics.iter().next().map_or_else(Failure::default, |it| Failure::of(it.clone().help(help)))
        }
        _ => error.into(),
    })?;
    let plan = Plan::new(spec.clone(), PlanOptions { seed: options.seed, subjects: options.subjects })?;
    let plan = Arc::new(match &options.condition {
        Some(condition) => plan.restricted(condition).map_err(refused)?,
        None => plan,
    });
    let layout = Layout::new(&plan, &options.only, &options.shape, options.names.as_deref(), &checked.files)?;
    let staging = Staging::begin(&options.folder, options.existing)?;
    let run = Run::new(plan.clone(), progress)?;
    // A wide table is made of other entities' rows; separate ones need only what leads to them.
    let is_narrow = options.shape == Shape::Relational && !options.only.is_empty();
    let run = if is_narrow { run.only(&options.only) } else { run };
    let layout = layout.ready(&run)?;
    let (engines, mut writers): (Vec<Engine>, Vec<Writer>) = {
        let reference = if targets.is_empty() { None } else { Some(run.block(0)?) };
        let begin = |target: Target| match &reference {
            Some(reference) => target.begin(&plan, reference, staging.folder(), partition).map(Some),
            None => Ok(None),
        };
        let begun = targets.into_iter().map(begin).collect::<Result<Vec<_>, Failure>>()?;
        begun.into_iter().flatten().unzip()
    };
    // A run that only asks for standards makes nothing of its own tables.
    let is_plain = !asked.plain.is_empty();
    let mut writer = if is_plain { Some(output.writer(staging.folder(), layout.schemas())?) } else { None };
    let encode = |block: Block| -> Result<(Option<EncodedBlock>, Vec<Encoded>), Failure> {
        let standards = engines.iter().map(|engine| engine.encode(&block)).collect::<Result<_, _>>()?;
        let plain = if is_plain { Some(output.encode(&layout.arrange(block)?)?) } else { None };
        Ok((plain, standards))
    };
    let write = |(plain, standards): (Option<EncodedBlock>, Vec<Encoded>)| -> Result<(), Failure> {
        if let (Some(writer), Some(block)) = (&mut writer, plain) {
            writer.append(block)?;
        }
        writers.iter_mut().zip(standards).try_for_each(|(writer, block)| writer.append(block))
    };
    // Enough blocks in flight that no thread waits for the writer, few enough that memory stays small.
    let window = 2 * rayon::current_num_threads() + 2;
    let blocks = partition.blocks(plan.blocks());
    run.each(blocks, window, progress, encode, write)?;
    let written = match writer {
        Some(writer) => writer.finish()?,
        None => Written { entities: Vec::new(), files: Vec::new() },
    };
    let mut manifest = Manifest::new(origin(checked, &plan, options, mapping_files), &written);
    for (engine, writer) in engines.into_iter().zip(writers) {
        manifest.standards.push(writer.finish(engine)?);
    }
    manifest.write(staging.folder())?;
    let folder = staging.target().to_owned();
    staging.commit()?;
    Ok(Generated { folder, manifest })
}

/// A condition that cannot be met is a mistake of the command line, not of the spec.
fn refused(error: manikin_generate::GenerateError) -> Failure {
    let diagnostic = Diagnostic::error(codes::BAD_OPTION, format!("{}: {}", error.place, error.message));
    match error.help {
        Some(help) => diagnostic.help(help).into(),
        None => diagnostic.into(),
    }
}

fn origin(checked: &Checked, plan: &Plan, options: &GenerateOptions, mapping_files: Vec<(String, String)>) -> Origin {
    let (spec, partition) = (&checked.spec, options.partition);
    let source =
        |(name, sha256): &(String, String)| Source { name: checked.files.recorded(name), sha256: sha256.clone() };
    Origin {
        product: spec.product.clone(),
        spec_digest: spec.digest.clone(),
        sources: spec.files.iter().chain(&mapping_files).map(source).collect(),
        seed: plan.seed(),
        patients: plan.subjects(),
        partition: (partition.of > 1)
            .then_some(manikin_formats::Partition { index: partition.number, of: partition.of }),
        model: spec.learned.as_ref().and_then(|learned| {
            let model = learned.model.as_ref()?;
            Some(LearnedFrom {
                source: learned.source.as_ref().map(|source| source.id.clone()),
                private: model.private,
                epsilon: model.epsilon,
                delta: model.delta,
                condition: options.condition.clone(),
            })
        }),
        period: Some(Period { from: calendar::date_text(spec.period.0), to: calendar::date_text(spec.period.1) }),
    }
}
