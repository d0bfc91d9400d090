//! Holds a mapping against a spec: `cargo run -p manikin-mapping --example check -- specs clinic-population.yaml standards/fhir-r4`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::sync::Arc;

use manikin_diagnostic::Color;
use manikin_mapping::Mapping;
use manikin_spec::files::Disk;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [folder, spec, mapping] = words.as_slice() else {
        eprintln!("usage: check FOLDER SPEC MAPPING, the last two relative to the first");
        std::process::exit(2);
    };
    let files = Disk::under(folder);
    let read = manikin_spec::read(spec, &files);
    let (spec, found) = manikin_spec::resolve(&read);
    print!("{}{}", read.diagnostics.render(&read.sources, Color::Never), found.render(&read.sources, Color::Never));
    let reading = Mapping::read(mapping, &files);
    print!("{}", reading.diagnostics.render(&reading.sources, Color::Never));
    let (Some(spec), Some(mapping)) = (spec, reading.mapping) else { std::process::exit(1) };
    let (checked, found) = mapping.check(&Arc::new(spec), &reading.sources);
    print!("{}", found.render(&reading.sources, Color::Never));
    let Some(checked) = checked else { std::process::exit(1) };
    println!("{}: {} projections, {} left out", checked.standard, checked.projections.len(), checked.left_out.len());
}
