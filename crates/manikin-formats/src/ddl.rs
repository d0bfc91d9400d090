//! CREATE TABLE statements from table schemas, parents first.
//!
//! A reference becomes a foreign key where databases allow one: its target is a table of the same set, and the
//! target column alone is the table's key or marked unique. Indexes on referencing columns come separately, because
//! loading rows is faster without them.

use std::fmt::Write;
use std::sync::Arc;

use manikin_expression::Type;
use manikin_tables::{ColumnSchema, TableSchema, parents_first};

use crate::format::Constraints;

/// The database that statements are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// What PostgreSQL, SQLite and DuckDB all accept; lists are JSON in a text column.
    Portable,
    /// PostgreSQL: lists are `JSONB`, meanings become comments.
    PostgreSql,
    /// DuckDB: lists are `JSON`.
    DuckDb,
    /// SQLite: dates, times and lists are text, booleans 0 and 1.
    Sqlite,
}

/// One CREATE TABLE statement per table, parents first, then PostgreSQL's comments.
pub fn create_tables(schemas: &[Arc<TableSchema>], dialect: Dialect, constraints: Constraints) -> String {
    let mut ddl = String::new();
    let mut created: Vec<&str> = Vec::with_capacity(schemas.len());
    let mut postponed = String::new();
    for place in parents_first(schemas) {
        let schema = &schemas[place];
        created.push(&schema.entity);
        create_table(&mut ddl, &mut postponed, schema, schemas, &created, dialect, constraints);
    }
    ddl.push_str(&postponed);
    if dialect == Dialect::PostgreSql {
        schemas.iter().for_each(|schema| comment(&mut ddl, schema));
    }
    ddl
}

/// One CREATE INDEX statement per column that references another table.
pub fn create_indexes(schemas: &[Arc<TableSchema>]) -> String {
    let mut ddl = String::new();
    for schema in parents_first(schemas).into_iter().map(|place| &schemas[place]) {
        for column in schema.columns.iter().filter(|column| column.references.is_some()) {
            // A key of one column, or a unique column, has its index already.
            if column.unique || schema.key == [column.name.as_str()] {
                continue;
            }
            let index = identifier(&format!("{}_{}_index", schema.entity, column.name));
            let (table, name) = (identifier(&schema.entity), identifier(&column.name));
            push(&mut ddl, format_args!("CREATE INDEX {index} ON {table} ({name});\n"));
        }
    }
    ddl
}

/// A name in double quotes, as every dialect here accepts it.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn create_table(
    ddl: &mut String,
    postponed: &mut String,
    schema: &TableSchema,
    schemas: &[Arc<TableSchema>],
    created: &[&str],
    dialect: Dialect,
    constraints: Constraints,
) {
    let table = identifier(&schema.entity);
    let mut lines: Vec<String> =
        schema.columns.iter().map(|column| column_line(schema, column, dialect, constraints)).collect();
    let mut left_out = Vec::new();
    if constraints == Constraints::Declared {
        if !schema.key.is_empty() {
            let key: Vec<String> = schema.key.iter().map(|name| identifier(name)).collect();
            lines.push(format!("PRIMARY KEY ({})", key.join(", ")));
        }
        for (column, target) in schema.columns.iter().filter_map(|column| Some((column, column.references.as_ref()?))) {
            if !is_referable(schemas, &target.entity, &target.field) {
                continue;
            }
            let (name, entity, field) =
                (identifier(&column.name), identifier(&target.entity), identifier(&target.field));
            let key = format!("FOREIGN KEY ({name}) REFERENCES {entity} ({field})");
            if created.contains(&target.entity.as_str()) || dialect == Dialect::Sqlite {
                lines.push(key);
            } else if dialect == Dialect::PostgreSql {
                push(postponed, format_args!("ALTER TABLE {table} ADD {key};\n"));
            } else {
                left_out.push(format!(
                    "-- {table}.{name} points to {entity}.{field}, which points back; no key declared\n"
                ));
            }
        }
    }
    left_out.iter().for_each(|line| ddl.push_str(line));
    push(ddl, format_args!("CREATE TABLE {table} (\n  {}\n);\n", lines.join(",\n  ")));
}

fn column_line(schema: &TableSchema, column: &ColumnSchema, dialect: Dialect, constraints: Constraints) -> String {
    let mut line = format!("{} {}", identifier(&column.name), sql_type(&column.ty, dialect));
    if constraints == Constraints::Declared {
        if column.required || schema.key.contains(&column.name) {
            line.push_str(" NOT NULL");
        }
        if column.unique && schema.key != [column.name.as_str()] {
            line.push_str(" UNIQUE");
        }
    }
    line
}

fn is_referable(schemas: &[Arc<TableSchema>], entity: &str, field: &str) -> bool {
    let target = schemas.iter().find(|schema| schema.entity == entity);
    target.is_some_and(|target| target.key == [field] || target.column(field).is_some_and(|column| column.unique))
}

