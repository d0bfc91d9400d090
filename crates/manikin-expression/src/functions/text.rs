//! Functions of text. Lengths and positions count characters.

use super::{Definition, Example, Form, Function, Parameter, Returns, SqlCall};
use crate::sql::Dialect;

pub(super) const LENGTH: Definition = Definition {
    name: "length",
    usage: "length(x)",
    doc: "How many characters.",
    examples: &[Example { call: "length('abc')", value: "3" }, Example { call: "length('né')", value: "2" }],
    form: Form::Call {
        function: Function::Length,
        parameters: &[Parameter::Text],
        optional: 0,
        repeats: false,
        returns: Returns::Integer,
        sql: |call| format!("length({})", call.arguments[0]),
    },
};

pub(super) const LOWER: Definition = Definition {
    name: "lower",
    usage: "lower(x)",
    doc: "In lower case; SQLite changes the letters A to Z alone.",
    examples: &[Example { call: "lower('AbC')", value: "'abc'" }],
    form: Form::Call {
        function: Function::Lower,
        parameters: &[Parameter::Text],
        optional: 0,
        repeats: false,
        returns: Returns::Text,
        sql: |call| format!("lower({})", call.arguments[0]),
    },
};

pub(super) const UPPER: Definition = Definition {
    name: "upper",
    usage: "upper(x)",
    doc: "In upper case; SQLite changes the letters a to z alone.",
    examples: &[Example { call: "upper('AbC')", value: "'ABC'" }],
    form: Form::Call {
        function: Function::Upper,
        parameters: &[Parameter::Text],
        optional: 0,
        repeats: false,
        returns: Returns::Text,
        sql: |call| format!("upper({})", call.arguments[0]),
    },
};

pub(super) const CONCAT: Definition = Definition {
    name: "concat",
    usage: "concat(a, b, …)",
    doc: "The texts joined, also written a || b; NULL when any is NULL. Integers, decimals, booleans and dates are written as by text(x).",
    examples: &[
        Example { call: "concat('a', 'b', 1)", value: "'ab1'" },
        Example { call: "'a' || null", value: "null" },
    ],
    form: Form::Call {
        function: Function::Concat,
        parameters: &[Parameter::Texted],
        optional: 0,
        repeats: true,
        returns: Returns::Text,
        sql: |call| format!("({})", call.arguments.join(" || ")),
    },
};

pub(super) const SUBSTR: Definition = Definition {
    name: "substr",
    usage: "substr(x, start[, length])",
    doc: "The part from a position, counted from 1, to the end or of a length; a position below 1 is taken as 1, a length below 0 as 0.",
    examples: &[
        Example { call: "substr('abcdef', 2, 3)", value: "'bcd'" },
        Example { call: "substr('abc', 2)", value: "'bc'" },
        Example { call: "substr('abc', 0, 2)", value: "'ab'" },
        Example { call: "substr('abc', 5, 2)", value: "''" },
    ],
    form: Form::Call {
        function: Function::Substr,
        parameters: &[Parameter::Text, Parameter::Integer, Parameter::Integer],
        optional: 1,
        repeats: false,
        returns: Returns::Text,
        sql: substr,
    },
};

pub(super) const LEFT: Definition = Definition {
    name: "left",
    usage: "left(x, n)",
    doc: "The first n characters; none when n is below 1.",
    examples: &[Example { call: "left('abc', 2)", value: "'ab'" }, Example { call: "left('abc', -1)", value: "''" }],
    form: Form::Call {
        function: Function::Left,
        parameters: &[Parameter::Text, Parameter::Integer],
        optional: 0,
        repeats: false,
        returns: Returns::Text,
        sql: |call| format!("substr({}, 1, {})", call.arguments[0], at_least(call, 1, 0)),
    },
};

pub(super) const RIGHT: Definition = Definition {
    name: "right",
    usage: "right(x, n)",
    doc: "The last n characters; none when n is below 1.",
    examples: &[
        Example { call: "right('abc', 2)", value: "'bc'" },
        Example { call: "right('abc', 5)", value: "'abc'" },
        Example { call: "right('abc', 0)", value: "''" },
    ],
    form: Form::Call {
        function: Function::Right,
        parameters: &[Parameter::Text, Parameter::Integer],
        optional: 0,
        repeats: false,
        returns: Returns::Text,
        sql: |call| match call.dialect {
            Dialect::Sqlite => {
                let n = at_least(call, 1, 0);
                format!(
                    "(CASE WHEN {n} = 0 AND {x} IS NOT NULL THEN '' ELSE substr({x}, -{n}) END)",
                    x = call.arguments[0]
                )
            }
            _ => format!("right({}, CAST({} AS INTEGER))", call.arguments[0], at_least(call, 1, 0)),
        },
    },
};

