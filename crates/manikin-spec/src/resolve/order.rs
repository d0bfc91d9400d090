//! The order of computation: what each step needs, and an order in which that comes first.

use super::Resolver;
use super::report::Place;
use crate::spec::{
    Action, Attribute, AttributeKind, Count, EntityId, EntityScope, Exact, FieldId, Generator, Level, Parameter,
    QuantilePoints, Rows, Selection, Spec, Step, TimePattern,
};
use manikin_diagnostic::{Diagnostic, codes};
use manikin_expression::{ColumnRef, Expr, Expression, Via};
use std::collections::{BTreeMap, BTreeSet};

/// The steps that a step needs.
type Needs = BTreeSet<Step>;
/// Steps in order, and for each the positions of those that it needs.
type Plan = (Vec<Step>, Vec<Vec<usize>>);

impl Resolver<'_> {
    /// Every step in order with what it needs, or `None` where some need each other, which is reported.
    pub(super) fn steps(&self, spec: &Spec) -> Option<Plan> {
        let mut graph = graph(spec);
        let set = self.add_set_cases(spec, &mut graph);
        let described = self.needs_are_made(&graph);
        let (order, circles) = sort(spec, graph.clone());
        let mut sound = set && described;
        for circle in circles {
            self.report_steps(&circle);
            sound = false;
        }
        if !sound {
            return None;
        }
        let position: BTreeMap<Step, usize> = order.iter().enumerate().map(|(at, step)| (*step, at)).collect();
        let at = |needs: &Needs| needs.iter().filter_map(|need| position.get(need).copied()).collect();
        let needs = order.iter().map(|step| graph.get(step).map(at).unwrap_or_default()).collect();
        Some((order, needs))
    }

    /// Values that an edge case sets come before what depends on them, and after what they are made of.
    fn add_set_cases(&self, spec: &Spec, graph: &mut BTreeMap<Step, Needs>) -> bool {
        let mut sound = true;
        for case in &spec.edge_cases {
            let Action::Set(values) = &case.action else { continue };
            let place = Place::new(&["edge_cases", &case.name]);
            for (field, expression) in values {
                let step = Step::Field(case.entity, *field);
                let name = &spec[case.entity][*field].name;
                let mut needs = Walk::new(spec, case.entity);
                needs.expression(expression, case.entity);
                // In a set expression the field's own name is its value before the change.
                needs.found.remove(&step);
                let mut condition = Walk::new(spec, case.entity);
                condition.optional(case.condition.as_ref(), case.entity);
                if condition.found.remove(&step) {
                    let message = format!("the condition asks for `{name}`, which is what the case sets");
                    let help = "choose the rows by fields that are known before";
                    self.report.hint(&place.key("where"), codes::FIELD_CYCLE, message, help);
                    sound = false;
                    continue;
                }
                let Some(known) = graph.get(&step) else { continue };
                let decides = !known.contains(&Step::Settle(case.entity));
                if decides && spec[case.entity].keep.is_some() && matches!(case.selection, Selection::Count(_)) {
                    let message = format!("`{name}` decides which rows are kept, so a row that is set may be lost");
                    let help = "choose rows by `rate`, or set a field that `keep` does not need";
                    self.report.push_key(
                        &place.key("set").key(name),
                        Diagnostic::error(codes::KEYS_EXCLUDE, message).help(help),
                    );
                    sound = false;
                    continue;
                }
                let more = needs.found.into_iter().chain(condition.found);
                if let Some(known) = graph.get_mut(&step) {
                    known.extend(more);
                }
            }
        }
        sound
    }

    /// Nothing that is made may need what is only described.
    fn needs_are_made(&self, graph: &BTreeMap<Step, Needs>) -> bool {
        let mut sound = true;
        for (step, needs) in graph {
            let missing = needs.iter().find(|need| !graph.contains_key(need));
            let Some(missing) = missing else { continue };
            let message = format!("{} needs {}, which is only described", self.told(step), self.told(missing));
            self.report.push_key(&self.step_place(step), Diagnostic::error(codes::NO_GENERATOR, message));
            sound = false;
        }
        sound
    }

    fn report_steps(&self, circle: &[Step]) {
        let fields: BTreeSet<(EntityId, FieldId)> = circle
            .iter()
            .filter_map(|step| match step {
                Step::Field(entity, field) => Some((*entity, *field)),
                Step::Rows(_) | Step::Learned(_) | Step::Settle(_) => None,
            })
            .collect();
        if !fields.is_disjoint(&self.circles.borrow()) {
            return;
        }
        let mut names: Vec<String> = circle.iter().map(|step| self.told(step)).collect();
        names.extend(names.first().cloned());
        let message = format!("fields depend on each other in a circle: {}", names.join(" → "));
        let mut diagnostic = Diagnostic::error(codes::FIELD_CYCLE, message)
            .help("each needs the next; let one of them be drawn, or derive it from something else");
        for step in &circle[1..] {
            diagnostic = diagnostic.related(self.report.key_span(&self.step_place(step)), "needed here");
        }
        self.report.push_key(&self.step_place(&circle[0]), diagnostic);
    }

    fn told(&self, step: &Step) -> String {
        match step {
            Step::Rows(entity) => format!("the rows of {}", self.catalog.get(*entity).name),
            Step::Settle(entity) => format!("the rows kept of {}", self.catalog.get(*entity).name),
            Step::Learned(entity) => format!("what is learned of {}", self.catalog.get(*entity).name),
            Step::Field(entity, field) => {
                let known = self.catalog.get(*entity);
                format!("{}.{}", known.name, known.field_name(*field))
            }
        }
    }

    fn step_place(&self, step: &Step) -> Place {
        match step {
            Step::Field(entity, field) => self.field_place(*entity, *field),
            Step::Rows(entity) => {
                let known = self.catalog.get(*entity);
                known.place().key(if known.source.each.is_some() { "each" } else { "count" })
            }
            Step::Learned(entity) => self.catalog.get(*entity).place().key("learn"),
            Step::Settle(entity) => {
                let known = self.catalog.get(*entity);
                known.place().key(if known.source.keep.is_some() { "keep" } else { "sort" })
            }
        }
    }
}

