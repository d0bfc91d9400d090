//! What one draw costs: `cargo bench -p manikin-random`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use manikin_random::{Alias, Distribution, Name, RunKey, Spread, TotalSplit, normal_quantile};

const PATIENT: Name = Name::of("patient");
const FIELD: Name = Name::of("patient.weight");

fn draws(c: &mut Criterion) {
    let key = RunKey::new(7);
    let mut index = 0u64;
    let mut row = move || {
        index += 1;
        key.subject(PATIENT, index)
    };
    let mut next = row;
    c.bench_function("address a row", |b| b.iter(|| black_box(next())));
    let mut next = row;
    c.bench_function("address a row, one uniform by hash", |b| b.iter(|| black_box(next().uniform(FIELD))));
    let mut next = row;
    c.bench_function("address a row, open a stream, one uniform", |b| {
        b.iter(|| black_box(next().stream(FIELD).uniform()));
    });
    let place = row();
    c.bench_function("one uniform by hash", |b| b.iter(|| black_box(black_box(place).uniform(black_box(FIELD)))));
    c.bench_function("open a stream, one uniform", |b| {
        b.iter(|| black_box(black_box(place).stream(black_box(FIELD)).uniform()));
    });
    let mut stream = place.stream(FIELD);
    c.bench_function("next uniform of a stream", |b| b.iter(|| black_box(stream.uniform())));
    c.bench_function("normal quantile (with its uniform)", |b| b.iter(|| black_box(normal_quantile(stream.uniform()))));
    let codes: Vec<f64> = (1..=1000).map(f64::from).collect();
    if let Ok(alias) = Alias::new(&codes) {
        c.bench_function("alias pick of 1000 (with its uniform)", |b| {
            b.iter(|| black_box(alias.pick(stream.uniform())))
        });
    }
    for (name, distribution) in [
        ("Poisson(3)", Distribution::Poisson { mean: 3.0 }),
        ("Poisson(300)", Distribution::Poisson { mean: 300.0 }),
        ("log-normal", Distribution::LogNormal { mu: 5.0, sigma: 0.8 }),
        ("gamma(2.5)", Distribution::Gamma { shape: 2.5, scale: 1.0 }),
        ("beta(2, 5)", Distribution::Beta { alpha: 2.0, beta: 5.0 }),
        ("Student's t(4)", Distribution::StudentT { df: 4.0, location: 0.0, scale: 1.0 }),
    ] {
        let name = format!("{name} quantile (with its uniform)");
        c.bench_function(&name, |b| b.iter(|| black_box(distribution.quantile(stream.uniform()))));
    }
}

fn splits(c: &mut Criterion) {
    let key = RunKey::new(7).address();
    if let Ok(split) = TotalSplit::new(50_000, 10_000, 1, None, Spread::Gamma { shape: 1.2 }) {
        c.bench_function("spread 50,000 over 10,000 units", |b| b.iter(|| black_box(split.for_range(key, 0..10_000))));
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30).measurement_time(std::time::Duration::from_millis(500))
        .warm_up_time(std::time::Duration::from_millis(200)).without_plots();
    targets = draws, splits
}
criterion_main!(benches);
