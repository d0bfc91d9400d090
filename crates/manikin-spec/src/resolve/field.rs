//! Fields: type, generator, missingness, exactness.

use super::generator::Site;
use super::report::Place;
use super::types::declared;
use super::value::{common, literal_of_key};
use super::{Resolver, describe};
use crate::document::{self, GeneratorRef, Origin};
use crate::spec::{EntityId, EntityScope, Exact, Field, FieldId, Generator, Missing, Parameter};
use manikin_diagnostic::{Diagnostic, codes};
use manikin_expression::{Expression, Literal, MAX_SCALE, Type};

impl<'a> Resolver<'a> {
    pub(super) fn field(&self, entity: EntityId, id: FieldId) -> Option<Field> {
        let known = self.catalog.get(entity);
        let (name, source) = known.source.fields.get_index(id.0)?;
        let place = self.field_place(entity, id);
        let scale_is_sound = self.check_decimals(source, &place);
        let generator = source.generators().into_iter().next();
        let learn = self.optional(&source.learn, |_| self.domain(entity, id));
        let is_modelled = source.learn.is_some() && self.document.model.is_some();
        let site = Site { entity, scope: self.row_scope(entity), place: &place, code: source.code.as_deref() };
        let ty = self.field_type(entity, id);
        let resolved = match (&ty, &generator) {
            (Some(ty), Some((key, generator))) => self.generator(key, generator, ty, &site).map(Some),
            (None, Some((key, generator))) => {
                self.explain(key, generator, &site);
                None
            }
            (Some(_), None) => Some(None),
            (None, None) => {
                let message = format!("neither a generator nor `type` says what `{name}` holds");
                let help = "write `type: text`, or how the values are made";
                self.report.push_key(&place, Diagnostic::error(codes::MISSING_KEY, message).help(help));
                None
            }
        };
        if generator.is_none() && !is_modelled && (known.source.count.is_some() || known.source.each.is_some()) {
            let message = format!("nothing says how the values of `{name}` are made, so they are all NULL");
            self.report.push_key(&place, Diagnostic::warning(codes::NO_GENERATOR, message));
        }
        let missing = self.optional(&source.missing, |missing| self.missing(missing, &site));
        if let Some(reason) = Some("required")
            .filter(|_| source.required == Some(true))
            .or_else(|| Some("part of the key").filter(|_| known.key.contains(&id)))
            && source.missing.is_some()
        {
            let message = format!("`{name}` is {reason}, so it is never missing");
            let help = "to write some rows without it, add an edge case that clears it and names what it breaks";
            let diagnostic = Diagnostic::error(codes::KEYS_EXCLUDE, message).help(help);
            self.report.push_key(&place.key("missing"), diagnostic);
        }
        let exact = self.exact(source, ty.as_ref(), &site).map(|exact| exact.filter(|_| !is_modelled));
        if let Some(target) = &source.references {
            self.entity_named(target, &place.key("references"));
        }
        let contract = ty.as_ref().and_then(|ty| self.contract(source, ty, known.key.contains(&id), &place));
        // A learned field takes its values from the model, whatever says how they follow from the records.
        let generator = resolved?.filter(|_| !is_modelled).or(is_modelled.then_some(Generator::Learned));
        let learn = learn?;
        let (missing, exact, contract, ty) = (missing?, exact?, contract?, ty?);
        if let Some(generator) = &generator {
            self.check_values(generator, &contract, source, &place);
        }
        scale_is_sound.then_some(Field {
            name: name.clone(),
            ty,
            generator,
            learn,
            origin: source.learn.as_ref().and_then(|learn| learn.origin).or(drafted(source)),
            missing,
            exact,
            hidden: source.hidden == Some(true),
            references: known.targets[id.0],
            contract,
            unit: source.unit.clone(),
            privacy: source.privacy,
        })
    }