/// What every step needs.
fn graph(spec: &Spec) -> BTreeMap<Step, Needs> {
    let mut graph = BTreeMap::new();
    for (at, entity) in spec.entities.iter().enumerate() {
        let id = EntityId(at);
        if matches!(entity.rows, Rows::External) {
            continue;
        }
        let mut fields: Vec<Needs> =
            (0..entity.fields.len()).map(|field| field_needs(spec, id, FieldId(field))).collect();
        let mut settle = Walk::new(spec, id);
        settle.optional(entity.keep.as_ref(), id);
        let level = spec.learned.as_ref().filter(|learned| learned.model.is_some()).and_then(|all| all.level(id));
        if let Some(level) = level {
            // What is learned of a row stands beside what is learned of the row before, as they were made: nothing is
            // discarded and nothing sorted until all of it is there.
            let own = |one: &Attribute| match one.kind {
                AttributeKind::Own(field, _) => Some(Step::Field(id, field)),
                _ => None,
            };
            settle.found.extend(level.attributes.iter().filter_map(own));
            settle.found.insert(Step::Learned(id));
            graph.insert(Step::Learned(id), learned_needs(id, level));
        }
        settle.found.extend(entity.sort.map(|field| Step::Field(id, field)));
        let early = closure(id, &settle.found, &fields);
        for (field, needs) in fields.iter_mut().enumerate() {
            let rows = if early.contains(&FieldId(field)) { Step::Rows(id) } else { Step::Settle(id) };
            needs.insert(rows);
        }
        settle.found.insert(Step::Rows(id));
        graph.insert(Step::Rows(id), row_needs(spec, id));
        graph.insert(Step::Settle(id), settle.found);
        graph.extend(fields.into_iter().enumerate().map(|(field, needs)| (Step::Field(id, FieldId(field)), needs)));
    }
    graph
}

