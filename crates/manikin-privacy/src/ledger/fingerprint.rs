//! [`Fingerprint`]: how the ledger knows records again, without holding them.
//!
//! A digest of each private table finds an exact copy under any name; a sketch of the patients' ids finds an altered or
//! newer extract. Both are keyed with the ledger's secret: without it, nobody can test whether a person is in them. They
//! are private all the same and never leave the ledger.
//!
//! # Method
//! Every id is hashed to 64 bits with HMAC-SHA-256; the sketch keeps the 4096 smallest distinct hashes. Below the smaller
//! of two sketches' largest hash both are complete, so the share of one's hashes there that the other has is an unbiased
//! estimate of the share of its patients. With at least 400 hashes there, its standard error is at most 2.5 points. A
//! small extract of a body of records more than some thousand times its size can stay unseen.
//!
//! # Source
//! Bar-Yossef et al. 2002, doi 10.1007/3-540-45726-7_1 (k minimum values); Beyer et al. 2007,
//! doi 10.1145/1247480.1247504 (overlap); RFC 2104 (HMAC).

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Read};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Hashes kept in a sketch.
const SKETCH_SIZE: usize = 4096;

type Digest = [u8; 32];

/// A keyed fingerprint of a body of records.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Fingerprint {
    tables: BTreeSet<Digest>,
    patients: BTreeSet<u64>,
}

impl Fingerprint {
    /// How much of the smaller body of records the other contains, 0 to 1; 1 if they share a table to the byte.
    pub(super) fn overlap(&self, other: &Fingerprint) -> f64 {
        if !self.tables.is_disjoint(&other.tables) {
            return 1.0;
        }
        let end = |sketch: &BTreeSet<u64>| {
            // A sketch that is not full holds every hash there is.
            if sketch.len() < SKETCH_SIZE { u64::MAX } else { sketch.last().copied().unwrap_or(u64::MAX) }
        };
        let end = end(&self.patients).min(end(&other.patients));
        let (mine, theirs) = (self.patients.range(..=end).count(), other.patients.range(..=end).count());
        let smaller = mine.min(theirs);
        if smaller == 0 {
            return 0.0;
        }
        let both = self.patients.range(..=end).filter(|hash| other.patients.contains(hash)).count();
        both as f64 / smaller as f64
    }

    /// As the database stores it: the number of tables, their digests, the sketch.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = (self.tables.len() as u32).to_le_bytes().to_vec();
        for digest in &self.tables {
            bytes.extend_from_slice(digest);
        }
        for hash in &self.patients {
            bytes.extend_from_slice(&hash.to_le_bytes());
        }
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Fingerprint> {
        let (count, rest) = bytes.split_first_chunk::<4>()?;
        let tables = (u32::from_le_bytes(*count) as usize).checked_mul(32)?;
        let (tables, patients) = rest.split_at_checked(tables)?;
        let (patients, tail) = patients.as_chunks::<8>();
        let (tables, _) = tables.as_chunks::<32>();
        tail.is_empty().then(|| Fingerprint {
            tables: tables.iter().copied().collect(),
            patients: patients.iter().map(|hash| u64::from_le_bytes(*hash)).collect(),
        })
    }
}

impl fmt::Debug for Fingerprint {
    /// Not its content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint")
    }
}

/// Takes the fingerprint of a body of records; see [`crate::Ledger::fingerprinter`].
pub struct Fingerprinter {
    mac: Hmac<Sha256>,
    fingerprint: Fingerprint,
}

impl Fingerprinter {
    pub(super) fn with_key(key: [u8; 32]) -> Fingerprinter {
        // HMAC takes keys of any length; the fallback is never reached.
        let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap_or_else(|_| Hmac::<Sha256>::new(&Default::default()));
        Fingerprinter { mac, fingerprint: Fingerprint::default() }
    }

