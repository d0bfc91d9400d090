//! Functions from one type to another.

use super::number::{as_integer, rescaled};
use super::{Definition, Example, Form, Function, Parameter, Returns, SqlCall};
use crate::sql::Dialect;
use crate::types::{Type, decimal_text, power_of_ten};

pub(super) const TEXT: Definition = Definition {
    name: "text",
    usage: "text(x)",
    doc: "Written as text: digits, true or false, 2025-01-31, or 2025-01-31T13:45:00.",
    examples: &[
        Example { call: "text(12)", value: "'12'" },
        Example { call: "text(decimal(1.5, 2))", value: "'1.50'" },
        Example { call: "text(true)", value: "'true'" },
        Example { call: "text(date '2025-01-31')", value: "'2025-01-31'" },
        Example { call: "text(timestamp '2025-01-31T13:45:00')", value: "'2025-01-31T13:45:00'" },
    ],
    form: Form::Call {
        function: Function::Text,
        parameters: &[Parameter::Writable],
        optional: 0,
        repeats: false,
        returns: Returns::Text,
        sql: text,
    },
};

pub(super) const NUMBER: Definition = Definition {
    name: "number",
    usage: "number(x)",
    doc: "The float that a text of digits with an optional sign and point spells, else NULL; or a number as a float.",
    examples: &[
        Example { call: "number('-1.5')", value: "-1.5" },
        Example { call: "number('12')", value: "12.0" },
        Example { call: "number('1e5')", value: "null" },
        Example { call: "number('abc')", value: "null" },
    ],
    form: Form::Call {
        function: Function::Number,
        parameters: &[Parameter::Readable],
        optional: 0,
        repeats: false,
        returns: Returns::Float,
        sql: number,
    },
};

pub(super) const INTEGER: Definition = Definition {
    name: "integer",
    usage: "integer(x)",
    doc: "The whole number that a text of digits with an optional sign spells, else NULL; a number without its fraction; 1 for true, 0 for false.",
    examples: &[
        Example { call: "integer('042')", value: "42" },
        Example { call: "integer('4.2')", value: "null" },
        Example { call: "integer(-2.7)", value: "-2" },
        Example { call: "integer(true)", value: "1" },
    ],
    form: Form::Call {
        function: Function::Integer,
        parameters: &[Parameter::Readable],
        optional: 0,
        repeats: false,
        returns: Returns::Integer,
        sql: integer,
    },
};

pub(super) const DECIMAL: Definition = Definition {
    name: "decimal",
    usage: "decimal(x, digits)",
    doc: "The number rounded to so many digits, halves away from zero.",
    examples: &[
        Example { call: "decimal(2.345, 2)", value: "decimal(2.35, 2)" },
        Example { call: "decimal(-0.5, 0)", value: "decimal(-1, 0)" },
    ],
    form: Form::Call {
        function: Function::Decimal,
        parameters: &[Parameter::Number, Parameter::Digits],
        optional: 0,
        repeats: false,
        returns: Returns::Decimal,
        sql: decimal,
    },
};

fn text(call: &SqlCall<'_>) -> String {
    let x = &call.arguments[0];
    let varchar = match call.dialect {
        Dialect::Spark => "STRING",
        _ => "VARCHAR",
    };
    match (&call.types[0], call.dialect) {
        (Type::Text, _) => x.clone(),
        (Type::Boolean, _) => {
            format!("(CASE {x} WHEN true THEN 'true' WHEN false THEN 'false' END)")
        }
        (Type::Date, Dialect::Sqlite) => format!("date({x})"),
        (Type::DateTime, Dialect::Sqlite) => format!("strftime('%Y-%m-%dT%H:%M:%S', {x})"),
        (Type::DateTime, Dialect::DuckDb) => format!("strftime({x}, '%Y-%m-%dT%H:%M:%S')"),
        (Type::DateTime, Dialect::Postgres) => format!("to_char({x}, 'YYYY-MM-DD\"T\"HH24:MI:SS')"),
        (Type::DateTime, Dialect::Spark) => format!("date_format({x}, \"yyyy-MM-dd'T'HH:mm:ss\")"),
        (Type::Decimal(scale), Dialect::Sqlite) if *scale > 0 => {
            let one = power_of_ten(*scale);
            format!(
                "(CASE WHEN {x} < 0 THEN '-' ELSE '' END || (abs({x}) / {one}) || '.' || substr(CAST({one} + abs({x}) % {one} AS TEXT), 2))"
            )
        }
        _ => format!("CAST({x} AS {varchar})"),
    }
}

