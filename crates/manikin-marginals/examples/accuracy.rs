//! Accuracy, time and memory of the methods, as a table on standard output.
//!
//! `accuracy FOLDER [METHODS [TABLES [EPSILONS [MEGABYTES [SEEDS]]]]]`, lists by commas; FOLDER holds `NAME.csv.gz` of
//! codes with a header, and `NAME-domain.json` with the number of codes of each column. The noise is OpenDP's, by a
//! session of `manikin-privacy` at delta 1e-9; with `inf` as epsilon a session without noise. The columns are:
//! the mean L1 distance of all 1-, 2- and 3-way marginals (of at most 10,000 cells) between source and rows; of the
//! 3-way marginals before single values are refined; seconds to learn and to make the rows, by the clock, and both in
//! CPU time; the most memory that the program had held by then.
//!
//! With `pieces` in place of METHODS: what the 3-way error of the default method is made of, each time the mean error of
//! all triples. *rows* is as above; *model* is that of the model's own marginals (rows add the rest); *to the end* that of
//! a fit to the same answers that does not stop at the noise; *no noise* that of the same sets and tree with exact counts,
//! to convergence or 1,000 steps (noise adds the rest); *whole tree* that of everything inside the tree with exact counts
//! (what the choice of sets inside the tree costs is the difference, and the tree costs what is left). Then the number of
//! measured sets and the tree's size.
#![allow(clippy::print_stdout)]

use manikin_marginals::{
    AttributeSet, Counter, Domain, FitOptions, JunctionTree, Measurement, Method, Model, ROW, Request, Rows,
    Sensitivity, Workload, fit, learn,
};
use manikin_privacy::{Curator, ExactSession, Ledger, Loss, Rho, Session, Total, UnixSeconds, rho_for};
use manikin_random::RunKey;
use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant;

/// The columns of adult whose codes are numbers in order, for clipped means.
const ORDINAL: [&str; 6] = ["age", "fnlwgt", "education-num", "capital-gain", "capital-loss", "hours-per-week"];

type Columns = Vec<Vec<u16>>;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |i: usize, default: &str| arguments.get(i).map_or(default, String::as_str).to_owned();
    let folder = argument(0, ".");
    let seeds: u64 = argument(5, "3").parse()?;
    if argument(1, "") == "pieces" {
        return pieces(&folder, &argument(2, "nltcs,adult"), &argument(3, "1"), &argument(4, "1"), seeds);
    }
    println!(
        "| data | epsilon | MB | method | 1-way | 2-way | 3-way | unrefined | learn s | rows s | CPU s | peak MB |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    for table in argument(2, "nltcs,adult").split(',') {
        let (domain, data) = load(&folder, table)?;
        let sets: Vec<Vec<AttributeSet>> = (1..=3)
            .map(|size| {
                let most_cells = if size == 3 { 10_000 } else { u64::MAX };
                Workload::all(&domain, size, most_cells).sets().iter().map(|(set, _)| *set).collect()
            })
            .collect();
        for epsilon in argument(3, "1").split(',') {
            for megabytes in argument(4, "1").split(',') {
                for method in argument(1, "adaptive,one-shot,aim,mst,clipped-means,independent").split(',') {
                    let most_cells = (megabytes.parse::<f64>()? * 131_072.0) as u64;
                    let mut sums = [0.0; 7];
                    for seed in 0..seeds {
                        let found = measure(&domain, &data, &sets, method, epsilon, most_cells, seed)?;
                        sums.iter_mut().zip(found).for_each(|(sum, x)| *sum += x / seeds as f64);
                    }
                    let [one, two, three, plain, learn, rows, cpu] = sums;
                    let peak = peak_megabytes();
                    println!(
                        "| {table} | {epsilon} | {megabytes} | {method} | {one:.4} | {two:.4} | {three:.4} | {plain:.4} \
                         | {learn:.2} | {rows:.2} | {cpu:.2} | {peak:.0} |"
                    );
                }
            }
        }
    }
    Ok(())
}

