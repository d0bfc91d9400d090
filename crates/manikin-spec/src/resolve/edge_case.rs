//! Edge cases: which rows, what is done to them, and which rules that breaks.

use super::Resolver;
use super::report::Place;
use super::value::share;
use crate::document::{self, Named, OneOrMany, Parameter};
use crate::spec::{Action, EdgeCase, Entity, EntityId, FieldId, Selection};
use manikin_diagnostic::{Diagnostic, codes};
use manikin_expression::Expression;

/// The demands of a field's contract, as `breaks` names them.
const DEMANDS: [&str; 7] = ["required", "unique", "code", "range", "allowed", "references", "length"];

impl Resolver<'_> {
    pub(super) fn edge_case(
        &self,
        name: &str,
        case: &document::EdgeCase,
        entities: &[Option<Entity>],
    ) -> Option<EdgeCase> {
        let place = Place::new(&["edge_cases", name]);
        let entity = self.entity_named(&case.entity, &place.key("entity"))?;
        let selection = self.selection(case, &place);
        let scope = self.row_scope(entity);
        let condition = self.optional(&case.condition, |text| self.condition(text, &scope, &place.key("where")));
        let action = self.action(case, entity, &place);
        let breaks = self.breaks(case.breaks.as_ref(), entities, &place.key("breaks"));
        if let (Some(action), None) = (&action, &case.breaks) {
            self.check_silence(action, entity, &place);
        }
        let known = self.catalog.get(entity);
        if !known.generated && !known.waits {
            let message = format!("rows of `{}` are only described, so none can be changed", case.entity);
            self.report.error(&place.key("entity"), codes::NO_GENERATOR, message);
            return None;
        }
        Some(EdgeCase {
            name: name.to_owned(),
            entity,
            selection: selection?,
            condition: condition?,
            action: action?,
            breaks: breaks?,
        })
    }

    fn selection(&self, case: &document::EdgeCase, place: &Place) -> Option<Selection> {
        match (case.count, &case.rate) {
            (Some(count), None) => Some(Selection::Count(count)),
            (None, Some(rate)) => match share(rate) {
                Some(rate) if (0.0..=1.0).contains(&rate) => Some(Selection::Rate(rate)),
                _ => {
                    let help = "write a share as `1%` or 0.01";
                    let message = "a rate is between 0 % and 100 %";
                    self.report.hint(&place.key("rate"), codes::BAD_PERCENTAGE, message, help);
                    None
                }
            },
            (Some(_), Some(_)) => {
                let message = "`count` and `rate` both say how many rows are changed";
                let diagnostic = Diagnostic::error(codes::EDGE_CASE_AMOUNT, message).help("keep one of them");
                self.report.push_key(&place.key("rate"), diagnostic);
                None
            }
            (None, None) => {
                let message = "nothing says how many rows are changed";
                let diagnostic =
                    Diagnostic::error(codes::EDGE_CASE_AMOUNT, message).help("give `count: 5` or `rate: 1%`");
                self.report.push_key(place, diagnostic);
                None
            }
        }
    }

    fn action(&self, case: &document::EdgeCase, entity: EntityId, place: &Place) -> Option<Action> {
        let given: Vec<&str> = [
            ("set", case.set.is_some()),
            ("clear", case.clear.is_some()),
            ("corrupt", case.corrupt.is_some()),
            ("duplicate", case.duplicate == Some(true)),
        ]
        .into_iter()
        .filter_map(|(key, given)| given.then_some(key))
        .collect();
        match given.as_slice() {
            [] => {
                let message = "nothing says what is done to the rows";
                let diagnostic = Diagnostic::error(codes::EDGE_CASE_WITHOUT_EFFECT, message)
                    .help("give one of `set`, `clear`, `corrupt`, `duplicate`");
                self.report.push_key(place, diagnostic);
                return None;
            }
            [first, second, ..] => {
                let message = format!("an edge case does one thing; here are `{first}` and `{second}`");
                let diagnostic = Diagnostic::error(codes::KEYS_EXCLUDE, message).help("write two edge cases");
                self.report.push_key(&place.key(second), diagnostic);
                return None;
            }
            [_] => {}
        }
        if let Some(set) = &case.set {
            return self.values(set, entity, &place.key("set")).map(Action::Set);
        }
        if let Some(corrupt) = &case.corrupt {
            return self.values(corrupt, entity, &place.key("corrupt")).map(Action::Corrupt);
        }
        let Some(clear) = &case.clear else { return Some(Action::Duplicate) };
        let fields: Vec<Option<FieldId>> = places_of(clear, &place.key("clear"))
            .into_iter()
            .map(|(name, at)| self.field_named(entity, name, &at))
            .collect();
        if fields.is_empty() {
            self.report.error(&place.key("clear"), codes::EDGE_CASE_WITHOUT_EFFECT, "no field is cleared");
        }
        fields.into_iter().collect::<Option<_>>().map(Action::Clear)
    }

    fn values(&self, values: &Named<Parameter>, entity: EntityId, place: &Place) -> Option<Vec<(FieldId, Expression)>> {
        let known = self.catalog.get(entity);
        let mut resolved = Vec::new();
        for (name, value) in values {
            let at = place.key(name);
            let field = known.field(name);
            if field.is_none() {
                let what = format!("field of `{}` named", known.name);
                self.report.unknown_key(&at, codes::UNKNOWN_FIELD, &what, name, known.field_names());
            }
            let text = match value {
                Parameter::Number(number) => number.to_string(),
                Parameter::Text(text) => text.clone(),
            };
            let scope = self.row_scope(entity);
            let expression = match field.map(|field| self.field_type(entity, field)) {
                Some(Some(ty)) => self.assigned(&text, &scope, &ty, &at),
                Some(None) => None,
                None => self.expression(&text, &scope, &at),
            };
            resolved.push(field.zip(expression));
        }
        if values.is_empty() {
            self.report.error(place, codes::EDGE_CASE_WITHOUT_EFFECT, "no field gets a value");
            return None;
        }
        resolved.into_iter().collect()
    }

    /// A defect names what it breaks; a value that may be missing anyway breaks nothing by being missing.
    fn check_silence(&self, action: &Action, entity: EntityId, place: &Place) {
        let known = self.catalog.get(entity);
        let is_required = |field: &FieldId| {
            let source = known.source.fields.get_index(field.0).map(|(_, source)| source);
            known.key.contains(field) || source.is_some_and(|source| source.required == Some(true))
        };
        let (key, help) = match action {
            Action::Set(_) => return,
            Action::Clear(fields) => match fields.iter().find(|field| is_required(field)) {
                None => return,
                Some(field) => {
                    ("clear", format!("write `breaks: {}.{}.required`", known.name, known.field_name(*field)))
                }
            },
            Action::Corrupt(_) => {
                ("corrupt", "name the rule in `breaks`; for a value that breaks none, write `set`".to_owned())
            }
            Action::Duplicate => {
                let key = known.key.first().map_or("key", |field| known.field_name(*field));
                ("duplicate", format!("write `breaks: {}.{key}.unique`", known.name))
            }
        };
        let message = format!("`{key}` breaks a rule that `breaks` does not name");
        let diagnostic = Diagnostic::error(codes::EDGE_CASE_BREAKS_SILENTLY, message).help(help);
        self.report.push_key(&place.key(key), diagnostic);
    }

    fn breaks(&self, breaks: Option<&OneOrMany>, entities: &[Option<Entity>], place: &Place) -> Option<Vec<String>> {
        let Some(breaks) = breaks else { return Some(Vec::new()) };
        let mut sound = true;
        for (name, at) in places_of(breaks, place) {
            sound &= self.rule_named(name, entities, &at).is_some();
        }
        sound.then(|| breaks.names().into_iter().map(str::to_owned).collect())
    }

    fn rule_named(&self, path: &str, entities: &[Option<Entity>], place: &Place) -> Option<()> {
        let parts: Vec<&str> = path.split('.').collect();
        let entity = self.entity_named(parts[0], place)?;
        let known = self.catalog.get(entity);
        match parts.as_slice() {
            [_, rule] if known.source.rules.contains_key(*rule) => Some(()),
            [_, field, demand] => {
                let field = self.field_named(entity, field, place)?;
                if !DEMANDS.contains(demand) {
                    self.report.unknown(place, codes::UNKNOWN_RULE, "demand on a field", demand, DEMANDS);
                    return None;
                }
                // With a mistake elsewhere in the entity it is not known what its fields demand.
                let Some(resolved) = entities[entity.0].as_ref() else { return Some(()) };
                let own = &resolved[field];
                let contract = &own.contract;
                let is_demanded = match *demand {
                    "required" => contract.required,
                    "unique" => contract.unique || resolved.key.contains(&field),
                    "code" => contract.code.is_some(),
                    "range" => contract.min.is_some() || contract.max.is_some(),
                    "allowed" => contract.allowed.is_some(),
                    "references" => own.references.is_some(),
                    _ => contract.length.is_some(),
                };
                if !is_demanded {
                    let message =
                        format!("`{}.{}` does not demand `{demand}`, so nothing breaks", known.name, own.name);
                    self.report.error(place, codes::UNKNOWN_RULE, message);
                    return None;
                }
                Some(())
            }
            [_, rule] => {
                let what = format!("rule of `{}` named", known.name);
                let names = known.source.rules.keys().map(String::as_str);
                let field = known.field(rule).is_some();
                if field {
                    let message = format!("`{path}` is a field; which of its demands breaks?");
                    let help = format!("write `{path}.required`, or another of {}", DEMANDS[1..].join(", "));
                    self.report.hint(place, codes::UNKNOWN_RULE, message, help);
                } else {
                    self.report.unknown(place, codes::UNKNOWN_RULE, &what, rule, names);
                }
                None
            }
            _ => {
                let message = format!("`{path}` does not name a rule");
                self.report.hint(place, codes::UNKNOWN_RULE, message, "write entity, dot, rule");
                None
            }
        }
    }
}

/// The names with their places: one value, or a list of them.
fn places_of<'n>(names: &'n OneOrMany, place: &Place) -> Vec<(&'n str, Place)> {
    match names {
        OneOrMany::One(name) => vec![(name, place.clone())],
        OneOrMany::Many(names) => {
            names.iter().enumerate().map(|(position, name)| (name.as_str(), place.key(position))).collect()
        }
    }
}
