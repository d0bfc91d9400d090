//! Rows of tables checked: cells held against the columns of a definition.

use manikin_diagnostic::codes;
use manikin_expression::{Literal, Type, exact_units};
use manikin_spec::node::{Node, Value};
use manikin_spec::table::Values;

use crate::checked::{Cell, ColumnDef, Content, Era, EraValue, From, TableDef, Through};
use crate::domain::{Domain, without_code};
use crate::fragment::expand;
use crate::names::{Names, Origin};
use crate::read::{Mapping, Source};
use crate::report::Report;
use crate::scope::{Rows, World};
use crate::sql;

/// What the cells of one projection are checked against.
struct Cells<'a> {
    names: &'a Names<'a>,
    world: &'a World<'a>,
    rows: &'a Rows,
    /// The projection's own name and table.
    own: (&'a str, &'a str),
    era: Option<&'a Era>,
}

impl Mapping {
    /// What a projection is made of, and its columns.
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn columns(
        &self,
        name: &str,
        source: &Source,
        origin: &Origin,
        rows: &Rows,
        names: &Names<'_>,
        world: &World<'_>,
        report: &mut Report<'_>,
    ) -> (From, Content) {
        let to = source.document.to.as_str();
        let from = match origin {
            Origin::Entity(entity) => From::Entity(*entity),
            Origin::Run => From::Run,
            Origin::Table(table) => From::Table(table.clone()),
            Origin::Era => From::Era(self.era(source, world, report)),
        };
        let Some(table) = self.definition.get(to) else {
            let message = format!("there is no table `{to}` in the definition");
            let known = self.definition.keys().map(String::as_str);
            report.unknown(source.node.span_of(&["to"]), codes::UNKNOWN_TARGET, message, to, known);
            return (from, Content::Columns(Vec::new()));
        };
        let columns = source.node.get("columns");
        if let From::Table(lookup) = &from {
            if let Some(columns) = columns {
                let help = "take `columns` away: columns are taken by their names";
                report.error(columns.span, codes::BAD_PROJECTION, "a table is written as it is", help);
            }
            return (from.clone(), Content::Columns(as_it_is(table, lookup, source, world, report)));
        }
        let era = match &from {
            From::Era(era) => Some(era),
            _ => None,
        };
        let cells = Cells { names, world, rows, own: (name, to), era };
        let nothing = Node { span: source.name_span, value: Value::Map(Vec::new()) };
        report.enter("columns");
        let expanded = columns.and_then(|columns| expand(columns, &self.fragments, report));
        let written = cells.of_table(table, expanded.as_ref().unwrap_or(&nothing), source, report);
        report.leave();
        (from, Content::Columns(written))
    }

    fn era(&self, source: &Source, world: &World<'_>, report: &mut Report<'_>) -> Era {
        let Some(era) = &source.document.era else {
            let (of, start, end) = (String::new(), String::new(), String::new());
            return Era { of, by: Vec::new(), through: Vec::new(), start, end, gap_days: 0 };
        };
        report.enter("era");
        let filled = self.projections.values().any(|other| other.document.to == era.of && other.document.era.is_none());
        match self.definition.get(&era.of).filter(|_| filled) {
            None => {
                let message = format!("no projection fills the table `{}`", era.of);
                let known = self.projections.values().map(|other| other.document.to.as_str());
                report.unknown(source.node.span_of(&["era", "of"]), codes::WRONG_TARGET, message, &era.of, known);
            }
            Some(table) => {
                let dates = [("start", &era.start), ("end", &era.end)];
                let by = era.by.iter().map(|column| ("by", column));
                for (key, column) in by.chain(dates) {
                    let span = source.node.span_of(&["era", key]);
                    let found = table.columns.iter().find(|known| known.name == *column);
                    match found {
                        None => {
                            let message = format!("`{}` has no column `{column}`", table.name);
                            let known = table.columns.iter().map(|column| column.name.as_str());
                            report.unknown(span, codes::UNKNOWN_ELEMENT, message, column, known);
                        }
                        Some(found) if key == "by" && found.ty != Type::Integer => {
                            let help = "eras agree in keys and concepts";
                            let message = format!("`{column}` holds {}, not integers", found.ty);
                            report.error(span, codes::WRONG_ELEMENT_TYPE, message, help);
                        }
                        Some(found) if key != "by" && found.ty != Type::Date => {
                            let message = format!("`{column}` holds {}, not dates", found.ty);
                            report.error(span, codes::WRONG_ELEMENT_TYPE, message, "name a column of dates");
                        }
                        Some(_) => {}
                    }
                }
            }
        }
        self.through(source, world, report);
        report.leave();
        let through = |column: &String| {
            let (_, found) = era.through.iter().find(|(name, _)| *name == column)?;
            Some(Through { table: found.table.clone(), from: found.from.clone(), to: found.to.clone() })
        };
        Era {
            of: era.of.clone(),
            by: era.by.clone(),
            through: era.by.iter().map(through).collect(),
            start: era.start.clone(),
            end: era.end.clone(),
            gap_days: era.gap_days,
        }
    }