    fn check_decimals(&self, source: &document::Field, place: &Place) -> bool {
        let Some(scale) = source.decimals else { return true };
        let at = place.key("decimals");
        if scale > MAX_SCALE {
            let message = format!("a decimal has {MAX_SCALE} digits after the point at most, not {scale}");
            self.report.error(&at, codes::OUT_OF_BOUNDS, message);
            return false;
        }
        let refused = match (declared(source), source.generators().first()) {
            (Some(Type::Decimal(_)), _) => None,
            (Some(ty), _) => Some(format!("the field's type is {}", describe(&ty))),
            (
                None,
                Some((
                    key,
                    GeneratorRef::Id(_)
                    | GeneratorRef::Fake(_)
                    | GeneratorRef::List(_)
                    | GeneratorRef::Date(_)
                    | GeneratorRef::Time(_),
                )),
            ) => Some(format!("`{key}` gives no numbers")),
            (None, Some(_)) => None,
            (None, None) => Some("the field has neither a type nor a generator".to_owned()),
        };
        if let Some(reason) = &refused {
            let message = format!("`decimals` makes a decimal, and {reason}");
            self.report.hint(&at, codes::KEYS_EXCLUDE, message, "write `type: decimal`, or leave out `decimals`");
        }
        refused.is_none()
    }

    /// Says why a generator has no type.
    fn explain(&self, key: &'static str, generator: &GeneratorRef<'a>, site: &Site<'_, 'a>) {
        let place = site.place.key(key);
        match generator {
            GeneratorRef::Derive(text) => {
                if let Some(expression) = self.expression(text, &site.scope, &place) {
                    let message = format!("a field cannot hold {}", describe(&expression.ty));
                    self.report.hint(&place, codes::TYPE_MISMATCH, message, "say the `type` of the field");
                }
            }
            GeneratorRef::Cases(cases) => {
                let mut all = Type::Null;
                for (position, case) in cases.iter().enumerate() {
                    let at = place.key(position);
                    let Some((key, generator)) = case.generators().into_iter().next() else {
                        self.report.error(&at, codes::NO_GENERATOR, "this case does not say how its values are made");
                        continue;
                    };
                    let Some(ty) = self.infer(&generator, site.code, &site.scope) else {
                        self.explain(key, &generator, &Site { place: &at, ..*site });
                        continue;
                    };
                    match common(&all, &ty) {
                        Some(both) => all = both,
                        None => {
                            let message =
                                format!("this case gives {}, one before it {}", describe(&ty), describe(&all));
                            let diagnostic = Diagnostic::error(codes::TYPE_MISMATCH, message)
                                .help("let all cases give one type, or say the `type` of the field");
                            self.report.push_key(&at.key(key), diagnostic);
                        }
                    }
                }
                if cases.is_empty() {
                    self.report.error(&place, codes::OUT_OF_BOUNDS, "give at least one case");
                }
            }
            GeneratorRef::Running(_) => {
                self.generator(key, generator, &Type::Float, site);
            }
            other => {
                self.generator(key, other, &Type::Text, site);
            }
        }
    }

    fn missing(&self, missing: &document::Missing, site: &Site<'_, 'a>) -> Option<Missing> {
        let place = site.place.key("missing");
        match missing {
            document::Missing::Rate(rate) => {
                Some(Missing { rate: self.probability(rate, &site.scope, &place)?, when: None })
            }
            document::Missing::When(conditional) => {
                let rate = match &conditional.rate {
                    Some(rate) => self.probability(rate, &site.scope, &place.key("rate")),
                    None => Some(Parameter::Value(1.0)),
                };
                let when =
                    self.optional(&conditional.when, |text| self.condition(text, &site.scope, &place.key("when")));
                if conditional.rate.is_none() && conditional.when.is_none() {
                    let message = "neither a rate nor a condition says when the value is missing";
                    self.report.push_key(&place, Diagnostic::error(codes::MISSING_KEY, message));
                    return None;
                }
                Some(Missing { rate: rate?, when: when? })
            }
        }
    }

