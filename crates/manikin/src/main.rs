//! The `manikin` command.
//!
//! Standard output is data, standard error is talk. Exit codes: 0 done, 1 the data breaks its contract, a limit
//! or a claim, 2 bad input, or could not run, 3 too little to judge.

mod command;
mod line;
mod output;
mod progress;
mod table;

use std::process::ExitCode;

use clap::Parser;

/// Blocks of rows come and go by the hundred megabytes; mimalloc keeps their pages, where the system's allocator gives
/// them back and asks again (measured in BENCHMARKS.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let line = match line::Line::try_parse() {
        Ok(line) => line,
        Err(error) => {
            // Printing fails only when nobody listens any more.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    command::run(line)
}
