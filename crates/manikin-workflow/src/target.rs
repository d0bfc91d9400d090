//! Standards that a run is written to, beside its own tables.

use std::path::Path;
use std::sync::Arc;

use manikin_diagnostic::{Diagnostic, codes};
use manikin_formats::{
    EncodedBlock, FormatError, ManifestFile, ManifestStandard, ManifestTable, Options, Output, OutputWriter, SealedFile,
};
use manikin_generate::Plan;
use manikin_mapping::bulk::{Bulk, BulkBlock, BulkBundle, BulkPlace, BulkType, Bundles};
use manikin_mapping::meds::{EventBlock, Events, MedsFile, MedsWriter, Title};
use manikin_mapping::{Checked, Standard, Tables, database_tables};
use manikin_tables::Block;

use crate::failure::Failure;
use crate::generate::Partition;

/// What `--to` asks for: plain formats, and standards with what stands after their colons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Plain formats, as they are asked for.
    pub(crate) plain: Vec<String>,
    /// Standards, each once, with what follows their colons in the order asked for.
    pub(crate) standards: Vec<(Standard, Vec<String>)>,
}

impl Asked {
    /// Divides what is asked for.
    ///
    /// # Errors
    ///
    /// - `MK0904` when something follows the colon of a standard that takes nothing, or a standard is named twice
    pub(crate) fn read(formats: &[String]) -> Result<Self, Failure> {
        let mut asked = Self::default();
        for format in formats {
            let (word, argument) = match format.split_once(':') {
                Some((word, argument)) => (word, Some(argument)),
                None => (format.as_str(), None),
            };
            let Some(standard) = Standard::find(word) else {
                asked.plain.push(format.clone());
                continue;
            };
            let given: Vec<String> = argument.into_iter().map(str::to_owned).collect();
            let place = asked.standards.iter().position(|(known, _)| *known == standard);
            match (standard, place) {
                (Standard::Omop54, _) => {
                    let given = if given.is_empty() { vec!["csv".to_owned()] } else { given };
                    match place {
                        Some(place) => asked.standards[place].1.extend(given),
                        None => asked.standards.push((standard, given)),
                    }
                }
                (_, None) if given.is_empty() => asked.standards.push((standard, given)),
                (_, Some(_)) => return Err(FormatError::SameFile { file: word.to_owned() }.into()),
                (_, None) => {
                    let message = format!("`{word}` takes nothing after a colon, found `{format}`");
                    return Err(Diagnostic::error(codes::BAD_FILE_NAME, message)
                        .help(format!("write `--to {word}`; its files go to the folder `{word}` of the output"))
                        .into());
                }
            }
        }
        Ok(asked)
    }
}

/// A standard with its mapping and formats, before the rows that are made once are known.
pub(crate) struct Target {
    mapping: Arc<Checked>,
    output: Option<Output>,
    bundles: Bundles,
}

impl Target {
    /// Opens what a standard's files need, so that whatever lacks is told before anything is generated.
    ///
    /// # Errors
    ///
    /// - `MK0903`, `MK0904` when a format is not known or named twice
    /// - `MK0911` when the schema of a server is to be filled by a part of a run
    /// - `MK0912` when a program or a server is not there
    pub(crate) fn open(
        mapping: Arc<Checked>,
        formats: &[String],
        bundles: Bundles,
        options: &Options,
        partition: Partition,
    ) -> Result<Self, Failure> {
        let output = match mapping.standard {
            Standard::Omop54 => {
                // A database file without a name is named after the model.
                let named = |format: &String| match format.as_str() {
                    "sqlite" | "duckdb" => format!("{format}:omop.{format}"),
                    _ => format.clone(),
                };
                let formats: Vec<String> = formats.iter().map(named).collect();
                let is_server = |format: &String| format.starts_with("postgres");
                if partition.of > 1 && formats.iter().any(is_server) {
                    let message = "a schema of a database is filled by a whole run, not by one of several parts";
                    return Err(Diagnostic::error(codes::BAD_OPTION, message)
                        .help("make the parts as `omop:csv` and load them, or leave `--partition` out")
                        .into());
                }
                let tables = Some(database_tables(&mapping.definition));
                let options = Options { tables, schema: "cdm".to_owned(), ..options.clone() };
                Some(Output::open(&formats, &options)?)
            }
            _ => None,
        };
        Ok(Self { mapping, output, bundles })
    }

    /// Takes what every block needs of block 0, and makes the folder that the files go to.
    ///
    /// # Errors
    ///
    /// - `MK0910` when the mapping cannot be carried out on these rows
    /// - `MK0902` when the folder or a file cannot be made
    pub(crate) fn begin(
        self,
        plan: &Plan,
        reference: &Block,
        folder: &Path,
        partition: Partition,
    ) -> Result<(Engine, Writer), Failure> {
        let word = self.mapping.standard.word();
        let folder = folder.join(word);
        std::fs::create_dir(&folder).map_err(|source| FormatError::Io {
            action: "create",
            path: folder.clone(),
            source,
        })?;
        let spec = plan.spec();
        match self.mapping.standard {
            Standard::Omop54 => {
                let tables = Tables::new(self.mapping, reference, plan.blocks())?;
                let output = self.output.unwrap_or(Output::open::<&str>(&[], &Options::default())?);
                let writer = output.writer(&folder, tables.schemas())?;
                Ok((Engine::Tables { tables, output }, Writer::Tables(writer)))
            }
            Standard::Meds04 => {
                let events = Events::new(self.mapping, reference)?;
                let title = Title {
                    name: spec.product.clone(),
                    version: spec.document.version.clone().unwrap_or_default(),
                    part: (partition.number, partition.of),
                };
                let writer = MedsWriter::create(&folder, &events, title)?;
                Ok((Engine::Events(events), Writer::Events(Box::new(writer))))
            }
            Standard::FhirR4 => {
                let first = partition.blocks(plan.blocks()).start;
                let place = BulkPlace { folder, part: (partition.number, partition.of), first };
                let bulk = Bulk::create(self.mapping, reference, self.bundles, place)?;
                Ok((Engine::Resources(Box::new(bulk)), Writer::Resources(Vec::new())))
            }
        }
    }
}

