//! Generators: what a field, a case, a count or an item says of how its values are made.

use super::Resolver;
use super::report::Place;
use super::scope::{RowScope, TableScope, may_link};
use super::value::{comparable, literal, number, storable};
use super::{describe, did_you_mean};
use crate::document::{self, GeneratorRef, Id, Named};
use crate::spec::{EntityId, FieldId, Generator, Link, Parameter, Pick, Running, RunningKind};
use manikin_diagnostic::codes;
use manikin_expression::{Expression, Scope, Type};

/// Where a generator stands: the entity, the names it sees, and the place of the map that holds its key.
#[derive(Clone, Copy)]
pub(super) struct Site<'r, 'a> {
    pub(super) entity: EntityId,
    pub(super) scope: RowScope<'r, 'a>,
    pub(super) place: &'r Place,
    /// The table that the values must be codes of.
    pub(super) code: Option<&'a str>,
}

impl<'a> Resolver<'a> {
    /// A generator whose values become values of a type.
    pub(super) fn generator(
        &self,
        key: &'static str,
        generator: &GeneratorRef<'a>,
        ty: &Type,
        site: &Site<'_, 'a>,
    ) -> Option<Generator> {
        let place = site.place.key(key);
        if let Some(gives) = self.gives(generator, site)
            && !storable(&gives, ty)
        {
            let message = format!("`{key}` gives {}, and the field holds {}", describe(&gives), describe(ty));
            self.report.error(&place, codes::TYPE_MISMATCH, message);
            return None;
        }
        match generator {
            GeneratorRef::Constant(value) => match literal(value, ty) {
                Some(value) => {
                    self.check_code(&value, site.code, &place, false);
                    Some(Generator::Constant(value))
                }
                None => {
                    let message = format!("`{}` is not {}", value.text(), describe(ty));
                    self.report.error(&place, codes::WRONG_TYPE, message);
                    None
                }
            },
            GeneratorRef::Id(id) => self.id(id, &place),
            GeneratorRef::KeyOf(name) => self.key_of(name, site.entity, &place),
            GeneratorRef::Link(link) => self.link(link, site, &place).map(Generator::Link),
            GeneratorRef::Choice(weights) => self.choice(weights, ty, site.code, &place).map(Generator::Choice),
            GeneratorRef::Pick(pick) => self.pick(pick, site, &place).map(Generator::Pick),
            GeneratorRef::Derive(text) => self.assigned(text, &site.scope, ty, &place).map(Generator::Derive),
            GeneratorRef::Draw(draw) => self.draw(draw, &site.scope, &place).map(Generator::Draw),
            GeneratorRef::Quantiles(quantiles) => {
                self.quantiles(quantiles, &site.scope, &place).map(Generator::Quantiles)
            }
            GeneratorRef::Date(date) => {
                let ends = self.window_of(&date.within, &site.scope, &place)?;
                Some(Generator::Date(ends))
            }
            GeneratorRef::Time(time) => self.time(time, site, &place),
            GeneratorRef::Cases(cases) => self.cases(cases, ty, site, &place),
            GeneratorRef::List(list) => self.list(list, site, &place),
            GeneratorRef::Fake(fake) => Some(Generator::Fake(*fake)),
            GeneratorRef::Running(running) => self.running(running, ty, site, &place),
        }
    }

    /// The type that a generator gives by nature; `None` where it follows the field's or is checked on its own.
    fn gives(&self, generator: &GeneratorRef<'_>, site: &Site<'_, 'a>) -> Option<Type> {
        match generator {
            GeneratorRef::Constant(_)
            | GeneratorRef::Choice(_)
            | GeneratorRef::Derive(_)
            | GeneratorRef::Cases(_)
            | GeneratorRef::Running(_) => None,
            other => self.infer(other, site.code, &site.scope),
        }
    }

