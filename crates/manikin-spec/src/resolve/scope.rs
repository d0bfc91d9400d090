//! What names mean in an expression, seen from the rows of an entity or of a table.

use super::Resolver;
use crate::spec::{EntityId, EntityScope, FieldId};
use manikin_diagnostic::nearest;
use manikin_expression::{ColumnRef, Hop, Literal, Macro, ResolveError, Scope, TableShape, Type, Via};

/// The rows that an expression is over.
#[derive(Clone, Copy)]
pub(super) struct RowScope<'r, 'a> {
    pub(super) resolver: &'r Resolver<'a>,
    /// The entity; `None` where only constants are known.
    pub(super) entity: Option<EntityId>,
    /// The entity whose rows come from a table, and that table: what `item` means.
    pub(super) item: Option<(EntityId, &'a str)>,
}

/// The rows of a table: bare names are its columns.
#[derive(Clone, Copy)]
pub(super) struct TableScope<'r, 'a> {
    pub(super) resolver: &'r Resolver<'a>,
    pub(super) table: &'a str,
}

impl<'a> Resolver<'a> {
    /// The names that fields, rules and conditions of an entity see.
    pub(super) fn row_scope(&self, entity: EntityId) -> RowScope<'_, 'a> {
        let item = self.catalog.get(entity).source.each.as_ref().map(|each| (entity, each.table.as_str()));
        RowScope { resolver: self, entity: Some(entity), item }
    }

    /// The names that say how many rows an entity has: those of the parent row, and `item`.
    pub(super) fn parent_scope(&self, entity: EntityId) -> RowScope<'_, 'a> {
        RowScope { entity: self.catalog.get(entity).parent, ..self.row_scope(entity) }
    }

    fn column_of(&self, hops: Vec<Hop>, entity: EntityId, field: FieldId) -> ColumnRef {
        let known = self.catalog.get(entity);
        let ty = self.field_type(entity, field).unwrap_or_else(|| {
            self.poisoned.set(true);
            Type::Null
        });
        ColumnRef {
            hops,
            entity: known.name.to_owned(),
            field: known.field_name(field).to_owned(),
            ty,
            nullable: self.is_nullable(entity, field),
        }
    }

    /// Whether the field may be NULL; only what is certain counts.
    pub(super) fn is_nullable(&self, entity: EntityId, field: FieldId) -> bool {
        let known = self.catalog.get(entity);
        let Some((_, source)) = known.source.fields.get_index(field.0) else { return true };
        let made = source.id.is_some() || source.key_of.is_some();
        let required = source.required == Some(true) || known.key.contains(&field);
        !(required || (made && source.missing.is_none()))
    }
}

impl<'a> RowScope<'_, 'a> {
    /// The row that one part of a path leads to from the rows of `from`.
    fn hop(&self, from: EntityId, name: &str) -> Result<(Vec<Hop>, EntityId), ResolveError> {
        let catalog = &self.resolver.catalog;
        let link = |field: FieldId, to: EntityId, of: EntityId| {
            let via = Via::Link(catalog.get(of).field_name(field).to_owned());
            Hop { via, entity: catalog.get(to).name.to_owned() }
        };
        if let Some(field) = catalog.get(from).field(name)
            && let Some(to) = catalog.get(from).targets[field.0]
        {
            let up = self.up(from, to);
            return Ok((up.unwrap_or_else(|| vec![link(field, to, from)]), to));
        }
        let target = catalog.id(name);
        if let Some(target) = target {
            if let Some(hops) = self.up(from, target) {
                return Ok((hops, target));
            }
            for of in std::iter::once(from).chain(catalog.ancestors(from)) {
                let known = catalog.get(of);
                let fields: Vec<FieldId> =
                    (0..known.targets.len()).filter(|at| known.targets[*at] == Some(target)).map(FieldId).collect();
                if let [field] = fields.as_slice() {
                    let mut hops = self.up(from, of).unwrap_or_default();
                    hops.push(link(*field, target, of));
                    return Ok((hops, target));
                }
                if !fields.is_empty() {
                    let suggestions = fields.iter().map(|field| known.field_name(*field).to_owned()).collect();
                    let message = format!("several fields of `{}` lead to `{name}`", known.name);
                    return Err(ResolveError { message, suggestions, ambiguous: true });
                }
            }
        }
        let here = catalog.get(from).name;
        let message = if target.is_some() {
            format!("`{name}` is not reached from a row of `{here}`")
        } else if catalog.get(from).field(name).is_some() {
            format!("`{name}` is a field of `{here}` that leads to no other row")
        } else {
            format!("there is no entity or link `{name}` to go to from `{here}`")
        };
        let suggestions = nearest(name, self.reachable(from)).map(str::to_owned).into_iter().collect();
        Err(ResolveError { message, suggestions, ambiguous: false })
    }

