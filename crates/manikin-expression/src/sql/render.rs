//! Nodes as SQL text.

use super::{Dialect, Lists, Naming};
use crate::calendar;
use crate::expression::{Aggregate, Arithmetic, Comparison, Condition, Expr, Logic};
use crate::functions::{Form, SqlCall, definition_of};
use crate::scope::{ColumnRef, Hop};
use crate::types::{Literal, Type, Unit, decimal_text, power_of_ten};

/// The longest text of a node, in bytes.
const LONGEST: usize = 256 * 1024;

/// Renders the nodes of one query or subquery, and remembers the joins they need.
pub(super) struct Renderer<'a> {
    dialect: Dialect,
    naming: &'a dyn Naming,
    entity: &'a str,
    /// The alias of the rows at hand.
    base: String,
    /// The ways walked, with the alias at the end of each, and the SQL of the join.
    joined: Vec<(Vec<Hop>, String, String)>,
    /// How many aliases the whole query has, so that none hides another.
    aliases: &'a mut usize,
    pub(super) too_long: bool,
}

impl<'a> Renderer<'a> {
    pub(super) fn new(dialect: Dialect, naming: &'a dyn Naming, entity: &'a str, aliases: &'a mut usize) -> Self {
        let base = format!("t{aliases}");
        *aliases += 1;
        Renderer { dialect, naming, entity, base, joined: Vec::new(), aliases, too_long: false }
    }

    /// The joins of every way walked so far, with a leading space.
    pub(super) fn joins(&self) -> String {
        self.joined.iter().map(|(_, _, sql)| format!(" {sql}")).collect()
    }

    pub(super) fn expr(&mut self, expr: &Expr) -> String {
        let sql = self.node(expr);
        if sql.len() > LONGEST {
            self.too_long = true;
            return "NULL".to_owned();
        }
        sql
    }

    fn node(&mut self, expr: &Expr) -> String {
        match expr {
            Expr::Literal { value, ty } => self.literal(value, ty),
            Expr::Column(column) => self.column(column),
            Expr::Not(of) => format!("(NOT {})", self.expr(of)),
            Expr::Negate(of) => format!("(- {})", self.expr(of)),
            Expr::Arithmetic { operation, left, right, ty } => {
                let (left, right) = (self.expr(left), self.expr(right));
                self.arithmetic(*operation, &left, &right, ty)
            }
            Expr::Shift { of, by, back } => {
                let (ty, unit) = (of.ty(), by.ty());
                let (of, by) = (self.expr(of), self.expr(by));
                self.shift(&of, &ty, &by, &unit, *back)
            }
            Expr::Logical { operation, operands } => {
                let word = if *operation == Logic::And { " AND " } else { " OR " };
                let operands: Vec<String> = operands.iter().map(|operand| self.expr(operand)).collect();
                format!("({})", operands.join(word))
            }
            Expr::Compare { operation, left, right } => {
                let ordered = !matches!(operation, Comparison::Equal | Comparison::NotEqual);
                let left = self.side(left, ordered);
                format!("({left} {} {})", operation.symbol(), self.expr(right))
            }
            Expr::Case { branches, otherwise, .. } => {
                let mut sql = "(CASE".to_owned();
                for (condition, result) in branches {
                    sql += &format!(" WHEN {} THEN {}", self.expr(condition), self.expr(result));
                }
                if let Some(otherwise) = otherwise {
                    sql += &format!(" ELSE {}", self.expr(otherwise));
                }
                sql + " END)"
            }
            Expr::In { of, items, negated } => {
                let of = self.expr(of);
                let items: Vec<String> = items.iter().map(|item| self.expr(item)).collect();
                format!("({of}{} IN ({}))", not(*negated), items.join(", "))
            }
            Expr::Between { of, low, high, negated } => {
                let of = self.side(of, true);
                format!("({of}{} BETWEEN {} AND {})", not(*negated), self.expr(low), self.expr(high))
            }
            Expr::IsNull { of, negated } => format!("({} IS{} NULL)", self.expr(of), not(*negated)),
            Expr::IsTruth { of, truth, negated } => {
                let truth = if *truth { "TRUE" } else { "FALSE" };
                format!("({} IS{} {truth})", self.expr(of), not(*negated))
            }
            Expr::Like { of, pattern, negated } => {
                let of = self.expr(of);
                match self.dialect {
                    // LIKE in SQLite takes upper and lower case of A to Z as one.
                    Dialect::Sqlite => format!("({of}{} GLOB {})", not(*negated), self.dialect.text(&glob(pattern))),
                    dialect => format!("({of}{} LIKE {})", not(*negated), dialect.text(pattern)),
                }
            }
            Expr::Call { function, arguments, ty } => {
                let types: Vec<Type> = arguments.iter().map(Expr::ty).collect();
                let arguments: Vec<String> = arguments.iter().map(|argument| self.expr(argument)).collect();
                let call = SqlCall { dialect: self.dialect, arguments: &arguments, types: &types, ty };
                match definition_of(*function).map(|definition| &definition.form) {
                    Some(Form::Call { sql, .. }) => sql(&call),
                    _ => "NULL".to_owned(),
                }
            }
            Expr::Convert { of, ty } => {
                let from = of.ty();
                let of = self.expr(of);
                self.convert(of, &from, ty)
            }
            Expr::Aggregate { kind, entity, hops, argument, filter, ty } => {
                self.aggregate(*kind, entity, hops, argument.as_deref(), filter.as_deref(), ty)
            }
            Expr::Lookup { table, column, conditions, .. } => self.lookup(table, column, conditions),
            Expr::InTable { of, table, column } => {
                let of = self.expr(of);
                let (column, table) = (self.dialect.identifier(column), self.naming.lookup_table(table, self.dialect));
                format!("({of} IN (SELECT {column} FROM {table} WHERE {column} IS NOT NULL))")
            }
            Expr::Cell { columns, name } => {
                let mut sql = format!("(CASE {}", self.expr(name));
                for column in columns {
                    let value = self.column(column);
                    let value = self.convert(value, &column.ty, &Type::Float);
                    sql += &format!(" WHEN {} THEN {value}", self.dialect.text(&column.field));
                }
                sql + " END)"
            }
        }
    }

