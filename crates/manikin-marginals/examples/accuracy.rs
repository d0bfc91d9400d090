//! Accuracy, time and memory of every method, on the tables of a folder, as a table on standard output.
//!
//! `accuracy DATA METHODS TABLES EPSILONS MEGABYTES SEEDS`, lists by commas.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use manikin_marginals::*;
use manikin_privacy::{Curator, PrivacyError, Rho, UNITS_PER_ROW};
use manikin_random::{Name, RunKey, Stream};
use std::time::Instant;

struct Seeded {
    left: f64,
    stream: Stream,
}

impl Curator for Seeded {
    fn gaussian(&mut self, about: &str, exact: &[i64], l2: i64, sigma: f64) -> Result<Vec<f64>, PrivacyError> {
        let d = l2 as f64 / UNITS_PER_ROW as f64;
        self.left -= d * d / (2.0 * sigma * sigma);
        assert!(self.left > -1e-12, "{about}");
        Ok(exact
            .iter()
            .map(|x| *x as f64 / UNITS_PER_ROW as f64 + sigma * manikin_random::normal_quantile(self.stream.uniform()))
            .collect())
    }
    fn select(&mut self, _: &str, scores: &[f64], sensitivity: f64, epsilon: f64) -> Result<usize, PrivacyError> {
        self.left -= epsilon * epsilon / 8.0;
        assert!(self.left > -1e-12);
        let mut best = (f64::NEG_INFINITY, 0);
        for (i, s) in scores.iter().enumerate() {
            let g = -libm::log(-libm::log(self.stream.uniform())) + epsilon * s / (2.0 * sensitivity);
            if g > best.0 {
                best = (g, i);
            }
        }
        Ok(best.1)
    }
    fn remaining(&self) -> Rho {
        Rho::budget(self.left.max(0.0)).unwrap()
    }
}

fn load(dir: &str, name: &str) -> (Domain, Vec<Vec<u16>>) {
    let out = std::process::Command::new("gzip").args(["-dc", &format!("{dir}/{name}.csv.gz")]).output().expect("gzip");
    let text = String::from_utf8(out.stdout).expect("text");
    let sizes: std::collections::BTreeMap<String, u32> =
        serde_json::from_slice(&std::fs::read(format!("{dir}/{name}-domain.json")).expect("domain")).expect("json");
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let domain = Domain::new(names.iter().map(|n| (*n, sizes[*n]))).unwrap();
    let mut columns = vec![Vec::new(); names.len()];
    for line in lines {
        for (c, v) in columns.iter_mut().zip(line.split(',')) {
            c.push(v.parse::<f64>().unwrap() as u16);
        }
    }
    (domain, columns)
}

fn l1(domain: &Domain, sets: &[AttributeSet], a: &Vec<Vec<u16>>, b: &Vec<Vec<u16>>) -> f64 {
    let (x, y) = (Counter::count(domain, sets, a).unwrap(), Counter::count(domain, sets, b).unwrap());
    let (na, nb) = ((a[0].len() as f64) * ROW as f64, (b[0].len() as f64) * ROW as f64);
    x.iter()
        .zip(&y)
        .map(|(x, y)| x.iter().zip(y).map(|(x, y)| (*x as f64 / na - *y as f64 / nb).abs()).sum::<f64>())
        .sum::<f64>()
        / sets.len() as f64
}

fn model_l1(model: &Calibrated, sets: &[AttributeSet], a: &Vec<Vec<u16>>) -> f64 {
    let x = Counter::count(model.domain(), sets, a).unwrap();
    let n = a[0].len() as f64 * ROW as f64;
    let (mut sum, mut k) = (0.0, 0);
    for (set, x) in sets.iter().zip(&x) {
        if let Some(m) = model.marginal_inside(set) {
            sum += x.iter().zip(&m).map(|(x, y)| (*x as f64 / n - y).abs()).sum::<f64>();
            k += 1;
        }
    }
    sum / k as f64
}

