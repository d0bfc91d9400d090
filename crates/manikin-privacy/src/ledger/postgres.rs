//! The ledger in PostgreSQL, in a schema of its own.

use openssl::ssl::{SslConnector, SslMethod};
use postgres::config::{Host, SslMode};
use postgres::{Client, Config, Transaction};
use postgres_openssl::MakeTlsConnector;

use super::entry::Row;
use super::store::{Page, Store, VERSION, fresh_key};
use super::{Entry, Event, LedgerError, UnixSeconds};

/// A lock of the session that creates the tables: "manikin" in ASCII.
const CREATION_LOCK: i64 = 0x6d_61_6e_69_6b_69_6e;

const SCHEMA: &str = "
CREATE SCHEMA IF NOT EXISTS manikin_ledger;
CREATE TABLE manikin_ledger.ledger (
  one integer PRIMARY KEY CHECK (one = 1),
  version bigint NOT NULL,
  key bytea NOT NULL
);
CREATE TABLE manikin_ledger.entry (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source text NOT NULL,
  at bigint NOT NULL,
  kind text NOT NULL,
  rho bigint,
  delta bigint,
  epsilon_shown double precision,
  delta_shown double precision,
  refers bigint REFERENCES manikin_ledger.entry,
  expires bigint,
  about text,
  fingerprint bytea
);
CREATE INDEX entry_of_source ON manikin_ledger.entry (source, number);
CREATE FUNCTION manikin_ledger.entries_stay() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'entries are only appended'; END $$;
CREATE TRIGGER entries_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON manikin_ledger.entry
  FOR EACH STATEMENT EXECUTE FUNCTION manikin_ledger.entries_stay();
";

pub(super) struct Postgres {
    client: Client,
}

impl Postgres {
    pub(super) fn connect(address: &str) -> Result<Postgres, LedgerError> {
        let config = config(address)?;
        let mut postgres = Postgres { client: config.connect(encryption()?).map_err(failed("connect"))? };
        postgres.create()?;
        Ok(postgres)
    }

    /// Creates the tables, unless there are some.
    fn create(&mut self) -> Result<(), LedgerError> {
        let mut transaction = self.client.transaction().map_err(failed("begin"))?;
        transaction
            .execute("SELECT pg_advisory_xact_lock($1)", &[&CREATION_LOCK])
            .map_err(failed("wait for its creation"))?;
        let found: bool = transaction
            .query_one("SELECT to_regclass('manikin_ledger.ledger') IS NOT NULL", &[])
            .map_err(failed("look for its tables"))?
            .get(0);
        if found {
            let version: i64 = transaction
                .query_one("SELECT version FROM manikin_ledger.ledger", &[])
                .map_err(failed("read its version"))?
                .get(0);
            if version != VERSION {
                return Err(LedgerError::Foreign { reason: format!("its version is {version}") });
            }
            return Ok(());
        }
        transaction.batch_execute(SCHEMA).map_err(failed("create its tables"))?;
        let key = fresh_key()?;
        transaction
            .execute("INSERT INTO manikin_ledger.ledger (one, version, key) VALUES (1, $1, $2)", &[&VERSION, &&key[..]])
            .map_err(failed("store its key"))?;
        transaction.commit().map_err(failed("keep its tables"))
    }
}

impl Store for Postgres {
    fn write(&mut self, work: &mut dyn FnMut(&mut dyn Page) -> Result<(), LedgerError>) -> Result<(), LedgerError> {
        let mut transaction = self.client.transaction().map_err(failed("begin"))?;
        // A commit is on the server's disk before it returns, whatever the server's default. The one row is the lock: at
        // READ COMMITTED, statements after it see everything that earlier holders committed.
        transaction
            .batch_execute(
                "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = on; \
                 SELECT one FROM manikin_ledger.ledger FOR UPDATE",
            )
            .map_err(failed("lock its tables"))?;
        // Dropped without a commit, the transaction is rolled back.
        work(&mut PostgresPage { transaction: &mut transaction })?;
        transaction.commit().map_err(failed("make the entry durable"))
    }

    fn key(&mut self) -> Result<[u8; 32], LedgerError> {
        let row =
            self.client.query_one("SELECT key FROM manikin_ledger.ledger", &[]).map_err(failed("read its key"))?;
        <[u8; 32]>::try_from(row.get::<_, &[u8]>(0))
            .map_err(|_| LedgerError::Foreign { reason: "its key is not 32 bytes long".to_owned() })
    }
}

struct PostgresPage<'a, 'b> {
    transaction: &'a mut Transaction<'b>,
}