    /// The left side of a comparison. Texts are ordered by code points, which PostgreSQL has to be told.
    fn side(&mut self, expr: &Expr, ordered: bool) -> String {
        let sql = self.expr(expr);
        if ordered && expr.ty() == Type::Text && self.dialect == Dialect::Postgres {
            format!("({sql} COLLATE \"C\")")
        } else {
            sql
        }
    }

    fn literal(&self, value: &Literal, ty: &Type) -> String {
        let dialect = self.dialect;
        let double = dialect.double();
        match value {
            Literal::Null => format!("CAST(NULL AS {})", self.type_name(ty)),
            Literal::Boolean(true) => "TRUE".to_owned(),
            Literal::Boolean(false) => "FALSE".to_owned(),
            Literal::Integer(value) if *value == i64::MIN => "(-9223372036854775807 - 1)".to_owned(),
            Literal::Integer(value) | Literal::Interval { count: value, .. } if *value < 0 => format!("({value})"),
            Literal::Integer(value) | Literal::Interval { count: value, .. } => value.to_string(),
            Literal::Float(value) if dialect == Dialect::Sqlite => format!("({value:?})"),
            Literal::Float(value) => format!("CAST('{value:?}' AS {double})"),
            Literal::Decimal { units, .. } if dialect == Dialect::Sqlite => format!("({units})"),
            Literal::Decimal { units, scale } => {
                format!("CAST({} AS DECIMAL(18, {scale}))", decimal_text(*units, *scale))
            }
            Literal::Text(text) => dialect.text(text),
            Literal::Date(day) if dialect == Dialect::Sqlite => format!("'{}'", calendar::date_text(*day)),
            Literal::Date(day) => format!("DATE '{}'", calendar::date_text(*day)),
            Literal::DateTime(moment) if dialect == Dialect::Sqlite => {
                let millis = moment.rem_euclid(calendar::SECOND) / 1000;
                let whole = moment - moment.rem_euclid(calendar::SECOND);
                format!("'{}.{millis:03}'", calendar::datetime_text(whole, ' '))
            }
            Literal::DateTime(moment) => format!("TIMESTAMP '{}'", calendar::datetime_text(*moment, ' ')),
            Literal::List(items) => {
                let texts: Vec<String> = items.iter().map(|item| dialect.text(item)).collect();
                let texts = texts.join(", ");
                match dialect {
                    Dialect::DuckDb => format!("CAST([{texts}] AS VARCHAR[])"),
                    Dialect::Postgres => format!("CAST(ARRAY[{texts}] AS TEXT[])"),
                    Dialect::Sqlite => format!("json_array({texts})"),
                    Dialect::Spark => format!("array({texts})"),
                }
            }
        }
    }

