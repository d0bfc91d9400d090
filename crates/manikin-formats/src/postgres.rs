//! A schema of a PostgreSQL database, filled by COPY in one transaction: it appears whole or not at all.
//!
//! `postgres://user@host/database?schema=cdm`; other parameters are those of the connection. The connection is made
//! before anything is generated. A schema that is there is refused unless it may be replaced and a run made it, which
//! its comment says. Connections are not encrypted by this program: use a local server, a tunnel or a private network.

use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use manikin_tables::{Table, TableSchema, parents_first};
use postgres::{Client, NoTls};

use crate::csv::CSV;
use crate::ddl::{self, Dialect, identifier};
use crate::error::FormatError;
use crate::format::{Chunk, Constraints, Format, Options, Registered, Writer, WrittenFile};
use crate::sql::check_types;
use crate::staging::Existing;

/// The registry's entry.
pub(crate) const POSTGRES: Registered = Registered {
    name: "postgres",
    means: "a schema of a PostgreSQL database: postgres://user@host/database?schema=NAME",
    open: |argument, options| Ok(Box::new(Postgres::connect("postgres", argument, options)?)),
};

/// The registry's entry under the other name that such addresses begin with.
pub(crate) const POSTGRESQL: Registered = Registered {
    name: "postgresql",
    means: "the same as postgres",
    open: |argument, options| Ok(Box::new(Postgres::connect("postgresql", argument, options)?)),
};

/// The comment of a schema that a run made.
const COMMENT: &str = "synthetic data made by manikin";
/// Bytes that wait before they are sent.
const SENT_AT_ONCE: usize = 16 << 20;

struct Postgres {
    options: Options,
    schema: String,
    /// Made when the format is opened, taken by its writer.
    client: Mutex<Option<Client>>,
    csv: Box<dyn Format>,
}

impl Postgres {
    fn connect(scheme: &str, argument: Option<&str>, options: &Options) -> Result<Self, FormatError> {
        let Some(rest) = argument.filter(|rest| rest.starts_with("//")) else {
            return Err(FormatError::FileName {
                format: "postgres",
                file: argument.unwrap_or_default().to_owned(),
                expected: "write the address of a database: postgres://user@host/database?schema=cdm",
            });
        };
        let (address, schema) = divided(&format!("{scheme}:{rest}"));
        let schema = schema.unwrap_or_else(|| options.schema.clone());
        let refused = |error: postgres::Error| FormatError::Server {
            problem: told(&error),
            help: "see that the server runs and that the user may log in: psql with the same address".to_owned(),
        };
        let mut client = Client::connect(&address, NoTls).map_err(refused)?;
        let found = client
            .query_opt(
                "SELECT coalesce(obj_description(oid, 'pg_namespace'), '') FROM pg_namespace WHERE nspname = $1",
                &[&schema],
            )
            .map_err(refused)?;
        if let Some(row) = found {
            let is_ours = row.get::<_, String>(0) == COMMENT;
            let help = match (options.existing, is_ours) {
                (Existing::Refuse, true) => "name another with `?schema=`, or replace it with --overwrite",
                (_, false) => "manikin did not make it and does not replace it; name another with `?schema=`",
                (Existing::Replace, true) => "",
            };
            if !help.is_empty() {
                let problem = format!("the database has a schema {schema:?} already");
                return Err(FormatError::Server { problem, help: help.to_owned() });
            }
        }
        let csv = (CSV.open)(None, options)?;
        Ok(Self { options: options.clone(), schema, client: Mutex::new(Some(client)), csv })
    }
}