    /// Holds what an era looks values up in against the tables.
    fn through(&self, source: &Source, world: &World<'_>, report: &mut Report<'_>) {
        let Some(era) = &source.document.era else { return };
        for (column, found) in &era.through {
            let span = |key: &str| source.node.span_of(&["era", "through", column, key]);
            if !era.by.contains(column) {
                let message = format!("eras do not agree in `{column}`");
                let known = era.by.iter().map(String::as_str);
                report.unknown(
                    source.node.span_of(&["era", "through", column]),
                    codes::BAD_DIRECTIVE,
                    message,
                    column,
                    known,
                );
            }
            let Some(table) = world.table(&found.table) else {
                let message = format!("there is no table `{}`", found.table);
                let known = self.tables.keys().map(String::as_str);
                report.unknown(span("table"), codes::WRONG_TARGET, message, &found.table, known);
                continue;
            };
            for (key, name) in [("from", &found.from), ("to", &found.to)] {
                match table.columns.iter().find(|column| column.name == *name) {
                    None => {
                        let message = format!("table `{}` has no column `{name}`", found.table);
                        let known = table.columns.iter().map(|column| column.name.as_str());
                        report.unknown(span(key), codes::UNKNOWN_ELEMENT, message, name, known);
                    }
                    Some(column) if !matches!(column.values, Values::Integer(_)) => {
                        let message = format!("`{name}` of table `{}` does not hold integers", found.table);
                        report.error(span(key), codes::WRONG_ELEMENT_TYPE, message, "eras agree in keys and concepts");
                    }
                    Some(_) => {}
                }
            }
        }
    }
}