fn peak_mb() -> f64 {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|s| {
            s.lines()
                .find(|l| l.starts_with("VmHWM"))
                .and_then(|l| l.split_whitespace().nth(1).and_then(|x| x.parse::<f64>().ok()))
        })
        .unwrap_or(0.0)
        / 1024.0
}

fn env(name: &str, default: f64) -> f64 {
    std::env::var(name).ok().and_then(|x| x.parse().ok()).unwrap_or(default)
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let list =
        |i: usize, d: &str| args.get(i).cloned().unwrap_or(d.into()).split(',').map(String::from).collect::<Vec<_>>();
    let dir = &args[0];
    let seeds: u64 = args.get(5).map_or(3, |s| s.parse().unwrap());
    for table in list(2, "nltcs,adult") {
        let (domain, data) = load(dir, &table);
        let n = data[0].len();
        let eval: Vec<Vec<AttributeSet>> = (1..=3)
            .map(|k| {
                Workload::all(&domain, k, if k == 3 { 10_000 } else { 1 << 30 }).sets().iter().map(|s| s.0).collect()
            })
            .collect();
        let workload = Workload::all(&domain, 3, 10_000);
        for eps in list(3, "1") {
            let rho = match eps.as_str() {
                "0.1" => env("RHO01", 0.000_177_138_4),
                "1" => 0.014_973_057_7,
                "10" => 1.090_79,
                _ => panic!(),
            };
            for mb in list(4, "1") {
                for method in list(1, "one-shot") {
                    let mut sums = [0.0f64; 8];
                    for seed in 0..seeds {
                        let start = Instant::now();
                        let mut curator =
                            Seeded { left: rho, stream: RunKey::new(seed).address().stream(Name::of("noise")) };
                        let request = Request {
                            records: &data,
                            domain: &domain,
                            workload: &workload,
                            sensitivity: Sensitivity::ROW,
                            most_cells: (mb.parse::<f64>().unwrap() * 131_072.0) as u64,
                            zeros: &[],
                            forced: &[],
                            fit: FitOptions { noise_share: env("SHARE", 1.0), steps: env("STEPS", 1000.0) as usize },
                        };
                        let (model, report) = match method.as_str() {
                            "one-shot" => one_shot(&request, &mut curator).unwrap(),
                            _ => panic!(),
                        };
                        let fitted = start.elapsed().as_secs_f64();
                        let calibrated = model.calibrate().unwrap();
                        let mut rows = Rows::new(&calibrated, n as u64, RunKey::new(seed).address());
                        let plain = rows.all();
                        let sets: Vec<_> = model.measurements.iter().map(|m| m.clique).collect();
                        let time = Instant::now();
                        rows = rows.refined(&calibrated, &sets);
                        let made = rows.all();
                        let rows_s = time.elapsed().as_secs_f64();
                        let e: Vec<f64> = eval.iter().map(|s| l1(&domain, s, &data, &made)).collect();
                        let p3 = l1(&domain, &eval[2], &data, &plain);
                        let m3 = model_l1(&calibrated, &eval[2], &data);
                        eprintln!(
                            "{table} {eps} {mb} {method} seed {seed}: measured {} cliques {} report {report:?} left {:.2e} L1 {e:.4?} plain {p3:.4} model-inside {m3:.4} fit {fitted:.2}s rows {rows_s:.2}s",
                            sets.len(),
                            model.cliques.len(),
                            curator.left
                        );
                        for (s, x) in sums.iter_mut().zip([e[0], e[1], e[2], p3, m3, fitted, rows_s, peak_mb()]) {
                            *s += x / seeds as f64;
                        }
                    }
                    println!(
                        "| {table} | {eps} | {mb} | {method} | {:.4} | {:.4} | {:.4} | plain {:.4} | model {:.4} | {:.2} s | {:.2} s | {:.0} MB |",
                        sums[0], sums[1], sums[2], sums[3], sums[4], sums[5], sums[6], sums[7]
                    );
                }
            }
        }
    }
}