    fn id(&self, id: &Id, place: &Place) -> Option<Generator> {
        const DIGITS: u8 = 6;
        match id {
            Id::Form(_) => Some(Generator::Uuid),
            Id::Numbered(numbered) => {
                let digits = numbered.digits.unwrap_or(DIGITS);
                if !(1..=18).contains(&digits) {
                    let message = format!("a number has 1 to 18 digits, not {digits}");
                    self.report.error(&place.key("digits"), codes::OUT_OF_BOUNDS, message);
                    return None;
                }
                Some(Generator::Numbered { prefix: numbered.prefix.clone(), digits })
            }
        }
    }

    fn key_of(&self, name: &str, entity: EntityId, place: &Place) -> Option<Generator> {
        let target = self.entity_named(name, place)?;
        if !self.catalog.ancestors(entity).any(|ancestor| ancestor == target) {
            let message = format!("`{}` does not belong to `{name}`", self.catalog.get(entity).name);
            let help = format!("`key_of` takes an ancestor's key; for another entity write `link: {{to: {name}}}`");
            self.report.hint(place, codes::BAD_LINK, message, help);
            return None;
        }
        self.single_key(target, place)?;
        Some(Generator::KeyOf(target))
    }

    /// The one field that names an entity's rows.
    fn single_key(&self, entity: EntityId, place: &Place) -> Option<FieldId> {
        let known = self.catalog.get(entity);
        match known.key.as_slice() {
            [field] => Some(*field),
            keys => {
                let message = match keys {
                    // An unknown key field is reported where the key is given.
                    [] if known.source.key.is_some() => return None,
                    [] => format!("`{}` has no key to refer to", known.name),
                    _ => format!("the key of `{}` has several fields, and a reference holds one", known.name),
                };
                self.report.hint(place, codes::NO_KEY, message, "give the entity a `key` of one field");
                None
            }
        }
    }

    fn link(&self, link: &'a document::Link, site: &Site<'_, 'a>, place: &Place) -> Option<Link> {
        let to = self.entity_named(&link.to, &place.key("to"))?;
        let own = self.catalog.get(site.entity);
        let target = self.catalog.get(to);
        let refusal = if self.catalog.ancestors(site.entity).any(|ancestor| ancestor == to) {
            Some((
                format!("`{}` belongs to `{}`", own.name, target.name),
                format!("a row knows the rows it belongs to: write `key_of: {}`", target.name),
            ))
        } else if to == site.entity {
            Some((
                format!("`{}` links to itself", own.name),
                "for the row before write `running: {previous: …}`".to_owned(),
            ))
        } else if !may_link(own.scope, target.scope) {
            Some((
                format!("rows of `{}` are made before those of `{}`", own.name, target.name),
                "what is made once for all cannot refer to what belongs to a subject".to_owned(),
            ))
        } else {
            None
        };
        if let Some((message, help)) = refusal {
            self.report.hint(&place.key("to"), codes::BAD_LINK, message, help);
            return None;
        }
        let mut sound = self.single_key(to, &place.key("to")).is_some();
        let target_field = |name: &str, place: &Place| self.field_named(to, name, place);
        let mut matching = Vec::new();
        for (name, text) in &link.matching {
            let at = place.key("match").key(name);
            let field = target_field(name, &at);
            let expression = self.expression(text, &site.scope, &at);
            match (field, expression) {
                (Some(field), Some(expression))
                    if self.fits(&expression, self.field_type(to, field).as_ref(), name, &at) =>
                {
                    matching.push((field, expression));
                }
                _ => sound = false,
            }
        }
        let mut within = Vec::new();
        for (text, ends) in &link.within {
            let at = place.key("within").key(text);
            let [low, high] = [0, 1].map(|end| target_field(&ends[end], &at.key(end)));
            match (self.key_expression(text, &site.scope, &at), low, high) {
                (Some(expression), Some(low), Some(high))
                    if self.fits(&expression, self.field_type(to, low).as_ref(), &ends[0], &at)
                        && self.fits(&expression, self.field_type(to, high).as_ref(), &ends[1], &at) =>
                {
                    within.push((expression, low, high));
                }
                _ => sound = false,
            }
        }
        let scope = RowScope { resolver: self, entity: Some(to), item: None };
        let condition = self.optional(&link.condition, |text| {
            let at = place.key("where");
            let condition = self.condition(text, &scope, &at)?;
            let foreign = condition.references().iter().any(|column| !column.hops.is_empty());
            if foreign || !condition.aggregated().is_empty() {
                let message = format!("only the own fields of `{}` are seen here", target.name);
                self.report.hint(&at, codes::BAD_LINK, message, "derive what is needed as a field of the target");
                return None;
            }
            Some(condition)
        });
        let weight = self.optional(&link.weight, |name| {
            let at = place.key("weight");
            let field = target_field(name, &at)?;
            let ty = self.field_type(to, field)?;
            if !ty.is_number() {
                let message = format!("a weight is a number; `{name}` is {}", describe(&ty));
                self.report.error(&at, codes::TYPE_MISMATCH, message);
                return None;
            }
            Some(field)
        });
        let (condition, weight) = (condition?, weight?);
        sound.then_some(Link { to, matching, within, condition, weight, choose: link.choose })
    }

