//! Models as rows and back.

use crate::parquet::{File, MOST, number_lists, numbers, text_lists, texts};
use crate::{LearnedModel, ModelFileError};
use manikin_marginals::{AttributeSet, Domain, Measurement, Model, Potential, StructuralZeros};
use polars::prelude::DataType;

const POTENTIALS: File = File("potentials");
const MEASUREMENTS: File = File("measurements");

const TOTAL: &str = "total";
const ATTRIBUTE: &str = "attribute";
const CLIQUE: &str = "clique";
const POTENTIAL: &str = "potential";
const ZEROS: &str = "zeros";

/// The bytes of `potentials.parquet`: all that generation needs. The same model gives the same bytes.
///
/// # Errors
/// [`ModelFileError::NotReadable`] when the writer fails, which nothing about a model makes it do.
pub fn potentials(model: &LearnedModel) -> Result<Vec<u8>, ModelFileError> {
    let (mut levels, mut parts) = (Vec::new(), Vec::new());
    let mut attributes: Vec<Vec<&str>> = Vec::new();
    let mut values: Vec<Vec<f64>> = Vec::new();
    for (level, model) in &model.levels {
        let mut row = |part: &'static str, names: Vec<_>, cells: Vec<f64>| {
            levels.push(level.as_str());
            parts.push(part);
            attributes.push(names);
            values.push(cells);
        };
        row(TOTAL, Vec::new(), vec![model.total]);
        for attribute in model.domain.attributes() {
            row(ATTRIBUTE, vec![attribute.name.as_str()], vec![f64::from(attribute.size)]);
        }
        for clique in &model.cliques {
            row(CLIQUE, names(&model.domain, clique), Vec::new());
        }
        for potential in &model.potentials {
            row(POTENTIAL, names(&model.domain, &potential.clique), potential.values.clone());
        }
        for rule in &model.zeros {
            let cells = rule.cells.iter().map(|cell| *cell as f64).collect();
            row(ZEROS, names(&model.domain, &rule.clique), cells);
        }
    }
    POTENTIALS.write(vec![
        texts("level", &levels),
        texts("part", &parts),
        text_lists("attributes", &attributes),
        number_lists("values", values.iter().map(Vec::as_slice)),
    ])
}

/// The bytes of `measurements.parquet`. The same model gives the same bytes.
///
/// # Errors
/// As [`potentials()`].
pub fn measurements(model: &LearnedModel) -> Result<Vec<u8>, ModelFileError> {
    let every: Vec<(&str, &Model, &Measurement)> = model
        .levels
        .iter()
        .flat_map(|(level, model)| model.measurements.iter().map(move |one| (level.as_str(), model, one)))
        .collect();
    let levels: Vec<&str> = every.iter().map(|(level, ..)| *level).collect();
    let attributes: Vec<Vec<&str>> = every.iter().map(|(_, model, one)| names(&model.domain, &one.clique)).collect();
    let sigmas: Vec<f64> = every.iter().map(|(_, _, one)| one.sigma).collect();
    MEASUREMENTS.write(vec![
        texts("level", &levels),
        text_lists("attributes", &attributes),
        numbers("sigma", &sigmas),
        number_lists("values", every.iter().map(|(_, _, one)| one.values.as_slice())),
    ])
}

fn names<'m>(domain: &'m Domain, clique: &AttributeSet) -> Vec<&'m str> {
    clique.iter().filter_map(|at| domain.attributes().get(at)).map(|attribute| attribute.name.as_str()).collect()
}

/// One row of the potentials.
struct Row {
    part: String,
    attributes: Vec<String>,
    values: Vec<f64>,
}

pub(crate) fn read_potentials(bytes: &[u8]) -> Result<LearnedModel, ModelFileError> {
    let columns = [
        ("level", DataType::String),
        ("part", DataType::String),
        ("attributes", DataType::List(Box::new(DataType::String))),
        ("values", DataType::List(Box::new(DataType::Float64))),
    ];
    let frame = POTENTIALS.read(bytes, &columns)?;
    let levels = POTENTIALS.texts_of(&frame, "level")?;
    let parts = POTENTIALS.texts_of(&frame, "part")?.into_iter();
    let attributes = POTENTIALS.text_lists_of(&frame, "attributes")?.into_iter();
    let values = POTENTIALS.number_lists_of(&frame, "values")?.into_iter();
    let mut by_level: Vec<(String, Vec<Row>)> = Vec::new();
    for (((level, part), attributes), values) in levels.into_iter().zip(parts).zip(attributes).zip(values) {
        let row = Row { part, attributes, values };
        match by_level.iter_mut().find(|(name, _)| *name == level) {
            Some((_, rows)) => rows.push(row),
            None => by_level.push((level, vec![row])),
        }
    }
    if by_level.is_empty() {
        return Err(POTENTIALS.refused("it has no rows"));
    }
    let mut left = MOST;
    let levels = by_level.into_iter().map(|(level, rows)| {
        let model = model_of(&rows, &mut left).map_err(|found| {
            let file = POTENTIALS.0;
            ModelFileError::NotAModel { file, level: level.clone(), found }
        })?;
        Ok((level, model))
    });
    Ok(LearnedModel { levels: levels.collect::<Result<_, ModelFileError>>()? })
}