/// The condition that a text spells a number, and the cast then: casts alone accept other forms in each database.
fn spelled(call: &SqlCall<'_>, fraction: bool, ty: &str) -> String {
    let x = &call.arguments[0];
    let pattern = if fraction { "[+-]?[0-9]+(?:[.][0-9]+)?" } else { "[+-]?[0-9]+" };
    let spells = match call.dialect {
        Dialect::DuckDb => format!("regexp_full_match({x}, '{pattern}')"),
        // PostgreSQL casts constants ahead of any CASE; a text that does not match is NULL before the cast.
        Dialect::Postgres => return format!("CAST(substring({x} FROM '^({pattern})$') AS {ty})"),
        Dialect::Spark => format!("{x} RLIKE '^{pattern}$'"),
        Dialect::Sqlite => {
            let bare = format!("substr({x}, 1 + (substr({x}, 1, 1) IN ('+', '-')))");
            if fraction {
                format!(
                    "{bare} NOT GLOB '*[^0-9.]*' AND {bare} GLOB '[0-9]*' AND {bare} GLOB '*[0-9]' AND \
                     length({bare}) - length(replace({bare}, '.', '')) <= 1"
                )
            } else {
                format!("{bare} NOT GLOB '*[^0-9]*' AND {bare} <> ''")
            }
        }
    };
    let cast = match call.dialect {
        Dialect::DuckDb => format!("TRY_CAST({x} AS {ty})"),
        Dialect::Spark => format!("try_cast({x} AS {ty})"),
        _ => format!("CAST({x} AS {ty})"),
    };
    format!("(CASE WHEN {spells} THEN {cast} END)")
}

fn number(call: &SqlCall<'_>) -> String {
    let x = &call.arguments[0];
    match &call.types[0] {
        Type::Text => spelled(call, true, call.dialect.double()),
        Type::Boolean => format!("(CASE {x} WHEN true THEN 1.0 WHEN false THEN 0.0 END)"),
        Type::Decimal(scale) if call.dialect == Dialect::Sqlite => {
            format!("({x} / {}.0)", power_of_ten(*scale))
        }
        _ => format!("CAST({x} AS {})", call.dialect.double()),
    }
}

fn integer(call: &SqlCall<'_>) -> String {
    let x = &call.arguments[0];
    match (&call.types[0], call.dialect) {
        (Type::Integer, _) => x.clone(),
        (Type::Text, Dialect::Sqlite) => spelled(call, false, "INTEGER"),
        (Type::Text, _) => spelled(call, false, "BIGINT"),
        (Type::Boolean, _) => format!("(CASE {x} WHEN true THEN 1 WHEN false THEN 0 END)"),
        (Type::Decimal(scale), Dialect::Sqlite) => format!("({x} / {})", power_of_ten(*scale)),
        (_, Dialect::Sqlite) => format!("CAST({x} AS INTEGER)"),
        (_, Dialect::Spark) => {
            as_integer(call.dialect, &format!("(CASE WHEN {x} < 0 THEN ceil({x}) ELSE floor({x}) END)"))
        }
        (_, dialect) => as_integer(dialect, &format!("trunc({x})")),
    }
}

fn decimal(call: &SqlCall<'_>) -> String {
    let x = &call.arguments[0];
    let Type::Decimal(digits) = *call.ty else {
        return x.clone();
    };
    match (&call.types[0], call.dialect) {
        (Type::Decimal(from), dialect) => rescaled(dialect, x, *from, digits),
        (Type::Integer, Dialect::Sqlite) => format!("({x} * {})", power_of_ten(digits)),
        (Type::Integer, _) => format!("CAST({x} AS DECIMAL(18, {digits}))"),
        (_, dialect) => {
            // The same formula as round(x), so that halves agree; the division of whole units is exact.
            let one = power_of_ten(digits);
            let sign = format!("CASE WHEN {x} < 0 THEN -1 ELSE 1 END");
            match dialect {
                Dialect::Sqlite => format!("({sign} * CAST(abs({x}) * {one}.0 + 0.5 AS INTEGER))"),
                Dialect::Spark => format!(
                    "CAST(CAST({sign} * floor(abs({x}) * {one}.0D + 0.5D) AS DECIMAL(18, 0)) / {one} AS DECIMAL(18, {digits}))"
                ),
                Dialect::DuckDb => {
                    format!(
                        "CAST(CAST({sign} * floor(CAST(abs({x}) * {one}.0 + 0.5 AS DOUBLE)) AS DECIMAL(18, 0)) * CAST({} AS DECIMAL(18, {digits})) AS DECIMAL(18, {digits}))",
                        unit(digits)
                    )
                }
                Dialect::Postgres => format!(
                    "CAST(CAST({sign} * floor(CAST(abs({x}) * {one}.0 + 0.5 AS DOUBLE PRECISION)) AS NUMERIC) / {one} AS NUMERIC(18, {digits}))"
                ),
            }
        }
    }
}

/// One unit in the last place: 0.01 for two digits.
fn unit(digits: u8) -> String {
    decimal_text(1, digits)
}