    fn type_name(&self, ty: &Type) -> String {
        let dialect = self.dialect;
        match (ty, dialect) {
            (Type::Boolean | Type::Null, _) => "BOOLEAN".to_owned(),
            (Type::Integer | Type::Interval(_), _) => "BIGINT".to_owned(),
            (Type::Float, _) => dialect.double().to_owned(),
            (Type::Decimal(_), Dialect::Sqlite) => "BIGINT".to_owned(),
            (Type::Decimal(scale), _) => format!("DECIMAL(18, {scale})"),
            (Type::Text, Dialect::Spark) => "STRING".to_owned(),
            (Type::Text, _) | (Type::Date | Type::DateTime | Type::List(_), Dialect::Sqlite) => "TEXT".to_owned(),
            (Type::Date, _) => "DATE".to_owned(),
            (Type::DateTime, _) => "TIMESTAMP".to_owned(),
            (Type::List(_), Dialect::DuckDb) => "VARCHAR[]".to_owned(),
            (Type::List(_), Dialect::Spark) => "ARRAY<STRING>".to_owned(),
            (Type::List(_), _) => "TEXT[]".to_owned(),
        }
    }

    /// The alias of the row at the end of some hops, joining what is not joined yet.
    fn alias(&mut self, hops: &[Hop]) -> String {
        let Some((last, before)) = hops.split_last() else {
            return self.base.clone();
        };
        if let Some((_, alias, _)) = self.joined.iter().find(|(way, _, _)| way == hops) {
            return alias.clone();
        }
        let from = self.alias(before);
        let entity = before.last().map_or(self.entity, |hop| hop.entity.as_str()).to_owned();
        let alias = format!("t{}", self.aliases);
        *self.aliases += 1;
        let on = self.on(&entity, last, &from, &alias);
        let join = format!("LEFT JOIN {} AS {alias} ON {on}", self.naming.table(&last.entity, self.dialect));
        self.joined.push((hops.to_vec(), alias.clone(), join));
        alias
    }

    fn on(&self, entity: &str, hop: &Hop, from: &str, to: &str) -> String {
        let pairs: Vec<String> = self
            .naming
            .hop(entity, hop)
            .iter()
            .map(|(here, there)| {
                format!("{from}.{} = {to}.{}", self.dialect.identifier(here), self.dialect.identifier(there))
            })
            .collect();
        pairs.join(" AND ")
    }

    fn column(&mut self, column: &ColumnRef) -> String {
        let alias = self.alias(&column.hops);
        let name = self.dialect.identifier(&self.naming.column(&column.entity, &column.field));
        let sql = format!("{alias}.{name}");
        match (&column.ty, self.dialect) {
            (Type::Decimal(0), Dialect::Sqlite) => format!("CAST({sql} AS INTEGER)"),
            (Type::Decimal(scale), Dialect::Sqlite) => {
                format!("CAST(round({sql} * {}.0) AS INTEGER)", power_of_ten(*scale))
            }
            (Type::Decimal(scale), _) => format!("CAST({sql} AS DECIMAL(18, {scale}))"),
            (Type::DateTime, Dialect::Sqlite) => moment(&sql),
            (Type::List(_), Dialect::DuckDb) if self.naming.lists() == Lists::Json => {
                format!("CAST(CAST({sql} AS JSON) AS VARCHAR[])")
            }
            (Type::List(_), Dialect::Postgres) if self.naming.lists() == Lists::Json => {
                format!(
                    "(CASE WHEN {sql} IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(CAST({sql} AS JSONB))) END)"
                )
            }
            (Type::List(_), Dialect::Spark) if self.naming.lists() == Lists::Json => {
                format!("from_json({sql}, 'array<string>')")
            }
            _ => sql,
        }
    }

    fn arithmetic(&self, operation: Arithmetic, left: &str, right: &str, ty: &Type) -> String {
        match (operation, ty, self.dialect) {
            (Arithmetic::Divide, _, _) => format!("({left} / NULLIF({right}, 0))"),
            (Arithmetic::Remainder, Type::Float, Dialect::Postgres) => {
                format!("CAST(mod(CAST({left} AS NUMERIC), NULLIF(CAST({right} AS NUMERIC), 0)) AS DOUBLE PRECISION)")
            }
            // SQLite's % makes integers of floats first.
            (Arithmetic::Remainder, Type::Float, Dialect::Sqlite) => {
                format!("({left} - {right} * CAST({left} / NULLIF({right}, 0) AS INTEGER))")
            }
            (Arithmetic::Remainder, _, _) => format!("({left} % NULLIF({right}, 0))"),
            _ => format!("({left} {} {right})", operation.symbol()),
        }
    }