/// What the error of the default method is made of: a table of mean 3-way errors.
fn pieces(folder: &str, tables: &str, epsilons: &str, megabytes: &str, seeds: u64) -> Result<(), Box<dyn Error>> {
    println!("| data | epsilon | MB | rows | model | to the end | no noise | whole tree | sets | tree MB |");
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for table in tables.split(',') {
        let (domain, data) = load(folder, table)?;
        for epsilon in epsilons.split(',') {
            for size in megabytes.split(',') {
                let most_cells = (size.parse::<f64>()? * 131_072.0) as u64;
                let mut sums = [0.0; 7];
                for seed in 0..seeds {
                    let found = pieces_of_one(&domain, &data, epsilon, most_cells, seed)?;
                    sums.iter_mut().zip(found).for_each(|(sum, x)| *sum += x / seeds as f64);
                }
                let [rows, model, end, exact, whole, sets, cells] = sums;
                println!(
                    "| {table} | {epsilon} | {size} | {rows:.4} | {model:.4} | {end:.4} | {exact:.4} | {whole:.4} \
                     | {sets:.0} | {cells:.1} |"
                );
            }
        }
    }
    Ok(())
}

fn pieces_of_one(
    domain: &Domain,
    data: &Columns,
    epsilon: &str,
    most_cells: u64,
    seed: u64,
) -> Result<[f64; 7], Box<dyn Error>> {
    let workload = Workload::all(domain, 3, 10_000);
    let triples: Vec<AttributeSet> = workload.sets().iter().map(|(set, _)| *set).collect();
    let source = Counter::count(domain, &triples, data)?;
    let error = |model: &Model| -> Result<f64, Box<dyn Error>> {
        let calibrated = model.calibrate()?;
        let mut sum = 0.0;
        for (set, exact) in triples.iter().zip(&source) {
            sum += apart(exact, &calibrated.marginal(set, 1 << 26)?);
        }
        Ok(sum / triples.len() as f64)
    };
    let (model, _) =
        learn(&request(domain, data, &workload, most_cells), Method::Adaptive, curator(epsilon)?.as_mut())?;
    let calibrated = model.calibrate()?;
    let measured: Vec<_> = model.measurements.iter().map(|m| m.clique).collect();
    let rows = Rows::new(&calibrated, data[0].len() as u64, RunKey::new(seed).address());
    let made = rows.refined(&calibrated, &measured).all();

    let tree = JunctionTree::over(domain, &model.cliques).ok_or("the model's cliques make no tree")?;
    let closely = FitOptions { steps: 1_000, ..FitOptions::EXACT };
    let exactly = |sets: &[AttributeSet]| -> Result<Model, Box<dyn Error>> {
        let mut measurements = Vec::new();
        for (clique, counts) in sets.iter().zip(Counter::count(domain, sets, data)?) {
            let values = counts.iter().map(|n| *n as f64 / ROW as f64).collect();
            measurements.push(Measurement { clique: *clique, values, sigma: 1.0 });
        }
        Ok(fit(domain, &tree, &measurements, &[], &[], &closely)?.0)
    };
    let pairs = Workload::all(domain, 2, most_cells);
    let candidates = measured.iter().chain(pairs.sets().iter().map(|(set, _)| set)).chain(&triples);
    let inside: Vec<_> = candidates.filter(|set| tree.host(domain, set).is_some()).copied().collect();
    Ok([
        distance(domain, &triples, data, &made)?,
        error(&model)?,
        error(&fit(domain, &tree, &model.measurements, &[], &[], &closely)?.0)?,
        error(&exactly(&measured)?)?,
        error(&exactly(&inside)?)?,
        measured.len() as f64,
        tree.cells(domain) as f64 / 131_072.0,
    ])
}

fn request<'a>(
    domain: &'a Domain,
    records: &'a Columns,
    workload: &'a Workload,
    most_cells: u64,
) -> Request<'a, Columns> {
    Request {
        records,
        domain,
        workload,
        sensitivity: Sensitivity::ROW,
        most_cells,
        zeros: &[],
        forced: &[],
        fit: FitOptions::default(),
    }
}

