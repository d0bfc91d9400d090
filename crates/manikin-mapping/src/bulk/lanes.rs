//! Files that several threads append to, each in the order of the blocks, without holding whole blocks in memory.
//!
//! The first unfinished block has the turn at a file: its pieces go to the disk as they are made. Later blocks hold a
//! little and then wait for their turn, so that memory depends neither on the blocks nor on their number. Who holds a
//! file also hashes and writes: no thread does it for all.
//!
//! Blocks are begun in their order and go on side by side, so whoever waits, waits for a block that waits for nobody. A
//! block that fails before it comes here never takes its turn, and nobody tells: so patience is limited, and who has lost
//! it holds what it makes until the run ends.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use manikin_formats::{FormatError, PlainFile, SealedFile};

/// Bytes that a block holds for a file before it waits for its turn.
///
/// ASSUMED: a good part of a block's largest file (60 MB for 256 patients of `clinic-population`), so that some threads
/// can write ahead of each other; small beside what a thread holds of the rows.
const HELD: usize = 16 << 20;

/// How long a block waits for its turns altogether.
///
/// ASSUMED: many times what a block takes, and still a short time to wait for a run that has failed.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// A file and whose turn it is.
pub(super) struct Lane {
    path: PathBuf,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// The block whose pieces come next.
    turn: u64,
    /// The file, made with its first bytes; it is away while the block that has the turn holds it.
    file: Option<PlainFile>,
    /// What blocks left behind that were done before their turn.
    left: BTreeMap<u64, Pieces>,
    /// The first block that was not finished: later ones never get their turn.
    broken: Option<u64>,
}

/// A block's share of a file.
pub(super) struct Share<'l> {
    lane: &'l Lane,
    block: u64,
    /// How long the block may still wait, at any file.
    patience: &'l Cell<Duration>,
    /// Whether it has the turn, and with it the file.
    file: Option<Option<PlainFile>>,
    held: Pieces,
    is_done: bool,
}

/// Bytes in order, with the number of resources in them.
#[derive(Default)]
struct Pieces {
    pieces: Vec<Vec<u8>>,
    bytes: usize,
    count: u64,
}

impl Lane {
    /// A file that is not there yet; the first block to come is `first`.
    pub(super) fn new(path: PathBuf, first: u64) -> Self {
        let state = State { turn: first, file: None, left: BTreeMap::new(), broken: None };
        Self { path, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Begins a block's share.
    pub(super) fn share<'l>(&'l self, block: u64, patience: &'l Cell<Duration>) -> Share<'l> {
        Share { lane: self, block, patience, file: None, held: Pieces::default(), is_done: false }
    }

    /// Completes the file; `None` where no block had anything for it.
    pub(super) fn finish(self) -> Result<Option<SealedFile>, FormatError> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.file.map(PlainFile::finish).transpose()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is a single step, so that the state is whole even after a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, file: &mut Option<PlainFile>, bytes: &[u8], count: u64) -> Result<(), FormatError> {
        match file {
            Some(file) => file.append(bytes, count),
            None => file.insert(PlainFile::create(&self.path)?).append(bytes, count),
        }
    }

    fn write_all(&self, file: &mut Option<PlainFile>, held: Pieces) -> Result<(), FormatError> {
        if held.count == 0 {
            return Ok(());
        }
        held.pieces.iter().try_for_each(|bytes| self.write(file, bytes, 0))?;
        self.write(file, &[], held.count)
    }
}

impl Share<'_> {
    /// Appends a piece that holds so many resources; takes the bytes where they must be held.
    pub(super) fn append(&mut self, piece: &mut Vec<u8>, count: u64) -> Result<(), FormatError> {
        self.turn(self.held.bytes + piece.len() > HELD)?;
        match &mut self.file {
            Some(file) => self.lane.write(file, piece, count),
            None => {
                self.held.bytes += piece.len();
                self.held.count += count;
                self.held.pieces.push(std::mem::take(piece));
                Ok(())
            }
        }
    }

    /// Ends the share: the turn goes to the next block.
    pub(super) fn finish(mut self) -> Result<(), FormatError> {
        self.turn(false)?;
        let Some(mut file) = self.file.take() else {
            let mut state = self.lane.lock();
            if state.turn != self.block {
                state.left.insert(self.block, std::mem::take(&mut self.held));
                self.is_done = true;
                return Ok(());
            }
            // The turn came in between.
            let file = state.file.take();
            drop(state);
            self.file = Some(file);
            return self.finish();
        };
        self.lane.write_all(&mut file, std::mem::take(&mut self.held))?;
        let mut next = self.block + 1;
        loop {
            let mut state = self.lane.lock();
            let Some(left) = state.left.remove(&next) else {
                state.turn = next;
                state.file = file;
                self.is_done = true;
                self.lane.changed.notify_all();
                return Ok(());
            };
            drop(state);
            self.lane.write_all(&mut file, left)?;
            next += 1;
        }
    }