impl Cells<'_> {
    /// The cells of a table's columns, in the order of the definition.
    fn of_table(
        &self,
        table: &TableDef,
        columns: &Node,
        source: &Source,
        report: &mut Report<'_>,
    ) -> Vec<(ColumnDef, Cell)> {
        for (key, _) in columns.entries() {
            if !table.columns.iter().any(|column| column.name == key.text) {
                let message = format!("`{}` has no column `{}`", table.name, key.text);
                let known = table.columns.iter().map(|column| column.name.as_str());
                report.unknown(key.span, codes::UNKNOWN_ELEMENT, message, &key.text, known);
            }
        }
        let mut written = Vec::new();
        for column in &table.columns {
            match columns.get(&column.name) {
                Some(node) => {
                    report.enter(column.name.as_str());
                    let told = report.diagnostics.len();
                    match self.cell(node, column, report) {
                        Some(cell) => {
                            if let Cell::Expression(found) = &cell
                                && column.required
                            {
                                let domain = Domain { world: self.world, guarded: &report.guarded };
                                if let Some((table, lacking)) = domain.without_row(&found.root) {
                                    report.push(node.span, without_code(&table, &lacking, &column.name));
                                }
                            }
                            written.push((column.clone(), cell));
                        }
                        None if column.required && report.diagnostics.len() == told => {
                            let message =
                                format!("`{}` must have a value, and the spec has nothing for it", column.name);
                            let help = "give it another where the spec lacks the first: `{$first: [\"=? field\", 0]}`";
                            let missing =
                                manikin_diagnostic::Diagnostic::error(codes::MISSING_ELEMENT, message).help(help);
                            report.lack(node.span, missing);
                        }
                        None => {}
                    }
                    report.leave();
                }
                None if column.required => {
                    let message = format!("`{}` must have a column `{}`", table.name, column.name);
                    report.error(source.name_span, codes::MISSING_ELEMENT, message, format!("add `{}`", column.name));
                }
                None => {}
            }
        }
        written
    }

    fn cell(&self, node: &Node, column: &ColumnDef, report: &mut Report<'_>) -> Option<Cell> {
        match &node.value {
            Value::Map(_) if node.get("$key").is_some() => self.key(node, column, report),
            Value::Map(_) if node.get("$era").is_some() => self.era(node, column, report),
            Value::Map(_) if node.get("$first").is_some() => {
                let alternatives = node.get("$first").map(Node::items).unwrap_or_default();
                let cells: Vec<Cell> = alternatives.iter().filter_map(|node| self.cell(node, column, report)).collect();
                (!cells.is_empty()).then_some(Cell::First(cells))
            }
            Value::Map(_) | Value::List(_) => {
                let help = "write an expression, a literal, or one of `{$key: …}`, `{$first: […]}`, `{$era: …}`";
                let message = format!("a column holds one value, found {}", node.kind());
                report.error(node.span, codes::BAD_DIRECTIVE, message, help);
                None
            }
            Value::Null => {
                let help = "leave the column away, or write `= null`";
                report.error(node.span, codes::WRONG_ELEMENT_TYPE, "there is no value", help);
                None
            }
            _ => match sql::expression(node) {
                Some(sql) => {
                    let found = self.names.expression(node, sql, self.rows, Some(&column.ty), self.world, report)?;
                    Some(Cell::Expression(found))
                }
                None => match literal(node, &column.ty) {
                    Some(literal) => Some(Cell::Literal(literal)),
                    None => {
                        let found = node.written().unwrap_or_default();
                        let message = format!("`{}` holds {}, found `{found}`", column.name, column.ty);
                        report.error(node.span, codes::WRONG_ELEMENT_TYPE, message, "an expression begins with `=`");
                        None
                    }
                },
            },
        }
    }

    /// `{$key: projection, $via: way}`.
    fn key(&self, node: &Node, column: &ColumnDef, report: &mut Report<'_>) -> Option<Cell> {
        only(node, &["$key", "$via"], report);
        let name = node.get("$key")?;
        if column.ty != Type::Integer {
            let message = format!("`{}` holds {}, and a key is an integer", column.name, column.ty);
            report.error(name.span, codes::WRONG_ELEMENT_TYPE, message, "write an expression");
            return None;
        }
        let (own, table) = self.own;
        let (projection, to, hops) = if name.text() == Some(own) && node.get("$via").is_none() {
            let at = self.names.live.get_index_of(own)?;
            (crate::checked::ProjectionId(at), table.to_owned(), Vec::new())
        } else {
            let target = self.names.reach(name, node.get("$via"), self.rows, self.world, report)?;
            (target.projection, target.to, target.hops)
        };
        let expected = if column.primary_key { Some(table) } else { column.foreign_key.as_deref() };
        if let Some(expected) = expected.filter(|expected| *expected != to) {
            let message = format!("`{}` holds keys of `{expected}`, and the projection fills `{to}`", column.name);
            report.error(name.span, codes::WRONG_TARGET, message, format!("name a projection to `{expected}`"));
            return None;
        }
        Some(Cell::Key { projection, hops })
    }

    /// `{$era: start}`.
    fn era(&self, node: &Node, column: &ColumnDef, report: &mut Report<'_>) -> Option<Cell> {
        only(node, &["$era"], report);
        let what = node.get("$era")?;
        let Some(era) = self.era else {
            let help = "give the projection `era:` in the place of `from:`";
            report.error(what.span, codes::BAD_DIRECTIVE, "the projection makes no eras", help);
            return None;
        };
        let name = what.written().unwrap_or_default();
        let (value, ty) = match name {
            "start" => (EraValue::Start, Type::Date),
            "end" => (EraValue::End, Type::Date),
            "count" => (EraValue::Count, Type::Integer),
            "days" => (EraValue::Days, Type::Integer),
            "gap_days" => (EraValue::GapDays, Type::Integer),
            _ => match era.by.iter().position(|by| by == name) {
                Some(at) => (EraValue::By(at), Type::Integer),
                None => {
                    let words = ["start", "end", "count", "days", "gap_days"];
                    let known = words.into_iter().chain(era.by.iter().map(String::as_str));
                    let message = format!("an era has no `{name}`");
                    report.unknown(what.span, codes::BAD_DIRECTIVE, message, name, known);
                    return None;
                }
            },
        };
        if ty != column.ty {
            let message = format!("`{}` holds {}, and `$era: {name}` gives {ty}", column.name, column.ty);
            report.error(what.span, codes::WRONG_ELEMENT_TYPE, message, "take another value of the era");
            return None;
        }
        Some(Cell::Era(value))
    }
}

