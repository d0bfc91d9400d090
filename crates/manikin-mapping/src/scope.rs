//! What names mean in a mapping: the written fields of a spec, seen from the rows of one of its entities.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;
use manikin_diagnostic::nearest;
use manikin_expression::{
    ColumnRef, Expr, Expression, Hop, Literal, Macro, ResolveError, Scope, TableShape, Type, Via,
};
use manikin_spec::spec::{Entity, EntityId, EntityScope, FieldId, Generator, Spec};
use manikin_spec::table::{Table, Values};

/// Constants of which every run has its own values: what the rows are made by.
pub(crate) const RUN_CONSTANTS: [&str; 3] = ["manikin_version", "spec_version", "release_date"];

/// Everything that a mapping's expressions may name.
pub(crate) struct World<'a> {
    pub(crate) spec: &'a Spec,
    pub(crate) tables: &'a IndexMap<String, Arc<Table>>,
    pub(crate) constants: BTreeMap<String, Literal>,
}

/// The rows that an expression is over.
#[derive(Clone, Debug)]
pub(crate) enum Rows {
    /// None: only constants are known.
    Nothing,
    /// Rows of an entity.
    Entity(EntityId),
    /// Rows of an entity as the children of another row; `position` is a column of this name.
    Children(EntityId, String),
    /// Items of a list of text of other rows, known under a name of their own.
    Items(Box<Rows>, String),
}

/// The names that are seen from some rows.
pub(crate) struct RowScope<'a> {
    pub(crate) world: &'a World<'a>,
    pub(crate) rows: Rows,
}