/// The entity's own fields that some steps need, and those that these need in turn.
fn closure(entity: EntityId, from: &Needs, fields: &[Needs]) -> BTreeSet<FieldId> {
    let own = |needs: &Needs| -> Vec<FieldId> {
        let field = |step: &Step| match step {
            Step::Field(of, field) if *of == entity => Some(*field),
            _ => None,
        };
        needs.iter().filter_map(field).collect()
    };
    let mut found = BTreeSet::new();
    let mut open = own(from);
    while let Some(field) = open.pop() {
        if found.insert(field) {
            open.extend(own(&fields[field.0]));
        }
    }
    found
}

fn row_needs(spec: &Spec, id: EntityId) -> Needs {
    let entity = &spec[id];
    let parent = entity.parent;
    let mut walk = Walk::new(spec, parent.unwrap_or(id));
    walk.found.extend(parent.map(Step::Settle));
    match &entity.rows {
        Rows::PerParent(count) => walk.count(count),
        Rows::Each { matching, when, .. } => {
            walk.expressions(matching.iter().map(|(_, expression)| expression));
            walk.optional(when.as_ref(), walk.entity);
        }
        Rows::Fixed(_) | Rows::Total { .. } | Rows::Learned | Rows::External => {}
    }
    walk.found
}

/// What a level is given: the rows, and what is learned of the ancestors that it names.
fn learned_needs(id: EntityId, level: &Level) -> Needs {
    let ancestors = level.attributes.iter().filter_map(|one| match one.kind {
        AttributeKind::Given(ancestor, _) => Some(Step::Settle(ancestor)),
        _ => None,
    });
    ancestors.chain([Step::Rows(id)]).collect()
}

fn field_needs(spec: &Spec, id: EntityId, field_id: FieldId) -> Needs {
    let field = &spec[id][field_id];
    let mut walk = Walk::new(spec, id);
    if let Some(generator) = &field.generator {
        walk.generator(generator);
    }
    if let (Some(Generator::Learned), Some(domain)) = (&field.generator, &field.learn) {
        walk.found.insert(Step::Learned(id));
        walk.expressions(domain.expressions());
    }
    if let Some(missing) = &field.missing {
        let mut absent = Walk::new(spec, id);
        absent.parameter(&missing.rate);
        absent.optional(missing.when.as_ref(), id);
        // Whether a value goes missing may depend on the value itself.
        absent.found.remove(&Step::Field(id, field_id));
        walk.found.append(&mut absent.found);
    }
    if let Some(Exact::Of { entity: other, link, affinity }) = &field.exact {
        walk.found.insert(Step::Settle(*other));
        walk.found.extend(link.map(|link| Step::Field(*other, link)));
        walk.expressions(affinity.iter().flatten());
    }
    walk.found
}

/// Collects what the values of one entity need.
struct Walk<'a> {
    spec: &'a Spec,
    entity: EntityId,
    found: Needs,
}

impl<'a> Walk<'a> {
    fn new(spec: &'a Spec, entity: EntityId) -> Self {
        Self { spec, entity, found: Needs::new() }
    }

    fn field(&mut self, entity: EntityId, field: FieldId) {
        self.found.insert(Step::Field(entity, field));
        self.settled(entity);
    }

    fn settled(&mut self, entity: EntityId) {
        if entity != self.entity {
            self.found.insert(Step::Settle(entity));
        }
    }