    /// `Some(None)` where the key is not given, `None` where it has a mistake.
    pub(super) fn optional<T, R>(&self, given: &Option<T>, read: impl FnOnce(&T) -> Option<R>) -> Option<Option<R>> {
        match given {
            None => Some(None),
            Some(value) => read(value).map(Some),
        }
    }

    /// Whether an expression can be compared with what stands in a column or field.
    fn fits(&self, expression: &Expression, ty: Option<&Type>, name: &str, place: &Place) -> bool {
        let Some(ty) = ty else { return false };
        let fits = comparable(&expression.ty, ty);
        if !fits {
            let message = format!("`{name}` is {}, and this is {}", describe(ty), describe(&expression.ty));
            self.report.error(place, codes::TYPE_MISMATCH, message);
        }
        fits
    }

    /// An expression that stands as a key, whose words therefore have no place of their own.
    pub(super) fn key_expression(&self, text: &str, scope: &dyn Scope, place: &Place) -> Option<Expression> {
        self.expression(text, scope, place)
    }

    fn pick(&self, pick: &'a document::Pick, site: &Site<'_, 'a>, place: &Place) -> Option<Pick> {
        let from = place.key("from");
        let table = self.table(&pick.from, &from)?;
        let shape = self.table_shape(&pick.from)?;
        let mut sound = true;
        let column = match &pick.column {
            Some(name) => self.column_type(&pick.from, name, &place.key("column")).map(|_| name.clone()),
            None if self.document.tables.get(&pick.from).is_some_and(|source| source.key.is_none()) => {
                let message = format!("table `{}` has no key, so the column must be said", pick.from);
                let names: Vec<&str> = shape.columns.iter().map(|(name, _)| name.as_str()).collect();
                let help = format!("write `column:` with one of {}", names.join(", "));
                self.report.hint(place, codes::MISSING_KEY, message, help);
                None
            }
            None => Some(shape.key.clone()),
        };
        sound &= column.is_some();
        let stratum = self.stratum(&pick.from, &pick.matching, &pick.within, &site.scope, place);
        let scope = TableScope { resolver: self, table: &pick.from };
        let condition = self.optional(&pick.condition, |text| self.condition(text, &scope, &place.key("where")));
        let weight = match &pick.weight {
            Some(name) => self.weight_column(table, name, &place.key("weight")).map(Some),
            None if shape.columns.iter().any(|(name, ty)| name == "weight" && ty.is_number()) => {
                self.weight_column(table, "weight", &from).map(Some)
            }
            None => Some(None),
        };
        if let (Some(column), Some(code)) = (&column, site.code)
            && !(code == pick.from && *column == shape.key)
        {
            self.check_code_column(table, column, code, place);
        }
        let (matching, within) = stratum?;
        let (condition, weight) = (condition?, weight?);
        let column = column.filter(|_| sound)?;
        Some(Pick { table: pick.from.clone(), column, matching, within, condition, weight })
    }