    /// The hops from a row to its ancestor; none for the entity itself.
    fn up(&self, from: EntityId, to: EntityId) -> Option<Vec<Hop>> {
        let catalog = &self.resolver.catalog;
        let mut hops = Vec::new();
        if from == to {
            return Some(hops);
        }
        for at in catalog.ancestors(from) {
            hops.push(Hop { via: Via::Parent, entity: catalog.get(at).name.to_owned() });
            if at == to {
                return Some(hops);
            }
        }
        None
    }

    fn reachable(&self, from: EntityId) -> Vec<&str> {
        let catalog = &self.resolver.catalog;
        let mut names = Vec::new();
        for at in std::iter::once(from).chain(catalog.ancestors(from)) {
            let known = catalog.get(at);
            names.push(known.name);
            names.extend(known.targets.iter().flatten().map(|target| catalog.get(*target).name));
        }
        names
    }

    fn item_column(&self, path: &[&str]) -> Result<ColumnRef, ResolveError> {
        let refuse =
            |message: String, suggestions: Vec<String>| Err(ResolveError { message, suggestions, ambiguous: false });
        let Some((entity, table)) = self.item else {
            return refuse("`item` means a table's row, and no rows come from a table here".to_owned(), Vec::new());
        };
        let [name] = path else {
            return refuse("`item` is followed by one column, as in `item.code`".to_owned(), Vec::new());
        };
        let Some(shape) = self.table(table) else {
            self.resolver.poisoned.set(true);
            return refuse(format!("there is no table `{table}`"), Vec::new());
        };
        let Some((column, ty)) = shape.columns.iter().find(|(column, _)| column == name) else {
            let near = nearest(name, shape.columns.iter().map(|(column, _)| column.as_str()));
            let suggestions = near.map(|near| format!("item.{near}")).into_iter().collect();
            return refuse(format!("table `{table}` has no column `{name}`"), suggestions);
        };
        let entity = self.resolver.catalog.get(entity).name.to_owned();
        Ok(ColumnRef { hops: Vec::new(), entity, field: format!("item.{column}"), ty: ty.clone(), nullable: true })
    }

    fn unknown_field(&self, entity: EntityId, name: &str, is_bare: bool) -> ResolveError {
        let catalog = &self.resolver.catalog;
        let known = catalog.get(entity);
        let message = format!("`{}` has no field `{name}`", known.name);
        let mut suggestions = Vec::new();
        if is_bare {
            let above = catalog.ancestors(entity).find(|above| catalog.get(*above).field(name).is_some());
            suggestions.extend(above.map(|above| format!("{}.{name}", catalog.get(above).name)));
        }
        let constants = self.resolver.constants.keys().map(String::as_str).filter(|_| is_bare);
        suggestions.extend(nearest(name, known.field_names().chain(constants)).map(str::to_owned));
        ResolveError { message, suggestions, ambiguous: false }
    }
}