    fn expressions<'e>(&mut self, expressions: impl IntoIterator<Item = &'e Expression>) {
        for expression in expressions {
            self.expression(expression, self.entity);
        }
    }

    fn optional(&mut self, expression: Option<&Expression>, seen_from: EntityId) {
        if let Some(expression) = expression {
            self.expression(expression, seen_from);
        }
    }

    /// The columns of an expression that is seen from the rows of an entity.
    fn expression(&mut self, expression: &Expression, seen_from: EntityId) {
        self.tree(&expression.root, seen_from, &mut BTreeSet::new());
    }

    /// Columns within an aggregate are seen from the child's rows; `done` holds those that were met there.
    fn tree(&mut self, root: &Expr, seen_from: EntityId, done: &mut BTreeSet<*const ColumnRef>) {
        let mut aggregates = Vec::new();
        root.visit(&mut |expr| {
            if let Expr::Aggregate { entity, argument, filter, .. } = expr {
                aggregates.push((entity, argument, filter));
            }
        });
        // Inner aggregates come last in the order of a visit, and their columns must be met first.
        for (entity, argument, filter) in aggregates.into_iter().rev() {
            let Some(child) = self.spec.entity(entity) else { continue };
            self.settled(child);
            for part in argument.iter().chain(filter) {
                self.columns(part, child, done);
            }
        }
        self.columns(root, seen_from, done);
    }

    fn columns(&mut self, root: &Expr, seen_from: EntityId, done: &mut BTreeSet<*const ColumnRef>) {
        let mut columns: Vec<&ColumnRef> = Vec::new();
        root.visit(&mut |expr| match expr {
            Expr::Column(column) => columns.push(column),
            Expr::Cell { columns: all, .. } => columns.extend(all),
            _ => {}
        });
        for column in columns {
            if done.insert(std::ptr::from_ref(column)) {
                self.column(column, seen_from);
            }
        }
    }

    fn column(&mut self, column: &ColumnRef, seen_from: EntityId) {
        let mut at = seen_from;
        for hop in &column.hops {
            if let Via::Link(name) = &hop.via
                && let Some(link) = self.spec[at].field(name)
            {
                self.field(at, link);
            }
            let Some(to) = self.spec.entity(&hop.entity) else { return };
            self.settled(to);
            at = to;
        }
        // A column of the table that rows come from is there as soon as the rows are.
        if let Some(entity) = self.spec.entity(&column.entity)
            && let Some(field) = self.spec[entity].field(&column.field)
        {
            self.field(entity, field);
        }
    }

    fn parameter(&mut self, parameter: &Parameter) {
        if let Parameter::Expression(expression) = parameter {
            self.expression(expression, self.entity);
        }
    }

    fn count(&mut self, count: &Count) {
        self.generator(&count.generator);
    }

    fn generator(&mut self, generator: &Generator) {
        match generator {
            Generator::Constant(_)
            | Generator::Uuid
            | Generator::Numbered { .. }
            | Generator::Choice(_)
            | Generator::Fake(_)
            | Generator::Learned => {}
            Generator::KeyOf(ancestor) => self.key(*ancestor),
            Generator::Link(link) => {
                self.settled(link.to);
                self.key(link.to);
                let fields = link.matching.iter().map(|(field, _)| *field);
                let ends = link.within.iter().flat_map(|(_, low, high)| [*low, *high]);
                let fields: Vec<FieldId> = fields.chain(ends).chain(link.weight).collect();
                fields.into_iter().for_each(|field| self.field(link.to, field));
                self.expressions(link.matching.iter().map(|(_, expression)| expression));
                self.expressions(link.within.iter().map(|(expression, ..)| expression));
                self.optional(link.condition.as_ref(), link.to);
            }
            // The condition of a pick is over the table alone.
            Generator::Pick(pick) => {
                self.expressions(pick.matching.iter().map(|(_, expression)| expression));
                self.expressions(pick.within.iter().map(|(expression, ..)| expression));
            }
            Generator::Derive(expression) => self.expression(expression, self.entity),
            Generator::Draw(draw) => {
                let parameters = draw.parameters.iter().map(|(_, parameter)| parameter);
                parameters.chain(&draw.min).chain(&draw.max).for_each(|parameter| self.parameter(parameter));
            }
            Generator::Quantiles(quantiles) => {
                if let QuantilePoints::Table { matching, within, .. } = &quantiles.points {
                    self.expressions(matching.iter().map(|(_, expression)| expression));
                    self.expressions(within.iter().map(|(expression, ..)| expression));
                }
            }
            Generator::Date(ends) => self.expressions(ends),
            Generator::Time(time) => {
                self.expressions(&time.within);
                self.expressions(&time.lasts);
                if let TimePattern::By { value, .. } = &time.pattern {
                    self.expression(value, self.entity);
                }
            }
            Generator::Cases(cases) => {
                for (when, generator) in cases {
                    self.expressions(when);
                    self.generator(generator);
                }
            }
            Generator::List { of, count, .. } => {
                self.generator(of);
                self.count(count);
            }
            Generator::Running(running) => {
                self.expressions(&running.of);
                self.expressions(&running.order);
                running.by.iter().for_each(|field| self.field(self.entity, *field));
            }
        }
    }

    fn key(&mut self, entity: EntityId) {
        for field in self.spec[entity].key.clone() {
            self.field(entity, field);
        }
    }
}