impl World<'_> {
    /// The names seen from some rows.
    pub(crate) fn scope(&self, rows: &Rows) -> RowScope<'_> {
        RowScope { world: self, rows: rows.clone() }
    }

    fn is_written(&self, entity: EntityId, field: FieldId) -> bool {
        !self.spec[entity].hidden && !self.spec[entity][field].hidden
    }

    /// The entities above an entity, nearest first.
    fn ancestors(&self, entity: EntityId) -> impl Iterator<Item = EntityId> {
        std::iter::successors(self.spec[entity].parent, |above| self.spec[*above].parent)
    }

    /// The hops from a row to its ancestor; none for the entity itself.
    fn up(&self, from: EntityId, to: EntityId) -> Option<Vec<Hop>> {
        let mut hops = Vec::new();
        if from == to {
            return Some(hops);
        }
        for at in self.ancestors(from) {
            hops.push(Hop { via: Via::Parent, entity: self.spec[at].name.clone() });
            if at == to {
                return Some(hops);
            }
        }
        None
    }

    /// The written fields of an entity that hold the key of another.
    fn links(&self, from: EntityId, to: EntityId) -> Vec<FieldId> {
        let fields = (0..self.spec[from].fields.len()).map(FieldId);
        fields.filter(|field| self.is_written(from, *field) && self.spec[from][*field].references == Some(to)).collect()
    }

    fn link(&self, from: EntityId, field: FieldId, to: EntityId) -> Hop {
        Hop { via: Via::Link(self.spec[from][field].name.clone()), entity: self.spec[to].name.clone() }
    }

    /// The row that one part of a path leads to from the rows of `from`.
    fn hop(&self, from: EntityId, name: &str) -> Result<(Vec<Hop>, EntityId), ResolveError> {
        let spec = self.spec;
        if let Some(field) = spec[from].field(name).filter(|field| self.is_written(from, *field))
            && let Some(to) = spec[from][field].references
        {
            let is_key_of = matches!(spec[from][field].generator, Some(Generator::KeyOf(_)));
            let up = if is_key_of { self.up(from, to) } else { None };
            return Ok((up.unwrap_or_else(|| vec![self.link(from, field, to)]), to));
        }
        let target = spec.entity(name);
        if let Some(target) = target {
            if let Some(hops) = self.up(from, target) {
                return Ok((hops, target));
            }
            for of in std::iter::once(from).chain(self.ancestors(from)) {
                let fields = self.links(of, target);
                if let [field] = fields.as_slice() {
                    let mut hops = self.up(from, of).unwrap_or_default();
                    hops.push(self.link(of, *field, target));
                    return Ok((hops, target));
                }
                if !fields.is_empty() {
                    let suggestions = fields.iter().map(|field| spec[of][*field].name.clone()).collect();
                    let message = format!("several fields of `{}` lead to `{name}`", spec[of].name);
                    return Err(ResolveError { message, suggestions, ambiguous: true });
                }
            }
        }
        let here = &spec[from].name;
        let message = if target.is_some() {
            format!("`{name}` is not reached from a row of `{here}`")
        } else if spec[from].field(name).is_some() {
            format!("`{name}` is a field of `{here}` that leads to no other row")
        } else {
            format!("there is no entity or link `{name}` to go to from `{here}`")
        };
        let suggestions = nearest(name, self.reachable(from)).map(str::to_owned).into_iter().collect();
        Err(ResolveError { message, suggestions, ambiguous: false })
    }

    /// The rows that a path leads to from rows of an entity.
    pub(crate) fn way(&self, from: EntityId, path: &[&str]) -> Result<(Vec<Hop>, EntityId), ResolveError> {
        let mut at = from;
        let mut hops = Vec::new();
        for part in path {
            let (more, to) = self.hop(at, part)?;
            hops.extend(more);
            at = to;
        }
        Ok((hops, at))
    }

    /// The way up from the rows of `child` to those of `to`: as a descendant, or through the one field that holds the
    /// key. `via` names the field where there are several.
    pub(crate) fn children(&self, child: EntityId, to: EntityId, via: Option<&str>) -> Result<Vec<Hop>, ResolveError> {
        let refuse = |message, suggestions| Err(ResolveError { message, suggestions, ambiguous: false });
        let (here, above) = (&self.spec[child].name, &self.spec[to].name);
        if let Some(via) = via {
            let path: Vec<&str> = via.split('.').collect();
            return match self.way(child, &path)? {
                (hops, at) if at == to && !hops.is_empty() => Ok(hops),
                _ => refuse(format!("`{via}` does not lead from `{here}` to `{above}`"), Vec::new()),
            };
        }
        if let Some(hops) = self.up(child, to).filter(|hops| !hops.is_empty()) {
            return Ok(hops);
        }
        match self.links(child, to).as_slice() {
            [field] => Ok(vec![self.link(child, *field, to)]),
            [] => refuse(format!("the rows of `{here}` do not say which `{above}` they belong to"), Vec::new()),
            several => {
                let suggestions = several.iter().map(|field| self.spec[child][*field].name.clone()).collect();
                Err(ResolveError {
                    message: format!("several fields of `{here}` lead to `{above}`"),
                    suggestions,
                    ambiguous: true,
                })
            }
        }
    }

    fn reachable(&self, from: EntityId) -> Vec<&str> {
        let mut names = Vec::new();
        for at in std::iter::once(from).chain(self.ancestors(from)) {
            names.push(self.spec[at].name.as_str());
            let linked = self.spec[at].fields.iter().filter_map(|field| field.references);
            names.extend(linked.map(|target| self.spec[target].name.as_str()));
        }
        names
    }

    /// Leads straight along keys that rows hold, as over written files: see [`Spec::straighten`].
    pub(crate) fn straighten(&self, rows: &Rows, expression: &mut Expression) {
        let holds = |of: EntityId, field: FieldId| {
            let target = self.spec[of][field].references;
            self.is_written(of, field)
                && target.is_some_and(|target| !self.spec[target].hidden && self.spec[target].key.len() == 1)
        };
        match rows {
            Rows::Nothing => {}
            Rows::Entity(entity) | Rows::Children(entity, _) => {
                self.spec.straighten(*entity, &mut expression.root, &holds);
            }
            Rows::Items(above, _) => {
                let Some(entity) = above.entity() else { return };
                let depth = above.depth() + 1;
                expression.root.visit_mut(&mut |node| {
                    if let Expr::Column(column) = node
                        && column.hops.len() > depth
                    {
                        let mut rest = Expr::Column(ColumnRef { hops: column.hops.split_off(depth), ..column.clone() });
                        self.spec.straighten(entity, &mut rest, &holds);
                        if let Expr::Column(straight) = rest {
                            column.hops.extend(straight.hops);
                        }
                    }
                    true
                });
            }
        }
    }

    /// As [`World::straighten`], for a way alone.
    pub(crate) fn straight(&self, rows: &Rows, hops: Vec<Hop>) -> Vec<Hop> {
        let column = ColumnRef { hops, entity: String::new(), field: String::new(), ty: Type::Null, nullable: true };
        let mut way = Expression { root: Expr::Column(column), ty: Type::Null, text: String::new() };
        self.straighten(rows, &mut way);
        match way.root {
            Expr::Column(column) => column.hops,
            _ => Vec::new(),
        }
    }

    pub(crate) fn table(&self, name: &str) -> Option<&Table> {
        self.tables.get(name).or_else(|| self.spec.tables.get(name)).map(Arc::as_ref)
    }
}

impl Rows {
    /// The entity whose rows these are, or belong to.
    pub(crate) fn entity(&self) -> Option<EntityId> {
        match self {
            Rows::Nothing => None,
            Rows::Entity(entity) | Rows::Children(entity, _) => Some(*entity),
            Rows::Items(above, _) => above.entity(),
        }
    }

    /// How many hops lead to rows of an entity.
    fn depth(&self) -> usize {
        match self {
            Rows::Items(above, _) => above.depth() + 1,
            _ => 0,
        }
    }

    /// The name under which the rows are known.
    pub(crate) fn name(&self, spec: &Spec) -> String {
        match self {
            Rows::Nothing => String::new(),
            Rows::Entity(entity) | Rows::Children(entity, _) => spec[*entity].name.clone(),
            Rows::Items(_, name) => name.clone(),
        }
    }

    /// The hops from these rows to those of an entity.
    pub(crate) fn to_entity(&self, spec: &Spec) -> Vec<Hop> {
        match self {
            Rows::Items(above, _) => {
                let mut hops = vec![Hop { via: Via::Parent, entity: above.name(spec) }];
                hops.extend(above.to_entity(spec));
                hops
            }
            _ => Vec::new(),
        }
    }
}

