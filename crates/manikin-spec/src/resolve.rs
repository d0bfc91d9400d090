//! From a document to a checked spec: names resolved, expressions typed, the order of computation fixed.
//!
//! All mistakes are collected, each with its code, its path in the document and its place in a file. One idea is one
//! file below: the entities ([`catalog`]), what names mean ([`scope`]), the type of each field ([`types`]), generators,
//! rows, contracts, edge cases, patterns ([`week`]), and the order of the steps ([`order`]).

mod catalog;
mod choice;
mod contract;
mod correlate;
mod distribution;
mod domain;
mod edge_case;
mod entity;
mod field;
mod generator;
mod learned;
mod order;
mod quantiles;
mod report;
mod rows;
mod scope;
mod table;
mod time;
mod types;
mod value;
mod week;

use crate::document::Document;
use crate::read::Reading;
use crate::spec::{EntityId, FieldDomain, FieldId, Spec, Week};
use crate::table::Table;
use catalog::Catalog;
use manikin_diagnostic::{Diagnostic, Diagnostics, codes, nearest};
use manikin_expression::{Expression, Literal, Macro, Scope, Type};
use report::{Place, Report};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The name of the pattern in which any time is as likely as any other; it need not be written.
pub const ALWAYS: &str = "always";

/// Checks a document in full.
///
/// Gives the spec where there is no error; warnings and notes may come with it. Mistakes found while reading are not
/// repeated.
#[must_use]
pub fn resolve(reading: &Reading) -> (Option<Spec>, Diagnostics) {
    let (Some(document), Some(node)) = (&reading.document, &reading.node) else {
        return (None, Diagnostics::new());
    };
    let report = Report::new(node, &reading.sources);
    let tables = reading.tables.iter().map(|(name, table)| (name.clone(), Arc::new(table.clone()))).collect();
    catalog::check_names(document, &report);
    let head = check_head(document, &report);
    let catalog = Catalog::new(document, &report);
    let types = catalog.entities.iter().map(|entity| vec![types::Known::Unasked; entity.source.fields.len()]).collect();
    let resolver = Resolver {
        document,
        tables,
        report,
        catalog,
        constants: constants(document, head.as_ref()),
        types: RefCell::new(types),
        open: RefCell::default(),
        circles: RefCell::default(),
        poisoned: Cell::new(false),
        domains: RefCell::default(),
        weeks: RefCell::default(),
        weeks_open: RefCell::default(),
    };
    let spec = resolver.spec(reading, head);
    let diagnostics = resolver.report.into_diagnostics();
    if diagnostics.has_errors() {
        return (None, diagnostics);
    }
    (spec, diagnostics)
}

/// What is worked out once and asked often while a document is checked.
struct Resolver<'a> {
    document: &'a Document,
    tables: BTreeMap<String, Arc<Table>>,
    report: Report<'a>,
    catalog: Catalog<'a>,
    constants: BTreeMap<String, Literal>,
    types: RefCell<Vec<Vec<types::Known>>>,
    /// Fields whose types are being worked out, the last one innermost.
    open: RefCell<Vec<(EntityId, FieldId)>>,
    /// Fields that were reported to depend on each other in a circle.
    circles: RefCell<BTreeSet<(EntityId, FieldId)>>,
    /// Whether an expression met a field whose type a mistake elsewhere leaves unknown.
    poisoned: Cell<bool>,
    /// What learned fields can hold, as far as it was asked for; `None` where a mistake was reported.
    domains: RefCell<BTreeMap<(EntityId, FieldId), Option<FieldDomain>>>,
    weeks: RefCell<BTreeMap<String, Option<Week>>>,
    weeks_open: RefCell<Vec<String>>,
}

/// The keys at the head of a document, read.
struct Head {
    period: (i32, i32),
    as_of: i32,
}

impl<'a> Resolver<'a> {
    fn spec(&self, reading: &Reading, head: Option<Head>) -> Option<Spec> {
        self.check_functions();
        self.check_critical_fields();
        let entities: Vec<_> = (0..self.catalog.entities.len()).map(|at| self.entity(EntityId(at))).collect();
        let learned = self.learned(&entities, reading.potentials.as_ref());
        let edge_cases: Vec<_> =
            self.document.edge_cases.iter().map(|(name, case)| self.edge_case(name, case, &entities)).collect();
        let mut patterns: BTreeMap<String, Week> =
            self.document.patterns.keys().filter_map(|name| Some((name.clone(), self.week(name)?))).collect();
        patterns.entry(ALWAYS.to_owned()).or_insert_with(week::flat);
        let entities: Vec<_> = entities.into_iter().collect::<Option<_>>()?;
        let edge_cases: Vec<_> = edge_cases.into_iter().collect::<Option<_>>()?;
        let head = head?;
        let mut spec = Spec {
            document: self.document.clone(),
            product: self.document.product.clone().unwrap_or_default(),
            digest: reading.digest.clone()?,
            files: reading.files.iter().map(|file| (file.name.clone(), file.sha256.clone())).collect(),
            period: head.period,
            as_of: head.as_of,
            seed: self.document.seed.unwrap_or(0),
            constants: self.constants.clone(),
            tables: self.tables.clone(),
            patterns,
            entities,
            subject: self.catalog.subject,
            steps: Vec::new(),
            needs: Vec::new(),
            edge_cases,
            learned: learned?,
        };
        (spec.steps, spec.needs) = self.steps(&spec)?;
        self.check_quotas(&spec);
        Some(spec)
    }

