//! Samples of subjects for whom a condition holds: the model without everybody else.

use crate::error::GenerateError;
use crate::values;
use manikin_expression::{
    ColumnRef, Expr, Expression, Hop, Literal, Logic, Macro, ResolveError, Scope, TableShape, Type,
};
use manikin_marginals::{JunctionTree, Model, StructuralZeros};
use manikin_spec::spec::{AttributeKind, DomainKind, EntityId, FieldDomain, FieldId, Generator, Level, Spec};
use manikin_tables::{Column, LookupTable, Relations, evaluate};
use std::collections::{BTreeMap, BTreeSet};

/// The tables that expressions look values up in.
pub(crate) type Lookups = BTreeMap<String, LookupTable>;

/// Most combinations of codes that one part of a condition may be asked about.
const MOST_CELLS: u64 = 1 << 20;

/// Most cells of a model that a condition makes: a gigabyte of them.
const MOST_MODEL: u64 = 1 << 27;

/// Where messages about a condition point.
const PLACE: &str = "--where";

/// The model of the subjects for whom a condition holds.
pub(super) fn restricted(
    spec: &Spec,
    entity: EntityId,
    model: &Model,
    lookups: &Lookups,
    text: &str,
) -> Result<Model, GenerateError> {
    let level = spec.learned.as_ref().and_then(|all| all.level(entity));
    let level = level.ok_or_else(|| GenerateError::new(PLACE, "nothing of the subject is learned"))?;
    let scope = SubjectScope { spec, entity };
    let expression = manikin_expression::check(text, &scope).map_err(|errors| {
        let first = errors.into_iter().next();
        let (message, help) = first.map_or((String::new(), None), |error| (error.message, error.help));
        let error = GenerateError::new(PLACE, message);
        match help {
            Some(help) => error.help(help),
            None => error,
        }
    })?;
    if expression.ty != Type::Boolean {
        return Err(GenerateError::new(PLACE, "a condition is true or false").help("compare, as in gender = 'F'"));
    }
    let mut parts = Vec::new();
    conjuncts(&expression.root, &mut parts);
    let mut zeros = model.zeros.clone();
    for part in parts {
        let part = Expression { root: part.clone(), ty: Type::Boolean, text: expression.text.clone() };
        zeros.push(excluded(spec, entity, level, model, lookups, &part)?);
    }
    // Each part of the condition needs a clique that holds its attributes.
    let mut sets = model.cliques.clone();
    sets.extend(zeros.iter().map(|rule| rule.clique));
    let tree = JunctionTree::containing(&model.domain, &sets);
    let needed = tree.cells(&model.domain);
    if needed > MOST_MODEL {
        let message = format!("`{text}` ties so much together that the model would need {needed} cells");
        return Err(GenerateError::new(PLACE, message).help("join conditions over single fields by `and`"));
    }
    Ok(Model { cliques: tree.cliques().to_vec(), zeros, ..model.clone() })
}

/// The parts that must all hold.
fn conjuncts<'e>(root: &'e Expr, parts: &mut Vec<&'e Expr>) {
    match root {
        Expr::Logical { operation: Logic::And, operands } => {
            operands.iter().for_each(|operand| conjuncts(operand, parts));
        }
        other => parts.push(other),
    }
}