    fn shift(&self, of: &str, ty: &Type, by: &str, unit: &Type, back: bool) -> String {
        let Type::Interval(unit) = unit else {
            return "NULL".to_owned();
        };
        let sign = if back { "-" } else { "+" };
        let date = *ty == Type::Date;
        let moved = match (self.dialect, unit) {
            (Dialect::DuckDb, Unit::Month) => format!("({of} {sign} to_months(CAST({by} AS INTEGER)))"),
            (Dialect::DuckDb, Unit::Day) => format!("({of} {sign} to_days(CAST({by} AS INTEGER)))"),
            (Dialect::DuckDb, Unit::Second) => format!("({of} {sign} to_seconds({by}))"),
            (Dialect::Postgres, Unit::Month) => format!("({of} {sign} {by} * INTERVAL '1 month')"),
            (Dialect::Postgres, Unit::Day) => format!("({of} {sign} {by} * INTERVAL '1 day')"),
            (Dialect::Postgres, Unit::Second) => format!("({of} {sign} {by} * INTERVAL '1 second')"),
            (Dialect::Sqlite, unit) => {
                let by = if back { format!("(- {by})") } else { by.to_owned() };
                let modifier = match unit {
                    // SQLite runs over into the next month: the day it lands on, or the month's last if that is earlier.
                    Unit::Month => {
                        let moved = format!(
                            "min(date({of}, {by} || ' months'), date({of}, 'start of month', ({by} + 1) || ' months', '-1 day'))"
                        );
                        return if date { moved } else { format!("({moved} || substr({of}, 11))") };
                    }
                    Unit::Day => format!("{by} || ' days'"),
                    Unit::Second => format!("{by} || ' seconds'"),
                };
                let format = if date { "%Y-%m-%d" } else { "%Y-%m-%d %H:%M:%f" };
                return format!("strftime('{format}', {of}, {modifier})");
            }
            (Dialect::Spark, Unit::Month) => format!("({of} {sign} make_ym_interval(0, CAST({by} AS INT)))"),
            (Dialect::Spark, Unit::Day) if date => {
                return format!(
                    "date_add({of}, CAST({} AS INT))",
                    if back { format!("(- {by})") } else { by.to_owned() }
                );
            }
            (Dialect::Spark, Unit::Day) => format!("({of} {sign} make_dt_interval(CAST({by} AS INT)))"),
            (Dialect::Spark, Unit::Second) => format!("({of} {sign} make_dt_interval(0, 0, 0, {by}))"),
        };
        if date { format!("CAST({moved} AS DATE)") } else { moved }
    }

    fn convert(&self, of: String, from: &Type, to: &Type) -> String {
        match (from, to, self.dialect) {
            (Type::Interval(Unit::Day), Type::Interval(Unit::Second), _) => format!("({of} * 86400)"),
            (_, Type::Interval(_), _) => of,
            (Type::Decimal(scale), Type::Float, Dialect::Sqlite) => format!("({of} / {}.0)", power_of_ten(*scale)),
            (Type::Integer, Type::Decimal(scale), Dialect::Sqlite) => format!("({of} * {})", power_of_ten(*scale)),
            (Type::Decimal(from), Type::Decimal(to), Dialect::Sqlite) => {
                format!("({of} * {})", power_of_ten(to.saturating_sub(*from)))
            }
            (Type::Date, Type::DateTime, Dialect::Sqlite) => moment(&of),
            (from, to, _) if from == to => of,
            _ => format!("CAST({of} AS {})", self.type_name(to)),
        }
    }