    /// Reads an expression; mistakes that only follow from one elsewhere are left out.
    fn expression(&self, text: &str, scope: &dyn Scope, place: &Place) -> Option<Expression> {
        let before = self.poisoned.replace(false);
        let result = manikin_expression::check(text, scope);
        let poisoned = self.poisoned.replace(before);
        match result {
            // The unknown type makes every use of the value doubtful, so nothing is said of them either.
            Ok(expression) => (!poisoned).then_some(expression),
            Err(errors) => {
                let follows = |code: &str| {
                    poisoned
                        && (code == manikin_expression::TYPE_MISMATCH || code == manikin_expression::WRONG_ARGUMENTS)
                };
                self.report.expression(place, errors.into_iter().filter(|error| !follows(error.code)).collect());
                None
            }
        }
    }

    /// An expression that is true or false.
    fn condition(&self, text: &str, scope: &dyn Scope, place: &Place) -> Option<Expression> {
        let expression = self.expression(text, scope, place)?;
        if expression.ty != Type::Boolean {
            let message = format!("a condition is true or false; this is {}", describe(&expression.ty));
            let help = "compare it with something, as in `x = 'a'` or `x > 0`";
            self.report.hint(place, codes::NOT_A_CONDITION, message, help);
            return None;
        }
        Some(expression)
    }

    /// An expression that gives a number.
    fn numeric(&self, text: &str, scope: &dyn Scope, place: &Place) -> Option<Expression> {
        let expression = self.expression(text, scope, place)?;
        if !expression.ty.is_number() && expression.ty != Type::Null {
            let message = format!("a number is needed here; this is {}", describe(&expression.ty));
            let diagnostic = Diagnostic::error(codes::TYPE_MISMATCH, message);
            let diagnostic = match expression.ty {
                Type::Boolean => diagnostic.help("write `case when … then 1 else 0 end`"),
                _ => diagnostic,
            };
            self.report.push(place, diagnostic);
            return None;
        }
        Some(expression)
    }

    /// An expression that gives a date, or a date and time.
    fn temporal(&self, text: &str, scope: &dyn Scope, place: &Place) -> Option<Expression> {
        let expression = self.expression(text, scope, place)?;
        if !expression.ty.is_temporal() && expression.ty != Type::Null {
            if let Some(literal @ (Literal::Date(_) | Literal::DateTime(_))) =
                expression.literal().and_then(|value| match value {
                    Literal::Text(text) => Literal::temporal(text),
                    _ => None,
                })
            {
                return expression.assigned_to(&literal.ty()).ok();
            }
            let message = format!("a date or a time is needed here; this is {}", describe(&expression.ty));
            self.report.error(place, codes::TYPE_MISMATCH, message);
            return None;
        }
        Some(expression)
    }

    /// An expression whose value becomes a value of a type.
    fn assigned(&self, text: &str, scope: &dyn Scope, ty: &Type, place: &Place) -> Option<Expression> {
        let expression = self.expression(text, scope, place)?;
        match expression.assigned_to(ty) {
            Ok(expression) => Some(expression),
            Err(error) => {
                self.report.expression(place, vec![error]);
                None
            }
        }
    }

    fn entity_named(&self, name: &str, place: &Place) -> Option<EntityId> {
        let found = self.catalog.id(name);
        if found.is_none() {
            self.report.unknown(place, codes::UNKNOWN_ENTITY, "entity", name, self.catalog.names());
        }
        found
    }

    fn field_named(&self, entity: EntityId, name: &str, place: &Place) -> Option<FieldId> {
        let known = self.catalog.get(entity);
        let found = known.field(name);
        if found.is_none() {
            let what = format!("field of `{}` named", known.name);
            self.report.unknown(place, codes::UNKNOWN_FIELD, &what, name, known.field_names());
        }
        found
    }

    fn function(&self, name: &str) -> Option<Macro> {
        let function = self.document.functions.get(name)?;
        Some(Macro { parameters: function.of.clone(), body: function.is.clone() })
    }