/// An order in which everything needed comes first, reference entities before the rest, otherwise as in the document;
/// and the circles that were cut to get there.
fn sort(spec: &Spec, mut graph: BTreeMap<Step, Needs>) -> (Vec<Step>, Vec<Vec<Step>>) {
    let rank = |step: Step| {
        let (entity, kind, field) = match step {
            Step::Rows(entity) => (entity, 0, 0),
            Step::Learned(entity) => (entity, 1, 0),
            Step::Settle(entity) => (entity, 2, 0),
            Step::Field(entity, field) => (entity, 3, field.0),
        };
        (spec[entity].scope != EntityScope::Reference, entity, kind, field, step)
    };
    let present: BTreeSet<Step> = graph.keys().copied().collect();
    graph.values_mut().for_each(|needs| needs.retain(|need| present.contains(need)));
    let mut needed_by: BTreeMap<Step, Vec<Step>> = BTreeMap::new();
    for (step, needs) in &graph {
        for need in needs {
            needed_by.entry(*need).or_default().push(*step);
        }
    }
    let mut ready: BTreeSet<_> =
        graph.iter().filter(|(_, needs)| needs.is_empty()).map(|(step, _)| rank(*step)).collect();
    let mut order = Vec::new();
    let mut circles = Vec::new();
    let mut open: BTreeSet<_> = graph.keys().map(|step| rank(*step)).collect();
    while let Some(first) = open.first().copied() {
        let next = match ready.pop_first() {
            Some(next) => next,
            None => {
                let circle = circle(&graph, first.4, rank);
                let cut = rank(circle[0]);
                circles.push(circle);
                cut
            }
        };
        if !open.remove(&next) {
            continue;
        }
        order.push(next.4);
        for step in needed_by.get(&next.4).into_iter().flatten() {
            if let Some(needs) = graph.get_mut(step) {
                needs.remove(&next.4);
                if needs.is_empty() && open.contains(&rank(*step)) {
                    ready.insert(rank(*step));
                }
            }
        }
        graph.remove(&next.4);
    }
    (order, circles)
}

/// A circle that is met on the way from a step to what it needs; the first field of the document stands first.
fn circle<R: Ord>(graph: &BTreeMap<Step, Needs>, from: Step, rank: impl Fn(Step) -> R) -> Vec<Step> {
    let mut way = vec![from];
    loop {
        let needs = graph.get(&way[way.len() - 1]);
        let Some(next) = needs.and_then(|needs| needs.iter().min_by_key(|need| rank(**need))) else {
            return way;
        };
        if let Some(start) = way.iter().position(|step| step == next) {
            let mut circle = way.split_off(start);
            let first = (0..circle.len()).min_by_key(|at| (!matches!(circle[*at], Step::Field(..)), rank(circle[*at])));
            circle.rotate_left(first.unwrap_or(0));
            return circle;
        }
        way.push(*next);
    }
}