impl Page for PostgresPage<'_, '_> {
    fn entries(&mut self, source: Option<&str>) -> Result<Vec<Entry>, LedgerError> {
        let rows = self
            .transaction
            .query(
                "SELECT number, source, at, kind, rho, delta, epsilon_shown, delta_shown, refers, expires, about, \
                 fingerprint FROM manikin_ledger.entry WHERE $1::text IS NULL OR source = $1 ORDER BY number",
                &[&source],
            )
            .map_err(failed("read its entries"))?;
        rows.into_iter()
            .map(|row| {
                let columns = Row {
                    kind: row.get(3),
                    rho: row.get(4),
                    delta: row.get(5),
                    epsilon_shown: row.get(6),
                    delta_shown: row.get(7),
                    refers: row.get(8),
                    expires: row.get(9),
                    about: row.get(10),
                    fingerprint: row.get(11),
                };
                Ok(Entry {
                    number: row.get(0),
                    source: row.get(1),
                    at: UnixSeconds(row.get(2)),
                    event: columns.event()?,
                })
            })
            .collect()
    }

    fn append(&mut self, source: &str, at: UnixSeconds, event: &Event) -> Result<i64, LedgerError> {
        let row = Row::of(event);
        let number = self
            .transaction
            .query_one(
                "INSERT INTO manikin_ledger.entry (source, at, kind, rho, delta, epsilon_shown, delta_shown, refers, \
                 expires, about, fingerprint) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING number",
                &[
                    &source,
                    &at.0,
                    &row.kind,
                    &row.rho,
                    &row.delta,
                    &row.epsilon_shown,
                    &row.delta_shown,
                    &row.refers,
                    &row.expires,
                    &row.about,
                    &row.fingerprint,
                ],
            )
            .map_err(failed("append an entry"))?;
        Ok(number.get(0))
    }
}

/// Requires encryption to another machine unless the address says `sslmode=disable`: the ledger's key and fingerprints
/// pass over the wire.
fn config(address: &str) -> Result<Config, LedgerError> {
    let mut config: Config = address.parse().map_err(failed("read its address"))?;
    let here = |host: &Host| match host {
        Host::Tcp(name) => ["localhost", "127.0.0.1", "::1"].contains(&name.as_str()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    let local =
        config.get_hosts().iter().all(here) && config.get_hostaddrs().iter().all(|address| address.is_loopback());
    if !local && config.get_ssl_mode() == SslMode::Prefer {
        config.ssl_mode(SslMode::Require);
    }
    Ok(config)
}

/// Certificates are checked against the system's authorities, or those in `SSL_CERT_FILE` or `SSL_CERT_DIR`.
fn encryption() -> Result<MakeTlsConnector, LedgerError> {
    let unprepared = |error: openssl::error::ErrorStack| LedgerError::Store {
        action: "prepare encryption",
        reason: error.to_string(),
    };
    let mut builder = SslConnector::builder(SslMethod::tls_client()).map_err(unprepared)?;
    let found = openssl_probe::probe();
    if found.cert_file.is_some() || !found.cert_dir.is_empty() {
        let folder = found.cert_dir.first().map(std::path::PathBuf::as_path);
        builder.load_verify_locations(found.cert_file.as_deref(), folder).map_err(unprepared)?;
    }
    Ok(MakeTlsConnector::new(builder.build()))
}

/// The server's own message; the address, which may hold a password, is not in it.
fn failed(action: &'static str) -> impl Fn(postgres::Error) -> LedgerError {
    move |error| {
        let reason = error.as_db_error().map_or_else(|| with_causes(&error), |error| error.message().to_owned());
        LedgerError::Store { action, reason }
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_machine_must_encrypt_unless_told_otherwise() {
        let mode = |address| config(address).unwrap().get_ssl_mode();
        assert_eq!(mode("host=db.example.org dbname=x"), SslMode::Require);
        assert_eq!(mode("postgresql://user@db.example.org/x"), SslMode::Require);
        assert_eq!(mode("host=localhost hostaddr=192.0.2.7"), SslMode::Require);
        assert_eq!(mode("host=db.example.org sslmode=disable"), SslMode::Disable);
        assert_eq!(mode("host=localhost"), SslMode::Prefer);
        assert_eq!(mode("host=/run/postgresql"), SslMode::Prefer);
    }

    #[test]
    fn an_address_without_sense_is_refused_and_no_password_is_repeated() {
        for address in ["nonsense", "host=localhost port=1 password=secret connect_timeout=2"] {
            let refused = Postgres::connect(address).err().unwrap().to_string();
            assert!(!refused.contains("secret"), "{refused}");
        }
    }
}