pub(super) const REPLACE: Definition = Definition {
    name: "replace",
    usage: "replace(x, from, to)",
    doc: "With every occurrence of one text replaced by another; unchanged when `from` is empty.",
    examples: &[
        Example { call: "replace('a-b-c', '-', '')", value: "'abc'" },
        Example { call: "replace('abc', '', 'x')", value: "'abc'" },
    ],
    form: Form::Call {
        function: Function::Replace,
        parameters: &[Parameter::Text, Parameter::Text, Parameter::Text],
        optional: 0,
        repeats: false,
        returns: Returns::Text,
        sql: |call| {
            format!(
                "(CASE WHEN {1} = '' THEN CASE WHEN {2} IS NOT NULL THEN {0} END ELSE replace({0}, {1}, {2}) END)",
                call.arguments[0], call.arguments[1], call.arguments[2]
            )
        },
    },
};

pub(super) const TRIM: Definition = Definition {
    name: "trim",
    usage: "trim(x)",
    doc: "Without the spaces at both ends.",
    examples: &[Example { call: "trim('  a b ')", value: "'a b'" }],
    form: Form::Call {
        function: Function::Trim,
        parameters: &[Parameter::Text],
        optional: 0,
        repeats: false,
        returns: Returns::Text,
        sql: |call| match call.dialect {
            Dialect::Spark => format!("trim({})", call.arguments[0]),
            _ => format!("trim({}, ' ')", call.arguments[0]),
        },
    },
};

pub(super) const LPAD: Definition = Definition {
    name: "lpad",
    usage: "lpad(x, n, fill)",
    doc: "At least and at most n characters: filled on the left with a written character, or cut on the right.",
    examples: &[
        Example { call: "lpad('7', 3, '0')", value: "'007'" },
        Example { call: "lpad('1234', 3, '0')", value: "'123'" },
    ],
    form: Form::Call {
        function: Function::Lpad,
        parameters: &[Parameter::Text, Parameter::Integer, Parameter::Character],
        optional: 0,
        repeats: false,
        returns: Returns::Text,
        sql: lpad,
    },
};

pub(super) const STARTS_WITH: Definition = Definition {
    name: "starts_with",
    usage: "starts_with(x, y)",
    doc: "Whether a text begins with another; case matters.",
    examples: &[
        Example { call: "starts_with('E11.9', 'E11')", value: "true" },
        Example { call: "starts_with('abc', '')", value: "true" },
    ],
    form: Form::Call {
        function: Function::StartsWith,
        parameters: &[Parameter::Text, Parameter::Text],
        optional: 0,
        repeats: false,
        returns: Returns::Boolean,
        sql: |call| format!("(substr({0}, 1, length({1})) = {1})", call.arguments[0], call.arguments[1]),
    },
};

pub(super) const ENDS_WITH: Definition = Definition {
    name: "ends_with",
    usage: "ends_with(x, y)",
    doc: "Whether a text ends with another; case matters.",
    examples: &[
        Example { call: "ends_with('abc', 'bc')", value: "true" },
        Example { call: "ends_with('c', 'bc')", value: "false" },
    ],
    form: Form::Call {
        function: Function::EndsWith,
        parameters: &[Parameter::Text, Parameter::Text],
        optional: 0,
        repeats: false,
        returns: Returns::Boolean,
        sql: |call| {
            let [x, y] = [&call.arguments[0], &call.arguments[1]];
            format!("(length({x}) >= length({y}) AND substr({x}, length({x}) - length({y}) + 1) = {y})")
        },
    },
};

pub(super) const CONTAINS: Definition = Definition {
    name: "contains",
    usage: "contains(x, y)",
    doc: "Whether a text occurs in another; case matters.",
    examples: &[
        Example { call: "contains('abc', 'b')", value: "true" },
        Example { call: "contains('abc', 'B')", value: "false" },
        Example { call: "contains('abc', '')", value: "true" },
    ],
    form: Form::Call {
        function: Function::Contains,
        parameters: &[Parameter::Text, Parameter::Text],
        optional: 0,
        repeats: false,
        returns: Returns::Boolean,
        sql: |call| {
            let [x, y] = [&call.arguments[0], &call.arguments[1]];
            match call.dialect {
                Dialect::Postgres => format!("(strpos({x}, {y}) > 0)"),
                _ => format!("(({y} = '' AND {x} IS NOT NULL) OR instr({x}, {y}) > 0)"),
            }
        },
    },
};