    /// Adds a private table: its bytes, as they lie in its file.
    ///
    /// # Errors
    /// - whatever `content` fails with; the table is then not added.
    pub fn table(&mut self, mut content: impl Read) -> io::Result<()> {
        let mut mac = self.mac.clone();
        mac.update(b"table:");
        let mut buffer = vec![0; 1 << 16];
        loop {
            match content.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => mac.update(&buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.fingerprint.tables.insert(mac.finalize().into_bytes().into());
        Ok(())
    }

    /// Adds a patient's id. Space around it does not count, nor how often it is added.
    pub fn patient(&mut self, id: &str) {
        let mut mac = self.mac.clone();
        mac.update(b"patient:");
        mac.update(id.trim().as_bytes());
        let digest: Digest = mac.finalize().into_bytes().into();
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        let hash = u64::from_le_bytes(first);
        let patients = &mut self.fingerprint.patients;
        if patients.len() < SKETCH_SIZE {
            patients.insert(hash);
        } else if patients.last().is_some_and(|last| hash < *last) && patients.insert(hash) {
            patients.pop_last();
        }
    }

    /// The fingerprint of all that was added.
    pub fn finish(self) -> Fingerprint {
        self.fingerprint
    }
}

impl fmt::Debug for Fingerprinter {
    /// Not the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprinter")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(key: u8, ids: impl Iterator<Item = u32>, table: Option<&[u8]>) -> Fingerprint {
        let mut fingerprinter = Fingerprinter::with_key([key; 32]);
        for id in ids {
            fingerprinter.patient(&format!("P{id}"));
        }
        if let Some(table) = table {
            fingerprinter.table(table).unwrap();
        }
        fingerprinter.finish()
    }

    #[test]
    fn the_overlap_is_estimated_within_its_error() {
        let all = of(1, 0..40_000, None);
        // 4096 of 40,000 hashes: about 2,000 of the first half fall in the common range; three errors are 3.4 points.
        assert!((of(1, 0..20_000, None).overlap(&all) - 1.0).abs() < 1e-9);
        assert!((of(1, 30_000..50_000, None).overlap(&all) - 0.5).abs() < 0.034);
        assert_eq!(of(1, 50_000..90_000, None).overlap(&all), 0.0);
        assert_eq!(of(1, 0..0, None).overlap(&all), 0.0);
    }

    #[test]
    fn small_bodies_of_records_are_compared_exactly() {
        assert_eq!(of(1, 0..100, None).overlap(&of(1, 75..500, None)), 0.25);
    }

    #[test]
    fn the_same_bytes_are_the_same_records() {
        let (a, b) = (of(1, 0..10, Some(b"x")), of(1, 20..30, Some(b"x")));
        assert_eq!(a.overlap(&b), 1.0);
        assert_eq!(a.overlap(&of(1, 20..30, Some(b"y"))), 0.0);
    }

    #[test]
    fn another_key_gives_another_fingerprint() {
        assert_eq!(of(1, 0..1000, Some(b"x")).overlap(&of(2, 0..1000, Some(b"x"))), 0.0);
    }

    #[test]
    fn order_repetition_and_space_do_not_count() {
        let mut fingerprinter = Fingerprinter::with_key([1; 32]);
        for id in (0..6000).rev().chain(0..6000) {
            fingerprinter.patient(&format!(" P{id}\t"));
        }
        assert_eq!(fingerprinter.finish(), of(1, 0..6000, None));
    }

    #[test]
    fn fingerprints_survive_the_database_and_broken_ones_are_refused() {
        let fingerprint = of(1, 0..5000, Some(b"x"));
        let bytes = fingerprint.to_bytes();
        assert_eq!(Fingerprint::from_bytes(&bytes), Some(fingerprint));
        for length in [0, 3, 20, bytes.len() - 1] {
            assert_eq!(Fingerprint::from_bytes(&bytes[..length]), None);
        }
        assert_eq!(Fingerprint::from_bytes(&[255; 40]), None);
    }
}
