//! The type of each field, worked out when it is first asked for: a field may refer to fields that come later.

use super::Resolver;
use super::report::Place;
use super::scope::RowScope;
use super::value::{common, plain_type, type_of_keys};
use crate::document::{DataType, Field, GeneratorRef, Id, Running};
use crate::spec::{EntityId, FieldId};
use manikin_diagnostic::{Diagnostic, codes};
use manikin_expression::{Type, check};

/// How far a field's type is known.
#[derive(Clone, Debug)]
pub(super) enum Known {
    /// Not asked for yet.
    Unasked,
    /// Being worked out.
    Open,
    /// Worked out; `None` where a mistake leaves it unknown.
    Settled(Option<Type>),
}

/// Fields whose types wait for each other at once, at most: a bound on the stack.
const DEEPEST: usize = 64;

/// The scale of decimals that do not say theirs, as of currencies.
pub(super) const DEFAULT_SCALE: u8 = 2;

impl Resolver<'_> {
    /// The type of a field's values, or `None` where a mistake, reported with the field, leaves it unknown.
    pub(super) fn field_type(&self, entity: EntityId, field: FieldId) -> Option<Type> {
        let known = self.types.borrow()[entity.0][field.0].clone();
        match known {
            Known::Settled(ty) => ty,
            Known::Open => {
                self.report_circle(entity, field);
                None
            }
            Known::Unasked if self.open.borrow().len() >= DEEPEST => {
                let message = format!("the type of this field follows from a chain of more than {DEEPEST} others");
                let help = "say the `type` of this field";
                let diagnostic = Diagnostic::error(codes::EXPRESSION_TOO_DEEP, message).help(help);
                self.report.push_key(&self.field_place(entity, field), diagnostic);
                self.types.borrow_mut()[entity.0][field.0] = Known::Settled(None);
                None
            }
            Known::Unasked => {
                let (_, source) = self.catalog.get(entity).source.fields.get_index(field.0)?;
                self.types.borrow_mut()[entity.0][field.0] = Known::Open;
                self.open.borrow_mut().push((entity, field));
                let ty = match declared(source) {
                    Some(ty) => Some(ty),
                    None => self.infer_field(entity, source),
                };
                self.open.borrow_mut().pop();
                self.types.borrow_mut()[entity.0][field.0] = Known::Settled(ty.clone());
                ty
            }
        }
    }

    /// Whether a field's type is being worked out.
    pub(super) fn is_open(&self, entity: EntityId, field: FieldId) -> bool {
        matches!(self.types.borrow()[entity.0][field.0], Known::Open)
    }

    fn report_circle(&self, entity: EntityId, field: FieldId) {
        let open = self.open.borrow();
        let start = open.iter().position(|at| *at == (entity, field)).unwrap_or(0);
        let circle = open[start..].to_vec();
        let name = |(entity, field): &(EntityId, FieldId)| {
            let known = self.catalog.get(*entity);
            format!("{}.{}", known.name, known.field_name(*field))
        };
        let mut names: Vec<String> = circle.iter().map(name).collect();
        names.push(name(&(entity, field)));
        let message = format!("fields depend on each other in a circle: {}", names.join(" → "));
        let mut diagnostic = Diagnostic::error(codes::FIELD_CYCLE, message)
            .help("let one of them be drawn, or derive it from something else");
        for other in &circle[1..] {
            diagnostic = diagnostic.related(self.report.key_span(&self.field_place(other.0, other.1)), "needed here");
        }
        self.report.push_key(&self.field_place(entity, field), diagnostic);
        self.circles.borrow_mut().extend(circle);
    }

    /// The place of a field in the document.
    pub(super) fn field_place(&self, entity: EntityId, field: FieldId) -> Place {
        let known = self.catalog.get(entity);
        known.place().key("fields").key(known.field_name(field))
    }

    fn infer_field(&self, entity: EntityId, field: &Field) -> Option<Type> {
        let scope = self.row_scope(entity);
        let (_, generator) = field.generators().into_iter().next()?;
        let inferred = self.infer(&generator, field.code.as_deref(), &scope)?;
        match (field.decimals, &inferred) {
            (Some(scale), ty) if ty.is_number() => Some(Type::Decimal(scale)),
            (_, Type::Null | Type::Interval(_)) => None,
            _ => Some(inferred),
        }
    }

    /// The type that a generator gives where nothing else says it.
    pub(super) fn infer(
        &self,
        generator: &GeneratorRef<'_>,
        code: Option<&str>,
        scope: &RowScope<'_, '_>,
    ) -> Option<Type> {
        match generator {
            GeneratorRef::Constant(value) => Some(self.code_type(code).unwrap_or_else(|| plain_type(value))),
            GeneratorRef::Id(Id::Form(_) | Id::Numbered(_)) | GeneratorRef::Fake(_) => Some(Type::Text),
            GeneratorRef::KeyOf(name) => self.key_type(self.catalog.id(name)?),
            GeneratorRef::Link(link) => self.key_type(self.catalog.id(&link.to)?),
            GeneratorRef::Choice(weights) => {
                let keys = || type_of_keys(weights.keys().map(String::as_str));
                Some(self.code_type(code).unwrap_or_else(keys))
            }
            GeneratorRef::Pick(pick) => {
                let shape = self.table_shape(&pick.from)?;
                let column = pick.column.as_ref().unwrap_or(&shape.key);
                shape.columns.iter().find(|(name, _)| name == column).map(|(_, ty)| ty.clone())
            }
            GeneratorRef::Derive(text) => self.type_of_expression(text, scope),
            GeneratorRef::Draw(draw) => Some(match draw.family {
                "poisson" | "binomial" | "geometric" | "negative_binomial" => Type::Integer,
                "bernoulli" => Type::Boolean,
                _ => Type::Float,
            }),
            GeneratorRef::Quantiles(_) => Some(Type::Float),
            GeneratorRef::Date(_) => Some(Type::Date),
            GeneratorRef::Time(_) => Some(Type::DateTime),
            GeneratorRef::List(_) => Some(Type::List(Box::new(Type::Text))),
            GeneratorRef::Cases(cases) => {
                let mut all = Type::Null;
                for case in *cases {
                    let (_, generator) = case.generators().into_iter().next()?;
                    all = common(&all, &self.infer(&generator, code, scope)?)?;
                }
                Some(all)
            }
            GeneratorRef::Running(running) => self.infer_running(running, scope),
        }
    }

    fn infer_running(&self, running: &Running, scope: &RowScope<'_, '_>) -> Option<Type> {
        if running.number == Some(true) {
            return Some(Type::Integer);
        }
        let of = [&running.sum, &running.min, &running.max, &running.previous, &running.first];
        self.type_of_expression(of.into_iter().flatten().next()?, scope)
    }

    fn type_of_expression(&self, text: &str, scope: &RowScope<'_, '_>) -> Option<Type> {
        let before = self.poisoned.replace(false);
        let found = check(text, scope).ok().map(|expression| expression.ty);
        let poisoned = self.poisoned.replace(before);
        found.filter(|_| !poisoned)
    }

    /// The type of an entity's key, where it is a single field.
    pub(super) fn key_type(&self, entity: EntityId) -> Option<Type> {
        match self.catalog.get(entity).key.as_slice() {
            [field] => self.field_type(entity, *field),
            _ => None,
        }
    }

    /// The type of the codes of a table.
    fn code_type(&self, code: Option<&str>) -> Option<Type> {
        let shape = self.table_shape(code?)?;
        shape.columns.into_iter().find(|(name, _)| *name == shape.key).map(|(_, ty)| ty)
    }
}

/// The type that the document writes.
pub(super) fn declared(field: &Field) -> Option<Type> {
    let scale = field.decimals.unwrap_or(DEFAULT_SCALE);
    Some(match field.data_type? {
        DataType::Text => Type::Text,
        DataType::Integer => Type::Integer,
        DataType::Number => Type::Float,
        DataType::Decimal => Type::Decimal(scale),
        DataType::Boolean => Type::Boolean,
        DataType::Date => Type::Date,
        DataType::Datetime => Type::DateTime,
        DataType::List => Type::List(Box::new(Type::Text)),
    })
}