/// The model of a level's rows; `left` is how many cells its cliques may still have.
fn model_of(rows: &[Row], left: &mut u64) -> Result<Model, String> {
    let of = |part: &'static str| rows.iter().filter(move |row| row.part == part);
    let known = [TOTAL, ATTRIBUTE, CLIQUE, POTENTIAL, ZEROS];
    if let Some(row) = rows.iter().find(|row| !known.contains(&row.part.as_str())) {
        return Err(format!("`{}` is no part of a model", row.part));
    }
    let totals: Vec<&Row> = of(TOTAL).collect();
    let total = match totals.as_slice() {
        [Row { attributes, values, .. }] if attributes.is_empty() => match values.as_slice() {
            [total] if total.is_finite() && *total >= 1.0 => *total,
            other => return Err(format!("the total is {other:?}, expected one number from 1")),
        },
        other => return Err(format!("{} totals, expected one", other.len())),
    };
    let mut sizes: Vec<(String, u32)> = Vec::new();
    for row in of(ATTRIBUTE) {
        match (row.attributes.as_slice(), row.values.as_slice()) {
            ([name], [size]) if (1.0..=65_536.0).contains(size) && size.fract() == 0.0 => {
                sizes.push((name.clone(), *size as u32));
            }
            _ => return Err(format!("attribute {:?} has sizes {:?}", row.attributes, row.values)),
        }
    }
    let domain = Domain::new(sizes).map_err(|error| error.to_string())?;
    let mut cliques = Vec::new();
    for row in of(CLIQUE) {
        let clique = set(&domain, &row.attributes)?;
        if !row.values.is_empty() {
            return Err(format!("clique {:?} has values", row.attributes));
        }
        let cells = domain.cells(&clique);
        *left = left.checked_sub(cells).ok_or_else(|| format!("its cliques have more than {MOST} cells"))?;
        cliques.push(clique);
    }
    let mut potentials = Vec::new();
    for row in of(POTENTIAL) {
        let clique = set(&domain, &row.attributes)?;
        fits(&domain, &clique, row, "potential")?;
        potentials.push(Potential { clique, values: row.values.clone() });
    }
    let mut zeros = Vec::new();
    for row in of(ZEROS) {
        let clique = set(&domain, &row.attributes)?;
        let most = domain.cells(&clique) as f64;
        if let Some(wrong) = row.values.iter().find(|cell| !(**cell >= 0.0 && **cell < most && cell.fract() == 0.0)) {
            return Err(format!("zeros over {:?} name cell {wrong} of {most}", row.attributes));
        }
        zeros.push(StructuralZeros { clique, cells: row.values.iter().map(|cell| *cell as usize).collect() });
    }
    Ok(Model { domain, cliques, potentials, zeros, total, measurements: Vec::new() })
}

/// The attributes of these names, each once and in the order of the domain.
fn set(domain: &Domain, names: &[String]) -> Result<AttributeSet, String> {
    let mut last = None;
    let mut set = AttributeSet::EMPTY;
    for name in names {
        let at = domain.index(name).ok_or_else(|| format!("there is no attribute `{name}`"))?;
        if last.is_some_and(|last| last >= at) {
            return Err(format!("the attributes {names:?} are not in order"));
        }
        last = Some(at);
        set = set.with(at);
    }
    Ok(set)
}

fn fits(domain: &Domain, clique: &AttributeSet, row: &Row, what: &str) -> Result<(), String> {
    let cells = domain.cells(clique);
    if row.values.len() as u64 != cells || row.values.iter().any(|value| value.is_nan()) {
        let (names, found) = (&row.attributes, row.values.len());
        return Err(format!("the {what} over {names:?} has {found} numbers, expected {cells}, none of them NaN"));
    }
    Ok(())
}

/// The measurements of each level of a model, in its order.
pub(crate) fn read_measurements(bytes: &[u8], model: &LearnedModel) -> Result<Vec<Vec<Measurement>>, ModelFileError> {
    let columns = [
        ("level", DataType::String),
        ("attributes", DataType::List(Box::new(DataType::String))),
        ("sigma", DataType::Float64),
        ("values", DataType::List(Box::new(DataType::Float64))),
    ];
    let frame = MEASUREMENTS.read(bytes, &columns)?;
    let levels = MEASUREMENTS.texts_of(&frame, "level")?;
    let attributes = MEASUREMENTS.text_lists_of(&frame, "attributes")?.into_iter();
    let sigmas = MEASUREMENTS.numbers_of(&frame, "sigma")?.into_iter();
    let values = MEASUREMENTS.number_lists_of(&frame, "values")?.into_iter();
    let mut found: Vec<Vec<Measurement>> = vec![Vec::new(); model.levels.len()];
    for (((level, attributes), sigma), values) in levels.into_iter().zip(attributes).zip(sigmas).zip(values) {
        let refused = |found: String| ModelFileError::NotAModel { file: MEASUREMENTS.0, level: level.clone(), found };
        let at = model.levels.iter().position(|(name, _)| *name == level);
        let at = at.ok_or_else(|| refused("the potentials have no such level".to_owned()))?;
        let domain = &model.levels[at].1.domain;
        let clique = set(domain, &attributes).map_err(refused)?;
        if !(sigma > 0.0 && sigma.is_finite()) {
            return Err(refused(format!("the noise over {attributes:?} is {sigma}, expected a positive number")));
        }
        let row = Row { part: String::new(), attributes, values };
        fits(domain, &clique, &row, "measurement").map_err(refused)?;
        found[at].push(Measurement { clique, values: row.values, sigma });
    }
    Ok(found)
}