/// Projects and encodes blocks, on any thread.
pub(crate) enum Engine {
    Tables { tables: Tables, output: Output },
    Events(Events),
    Resources(Box<Bulk>),
}

/// A block in the shape of a standard.
pub(crate) enum Encoded {
    Tables(EncodedBlock),
    Events(EventBlock),
    Resources(BulkBlock),
}

/// Appends encoded blocks, in their order.
pub(crate) enum Writer {
    Tables(OutputWriter),
    Events(Box<MedsWriter>),
    /// The resources are in their files already; here are the Bundles so far.
    Resources(Vec<BulkBundle>),
}

impl Engine {
    /// A block in the shape of the standard.
    ///
    /// # Errors
    ///
    /// - `MK0910` when the mapping cannot be carried out on these rows
    /// - `MK0905` for a value that files cannot hold
    pub(crate) fn encode(&self, block: &Block) -> Result<Encoded, Failure> {
        Ok(match self {
            Self::Tables { tables, output } => Encoded::Tables(output.encode(&tables.project(block)?)?),
            Self::Events(events) => Encoded::Events(events.of(block)?),
            Self::Resources(bulk) => Encoded::Resources(bulk.write(block)?),
        })
    }
}

impl Writer {
    /// Appends a block.
    ///
    /// # Errors
    ///
    /// - `MK0902` when the system refuses to write
    pub(crate) fn append(&mut self, block: Encoded) -> Result<(), Failure> {
        match (self, block) {
            (Self::Tables(writer), Encoded::Tables(block)) => writer.append(block)?,
            (Self::Events(writer), Encoded::Events(block)) => writer.append(block)?,
            (Self::Resources(bundles), Encoded::Resources(block)) => bundles.extend(block.into_bundles()),
            _ => return Err(crate::layout::defect("a block of another standard was appended")),
        }
        Ok(())
    }

    /// Completes the files and says what was written.
    ///
    /// # Errors
    ///
    /// As for [`append`](Self::append).
    pub(crate) fn finish(self, engine: Engine) -> Result<ManifestStandard, Failure> {
        match (self, engine) {
            (Self::Tables(writer), Engine::Tables { tables, .. }) => {
                let mapping = tables.mapping();
                let written = writer.finish()?;
                Ok(described(mapping, Vec::new(), Vec::new()).with_tables(mapping.standard.word(), &written))
            }
            (Self::Events(writer), Engine::Events(events)) => {
                let mapping = events.mapping();
                let standard = mapping.standard;
                let written = writer.finish()?;
                let file = |file: MedsFile| {
                    let format = if file.path.ends_with(".json") { "json" } else { "parquet" };
                    listed(standard, &file.path, format, file.sealed)
                };
                let (shards, others): (Vec<_>, Vec<_>) =
                    written.files.into_iter().partition(|file| file.path.starts_with("data/"));
                let events = ManifestTable {
                    name: "event".to_owned(),
                    rows: written.events,
                    row_digest: None,
                    files: shards.into_iter().map(file).collect(),
                };
                Ok(described(mapping, vec![events], others.into_iter().map(file).collect()))
            }
            (Self::Resources(bundles), Engine::Resources(bulk)) => {
                let (mapping, types) = bulk.finish()?;
                let standard = mapping.standard;
                let table = |BulkType { name, path, sealed }| {
                    let rows = sealed.rows;
                    ManifestTable {
                        name,
                        rows,
                        row_digest: None,
                        files: vec![listed(standard, &path, "ndjson", sealed)],
                    }
                };
                let tables = types.into_iter().map(table).collect();
                let bundle = |BulkBundle { path, sealed }| listed(standard, &path, "json", sealed);
                Ok(described(&mapping, tables, bundles.into_iter().map(bundle).collect()))
            }
            _ => Err(crate::layout::defect("a standard was finished with the writer of another one")),
        }
    }
}

fn listed(standard: Standard, path: &str, format: &str, sealed: SealedFile) -> ManifestFile {
    let path = format!("{}/{path}", standard.word());
    ManifestFile { path, format: format.to_owned(), bytes: sealed.bytes, sha256: sealed.sha256 }
}

fn described(mapping: &Checked, tables: Vec<ManifestTable>, files: Vec<ManifestFile>) -> ManifestStandard {
    ManifestStandard {
        standard: mapping.standard.name().to_owned(),
        version: mapping.version.clone(),
        mapping_digest: mapping.digest.clone(),
        left_out: mapping.left_out.iter().map(|(projection, _)| projection.clone()).collect(),
        tables,
        files,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Asked, Failure> {
        Asked::read(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn plain_formats_and_standards_are_told_apart() {
        let asked = read(&["csv", "omop", "meds", "omop:parquet", "sqlite:a.sqlite"]).expect("known words");
        assert_eq!(asked.plain, ["csv", "sqlite:a.sqlite"]);
        let omop = vec!["csv".to_owned(), "parquet".to_owned()];
        assert_eq!(asked.standards, [(Standard::Omop54, omop), (Standard::Meds04, Vec::new())]);
    }

    #[test]
    fn a_standard_named_twice_or_with_something_after_its_colon_is_refused() {
        for words in [vec!["meds", "meds"], vec!["fhir:parquet"]] {
            assert!(read(&words).is_err(), "{words:?}");
        }
    }
}