fn sql_type(ty: &Type, dialect: Dialect) -> String {
    let name = match (ty, dialect) {
        (Type::Boolean, Dialect::Sqlite) => "INTEGER",
        (Type::Boolean, _) => "BOOLEAN",
        (Type::Integer, Dialect::Sqlite) => "INTEGER",
        (Type::Integer, _) => "BIGINT",
        (Type::Float, Dialect::Sqlite) => "REAL",
        (Type::Float, _) => "DOUBLE PRECISION",
        (Type::Decimal(scale), _) => return format!("DECIMAL(18, {scale})"),
        (Type::Date, Dialect::Sqlite) | (Type::DateTime, Dialect::Sqlite) => "TEXT",
        (Type::Date, _) => "DATE",
        (Type::DateTime, _) => "TIMESTAMP",
        (Type::List(_), Dialect::PostgreSql) => "JSONB",
        (Type::List(_), Dialect::DuckDb) => "JSON",
        _ => "TEXT",
    };
    name.to_owned()
}

fn comment(ddl: &mut String, schema: &TableSchema) {
    let table = identifier(&schema.entity);
    if let Some(means) = &schema.means {
        push(ddl, format_args!("COMMENT ON TABLE {table} IS {};\n", literal(means)));
    }
    for column in &schema.columns {
        let unit = column.unit.as_ref().map(|unit| format!("unit {unit}"));
        let codes = column.code_system.as_ref().map(|system| format!("codes of {system}"));
        let said: Vec<String> = column.means.iter().cloned().chain(unit).chain(codes).collect();
        if !said.is_empty() {
            let name = identifier(&column.name);
            push(ddl, format_args!("COMMENT ON COLUMN {table}.{name} IS {};\n", literal(&said.join("; "))));
        }
    }
}

fn literal(text: &str) -> String {
    format!("'{}'", text.trim().replace('\'', "''"))
}

fn push(ddl: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = ddl.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schemas() -> Vec<Arc<TableSchema>> {
        let mut claim = TableSchema::new(
            "claim",
            vec![
                ColumnSchema::new("claim_id", Type::Text),
                ColumnSchema::new("patient_id", Type::Text).required().references("patient", "patient_id"),
                ColumnSchema::new("billed", Type::Decimal(2)),
                ColumnSchema::new("codes", Type::List(Box::new(Type::Text))),
            ],
        )
        .with_key(["claim_id"]);
        claim.means = Some("A payer's bill".to_owned());
        claim.columns[2].unit = Some("USD".to_owned());
        let patient =
            TableSchema::new("patient", vec![ColumnSchema::new("patient_id", Type::Text)]).with_key(["patient_id"]);
        vec![Arc::new(claim), Arc::new(patient)]
    }

    #[test]
    fn postgresql_tables_come_parents_first_with_keys_and_comments() {
        let expected = "CREATE TABLE \"patient\" (\n  \"patient_id\" TEXT NOT NULL,\n  PRIMARY KEY (\"patient_id\")\n);\n\
            CREATE TABLE \"claim\" (\n  \"claim_id\" TEXT NOT NULL,\n  \"patient_id\" TEXT NOT NULL,\n  \
            \"billed\" DECIMAL(18, 2),\n  \"codes\" JSONB,\n  PRIMARY KEY (\"claim_id\"),\n  \
            FOREIGN KEY (\"patient_id\") REFERENCES \"patient\" (\"patient_id\")\n);\n\
            COMMENT ON TABLE \"claim\" IS 'A payer''s bill';\n\
            COMMENT ON COLUMN \"claim\".\"billed\" IS 'unit USD';\n";
        assert_eq!(create_tables(&schemas(), Dialect::PostgreSql, Constraints::Declared), expected);
        assert_eq!(
            create_indexes(&schemas()),
            "CREATE INDEX \"claim_patient_id_index\" ON \"claim\" (\"patient_id\");\n"
        );
    }

    #[test]
    fn omitted_constraints_leave_columns_alone() {
        let ddl = create_tables(&schemas(), Dialect::Sqlite, Constraints::Omitted);
        assert!(!ddl.contains("NOT NULL") && !ddl.contains("KEY"), "{ddl}");
    }

    #[test]
    fn tables_that_point_to_each_other_are_tied_afterwards_in_postgresql() {
        let table = |name: &str, other: &str| {
            let columns = vec![
                ColumnSchema::new("id", Type::Integer),
                ColumnSchema::new("other", Type::Integer).references(other, "id"),
            ];
            Arc::new(TableSchema::new(name, columns).with_key(["id"]))
        };
        let ring = [table("a", "b"), table("b", "a")];
        let ddl = create_tables(&ring, Dialect::PostgreSql, Constraints::Declared);
        assert!(ddl.ends_with("ALTER TABLE \"b\" ADD FOREIGN KEY (\"other\") REFERENCES \"a\" (\"id\");\n"), "{ddl}");
        let ddl = create_tables(&ring, Dialect::Portable, Constraints::Declared);
        assert!(ddl.starts_with("-- \"b\".\"other\" points to"), "{ddl}");
    }
}
