//! How fast one core writes a block of the clinic population as FHIR resources.
//!
//! The block is 256 patients with five years of history, made once; relating its rows is part of the time.

use std::path::Path;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use manikin_generate::{Plan, PlanOptions, Run};
use manikin_mapping::{Json, Mapping, Part, Shared};
use manikin_spec::files::Disk;

fn resources(criterion: &mut Criterion) {
    let files = Disk::under(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs"));
    let read = manikin_spec::read("clinic-population.yaml", &files);
    let spec = Arc::new(manikin_spec::resolve(&read).0.expect("the spec is right"));
    let reading = Mapping::read("standards/fhir-r4", &files);
    let mapping = reading.mapping.expect("the mapping is right");
    let checked = Arc::new(mapping.check(&spec, &reading.sources).0.expect("the mapping fits the spec"));
    let plan = Plan::new(spec, PlanOptions { seed: None, subjects: Some(256) }).expect("a plan");
    let run = Run::new(Arc::new(plan), &()).expect("a run");
    let (reference, block) = (run.block(0).expect("block 0"), run.block(1).expect("block 1"));
    let shared = Shared::new(checked.clone(), &reference);
    let json = Json::new(checked);

    let encode = || json.encode(&shared.records(&block), Part::Subjects).expect("resources");
    let bytes: usize = encode().iter().map(|resources| resources.bytes.len()).sum();
    let mut group = criterion.benchmark_group("fhir");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("block", |bencher| bencher.iter(encode));
    group.finish();
}

criterion_group!(benches, resources);
criterion_main!(benches);