/// The combinations of codes for which a part of a condition does not hold.
fn excluded(
    spec: &Spec,
    entity: EntityId,
    level: &Level,
    model: &Model,
    lookups: &Lookups,
    part: &Expression,
) -> Result<StructuralZeros, GenerateError> {
    let derived = derived(spec, entity, part)?;
    let needed: BTreeSet<FieldId> = derived
        .iter()
        .map(|(_, expression)| *expression)
        .chain([part])
        .flat_map(|expression| expression.references())
        .filter_map(|column| spec[entity].field(&column.field))
        .filter(|field| !derived.iter().any(|(own, _)| own == field))
        .collect();
    let mut asked: Vec<(usize, FieldId, &FieldDomain)> = Vec::new();
    for field in needed {
        let at = level.own(field);
        match at.map(|at| (at, &level.attributes[at].kind)) {
            Some((at, AttributeKind::Own(_, domain)))
                if matches!(domain.kind(), DomainKind::Values(_) | DomainKind::Bins(_)) =>
            {
                asked.push((at, field, domain));
            }
            _ => return Err(not_asked(spec, entity, level, field)),
        }
    }
    asked.sort_unstable_by_key(|(at, ..)| *at);
    let clique = asked.iter().map(|(at, ..)| *at).collect();
    let cells = model.domain.cells(&clique);
    let ends = 1u64 << asked.len().min(20);
    if cells.saturating_mul(ends) > MOST_CELLS {
        let message = format!(
            "`{}` asks about {cells} combinations at once, at most {MOST_CELLS} ends of bins can be",
            part.text
        );
        return Err(GenerateError::new(PLACE, message).help("join conditions over few fields by `and`"));
    }
    // For each combination of codes, the values at the lower and at the upper ends of all bins.
    let mut columns: BTreeMap<String, Column> = BTreeMap::new();
    let mut repeat = 1u64;
    for (position, (_, field, domain)) in asked.iter().enumerate().rev() {
        let size = u64::from(domain.size());
        let literals: Vec<Literal> = (0..cells * ends)
            .map(|row| {
                let code = ((row / ends) / repeat % size) as u32;
                end_of(domain, code, ((row % ends) >> position) & 1 == 1)
            })
            .collect();
        repeat *= size;
        let field = &spec[entity][*field];
        columns.insert(field.name.clone(), values::from_literals(&literals, &field.ty));
    }
    let rows = (cells * ends) as usize;
    let mut table = Combinations { entity: &spec[entity].name, rows, columns, lookups };
    for (field, expression) in &derived {
        let found = evaluate(expression, &spec[entity].name, &table);
        let found = found.map_err(|error| GenerateError::new(PLACE, error.to_string()))?;
        let field = &spec[entity][*field];
        table.columns.insert(field.name.clone(), values::convert(found, &field.ty));
    }
    let holds = evaluate(part, &spec[entity].name, &table);
    let holds = values::to_mask(&holds.map_err(|error| GenerateError::new(PLACE, error.to_string()))?);
    let mut excluded = Vec::new();
    for (cell, answers) in holds.chunks_exact(ends as usize).enumerate() {
        if answers.iter().any(|answer| *answer != answers[0]) {
            return Err(divided(spec, entity, &asked, cell as u64, &part.text));
        }
        if !answers[0] {
            excluded.push(cell);
        }
    }
    Ok(StructuralZeros { clique, cells: excluded })
}

/// The derived fields that a part of a condition leads to, each after what it needs.
fn derived<'s>(
    spec: &'s Spec,
    entity: EntityId,
    part: &Expression,
) -> Result<Vec<(FieldId, &'s Expression)>, GenerateError> {
    let mut found: Vec<(FieldId, &Expression)> = Vec::new();
    let mut open: Vec<String> = part.references().iter().map(|column| column.field.clone()).collect();
    while let Some(name) = open.pop() {
        let Some(field) = spec[entity].field(&name) else { continue };
        if let Some(Generator::Derive(expression)) = &spec[entity][field].generator
            && !found.iter().any(|(own, _)| *own == field)
        {
            let outside = expression.references().iter().any(|column| column.entity != spec[entity].name);
            if outside || !expression.aggregated().is_empty() {
                let message = format!("`{name}` is derived from other rows, which come after the subject");
                return Err(GenerateError::new(PLACE, message).help("ask about learned fields of the subject"));
            }
            open.extend(expression.references().iter().map(|column| column.field.clone()));
            found.push((field, expression));
        }
    }
    // The order of the steps puts what is needed first.
    let place = |field: FieldId| {
        spec.steps.iter().position(|step| *step == manikin_spec::spec::Step::Field(entity, field)).unwrap_or(0)
    };
    found.sort_by_key(|(field, _)| place(*field));
    Ok(found)
}

fn not_asked(spec: &Spec, entity: EntityId, level: &Level, field: FieldId) -> GenerateError {
    let can = |one: &manikin_spec::spec::Attribute| match &one.kind {
        AttributeKind::Own(_, domain) => matches!(domain.kind(), DomainKind::Values(_) | DomainKind::Bins(_)),
        _ => false,
    };
    let names: Vec<&str> = level.attributes.iter().filter(|one| can(one)).map(|one| one.name.as_str()).collect();
    let message =
        format!("`{}` is not learned as values or bins, so nobody can be chosen by it", spec[entity][field].name);
    GenerateError::new(PLACE, message).help(format!("ask about {}", names.join(", ")))
}