fn only(node: &Node, known: &[&str], report: &mut Report<'_>) {
    for (key, _) in node.entries() {
        if !known.contains(&key.text.as_str()) {
            let message = format!("`{}` does not go with `{}`", key.text, known[0]);
            report.error(key.span, codes::BAD_DIRECTIVE, message, format!("the keys here are {}", known.join(", ")));
        }
    }
}

/// The columns of a definition that a lookup table has.
fn as_it_is(
    table: &TableDef,
    lookup: &str,
    source: &Source,
    world: &World<'_>,
    report: &mut Report<'_>,
) -> Vec<(ColumnDef, Cell)> {
    let Some(held) = world.table(lookup) else { return Vec::new() };
    let span = source.node.span_of(&["from"]);
    let mut written = Vec::new();
    for column in &table.columns {
        let Some(found) = held.column(&column.name) else {
            if column.required {
                let message =
                    format!("table `{lookup}` has no column `{}`, which `{}` must have", column.name, table.name);
                report.error(span, codes::MISSING_ELEMENT, message, "add the column to the CSV file");
            }
            continue;
        };
        let values = &found.values;
        let fits = match (values, &column.ty) {
            (Values::Integer(_), Type::Integer | Type::Float)
            | (Values::Number(_), Type::Float)
            | (Values::Text(_), Type::Text)
            | (Values::Date(_), Type::Date) => true,
            _ => (0..values.len()).all(|row| values.is_null(row)),
        };
        if !fits {
            let message = format!("`{}` of table `{lookup}` does not hold {}", column.name, column.ty);
            let help = format!("say its type where the table is declared: `columns: {{{}: text}}`", column.name);
            report.error(span, codes::WRONG_ELEMENT_TYPE, message, help);
            continue;
        }
        written.push((column.clone(), Cell::Column(column.name.clone())));
    }
    written
}

/// A literal as a value of a type.
fn literal(node: &Node, ty: &Type) -> Option<Literal> {
    match (&node.value, ty) {
        (Value::Bool(value), Type::Boolean) => Some(Literal::Boolean(*value)),
        (Value::Number(number, _), Type::Integer) => number.as_i64().map(Literal::Integer),
        (Value::Number(number, _), Type::Float) => {
            number.as_f64().filter(|value| value.is_finite()).map(Literal::Float)
        }
        (Value::Number(number, _), Type::Decimal(scale)) => {
            let units = exact_units(number.as_f64()?, *scale)?;
            Some(Literal::Decimal { units, scale: *scale })
        }
        (Value::Text(text), Type::Date | Type::DateTime) => match (Literal::temporal(text)?, ty) {
            (date @ Literal::Date(_), Type::Date) => Some(date),
            (moment @ Literal::DateTime(_), Type::DateTime) => Some(moment),
            _ => None,
        },
        (_, Type::Text) => Some(Literal::Text(sql::unescaped(node.written()?).into_owned())),
        _ => None,
    }
}
