//! A few subjects generated in memory: for previews, expected row counts and plots.

use std::sync::Arc;

use manikin_generate::{Plan, PlanOptions, Run};
use manikin_spec::Spec;
use manikin_tables::{Block, Table};

use crate::failure::Failure;

/// Rows of some subjects, with those made once for all.
pub struct Sample {
    /// The spec without its edge cases, whose counts a few subjects may not meet.
    pub spec: Arc<Spec>,
    /// One table per written entity.
    pub tables: Vec<Table>,
    /// How many subjects.
    pub subjects: u64,
}

/// Generates about so many subjects, or all where the spec has fewer.
///
/// Quotas that so few cannot meet are tried with more.
///
/// # Errors
///
/// - `MK0910` when the spec cannot be carried out
pub fn sample(spec: &Spec, subjects: u64, seed: Option<u64>) -> Result<Sample, Failure> {
    let mut plain = spec.clone();
    plain.edge_cases.clear();
    let spec = Arc::new(plain);
    let all = Plan::new(spec.clone(), PlanOptions { seed, subjects: None })?.subjects();
    let mut wanted = subjects.min(all).max(1);
    loop {
        let options = PlanOptions { seed, subjects: (all > 0).then_some(wanted) };
        match rows(&spec, options) {
            Ok(tables) => return Ok(Sample { spec, tables, subjects: if all > 0 { wanted } else { 0 } }),
            Err(_) if wanted < all => wanted = (wanted * 8).min(all),
            Err(error) => return Err(error),
        }
    }
}

fn rows(spec: &Arc<Spec>, options: PlanOptions) -> Result<Vec<Table>, Failure> {
    let plan = Arc::new(Plan::new(spec.clone(), options)?);
    let blocks = plan.blocks();
    let run = Run::new(plan, &())?;
    let mut tables: Vec<Table> = Vec::new();
    let keep = |block: Block| -> Result<(), Failure> {
        if tables.is_empty() {
            tables = block.tables;
            return Ok(());
        }
        for (all, more) in tables.iter_mut().zip(block.tables) {
            if more.rows() == 0 {
                continue;
            }
            let mut frame = all.frame().clone();
            frame.vstack_mut(more.frame()).map_err(|error| crate::layout::defect(&error.to_string()))?;
            *all =
                Table::new(all.schema().clone(), frame).map_err(|error| crate::layout::defect(&error.to_string()))?;
        }
        Ok(())
    };
    run.each(0..blocks, 2 * rayon::current_num_threads() + 2, &(), Ok, keep)?;
    Ok(tables)
}