    fn exact(&self, source: &document::Field, ty: Option<&Type>, site: &Site<'_, 'a>) -> Option<Option<Exact>> {
        let (entity, place) = (site.entity, site.place);
        let Some(exact) = &source.exact else { return Some(None) };
        if *exact == document::Exact::Own(false) {
            return Some(None);
        }
        let at = place.key("exact");
        if source.choice.is_none() {
            let message = "only the weights of a choice can hold exactly";
            self.report.hint(&at, codes::KEYS_EXCLUDE, message, "write a `choice`, or leave out `exact`");
            return None;
        }
        let document::Exact::Of(of) = exact else { return Some(Some(Exact::Own)) };
        let leanings = self.affinity(&of.affinity, source, ty, site, &at.key("affinity"));
        let at = at.key("of");
        let other = self.entity_named(&of.of, &at)?;
        if other == entity {
            let message = "for the entity's own rows write `exact: true`";
            self.report.error(&at, codes::KEYS_EXCLUDE, message);
            return None;
        }
        let own = self.catalog.get(entity);
        let over = self.catalog.get(other);
        let descends = self.catalog.ancestors(other).any(|ancestor| ancestor == entity);
        let links: Vec<FieldId> =
            (0..over.targets.len()).filter(|at| over.targets[*at] == Some(entity)).map(FieldId).collect();
        let link = match links.as_slice() {
            _ if descends => None,
            [link] => Some(*link),
            _ => None,
        };
        if !descends && link.is_none() {
            let message = match links.len() {
                0 => format!("rows of `{}` lead to no row of `{}`", over.name, own.name),
                several => format!("{several} fields of `{}` lead to `{}`; which is meant?", over.name, own.name),
            };
            let help = "a choice is exact over its own entity, a child, or an entity that links to it by one field";
            self.report.hint(&at, codes::BAD_LINK, message, help);
            return None;
        }
        if own.scope == EntityScope::Reference && over.scope != EntityScope::Reference {
            let message = format!("rows of `{}` are made before those of `{}`", own.name, over.name);
            self.report.error(&at, codes::BAD_LINK, message);
            return None;
        }
        Some(Some(Exact::Of { entity: other, link, affinity: leanings? }))
    }

    /// By value of the choice: the factor on its weight.
    fn affinity(
        &self,
        affinity: &document::Named<String>,
        source: &document::Field,
        ty: Option<&Type>,
        site: &Site<'_, 'a>,
        place: &Place,
    ) -> Option<Vec<Option<Expression>>> {
        let keys: Vec<&String> = source.choice.iter().flat_map(|weights| weights.keys()).collect();
        let mut leanings: Vec<Option<Expression>> = vec![None; keys.len()];
        let mut sound = true;
        for (value, text) in affinity {
            let at = place.key(value);
            // Values agree where they are the same value of the field's type: `1` and `1.0` of a number.
            let same = |key: &&String| {
                ty.is_some_and(|ty| literal_of_key(key, ty).is_some_and(|own| Some(own) == literal_of_key(value, ty)))
            };
            let position = keys.iter().position(same);
            if position.is_none() {
                let names = keys.iter().map(|key| key.as_str());
                self.report.unknown_key(&at, codes::NOT_ONE_OF, "value of the choice", value, names);
            }
            let expression = self.numeric(text, &site.scope, &at);
            if let Some(Literal::Integer(..=-1)) = expression.as_ref().and_then(Expression::literal) {
                self.report.error(&at, codes::NEGATIVE_WEIGHT, "a factor on a weight is 0 or more");
                sound = false;
            }
            match position.zip(expression) {
                Some((position, expression)) => leanings[position] = Some(expression),
                None => sound = false,
            }
        }
        sound.then_some(leanings)
    }
}

/// Whether a field as a whole was drafted from data.
fn drafted(source: &document::Field) -> Option<Origin> {
    match source.origin.as_deref() {
        Some("data") => Some(Origin::Data),
        Some("measured") => Some(Origin::Measured),
        Some("public") => Some(Origin::Public),
        _ => None,
    }
}