impl Scope for RowScope<'_, '_> {
    fn column(&self, path: &[&str]) -> Result<ColumnRef, ResolveError> {
        if let ["item", rest @ ..] = path {
            return self.item_column(rest);
        }
        let nothing = |name: &str| ResolveError {
            message: format!("there is no row here that `{name}` could belong to"),
            suggestions: nearest(name, self.resolver.constants.keys().map(String::as_str))
                .map(str::to_owned)
                .into_iter()
                .collect(),
            ambiguous: false,
        };
        let Some((name, way)) = path.split_last() else {
            return Err(nothing(""));
        };
        let mut at = self.entity.ok_or_else(|| nothing(name))?;
        let mut hops = Vec::new();
        for part in way {
            let (more, to) = self.hop(at, part)?;
            hops.extend(more);
            at = to;
        }
        match self.resolver.catalog.get(at).field(name) {
            Some(field) => Ok(self.resolver.column_of(hops, at, field)),
            None => Err(self.unknown_field(at, name, way.is_empty())),
        }
    }

    fn child(&self, name: &str) -> Option<(Vec<Hop>, Box<dyn Scope + '_>)> {
        let entity = self.entity?;
        let child = self.resolver.catalog.id(name)?;
        // Reference rows are made before any subject, so they see none of its rows.
        let hops = self.up(child, entity).filter(|hops| !hops.is_empty())?;
        Some((hops, Box::new(self.resolver.row_scope(child))))
    }

    fn row(&self, path: &[&str]) -> Option<Vec<ColumnRef>> {
        let mut at = self.entity?;
        let mut hops = Vec::new();
        for part in path {
            let (more, to) = self.hop(at, part).ok()?;
            hops.extend(more);
            at = to;
        }
        let fields = 0..self.resolver.catalog.get(at).source.fields.len();
        // A field whose type is being worked out asks this question itself.
        let columns = fields
            .map(FieldId)
            .filter(|field| !self.resolver.is_open(at, *field))
            .map(|field| self.resolver.column_of(hops.clone(), at, field))
            .collect();
        Some(columns)
    }

    fn constant(&self, name: &str) -> Option<Literal> {
        self.resolver.constants.get(name).cloned()
    }

    fn function(&self, name: &str) -> Option<Macro> {
        self.resolver.function(name)
    }

    fn table(&self, name: &str) -> Option<TableShape> {
        self.resolver.table_shape(name)
    }
}

impl Scope for TableScope<'_, '_> {
    fn column(&self, path: &[&str]) -> Result<ColumnRef, ResolveError> {
        let name = match path {
            [name] => name,
            [table, name] if *table == self.table => name,
            _ => {
                let message = format!("only the columns of table `{}` are seen here", self.table);
                return Err(ResolveError { message, suggestions: Vec::new(), ambiguous: false });
            }
        };
        let columns = self.table(self.table).map(|shape| shape.columns).unwrap_or_default();
        match columns.iter().find(|(column, _)| column == name) {
            Some((column, ty)) => Ok(ColumnRef {
                hops: Vec::new(),
                entity: self.table.to_owned(),
                field: column.clone(),
                ty: ty.clone(),
                nullable: true,
            }),
            None => {
                let near = nearest(name, columns.iter().map(|(column, _)| column.as_str()));
                let message = format!("table `{}` has no column `{name}`", self.table);
                let suggestions = near.map(str::to_owned).into_iter().collect();
                Err(ResolveError { message, suggestions, ambiguous: false })
            }
        }
    }

    fn child(&self, _: &str) -> Option<(Vec<Hop>, Box<dyn Scope + '_>)> {
        None
    }

    fn row(&self, _: &[&str]) -> Option<Vec<ColumnRef>> {
        None
    }

    fn constant(&self, name: &str) -> Option<Literal> {
        self.resolver.constants.get(name).cloned()
    }

    fn function(&self, name: &str) -> Option<Macro> {
        self.resolver.function(name)
    }

    fn table(&self, name: &str) -> Option<TableShape> {
        self.resolver.table_shape(name)
    }
}

/// Whether rows of `from` may hold keys of rows of `to`: rows made once for all are made before any subject.
pub(super) fn may_link(from: EntityScope, to: EntityScope) -> bool {
    to == EntityScope::Reference || from != EntityScope::Reference
}