/// A bin that a condition cuts in two.
fn divided(
    spec: &Spec,
    entity: EntityId,
    asked: &[(usize, FieldId, &FieldDomain)],
    mut cell: u64,
    text: &str,
) -> GenerateError {
    let mut told: Vec<String> = Vec::new();
    for (_, field, domain) in asked.iter().rev() {
        let size = u64::from(domain.size());
        if matches!(domain.kind(), DomainKind::Bins(_)) {
            told.push(format!("{} in {}", spec[entity][*field].name, domain.label((cell % size) as u32)));
        }
        cell /= size;
    }
    told.reverse();
    let message = format!("`{text}` divides the bin {}, and the model knows no more than the bin", told.join(" and "));
    GenerateError::new(PLACE, message).help("ask for an edge of the bins")
}

/// The least or the greatest value of a code.
fn end_of(domain: &FieldDomain, code: u32, upper: bool) -> Literal {
    if let Some(value) = domain.value(code) {
        return value.clone();
    }
    let Some(bin) = domain.bounds(code) else { return Literal::Null };
    let whole = |step: f64| match bin.multiples(step) {
        Some((first, last)) => {
            if upper {
                last
            } else {
                first
            }
        }
        None => ((bin.low + bin.high) / 2.0 / step).round(),
    };
    match domain.ty() {
        Type::Integer => Literal::Integer(whole(1.0) as i64),
        Type::Date => Literal::Date(whole(1.0) as i32),
        Type::DateTime => Literal::DateTime(whole(1.0) as i64),
        Type::Decimal(scale) => {
            let step = 1.0 / manikin_expression::power_of_ten(*scale) as f64;
            Literal::Decimal { units: whole(step) as i64, scale: *scale }
        }
        _ if upper && bin.closed => Literal::Float(bin.high),
        _ if upper => Literal::Float(bin.high.next_down()),
        _ => Literal::Float(bin.low),
    }
}

/// All combinations of codes, as rows of the subject.
struct Combinations<'a> {
    entity: &'a str,
    rows: usize,
    columns: BTreeMap<String, Column>,
    lookups: &'a Lookups,
}

impl Relations for Combinations<'_> {
    fn rows(&self, entity: &str) -> usize {
        if entity == self.entity { self.rows } else { 0 }
    }

    fn column(&self, entity: &str, field: &str) -> Option<&Column> {
        self.columns.get(field).filter(|_| entity == self.entity)
    }

    fn hop(&self, _: &str, _: &Hop) -> Option<&[u32]> {
        None
    }

    fn table(&self, name: &str) -> Option<&LookupTable> {
        self.lookups.get(name)
    }
}

/// The names that a condition may use: the subject's fields, settings, functions and tables.
struct SubjectScope<'s> {
    spec: &'s Spec,
    entity: EntityId,
}

impl Scope for SubjectScope<'_> {
    fn column(&self, path: &[&str]) -> Result<ColumnRef, ResolveError> {
        let entity = &self.spec[self.entity];
        let name = match path {
            [name] => *name,
            [of, name] if *of == entity.name => *name,
            _ => "",
        };
        match entity.fields.iter().find(|field| field.name == name) {
            Some(field) => Ok(ColumnRef {
                hops: Vec::new(),
                entity: entity.name.clone(),
                field: field.name.clone(),
                ty: field.ty.clone(),
                nullable: true,
            }),
            None => {
                let names = entity.fields.iter().map(|field| field.name.as_str());
                let near = manikin_diagnostic::nearest(name, names).map(str::to_owned);
                let message = format!("`{}` is no field of `{}`", path.join("."), entity.name);
                Err(ResolveError { message, suggestions: near.into_iter().collect(), ambiguous: false })
            }
        }
    }

    fn child(&self, _: &str) -> Option<(Vec<Hop>, Box<dyn Scope + '_>)> {
        None
    }

    fn constant(&self, name: &str) -> Option<Literal> {
        self.spec.constants.get(name).cloned()
    }

    fn function(&self, name: &str) -> Option<Macro> {
        let function = self.spec.document.functions.get(name)?;
        Some(Macro { parameters: function.of.clone(), body: function.is.clone() })
    }

    fn table(&self, _: &str) -> Option<TableShape> {
        None
    }
}