fn probabilities(counts: &[i64]) -> Vec<f64> {
    let all = counts.iter().sum::<i64>() as f64;
    counts.iter().map(|n| *n as f64 / all).collect()
}

fn apart(counts: &[i64], other: &[f64]) -> f64 {
    probabilities(counts).iter().zip(other).map(|(x, y)| (x - y).abs()).sum()
}

fn measure(
    domain: &Domain,
    data: &Columns,
    sets: &[Vec<AttributeSet>],
    method: &str,
    epsilon: &str,
    most_cells: u64,
    seed: u64,
) -> Result<[f64; 7], Box<dyn Error>> {
    let ordinal = ORDINAL.iter().filter_map(|name| domain.index(name)).collect();
    let method = match method {
        "adaptive" => Method::Adaptive,
        "one-shot" => Method::OneShot,
        "aim" => Method::Aim,
        "mst" => Method::Mst,
        "independent" => Method::Independent,
        "clipped-means" => Method::ClippedMeans { ordinal },
        other => return Err(format!("no method {other}").into()),
    };
    let workload = Workload::all(domain, 3, 10_000);
    let request = request(domain, data, &workload, most_cells);
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let mut curator = curator(epsilon)?;
    let (model, _) = learn(&request, method, curator.as_mut())?;
    let (learned, cpu_learned) = (start.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    let calibrated = model.calibrate()?;
    let rows = Rows::new(&calibrated, data[0].len() as u64, RunKey::new(seed).address());
    let plain = rows.all();
    let measured: Vec<_> = model.measurements.iter().map(|m| m.clique).collect();
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let made = rows.refined(&calibrated, &measured).all();
    let (seconds, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds() - cpu + cpu_learned);
    let error = |sets: &[AttributeSet], rows: &Columns| distance(domain, sets, data, rows);
    let [one, two, three] = [error(&sets[0], &made)?, error(&sets[1], &made)?, error(&sets[2], &made)?];
    Ok([one, two, three, error(&sets[2], &plain)?, learned, seconds, cpu])
}

fn curator(epsilon: &str) -> Result<Box<dyn Curator>, Box<dyn Error>> {
    if epsilon == "inf" {
        return Ok(Box::new(ExactSession::without_privacy(Rho::budget(100.0).ok_or("rho")?)));
    }
    let now = UnixSeconds(1_767_225_600);
    let mut ledger = Ledger::in_memory()?;
    ledger.set_total("example", Total::new(100.0, 1e-6, 0.0)?, now)?;
    let loss = Loss::of_rho(rho_for(epsilon.parse()?, 1e-9));
    let reservation = ledger.reserve("example", loss, "accuracy", now, now.plus(3600))?;
    Ok(Box::new(Session::begin(ledger.charge(reservation, now)?)))
}

fn load(folder: &str, name: &str) -> Result<(Domain, Columns), Box<dyn Error>> {
    let unpacked = std::process::Command::new("gzip").arg("-dc").arg(format!("{folder}/{name}.csv.gz")).output()?;
    let text = String::from_utf8(unpacked.stdout)?;
    let sizes: BTreeMap<String, u32> = serde_json::from_slice(&std::fs::read(format!("{folder}/{name}-domain.json"))?)?;
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().ok_or("no header")?.split(',').collect();
    let domain = Domain::new(names.iter().map(|name| (*name, sizes.get(*name).copied().unwrap_or(0))))?;
    let mut columns = vec![Vec::new(); names.len()];
    for line in lines {
        for (column, value) in columns.iter_mut().zip(line.split(',')) {
            column.push(value.parse()?);
        }
    }
    Ok((domain, columns))
}

/// The mean over `sets` of the L1 distance between the normalised marginals of two tables.
fn distance(domain: &Domain, sets: &[AttributeSet], a: &Columns, b: &Columns) -> Result<f64, Box<dyn Error>> {
    let (x, y) = (Counter::count(domain, sets, a)?, Counter::count(domain, sets, b)?);
    let mut sum = 0.0;
    for (x, y) in x.iter().zip(&y) {
        sum += apart(x, &probabilities(y));
    }
    Ok(sum / sets.len() as f64)
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