pub(super) const LUHN_DIGIT: Definition = Definition {
    name: "luhn_digit",
    usage: "luhn_digit(digits)",
    doc: "The check digit, as text, that the Luhn formula appends to a text of digits; NULL when there is anything else in it.",
    examples: &[
        Example { call: "luhn_digit('7992739871')", value: "'3'" },
        Example { call: "luhn_digit('80840123456789')", value: "'3'" },
        Example { call: "luhn_digit('12a')", value: "null" },
    ],
    form: Form::Call {
        function: Function::LuhnDigit,
        parameters: &[Parameter::Text],
        optional: 0,
        repeats: false,
        returns: Returns::Text,
        sql: luhn,
    },
};

/// An argument that is never below a bound; a written number is settled here.
fn at_least(call: &SqlCall<'_>, at: usize, bound: i64) -> String {
    let sql = &call.arguments[at];
    match sql.trim_matches(['(', ')']).parse::<i64>() {
        Ok(value) => value.max(bound).to_string(),
        Err(_) => format!("(CASE WHEN {sql} < {bound} THEN {bound} ELSE {sql} END)"),
    }
}

fn substr(call: &SqlCall<'_>) -> String {
    let mut arguments = vec![call.arguments[0].clone()];
    let cast = |sql: String| match call.dialect {
        Dialect::Postgres => format!("CAST({sql} AS INTEGER)"),
        _ => sql,
    };
    arguments.push(cast(at_least(call, 1, 1)));
    if call.arguments.len() > 2 {
        arguments.push(cast(at_least(call, 2, 0)));
    }
    format!("substr({})", arguments.join(", "))
}

fn lpad(call: &SqlCall<'_>) -> String {
    let [x, fill] = [&call.arguments[0], &call.arguments[2]];
    let n = at_least(call, 1, 0);
    match call.dialect {
        Dialect::Sqlite => format!(
            "(CASE WHEN length({x}) >= {n} THEN substr({x}, 1, {n}) \
             WHEN {n} IS NOT NULL THEN replace(hex(zeroblob({n} - length({x}))), '00', {fill}) || {x} END)"
        ),
        _ => format!("lpad({x}, CAST({n} AS INTEGER), {fill})"),
    }
}

/// From the right, every digit at an odd place counts double, with 9 taken off above 9.
///
/// # Source
/// ISO/IEC 7812-1 annex B.
fn luhn(call: &SqlCall<'_>) -> String {
    let x = &call.arguments[0];
    let digit = |at: &str| format!("CAST(substr({x}, CAST(length({x}) + 1 - {at} AS INTEGER), 1) AS INTEGER)");
    let worth = |at: &str| {
        let d = digit(at);
        format!("CASE WHEN {at} % 2 = 0 THEN {d} WHEN {d} > 4 THEN {d} * 2 - 9 ELSE {d} * 2 END")
    };
    let (only_digits, sum) = match call.dialect {
        Dialect::Postgres => (
            format!("{x} ~ '^[0-9]+$'"),
            format!("(SELECT sum({}) FROM generate_series(1, length({x})) AS place(i))", worth("i")),
        ),
        Dialect::DuckDb => (
            format!("regexp_full_match({x}, '[0-9]+')"),
            format!("list_sum(list_transform(range(1, length({x}) + 1), lambda i: {}))", worth("i")),
        ),
        Dialect::Spark => (
            format!("{x} RLIKE '^[0-9]+$'"),
            format!("aggregate(sequence(1, length({x})), 0, (sum, i) -> sum + {})", worth("i")),
        ),
        Dialect::Sqlite => (
            format!("{x} <> '' AND {x} NOT GLOB '*[^0-9]*'"),
            format!(
                "(WITH RECURSIVE place(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM place WHERE i < length({x})) \
                 SELECT sum({}) FROM place)",
                worth("i")
            ),
        ),
    };
    let ty = if call.dialect == Dialect::Spark { "STRING" } else { "VARCHAR" };
    format!("(CASE WHEN {only_digits} THEN CAST((10 - CAST({sum} AS INTEGER) % 10) % 10 AS {ty}) END)")
}