impl Format for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn encode(&self, table: &Table) -> Result<Chunk, FormatError> {
        self.csv.encode(table)
    }

    fn writer(&self, _folder: &Path, schemas: &[Arc<TableSchema>]) -> Result<Box<dyn Writer>, FormatError> {
        check_types(schemas)?;
        let taken = self.client.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let mut client = taken.ok_or_else(|| FormatError::Mismatch("a database is written twice".to_owned()))?;
        let schema = identifier(&self.schema);
        let tables = match &self.options.tables {
            Some(tables) => tables.postgres.clone(),
            None => ddl::create_tables(schemas, Dialect::PostgreSql, self.options.constraints),
        };
        let begin = format!(
            "BEGIN;\nDROP SCHEMA IF EXISTS {schema} CASCADE;\nCREATE SCHEMA {schema};\n\
             COMMENT ON SCHEMA {schema} IS '{COMMENT}';\nSET LOCAL search_path TO {schema};\n{tables}"
        );
        client.batch_execute(&begin).map_err(|error| refused(&error))?;
        let indexes = match (&self.options.tables, self.options.constraints) {
            (None, Constraints::Declared) => ddl::create_indexes(schemas),
            _ => String::new(),
        };
        let waiting = schemas.iter().map(|_| Vec::new()).collect();
        let order = parents_first(schemas);
        Ok(Box::new(Loading { client, schemas: schemas.to_vec(), order, waiting, bytes: 0, indexes }))
    }
}

/// A transaction that is being filled. Dropped before it is committed, it leaves nothing.
struct Loading {
    client: Client,
    schemas: Vec<Arc<TableSchema>>,
    /// The places of the tables, parents first.
    order: Vec<usize>,
    /// The rows of each table that wait to be sent.
    waiting: Vec<Vec<u8>>,
    bytes: usize,
    indexes: String,
}

impl Loading {
    fn send(&mut self) -> Result<(), FormatError> {
        for place in &self.order {
            let rows = &mut self.waiting[*place];
            if rows.is_empty() {
                continue;
            }
            let schema = &self.schemas[*place];
            let names: Vec<String> = schema.columns.iter().map(|column| identifier(&column.name)).collect();
            let table = identifier(&schema.entity);
            let statement = format!("COPY {table} ({}) FROM STDIN WITH (FORMAT csv)", names.join(", "));
            let mut copy = self.client.copy_in(&statement).map_err(|error| refused(&error))?;
            copy.write_all(rows).map_err(|error| FormatError::Server {
                problem: format!("the rows of {table} were refused: {error}"),
                help: HELP.to_owned(),
            })?;
            copy.finish().map_err(|error| refused(&error))?;
            rows.clear();
        }
        self.bytes = 0;
        Ok(())
    }
}

impl Writer for Loading {
    fn append(&mut self, table: usize, chunk: Chunk) -> Result<(), FormatError> {
        let Some(waiting) = self.waiting.get_mut(table) else {
            return Err(FormatError::Mismatch(format!("there is no table {table}")));
        };
        let rows = chunk.into_bytes()?;
        self.bytes += rows.len();
        waiting.extend_from_slice(&rows);
        if self.bytes >= SENT_AT_ONCE { self.send() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<WrittenFile>, FormatError> {
        self.send()?;
        self.client.batch_execute(&format!("{}COMMIT;", self.indexes)).map_err(|error| refused(&error))?;
        Ok(Vec::new())
    }
}

const HELP: &str = "nothing was written; the server's answer says which rows it refused";

fn refused(error: &postgres::Error) -> FormatError {
    FormatError::Server { problem: told(error), help: HELP.to_owned() }
}

/// What the server said, where it said something.
fn told(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(answer) => {
            let place = answer.where_().map(|place| format!(" ({place})")).unwrap_or_default();
            format!("{}{place}", answer.message())
        }
        None => {
            let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
            format!("{error}{cause}")
        }
    }
}

/// An address without our own parameter, and its value.
fn divided(address: &str) -> (String, Option<String>) {
    let Some((base, parameters)) = address.split_once('?') else { return (address.to_owned(), None) };
    let (own, others): (Vec<&str>, Vec<&str>) = parameters
        .split('&')
        .filter(|parameter| !parameter.is_empty())
        .partition(|parameter| parameter.starts_with("schema="));
    let address = if others.is_empty() { base.to_owned() } else { format!("{base}?{}", others.join("&")) };
    (address, own.last().map(|parameter| parameter["schema=".len()..].to_owned()))
}

#[cfg(test)]
mod tests {
    use super::divided;

    #[test]
    fn the_schema_is_taken_out_of_the_address() {
        let given = "postgres://me@host/db?schema=cdm&connect_timeout=3";
        assert_eq!(divided(given), ("postgres://me@host/db?connect_timeout=3".to_owned(), Some("cdm".to_owned())));
        assert_eq!(divided("postgres://host/db"), ("postgres://host/db".to_owned(), None));
    }
}