    fn aggregate(
        &mut self,
        kind: Aggregate,
        entity: &str,
        hops: &[Hop],
        argument: Option<&Expr>,
        filter: Option<&Expr>,
        ty: &Type,
    ) -> String {
        let Some((last, before)) = hops.split_last() else {
            return "NULL".to_owned();
        };
        let mut inner = Renderer::new(self.dialect, self.naming, entity, self.aliases);
        let x = argument.map(|argument| inner.side(argument, matches!(kind, Aggregate::Min | Aggregate::Max)));
        let filter = filter.map(|filter| inner.expr(filter));
        let parent = inner.alias(before);
        let from_entity = before.last().map_or(entity, |hop| hop.entity.as_str());
        let on = inner.on(from_entity, last, &parent, &self.base);
        let x = x.unwrap_or_else(|| "*".to_owned());
        let boolean = argument.is_some_and(|argument| argument.ty() == Type::Boolean);
        let call = match kind {
            Aggregate::Count => format!("count({x})"),
            Aggregate::CountDistinct => format!("count(DISTINCT {x})"),
            Aggregate::Sum if *ty == Type::Float => format!("coalesce(sum({x}), 0.0)"),
            Aggregate::Sum if *ty == Type::Integer => format!("CAST(coalesce(sum({x}), 0) AS BIGINT)"),
            Aggregate::Sum => format!("coalesce(sum({x}), 0)"),
            Aggregate::Min if boolean && self.dialect == Dialect::Postgres => format!("bool_and({x})"),
            Aggregate::Max if boolean && self.dialect == Dialect::Postgres => format!("bool_or({x})"),
            Aggregate::Min => format!("min({x})"),
            Aggregate::Max => format!("max({x})"),
            Aggregate::Avg => format!("avg({x})"),
            Aggregate::Any => format!("coalesce(max(CASE WHEN {x} THEN 1 ELSE 0 END), 0) = 1"),
            Aggregate::Every => format!("coalesce(min(CASE WHEN NOT {x} THEN 0 ELSE 1 END), 1) = 1"),
        };
        let table = self.naming.table(entity, self.dialect);
        let narrowed = filter.map_or(String::new(), |filter| format!(" AND {filter}"));
        let sql = format!("(SELECT {call} FROM {table} AS {}{} WHERE {on}{narrowed})", inner.base, inner.joins());
        let too_long = inner.too_long;
        self.too_long |= too_long;
        sql
    }

    fn lookup(&mut self, table: &str, column: &str, conditions: &[Condition]) -> String {
        let alias = format!("t{}", self.aliases);
        *self.aliases += 1;
        let dialect = self.dialect;
        let cell = |name: &str| format!("{alias}.{}", dialect.identifier(name));
        let mut tests = Vec::with_capacity(conditions.len());
        for condition in conditions {
            let value = self.expr(condition.value());
            tests.push(match condition {
                Condition::Key { column, .. } => format!("{} = {value}", cell(column)),
                Condition::Match { column, .. } => format!("({0} IS NULL OR {0} = {value})", cell(column)),
                Condition::Range { low, high, .. } => format!(
                    "({0} IS NULL OR {0} <= {value}) AND ({1} IS NULL OR {value} <= {1})",
                    cell(low),
                    cell(high)
                ),
            });
        }
        let from = self.naming.lookup_table(table, dialect);
        let tests = tests.join(" AND ");
        let result = cell(column);
        match (dialect, self.naming.lookup_order(table)) {
            // Spark takes only aggregates from a correlated subquery.
            (Dialect::Spark, Some(order)) => {
                format!("(SELECT min_by({result}, {}) FROM {from} AS {alias} WHERE {tests})", cell(&order))
            }
            (Dialect::Spark, None) => format!("(SELECT first({result}) FROM {from} AS {alias} WHERE {tests})"),
            (_, Some(order)) => {
                format!("(SELECT {result} FROM {from} AS {alias} WHERE {tests} ORDER BY {} LIMIT 1)", cell(&order))
            }
            (_, None) => format!("(SELECT {result} FROM {from} AS {alias} WHERE {tests} LIMIT 1)"),
        }
    }
}

/// A moment in SQLite: text of one width, so that it compares as a moment does.
fn moment(sql: &str) -> String {
    format!("strftime('%Y-%m-%d %H:%M:%f', {sql})")
}

fn not(negated: bool) -> &'static str {
    if negated { " NOT" } else { "" }
}

/// A LIKE pattern as a GLOB pattern.
fn glob(pattern: &str) -> String {
    let mut glob = String::with_capacity(pattern.len());
    for letter in pattern.chars() {
        match letter {
            '%' => glob.push('*'),
            '_' => glob.push('?'),
            '*' | '?' | '[' => {
                glob.push('[');
                glob.push(letter);
                glob.push(']');
            }
            other => glob.push(other),
        }
    }
    glob
}