    /// Takes the file if it is this block's turn; waits for that if asked to, as long as there is patience.
    fn turn(&mut self, wait: bool) -> Result<(), FormatError> {
        if self.file.is_some() {
            return Ok(());
        }
        let mut state = self.lane.lock();
        while state.turn != self.block {
            if state.broken.is_some_and(|broken| broken < self.block) {
                return Err(FormatError::Mismatch("a block before this one was not written".to_owned()));
            }
            let patience = self.patience.get();
            if !wait || patience.is_zero() {
                return Ok(());
            }
            let began = Instant::now();
            let (changed, _) = self.lane.changed.wait_timeout(state, patience).unwrap_or_else(PoisonError::into_inner);
            state = changed;
            self.patience.set(patience.saturating_sub(began.elapsed()));
        }
        let mut file = state.file.take();
        drop(state);
        self.lane.write_all(&mut file, std::mem::take(&mut self.held))?;
        self.file = Some(file);
        Ok(())
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            let mut state = self.lane.lock();
            state.broken = Some(state.broken.map_or(self.block, |broken| broken.min(self.block)));
            self.lane.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::*;

    fn piece(block: u64, number: usize) -> Vec<u8> {
        format!("{block}:{number}\n").into_bytes()
    }

    #[test]
    fn blocks_made_side_by_side_stand_in_their_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let lane = Lane::new(path.clone(), 3);
        let begun = Barrier::new(3);
        thread::scope(|scope| {
            // The later a block, the sooner it is done.
            for block in 3_u64..6 {
                let (lane, begun) = (&lane, &begun);
                scope.spawn(move || {
                    let patience = Cell::new(PATIENCE);
                    let mut share = lane.share(block, &patience);
                    begun.wait();
                    thread::sleep(std::time::Duration::from_millis(20 * (6 - block)));
                    (0..3).for_each(|at| share.append(&mut piece(block, at), 1).expect("appended"));
                    share.finish().expect("finished");
                });
            }
        });
        let sealed = lane.finish().expect("sealed").expect("a file");
        let expected: Vec<u8> = (3..6).flat_map(|block| (0..3).flat_map(move |at| piece(block, at))).collect();
        assert_eq!(std::fs::read(path).expect("read"), expected);
        assert_eq!((sealed.rows, sealed.bytes), (9, expected.len() as u64));
    }

    #[test]
    fn a_block_with_much_waits_for_those_before_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let lane = Lane::new(path.clone(), 0);
        thread::scope(|scope| {
            let patience = Cell::new(PATIENCE);
            let mut first = lane.share(0, &patience);
            scope.spawn(|| {
                let patience = Cell::new(PATIENCE);
                let mut second = lane.share(1, &patience);
                (0..5).for_each(|_| second.append(&mut vec![b'b'; HELD / 2], 1).expect("appended"));
                second.finish().expect("finished");
            });
            thread::sleep(std::time::Duration::from_millis(20));
            first.append(&mut vec![b'a'; 10], 1).expect("appended");
            first.finish().expect("finished");
        });
        lane.finish().expect("sealed");
        let read = std::fs::read(path).expect("read");
        assert_eq!(read.len(), 10 + 5 * (HELD / 2));
        assert!(read[..10].iter().all(|byte| *byte == b'a') && read[10..].iter().all(|byte| *byte == b'b'));
    }

    #[test]
    fn a_block_that_fails_stops_those_after_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let lane = Lane::new(folder.path().join("file"), 0);
        let patience = Cell::new(PATIENCE);
        let first = lane.share(0, &patience);
        let mut second = lane.share(1, &patience);
        second.append(&mut vec![b'b'; 10], 1).expect("held");
        drop(first);
        assert!(second.append(&mut vec![b'b'; HELD], 1).is_err());
    }

    #[test]
    fn a_block_that_never_comes_is_not_waited_for_without_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let lane = Lane::new(folder.path().join("file"), 0);
        let patience = Cell::new(Duration::from_millis(5));
        let mut second = lane.share(1, &patience);
        (0..3).for_each(|_| second.append(&mut vec![b'b'; HELD], 1).expect("held"));
        second.finish().expect("left behind");
        assert!(patience.get().is_zero());
    }

    #[test]
    fn without_resources_there_is_no_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let lane = Lane::new(path.clone(), 0);
        lane.share(0, &Cell::new(PATIENCE)).finish().expect("finished");
        assert_eq!(lane.finish().expect("sealed"), None);
        assert!(!path.exists());
    }
}
