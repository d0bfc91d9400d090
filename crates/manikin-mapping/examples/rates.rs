//! How fast blocks become tables, events and resources, on one thread and without making the blocks:
//! `cargo run --release -p manikin-mapping --example rates -- specs clinic-population.yaml 2048`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use manikin_formats::{Options, Output};
use manikin_generate::{Plan, PlanOptions, Run};
use manikin_mapping::bulk::{Bulk, BulkPlace, Bundles};
use manikin_mapping::meds::Events;
use manikin_mapping::{Checked, Mapping, Tables};
use manikin_spec::files::Disk;
use manikin_spec::spec::Spec;

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [folder, spec, subjects] = words.as_slice() else {
        eprintln!("usage: rates FOLDER SPEC SUBJECTS");
        std::process::exit(2);
    };
    let files = Disk::under(folder);
    let read = manikin_spec::read(spec, &files);
    let spec = Arc::new(manikin_spec::resolve(&read).0.ok_or("the spec has mistakes")?);
    let options = PlanOptions { seed: None, subjects: Some(subjects.parse()?) };
    let plan = Arc::new(Plan::new(spec.clone(), options)?);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    pool.install(|| {
        let run = Run::new(plan.clone(), &())?;
        let began = Clock::start();
        let blocks = (0..plan.blocks()).map(|index| run.block(index)).collect::<Result<Vec<_>, _>>()?;
        let rows: usize = blocks.iter().flat_map(|block| &block.tables).map(|table| table.rows()).sum();
        told("made", rows, "rows", began);

        let mapping = checked("standards/omop-5.4", &files, &spec)?;
        let tables = Tables::new(mapping, &blocks[0], plan.blocks())?;
        let output = Output::open(&["parquet"], &Options::default())?;
        let began = Clock::start();
        let projected = blocks.iter().map(|block| tables.project(block)).collect::<Result<Vec<_>, _>>()?;
        let rows: usize = projected.iter().flat_map(|block| &block.tables).map(|table| table.rows()).sum();
        told("omop: projected", rows, "rows", began);
        let began = Clock::start();
        let place = tempfile::tempdir()?;
        let mut writer = output.writer(place.path(), tables.schemas())?;
        for block in &projected {
            writer.append(output.encode(block)?)?;
        }
        writer.finish()?;
        told("omop: written as Parquet", rows, "rows", began);

        let events = Events::new(checked("standards/meds-0.4", &files, &spec)?, &blocks[0])?;
        let began = Clock::start();
        let mut count = 0;
        for block in &blocks {
            count += events.of(block)?.events();
        }
        told("meds: projected, sorted and encoded", count, "events", began);

        let place = tempfile::tempdir()?;
        let folder = BulkPlace { folder: place.path().to_owned(), part: (1, 1), first: 0 };
        let bulk = Bulk::create(checked("standards/fhir-r4", &files, &spec)?, &blocks[0], Bundles::Omitted, folder)?;
        let began = Clock::start();
        let mut bytes = 0;
        for block in &blocks {
            bytes += bulk.write(block)?.bytes() as usize;
        }
        bulk.finish()?;
        told("fhir: written as NDJSON", bytes, "bytes", began);
        Ok(())
    })
}

fn checked(name: &str, files: &Disk, spec: &Arc<Spec>) -> Result<Arc<Checked>, Box<dyn Error + Send + Sync>> {
    let reading = Mapping::read(name, files);
    let mapping = reading.mapping.ok_or(format!("{name} has mistakes"))?;
    let (checked, found) = mapping.check(spec, &reading.sources);
    if checked.is_none() {
        eprint!("{}", found.render(&reading.sources, manikin_diagnostic::Color::Never));
    }
    Ok(Arc::new(checked.ok_or(format!("{name} does not fit the spec"))?))
}

fn told(what: &str, count: usize, unit: &str, began: Clock) {
    let seconds = began.spent().as_secs_f64();
    println!("{what}: {count} {unit} in {seconds:.2} s, {:.0} thousand a second", count as f64 / seconds / 1e3);
}

/// The time that this thread spends on a processor, where the system tells (Linux), so that a busy machine does not
/// count; else the time that passes.
enum Clock {
    Processor(Duration),
    Wall(Instant),
}

impl Clock {
    fn start() -> Self {
        Self::processor().map_or_else(|| Self::Wall(Instant::now()), Self::Processor)
    }

    fn processor() -> Option<Duration> {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
    }

    fn spent(&self) -> Duration {
        match self {
            Self::Processor(start) => Self::processor().map_or(Duration::ZERO, |now| now.saturating_sub(*start)),
            Self::Wall(start) => start.elapsed(),
        }
    }
}
