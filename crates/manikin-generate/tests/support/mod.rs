//! Runs small specs written in tests.

#![allow(dead_code, reason = "each suite is a crate of its own and uses its own part")]

use manikin_diagnostic::Color;
use manikin_generate::{Plan, PlanOptions, Run};
use manikin_tables::Block;
use polars::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The run of a spec text, or what is wrong with it.
pub(crate) fn run(text: &str, options: PlanOptions) -> Result<Run, String> {
    let files: BTreeMap<String, Vec<u8>> = [("spec.yaml".to_owned(), text.as_bytes().to_vec())].into();
    let reading = manikin_spec::read("spec.yaml", &files);
    let (spec, diagnostics) = manikin_spec::resolve(&reading);
    let told = diagnostics.render(&reading.sources, Color::Never);
    let spec = spec.ok_or_else(|| format!("{}{told}", reading.diagnostics.render(&reading.sources, Color::Never)))?;
    let plan = Plan::new(Arc::new(spec), options).map_err(|error| error.to_string())?;
    Run::new(Arc::new(plan), &()).map_err(|error| error.to_string())
}

/// Every table of a run, its blocks stacked in order.
pub(crate) fn frames(run: &Run) -> BTreeMap<String, DataFrame> {
    let blocks: Vec<Block> =
        (0..run.plan().blocks()).map(|block| run.block(block).expect("a block of a spec that was checked")).collect();
    let mut frames: BTreeMap<String, DataFrame> = BTreeMap::new();
    for table in blocks.into_iter().flat_map(|block| block.tables) {
        let name = table.entity().to_owned();
        let frame = table.into_frame();
        match frames.get_mut(&name) {
            Some(all) => {
                all.vstack_mut(&frame).expect("the same columns in every block");
            }
            None => {
                frames.insert(name, frame);
            }
        }
    }
    frames
}

/// Every table of a spec text.
pub(crate) fn generate(text: &str) -> BTreeMap<String, DataFrame> {
    frames(&run(text, PlanOptions::default()).unwrap_or_else(|told| panic!("{told}")))
}

/// A column's values as text.
pub(crate) fn texts(frame: &DataFrame, column: &str) -> Vec<Option<String>> {
    let series = frame.column(column).expect("the column").as_materialized_series().cast(&DataType::String);
    series.expect("a cast to text").str().expect("text").iter().map(|text| text.map(str::to_owned)).collect()
}

/// A column's values as numbers; NULL is NaN.
pub(crate) fn numbers(frame: &DataFrame, column: &str) -> Vec<f64> {
    let series = frame.column(column).expect("the column").as_materialized_series().cast(&DataType::Float64);
    series.expect("a cast to numbers").f64().expect("numbers").iter().map(|value| value.unwrap_or(f64::NAN)).collect()
}