/// Whether the field may be NULL in files; only what is certain counts.
fn is_nullable(entity: &Entity, field: FieldId) -> bool {
    !(entity.key.contains(&field) || entity[field].contract.required)
}

impl RowScope<'_> {
    fn engine_column(&self, name: &str) -> Option<ColumnRef> {
        let column = |entity: &str, field: &str, ty| ColumnRef {
            hops: Vec::new(),
            entity: entity.to_owned(),
            field: field.to_owned(),
            ty,
            nullable: false,
        };
        match (&self.rows, name) {
            (Rows::Items(_, rows), "item") => Some(column(rows, "item", Type::Text)),
            (Rows::Items(_, rows), "position") => Some(column(rows, "position", Type::Integer)),
            (Rows::Children(entity, position), "position") => {
                Some(column(&self.world.spec[*entity].name, position, Type::Integer))
            }
            _ => None,
        }
    }

    fn unknown_field(&self, entity: EntityId, name: &str, is_bare: bool) -> ResolveError {
        let world = self.world;
        let known = &world.spec[entity];
        let hidden = known.field(name).is_some_and(|field| !world.is_written(entity, field));
        let message = if known.hidden {
            format!("the rows of `{}` are not written, so a mapping does not see them", known.name)
        } else if hidden {
            format!("`{}.{name}` is not written, so a mapping does not see it", known.name)
        } else {
            format!("`{}` has no field `{name}`", known.name)
        };
        let mut suggestions = Vec::new();
        if is_bare {
            let above = world.ancestors(entity).find(|above| world.spec[*above].field(name).is_some());
            suggestions.extend(above.map(|above| format!("{}.{name}", world.spec[above].name)));
        }
        let constants = world.constants.keys().map(String::as_str).filter(|_| is_bare);
        let fields = known.fields.iter().filter(|field| !field.hidden && field.name != name);
        let names = fields.map(|field| field.name.as_str()).chain(constants);
        suggestions.extend(nearest(name, names).map(str::to_owned));
        ResolveError { message, suggestions, ambiguous: false }
    }
}

impl Scope for RowScope<'_> {
    fn column(&self, path: &[&str]) -> Result<ColumnRef, ResolveError> {
        let world = self.world;
        let nothing = |name: &str| ResolveError {
            message: format!("there is no row here that `{name}` could belong to"),
            suggestions: nearest(name, world.constants.keys().map(String::as_str))
                .map(str::to_owned)
                .into_iter()
                .collect(),
            ambiguous: false,
        };
        let Some((name, way)) = path.split_last() else { return Err(nothing("")) };
        if way.is_empty()
            && let Some(column) = self.engine_column(name)
        {
            return Ok(column);
        }
        let from = self.rows.entity().ok_or_else(|| nothing(name))?;
        let (more, at) = world.way(from, way)?;
        let mut hops = self.rows.to_entity(world.spec);
        hops.extend(more);
        let entity = &world.spec[at];
        match entity.field(name).filter(|field| world.is_written(at, *field)) {
            Some(field) => Ok(ColumnRef {
                nullable: !hops.is_empty() || is_nullable(entity, field),
                hops,
                entity: entity.name.clone(),
                field: entity[field].name.clone(),
                ty: entity[field].ty.clone(),
            }),
            None => Err(self.unknown_field(at, name, way.is_empty())),
        }
    }

    fn child(&self, name: &str) -> Option<(Vec<Hop>, Box<dyn Scope + '_>)> {
        let (Rows::Entity(entity) | Rows::Children(entity, _)) = self.rows else { return None };
        let spec = self.world.spec;
        let child = spec.entity(name).filter(|child| !spec[*child].hidden)?;
        // Rows made once for all are written before any subject, so they see none of its rows.
        if spec[entity].scope == EntityScope::Reference && spec[child].scope != EntityScope::Reference {
            return None;
        }
        let hops = self.world.children(child, entity, None).ok()?;
        let hops = self.world.straight(&Rows::Entity(child), hops);
        Some((hops, Box::new(RowScope { world: self.world, rows: Rows::Entity(child) })))
    }

    fn constant(&self, name: &str) -> Option<Literal> {
        self.world.constants.get(name).cloned()
    }

    fn function(&self, name: &str) -> Option<Macro> {
        let function = self.world.spec.document.functions.get(name)?;
        Some(Macro { parameters: function.of.clone(), body: function.is.clone() })
    }

    fn table(&self, name: &str) -> Option<TableShape> {
        let table = self.world.table(name)?;
        let columns: Vec<(String, Type)> =
            table.columns.iter().map(|column| (column.name.clone(), value_type(&column.values))).collect();
        let key = table.key.clone().or_else(|| columns.first().map(|(name, _)| name.clone()))?;
        Some(TableShape { key, columns })
    }
}

fn value_type(values: &Values) -> Type {
    match values {
        Values::Integer(_) => Type::Integer,
        Values::Number(_) => Type::Float,
        Values::Text(_) => Type::Text,
        Values::Boolean(_) => Type::Boolean,
        Values::Date(_) => Type::Date,
    }
}