    fn check_functions(&self) {
        for (name, function) in &self.document.functions {
            let place = Place::new(&["functions", name]);
            for (position, parameter) in function.of.iter().enumerate() {
                if function.of[..position].contains(parameter) {
                    let message = format!("`{parameter}` is given twice");
                    self.report.error(&place.key("of").key(position), codes::DUPLICATE_NAME, message);
                }
            }
            match manikin_expression::names(&function.is) {
                Err(error) => self.report.expression(&place.key("is"), vec![error]),
                Ok(used) => {
                    for (position, parameter) in function.of.iter().enumerate() {
                        if !used.iter().any(|path| path.first() == Some(parameter)) {
                            let message = format!("`{name}` never uses `{parameter}`");
                            let diagnostic = Diagnostic::warning(codes::UNUSED_PARAMETER, message);
                            self.report.push(&place.key("of").key(position), diagnostic);
                        }
                    }
                }
            }
        }
    }

    fn check_critical_fields(&self) {
        for (position, path) in self.document.critical_fields.iter().enumerate() {
            let place = Place::new(&["critical_fields"]).key(position);
            let Some((entity, field)) = path.split_once('.') else {
                let message = format!("`{path}` does not name a field");
                self.report.hint(&place, codes::DOES_NOT_MATCH, message, "write entity, dot, field");
                continue;
            };
            if let Some(entity) = self.entity_named(entity, &place) {
                self.field_named(entity, field, &place);
            }
        }
    }
}

/// A type in words, as a document writes it.
fn describe(ty: &Type) -> String {
    match ty {
        Type::Float => "a number".to_owned(),
        Type::Integer => "an integer".to_owned(),
        Type::Decimal(scale) => format!("a decimal with {scale} digits after the point"),
        Type::Date => "a date".to_owned(),
        Type::DateTime => "a date and time".to_owned(),
        Type::Boolean => "true or false".to_owned(),
        Type::Text => "text".to_owned(),
        Type::List(_) => "a list".to_owned(),
        Type::Null => "always NULL".to_owned(),
        Type::Interval(_) => "a length of time".to_owned(),
    }
}

fn check_head(document: &Document, report: &Report<'_>) -> Option<Head> {
    match document.manikin {
        Some(1) => {}
        Some(other) => {
            let place = Place::new(&["manikin"]);
            let message = format!("version {other} of the language is not known");
            report.hint(&place, codes::OUT_OF_BOUNDS, message, "this tool reads version 1");
        }
        None => missing(report, "manikin", "write `manikin: 1`, the version of the language"),
    }
    match &document.product {
        Some(name)
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) =>
        {
            let message = format!("`{name}` is not the short name of a product");
            let help = "write lower-case letters, digits and hyphens: `claims-prototype`";
            report.hint(&Place::new(&["product"]), codes::DOES_NOT_MATCH, message, help);
        }
        Some(_) => {}
        None => missing(report, "product", "name the data product: `product: claims-prototype`"),
    }
    let Some(period) = &document.period else {
        missing(report, "period", "write the first and last day: `period: {from: 2025-01-01, to: 2025-12-31}`");
        return None;
    };
    let place = Place::new(&["period"]);
    let (from, to) = (date(&period.from, &place.key("from"), report), date(&period.to, &place.key("to"), report));
    let as_of = document.as_of.as_ref().map(|text| date(text, &Place::new(&["as_of"]), report));
    let (from, to) = (from?, to?);
    if from > to {
        let message = format!("the period ends on {} but starts on {}", period.to, period.from);
        report.hint(&place.key("to"), codes::EMPTY_PERIOD, message, "the last day is on or after the first");
        return None;
    }
    let as_of = match as_of {
        Some(day) => day?,
        None => to,
    };
    Some(Head { period: (from, to), as_of })
}

fn missing(report: &Report<'_>, key: &str, help: &str) {
    report.hint(&Place::new(&[key]), codes::MISSING_KEY, format!("`{key}` is missing"), help);
}

fn date(text: &str, place: &Place, report: &Report<'_>) -> Option<i32> {
    match Literal::temporal(text) {
        Some(Literal::Date(day)) => Some(day),
        _ => {
            let message = format!("`{text}` is no day of the calendar");
            report.hint(place, codes::BAD_DATE, message, "write year, month and day: 2025-01-31");
            None
        }
    }
}

fn constants(document: &Document, head: Option<&Head>) -> BTreeMap<String, Literal> {
    let mut constants: BTreeMap<String, Literal> =
        document.settings.iter().map(|(name, value)| (name.clone(), value::natural(value))).collect();
    // A document without a period is refused; the days only keep its expressions from failing as well.
    let (from, to, as_of) = head.map_or((0, 0, 0), |head| (head.period.0, head.period.1, head.as_of));
    constants.insert("period_start".to_owned(), Literal::Date(from));
    constants.insert("period_end".to_owned(), Literal::Date(to));
    constants.insert("as_of".to_owned(), Literal::Date(as_of));
    constants
}

/// The nearest of some names, as a sentence.
fn did_you_mean<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<String> {
    nearest(name, names).map(|near| format!("did you mean `{near}`?"))
}
