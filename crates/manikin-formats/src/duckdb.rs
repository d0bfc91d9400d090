//! A DuckDB database, made by the user's own `duckdb` program.
//!
//! DuckDB is not linked in: building it costs every user ten minutes. Rows are written as Parquet into a folder of the
//! staging area, and at the end the program loads them. It is looked for before anything is generated, as `duckdb` on
//! the path, or as what the environment variable `MANIKIN_DUCKDB` names. The rows are the same for every run; the bytes
//! of the file are the program's own affair and differ between its versions.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use manikin_expression::Type;
use manikin_tables::{Table, TableSchema, parents_first};

use crate::ddl::{self, Dialect};
use crate::error::FormatError;
use crate::format::{Chunk, Constraints, Format, Options, Registered, Writer, WrittenFile, file_name};
use crate::parquet::PARQUET;
use crate::sink::seal_file;
use crate::sql::check_types;

/// The registry's entry.
pub(crate) const DUCKDB: Registered = Registered {
    name: "duckdb",
    means: "a DuckDB database of all entities, made by the duckdb program; duckdb:FILE names it",
    open: |argument, options| {
        let file = file_name("duckdb", argument, "dataset.duckdb")?;
        let program = find()?;
        let parquet = (PARQUET.open)(None, &Options { rows_per_part: None, ..options.clone() })?;
        Ok(Box::new(DuckDb { options: options.clone(), file, program, parquet }))
    },
};

/// The environment variable that names the program.
const VARIABLE: &str = "MANIKIN_DUCKDB";
/// Where the rows wait for the program, in the folder of the output.
const LOADING: &str = ".duckdb-load";

struct DuckDb {
    options: Options,
    file: String,
    program: PathBuf,
    parquet: Box<dyn Format>,
}

/// Finds the program and sees whether it runs.
fn find() -> Result<PathBuf, FormatError> {
    let program = std::env::var_os(VARIABLE).map_or_else(|| PathBuf::from("duckdb"), PathBuf::from);
    let missing = |problem: String| FormatError::Program {
        program: program.display().to_string(),
        problem,
        help: format!(
            "install it (`pip install duckdb-cli`, or from duckdb.org), or name it in the variable {VARIABLE}; \
             without it, write parquet and load that"
        ),
    };
    let told = Command::new(&program).arg("--version").stdin(Stdio::null()).output();
    match told {
        Ok(told) if told.status.success() => Ok(program),
        Ok(told) => Err(missing(format!("`--version` ended with {}", told.status))),
        Err(error) => Err(missing(error.to_string())),
    }
}

impl Format for DuckDb {
    fn name(&self) -> &'static str {
        "duckdb"
    }

    fn encode(&self, table: &Table) -> Result<Chunk, FormatError> {
        self.parquet.encode(table)
    }

    fn writer(&self, folder: &Path, schemas: &[Arc<TableSchema>]) -> Result<Box<dyn Writer>, FormatError> {
        check_types(schemas)?;
        let loading = folder.join(LOADING);
        fs::create_dir(&loading).map_err(FormatError::io("create", &loading))?;
        let parquet = self.parquet.writer(&loading, schemas)?;
        Ok(Box::new(Database {
            parquet,
            folder: folder.to_owned(),
            file: self.file.clone(),
            program: self.program.clone(),
            script: script(schemas, &loading, &self.options),
        }))
    }
}

struct Database {
    parquet: Box<dyn Writer>,
    folder: PathBuf,
    file: String,
    program: PathBuf,
    script: String,
}

impl Writer for Database {
    fn append(&mut self, table: usize, chunk: Chunk) -> Result<(), FormatError> {
        self.parquet.append(table, chunk)
    }

    fn finish(self: Box<Self>) -> Result<Vec<WrittenFile>, FormatError> {
        let Self { parquet, folder, file, program, script } = *self;
        let rows = parquet.finish()?.iter().map(|file| file.rows).sum();
        let path = folder.join(&file);
        run(&program, &path, &script)?;
        let loading = folder.join(LOADING);
        fs::remove_dir_all(&loading).map_err(FormatError::io("remove", &loading))?;
        let sealed = seal_file(&path)?;
        let bytes = sealed.bytes;
        Ok(vec![WrittenFile { entity: None, format: "duckdb", path: file, rows, bytes, sha256: sealed.sha256 }])
    }
}

/// What the program is told: tables, rows, and indexes where nothing else makes them.
fn script(schemas: &[Arc<TableSchema>], loading: &Path, options: &Options) -> String {
    // One thread: rows stay in the order of the files, and memory stays small.
    let mut script = String::from("SET preserve_insertion_order = true;\nBEGIN;\n");
    match &options.tables {
        Some(tables) => script.push_str(&tables.duckdb),
        None => script.push_str(&ddl::create_tables(schemas, Dialect::DuckDb, options.constraints)),
    }
    for schema in parents_first(schemas).into_iter().map(|place| &schemas[place]) {
        let names: Vec<String> = schema.columns.iter().map(|column| ddl::identifier(&column.name)).collect();
        let values: Vec<String> = schema
            .columns
            .iter()
            .zip(&names)
            .map(
                |(column, name)| {
                    if matches!(column.ty, Type::List(_)) { format!("to_json({name})") } else { name.clone() }
                },
            )
            .collect();
        let file = loading.join(format!("{}.parquet", schema.entity)).to_string_lossy().replace('\'', "''");
        script.push_str(&format!(
            "INSERT INTO {} ({}) SELECT {} FROM read_parquet('{file}');\n",
            ddl::identifier(&schema.entity),
            names.join(", "),
            values.join(", "),
        ));
    }
    if options.tables.is_none() && options.constraints == Constraints::Declared {
        script.push_str(&ddl::create_indexes(schemas));
    }
    script.push_str("COMMIT;\nCHECKPOINT;\n");
    script
}

fn run(program: &Path, database: &Path, script: &str) -> Result<(), FormatError> {
    let failed = |problem: String| FormatError::Program {
        program: program.display().to_string(),
        problem,
        help: "see what the program says; the folder is left as it was".to_owned(),
    };
    // The user's own start-up file may change what statements mean.
    let no_settings = database.with_extension("no-settings");
    fs::write(&no_settings, "").map_err(FormatError::io("create", &no_settings))?;
    let child = Command::new(program)
        .args(["-batch", "-bail", "-init"])
        .arg(&no_settings)
        .arg(database)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.map_err(|error| failed(error.to_string()))?;
    if let Some(mut input) = child.stdin.take() {
        // A program that ends early closes its input; what it says matters then.
        let _ = input.write_all(script.as_bytes());
    }
    let told = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    fs::remove_file(&no_settings).map_err(FormatError::io("remove", &no_settings))?;
    let said = String::from_utf8_lossy(&told.stderr);
    if told.status.success() && database.is_file() {
        return Ok(());
    }
    let said = said.lines().find(|line| line.contains("Error")).or(said.lines().next()).unwrap_or("").trim().to_owned();
    Err(failed(format!("loading the rows ended with {}: {said}", told.status)))
}
