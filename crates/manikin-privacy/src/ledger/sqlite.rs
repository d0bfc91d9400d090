//! The ledger in one SQLite file.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, TransactionBehavior, params};

use super::entry::Row;
use super::store::{Page, Store, VERSION, fresh_key};
use super::{Entry, Event, LedgerError, UnixSeconds};

/// How long a process waits for others that write.
const PATIENCE: Duration = Duration::from_secs(60);

const SCHEMA: &str = "
CREATE TABLE ledger (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  version INTEGER NOT NULL,
  key BLOB NOT NULL
);
CREATE TABLE entry (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  source TEXT NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  rho INTEGER,
  delta INTEGER,
  epsilon_shown REAL,
  delta_shown REAL,
  refers INTEGER REFERENCES entry,
  expires INTEGER,
  about TEXT,
  fingerprint BLOB
);
CREATE INDEX entry_of_source ON entry (source, number);
CREATE TRIGGER entries_stay BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'entries are only appended'); END;
CREATE TRIGGER entries_remain BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'entries are only appended'); END;
";

pub(super) struct Sqlite {
    connection: Connection,
}

impl Sqlite {
    pub(super) fn open(path: &Path) -> Result<Sqlite, LedgerError> {
        create_privately(path)?;
        Sqlite::prepare(Connection::open(path).map_err(failed("open the file"))?)
    }

    pub(super) fn in_memory() -> Result<Sqlite, LedgerError> {
        Sqlite::prepare(Connection::open_in_memory().map_err(failed("open a database in memory"))?)
    }

    fn prepare(connection: Connection) -> Result<Sqlite, LedgerError> {
        connection.busy_timeout(PATIENCE).map_err(failed("set its patience"))?;
        // A commit is on disk before it returns: the log is synchronised every time, past the drive's cache on macOS.
        for (pragma, value) in
            [("journal_mode", "WAL"), ("synchronous", "FULL"), ("fullfsync", "ON"), ("foreign_keys", "ON")]
        {
            patiently(|| connection.pragma_update(None, pragma, value)).map_err(failed("prepare the file"))?;
        }
        let mut sqlite = Sqlite { connection };
        sqlite.create()?;
        Ok(sqlite)
    }

    /// Creates the tables, unless there are some.
    fn create(&mut self) -> Result<(), LedgerError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed("lock the file"))?;
        let tables: i64 = transaction
            .query_row(
                "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
                [],
                |row| row.get(0),
            )
            .map_err(failed("read the file"))?;
        if tables == 0 {
            transaction.execute_batch(SCHEMA).map_err(failed("create its tables"))?;
            let key = fresh_key()?;
            transaction
                .execute("INSERT INTO ledger (one, version, key) VALUES (1, ?1, ?2)", params![VERSION, &key[..]])
                .map_err(failed("store its key"))?;
        } else {
            let version: i64 = transaction
                .query_row("SELECT version FROM ledger", [], |row| row.get(0))
                .map_err(|error| LedgerError::Foreign { reason: error.to_string() })?;
            if version != VERSION {
                return Err(LedgerError::Foreign { reason: format!("its version is {version}") });
            }
        }
        transaction.commit().map_err(failed("keep its tables"))
    }
}

impl Store for Sqlite {
    fn write(&mut self, work: &mut dyn FnMut(&mut dyn Page) -> Result<(), LedgerError>) -> Result<(), LedgerError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed("lock the file"))?;
        // Dropped without a commit, the transaction is rolled back.
        work(&mut SqlitePage { connection: &transaction })?;
        transaction.commit().map_err(failed("make the entry durable"))
    }

    fn key(&mut self) -> Result<[u8; 32], LedgerError> {
        self.connection.query_row("SELECT key FROM ledger", [], |row| row.get(0)).map_err(failed("read its key"))
    }
}

struct SqlitePage<'a> {
    connection: &'a Connection,
}

impl Page for SqlitePage<'_> {
    fn entries(&mut self, source: Option<&str>) -> Result<Vec<Entry>, LedgerError> {
        let read = failed("read its entries");
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT number, source, at, kind, rho, delta, epsilon_shown, delta_shown, refers, expires, about, \
                 fingerprint FROM entry WHERE ?1 IS NULL OR source = ?1 ORDER BY number",
            )
            .map_err(&read)?;
        let rows = statement
            .query_map(params![source], |row| {
                let columns = Row {
                    kind: row.get(3)?,
                    rho: row.get(4)?,
                    delta: row.get(5)?,
                    epsilon_shown: row.get(6)?,
                    delta_shown: row.get(7)?,
                    refers: row.get(8)?,
                    expires: row.get(9)?,
                    about: row.get(10)?,
                    fingerprint: row.get(11)?,
                };
                Ok((row.get(0)?, row.get(1)?, UnixSeconds(row.get(2)?), columns))
            })
            .map_err(&read)?;
        rows.map(|row| {
            let (number, source, at, columns) = row.map_err(&read)?;
            Ok(Entry { number, source, at, event: columns.event()? })
        })
        .collect()
    }

    fn append(&mut self, source: &str, at: UnixSeconds, event: &Event) -> Result<i64, LedgerError> {
        let row = Row::of(event);
        self.connection
            .execute(
                "INSERT INTO entry (source, at, kind, rho, delta, epsilon_shown, delta_shown, refers, expires, about, \
                 fingerprint) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                params![
                    source,
                    at.0,
                    row.kind,
                    row.rho,
                    row.delta,
                    row.epsilon_shown,
                    row.delta_shown,
                    row.refers,
                    row.expires,
                    row.about,
                    row.fingerprint
                ],
            )
            .map_err(failed("append an entry"))?;
        Ok(self.connection.last_insert_rowid())
    }
}

/// Creates the file readable and writable by its owner alone, since it holds a key; SQLite gives its log the same rights.
fn create_privately(path: &Path) -> Result<(), LedgerError> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map(drop)
        .map_err(|error| LedgerError::Store { action: "open the file", reason: format!("{}: {error}", path.display()) })
}

/// Changing the journal mode does not wait for other processes that open the file, so we do.
fn patiently(mut attempt: impl FnMut() -> rusqlite::Result<()>) -> rusqlite::Result<()> {
    for _ in 0..600 {
        match attempt() {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                std::thread::sleep(Duration::from_millis(100));
            }
            other => return other,
        }
    }
    attempt()
}

fn failed(action: &'static str) -> impl Fn(rusqlite::Error) -> LedgerError {
    move |error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => LedgerError::Foreign { reason: error.to_string() },
        _ => LedgerError::Store { action, reason: error.to_string() },
    }
}