    /// What a table's row must meet to fit a row: equal columns, and expressions between two columns.
    #[allow(clippy::type_complexity, reason = "the two lists are taken apart at once")]
    pub(super) fn stratum(
        &self,
        table: &str,
        matching: &Named<String>,
        within: &Named<[String; 2]>,
        scope: &dyn Scope,
        place: &Place,
    ) -> Option<(Vec<(String, Expression)>, Vec<(Expression, String, String)>)> {
        let mut sound = true;
        let mut equal = Vec::new();
        for (column, text) in matching {
            let at = place.key("match").key(column);
            let ty = self.column_type_of_key(table, column, &at);
            let expression = self.expression(text, scope, &at);
            match (ty, expression) {
                (Some(ty), Some(expression)) if self.fits(&expression, Some(&ty), column, &at) => {
                    equal.push((column.clone(), expression));
                }
                _ => sound = false,
            }
        }
        let mut between = Vec::new();
        for (text, ends) in within {
            let at = place.key("within").key(text);
            let [low, high] = [0, 1].map(|end| self.column_type(table, &ends[end], &at.key(end)));
            match (self.key_expression(text, scope, &at), low, high) {
                (Some(expression), Some(low), Some(high))
                    if self.fits(&expression, Some(&low), &ends[0], &at)
                        && self.fits(&expression, Some(&high), &ends[1], &at) =>
                {
                    between.push((expression, ends[0].clone(), ends[1].clone()));
                }
                _ => sound = false,
            }
        }
        sound.then_some((equal, between))
    }

    fn cases(&self, cases: &'a [document::Case], ty: &Type, site: &Site<'_, 'a>, place: &Place) -> Option<Generator> {
        if cases.is_empty() {
            self.report.error(place, codes::OUT_OF_BOUNDS, "give at least one case");
            return None;
        }
        let mut resolved = Vec::new();
        for (position, case) in cases.iter().enumerate() {
            let at = place.key(position);
            if case.when.is_none() && position + 1 < cases.len() {
                let help = "a case without `when` takes every row, so it comes last";
                self.report.hint(&at, codes::UNREACHABLE_CASE, "the cases after this one never apply", help);
            }
            let when = self.optional(&case.when, |text| self.condition(text, &site.scope, &at.key("when")));
            let generator = match case.generators().into_iter().next() {
                Some((key, generator)) => self.generator(key, &generator, ty, &Site { place: &at, ..*site }),
                None => {
                    self.report.error(&at, codes::NO_GENERATOR, "this case does not say how its values are made");
                    None
                }
            };
            resolved.push(when.zip(generator));
        }
        resolved.into_iter().collect::<Option<_>>().map(Generator::Cases)
    }

    fn list(&self, list: &'a document::List, site: &Site<'_, 'a>, place: &Place) -> Option<Generator> {
        let at = place.key("of");
        let of = match list.of.generators().into_iter().next() {
            Some((key, generator)) => self.generator(key, &generator, &Type::Text, &Site { place: &at, ..*site }),
            None => {
                self.report.error(&at, codes::NO_GENERATOR, "nothing says how the items are made");
                None
            }
        };
        let count = self.count(&list.count, site, &place.key("count"));
        let (of, count) = (of?, count?);
        let distinct = list.distinct == Some(true);
        if let (true, Generator::Choice(choice), Generator::Constant(manikin_expression::Literal::Integer(items))) =
            (distinct, &of, &count.generator)
        {
            let there_are = choice.shares.iter().filter(|share| **share > 0.0).count();
            if usize::try_from(*items).is_ok_and(|items| items > there_are) {
                let message = format!("{items} items cannot all differ: there are {there_are} values");
                self.report.error(&place.key("count"), codes::IMPOSSIBLE_QUOTA, message);
                return None;
            }
        }
        Some(Generator::List { of: Box::new(of), count: Box::new(count), distinct })
    }

