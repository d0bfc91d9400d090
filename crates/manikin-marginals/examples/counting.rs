//! How fast exact marginals are counted, and in how much memory, as a table on standard output.
//!
//! `counting [ROWS [WAYS...]]` (10 million rows, all 1-, 2- and 3-way marginals of at most 10,000 cells) over 15 columns
//! of the sizes of the census table `adult`. One chunk of rows is made beforehand and given again and again, so that
//! what is timed is counting and not reading.
#![allow(clippy::print_stdout)]

use manikin_marginals::{AttributeSet, Chunk, Codes, Counter, Domain, Records, ScanError};
use manikin_random::{Name, RunKey};
use std::error::Error;
use std::time::Instant;

const SIZES: [u32; 15] = [32, 9, 32, 16, 16, 7, 15, 6, 5, 2, 32, 32, 32, 42, 2];
const CHUNK_ROWS: usize = 1 << 17;
const MOST_CELLS: u64 = 10_000;

/// The same chunk until there are enough rows.
struct Repeated {
    columns: Vec<Vec<u16>>,
    rows: usize,
}

impl Records for Repeated {
    fn scan(&self, visit: &mut dyn FnMut(&Chunk<'_>)) -> Result<(), ScanError> {
        let columns: Vec<_> = self.columns.iter().map(|column| Codes::Narrow(column)).collect();
        for start in (0..self.rows).step_by(CHUNK_ROWS) {
            visit(&Chunk { columns: &columns, weights: None, rows: CHUNK_ROWS.min(self.rows - start) });
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<usize> = std::env::args().skip(1).map(|x| x.parse()).collect::<Result<_, _>>()?;
    let rows = arguments.first().copied().unwrap_or(10_000_000);
    let ways = if arguments.len() > 1 { arguments[1..].to_vec() } else { vec![1, 2, 3] };
    let domain = Domain::new(SIZES.iter().enumerate().map(|(i, size)| (format!("column {i}"), *size)))?;
    let mut stream = RunKey::new(1).address().stream(Name::of("counting"));
    // The square of a uniform number: some codes are common and some are rare, as in records.
    let mut code = |size: u32| (stream.uniform() * stream.uniform() * f64::from(size)) as u16;
    let columns = SIZES.iter().map(|size| (0..CHUNK_ROWS).map(|_| code(*size)).collect()).collect();
    let records = Repeated { columns, rows };
    println!("| rows | marginals | cells | s | CPU s | million rows/s | peak MB |");
    println!("|--:|--:|--:|--:|--:|--:|--:|");
    for ways in ways {
        let sets = subsets(&domain, ways);
        let cells: u64 = sets.iter().map(|set| domain.cells(set)).sum();
        let (start, cpu) = (Instant::now(), cpu_seconds());
        let counts = Counter::count(&domain, &sets, &records)?;
        let (seconds, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds() - cpu);
        let counted = counts.iter().all(|counts| counts.iter().sum::<i64>() == rows as i64 * manikin_marginals::ROW);
        assert!(counted, "a row was lost");
        let (number, speed, peak) = (sets.len(), rows as f64 / seconds / 1e6, peak_megabytes());
        println!("| {rows} | {number} | {cells} | {seconds:.1} | {cpu:.1} | {speed:.2} | {peak:.0} |");
    }
    Ok(())
}

/// All sets of so many attributes with at most [`MOST_CELLS`] cells.
fn subsets(domain: &Domain, ways: usize) -> Vec<AttributeSet> {
    let mut sets = vec![AttributeSet::EMPTY];
    for _ in 0..ways {
        let next = |set: &AttributeSet| set.iter().last().map_or(0, |last| last + 1);
        sets = sets.iter().flat_map(|set| (next(set)..domain.len()).map(|a| set.with(a)).collect::<Vec<_>>()).collect();
    }
    sets.retain(|set| domain.cells(set) <= MOST_CELLS);
    sets
}

/// The most memory that this process has held, where the system tells it.
fn peak_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// The CPU time of this process so far, where the system tells it in hundredths of a second.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // User and system time are the twelfth and thirteenth words after the program's name in parentheses.
    let words = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    words.filter_map(|word| word.parse::<f64>().ok()).sum::<f64>() / 100.0
}
