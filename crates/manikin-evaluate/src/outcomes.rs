//! The spec's rules and contract on real and on synthetic rows.

use std::collections::BTreeMap;

use manikin_metrics::Score;
use manikin_metrics::fidelity::Settings;
use manikin_metrics::fidelity::health::rule_violations::{self, Outcomes as Sided};
use manikin_spec::document::Severity;
use manikin_spec::spec::{EntityId, FieldId};
use manikin_tables::cell_text;

use crate::assessment::{Broken, ExampleRow, RuleOutcome};
use crate::expected::Expected;
use crate::rules::broken;
use crate::sides::{Side, Sides};
use crate::validate::Judge;
use crate::validation::{Check, Kind, Status};
use crate::{fields, structure};

/// Synthetic rows shown of each rule that they break, in the internal edition.
const EXAMPLES: usize = 3;

/// What rules and contract were found to be.
pub(crate) struct Outcomes {
    pub(crate) outcomes: Vec<RuleOutcome>,
    /// Scores by entity.
    pub(crate) scores: Vec<(String, Vec<Score>)>,
    pub(crate) examples: Vec<ExampleRow>,
}

/// Holds both sides to every rule and every demand of the contract.
pub(crate) fn outcomes(sides: &Sides, settings: &Settings) -> Outcomes {
    let mut found = Outcomes { outcomes: Vec::new(), scores: Vec::new(), examples: Vec::new() };
    for (id, _) in &sides.compared {
        rules(sides, *id, settings, &mut found);
        contract(sides, *id, settings, &mut found);
    }
    found
}

fn rules(sides: &Sides, id: EntityId, settings: &Settings, found: &mut Outcomes) {
    let entity = &sides.spec[id];
    for rule in &entity.rules {
        let hard = rule.severity != Severity::Warning;
        let both = [&sides.real, &sides.synthetic].map(|side| broken(&side.data, id, &rule.holds));
        let count = |side: &Side, rows: &Result<Vec<u32>, String>| {
            let rows = rows.as_ref().ok()?;
            Some(Broken { rows: side.data.rows_of(id) as u64, broken: rows.len() as u64 })
        };
        found.outcomes.push(RuleOutcome {
            entity: entity.name.clone(),
            name: rule.name.clone(),
            kind: Kind::Rule,
            demands: rule.means.clone().unwrap_or_else(|| rule.holds.text.clone()),
            hard,
            real: count(&sides.real, &both[0]),
            synthetic: count(&sides.synthetic, &both[1]),
            skipped: both.iter().find_map(|rows| rows.as_ref().err().cloned()),
        });
        let [Ok(real), Ok(synthetic)] = both else { continue };
        let list = |side: &Side, rows: &[u32]| -> Vec<Option<bool>> {
            let mut broken = vec![Some(false); side.data.rows_of(id)];
            rows.iter().for_each(|row| broken[*row as usize] = Some(true));
            broken
        };
        let (in_real, in_synthetic) = (list(&sides.real, &real), list(&sides.synthetic, &synthetic));
        let of = |side: &'_ Side| side.patients[id.0].clone().filter(|_| sides.spec.subject != Some(id));
        let (real_of, synthetic_of) = (of(&sides.real), of(&sides.synthetic));
        let mut scores = rule_violations::compute(
            &rule.name,
            Sided { broken: &in_real, clusters: real_of.as_deref() },
            Sided { broken: &in_synthetic, clusters: synthetic_of.as_deref() },
            settings,
        );
        if !hard {
            scores.iter_mut().for_each(|score| score.about.push("warning".to_owned()));
        }
        found.scores.push((entity.name.clone(), scores));
        let rows = synthetic.iter().take(EXAMPLES);
        found.examples.extend(rows.map(|row| example(sides, id, &rule.name, *row)));
    }
}

fn example(sides: &Sides, id: EntityId, rule: &str, row: u32) -> ExampleRow {
    let entity = &sides.spec[id];
    let mut values = BTreeMap::new();
    for (place, field) in entity.fields.iter().enumerate() {
        let column = sides.synthetic.data.field(id, FieldId(place));
        if let Some(text) = column.and_then(|column| cell_text(column, row as usize)) {
            values.insert(field.name.clone(), text);
        }
    }
    ExampleRow { entity: entity.name.clone(), rule: rule.to_owned(), row: u64::from(row) + 1, values }
}

/// The contract's demands on fields, keys and children. Keys that repeat are a fault of the files, and scored as a rule;
/// other demands are told, not scored: a draft takes ranges and categories from the real data themselves.
fn contract(sides: &Sides, id: EntityId, settings: &Settings, found: &mut Outcomes) {
    let expected = Expected::default();
    let [real, synthetic] = [&sides.real, &sides.synthetic].map(|side| {
        let judge = Judge::counting(&side.data, &expected);
        let mut checks = Vec::new();
        structure::check(&judge, id, &mut checks);
        fields::check(&judge, id, &mut checks);
        checks
    });
    let entity = &sides.spec[id].name;
    for made in synthetic {
        let other = real.iter().find(|check| check.name == made.name && check.entity == made.entity);
        let count = |check: &Check| {
            (check.status != Status::Skipped).then_some(Broken { rows: check.rows, broken: check.violations })
        };
        let outcome = RuleOutcome {
            entity: made.entity.clone(),
            name: made.name.clone(),
            kind: made.kind,
            demands: made.detail.clone(),
            hard: made.kind == Kind::Key,
            real: other.and_then(count),
            synthetic: count(&made),
            skipped: (made.status == Status::Skipped).then(|| made.detail.clone()),
        };
        if let (Kind::Key, Some(real), Some(made)) = (made.kind, outcome.real, outcome.synthetic) {
            let list = |of: Broken| -> Vec<Option<bool>> { (0..of.rows).map(|row| Some(row < of.broken)).collect() };
            let (real, made) = (list(real), list(made));
            let side = |broken| Sided { broken, clusters: None };
            let scores = rule_violations::compute("key", side(&real[..]), side(&made[..]), settings);
            found.scores.push((entity.clone(), scores));
        }
        found.outcomes.push(outcome);
    }
}