    fn running(&self, running: &document::Running, ty: &Type, site: &Site<'_, 'a>, place: &Place) -> Option<Generator> {
        if self.catalog.get(site.entity).scope == crate::spec::EntityScope::Reference {
            let message = "there is no subject here whose rows could be accumulated";
            self.report.error(place, codes::KEYS_EXCLUDE, message);
            return None;
        }
        let kinds = [
            ("sum", &running.sum, RunningKind::Sum),
            ("min", &running.min, RunningKind::Min),
            ("max", &running.max, RunningKind::Max),
            ("previous", &running.previous, RunningKind::Previous),
            ("first", &running.first, RunningKind::First),
        ];
        let mut given: Vec<(&str, Option<&String>, RunningKind)> = kinds
            .into_iter()
            .filter_map(|(key, text, kind)| text.as_ref().map(|text| (key, Some(text), kind)))
            .collect();
        if running.number == Some(true) {
            given.push(("number", None, RunningKind::Number));
        }
        let [(key, text, kind)] = given.as_slice() else {
            let message = format!("one thing is accumulated; here are {}", given.len());
            let help = "give one of sum, min, max, previous, first, number";
            self.report.hint(place, codes::KEYS_EXCLUDE, message, help);
            return None;
        };
        let at = place.key(key);
        let of = match text {
            None => Some(None),
            Some(text) if *kind == RunningKind::Sum => self.numeric(text, &site.scope, &at).map(Some),
            Some(text) => self.expression(text, &site.scope, &at).map(Some),
        };
        if let Some(Some(of)) = &of
            && !storable(&of.ty, ty)
        {
            let message = format!("this gives {}, and the field holds {}", describe(&of.ty), describe(ty));
            self.report.error(&at, codes::TYPE_MISMATCH, message);
            return None;
        }
        if running.before == Some(true) && !matches!(kind, RunningKind::Sum | RunningKind::Min | RunningKind::Max) {
            let message = format!("`before` means nothing for `{key}`");
            self.report.error(&place.key("before"), codes::KEYS_EXCLUDE, message);
        }
        let by: Vec<Option<FieldId>> = running
            .by
            .iter()
            .enumerate()
            .map(|(position, name)| self.field_named(site.entity, name, &place.key("by").key(position)))
            .collect();
        let order = self.optional(&running.order, |text| self.expression(text, &site.scope, &place.key("order")));
        let by = by.into_iter().collect::<Option<Vec<FieldId>>>()?;
        let (of, order) = (of?, order?);
        Some(Generator::Running(Box::new(Running { kind: *kind, of, by, order, before: running.before == Some(true) })))
    }

    /// A number, a percentage or an expression that gives a number.
    pub(super) fn parameter(
        &self,
        parameter: &document::Parameter,
        scope: &dyn Scope,
        place: &Place,
    ) -> Option<Parameter> {
        if let Some(value) = number(parameter) {
            if !value.is_finite() {
                self.report.error(place, codes::BAD_PARAMETER, "a parameter is a finite number");
                return None;
            }
            return Some(Parameter::Value(value));
        }
        let document::Parameter::Text(text) = parameter else { return None };
        if text.trim_end().ends_with('%') {
            let help = did_you_mean(text, []).unwrap_or_else(|| "write a percentage as `5%`".to_owned());
            self.report.hint(place, codes::BAD_PERCENTAGE, format!("`{text}` is no percentage"), help);
            return None;
        }
        let expression = self.numeric(text, scope, place)?;
        use manikin_expression::Literal;
        Some(match expression.literal() {
            Some(Literal::Integer(value)) => Parameter::Value(*value as f64),
            Some(Literal::Float(value)) => Parameter::Value(*value),
            _ => Parameter::Expression(expression),
        })
    }

    /// A probability: a number from 0 to 1, a percentage, or an expression.
    pub(super) fn probability(
        &self,
        parameter: &document::Parameter,
        scope: &dyn Scope,
        place: &Place,
    ) -> Option<Parameter> {
        let found = self.parameter(parameter, scope, place)?;
        if let Parameter::Value(value) = found
            && !(0.0..=1.0).contains(&value)
        {
            let help = "write a share as `5%` or 0.05, from 0 % to 100 %";
            let message = format!("{value} is no probability");
            self.report.hint(place, codes::BAD_PERCENTAGE, message, help);
            return None;
        }
        Some(found)
    }
}
