//! Functions of numbers.

use super::{Definition, Example, Form, Function, Parameter, Returns, SqlCall};
use crate::sql::Dialect;
use crate::types::{Type, power_of_ten};

pub(super) const ABS: Definition = Definition {
    name: "abs",
    usage: "abs(x)",
    doc: "The value without its sign.",
    examples: &[Example { call: "abs(-3)", value: "3" }, Example { call: "abs(-2.5)", value: "2.5" }],
    form: Form::Call {
        function: Function::Abs,
        parameters: &[Parameter::Number],
        optional: 0,
        repeats: false,
        returns: Returns::First,
        sql: |call| format!("abs({})", call.arguments[0]),
    },
};

pub(super) const SIGN: Definition = Definition {
    name: "sign",
    usage: "sign(x)",
    doc: "-1, 0 or 1 as an integer.",
    examples: &[Example { call: "sign(-2.5)", value: "-1" }, Example { call: "sign(0)", value: "0" }],
    form: Form::Call {
        function: Function::Sign,
        parameters: &[Parameter::Number],
        optional: 0,
        repeats: false,
        returns: Returns::Integer,
        sql: |call| {
            format!("(CASE WHEN {0} > 0 THEN 1 WHEN {0} < 0 THEN -1 WHEN {0} = 0 THEN 0 END)", call.arguments[0])
        },
    },
};

pub(super) const FLOOR: Definition = Definition {
    name: "floor",
    usage: "floor(x)",
    doc: "The greatest integer not above the number.",
    examples: &[Example { call: "floor(2.7)", value: "2" }, Example { call: "floor(-2.1)", value: "-3" }],
    form: Form::Call {
        function: Function::Floor,
        parameters: &[Parameter::Number],
        optional: 0,
        repeats: false,
        returns: Returns::Integer,
        sql: |call| whole(call, Toward::Down),
    },
};

pub(super) const CEIL: Definition = Definition {
    name: "ceil",
    usage: "ceil(x)",
    doc: "The least integer not below the number.",
    examples: &[Example { call: "ceil(2.1)", value: "3" }, Example { call: "ceil(-2.7)", value: "-2" }],
    form: Form::Call {
        function: Function::Ceil,
        parameters: &[Parameter::Number],
        optional: 0,
        repeats: false,
        returns: Returns::Integer,
        sql: |call| whole(call, Toward::Up),
    },
};

pub(super) const ROUND: Definition = Definition {
    name: "round",
    usage: "round(x[, digits])",
    doc: "The nearest integer, or with digits the nearest number of so many digits; halves go away from zero.",
    examples: &[
        Example { call: "round(2.5)", value: "3" },
        Example { call: "round(-2.5)", value: "-3" },
        Example { call: "round(2.345, 1)", value: "2.3" },
        Example { call: "round(decimal(1.25, 2), 1)", value: "decimal(1.3, 1)" },
    ],
    form: Form::Call {
        function: Function::Round,
        parameters: &[Parameter::Number, Parameter::Digits],
        optional: 1,
        repeats: false,
        returns: Returns::Rounded,
        sql: round,
    },
};

pub(super) const MOD: Definition = Definition {
    name: "mod",
    usage: "mod(x, y)",
    doc: "The remainder of a division, with the sign of the first; NULL when the second is zero; also written x % y.",
    examples: &[
        Example { call: "mod(7, 3)", value: "1" },
        Example { call: "mod(-7, 3)", value: "-1" },
        Example { call: "mod(7, 0)", value: "null" },
    ],
    form: Form::Remainder,
};

pub(super) const POWER: Definition = Definition {
    name: "power",
    usage: "power(x, y)",
    doc: "x to the power of y as a float; NULL when that is no finite number.",
    examples: &[Example { call: "power(2, 10)", value: "1024.0" }, Example { call: "power(-1, 0.5)", value: "null" }],
    form: Form::Call {
        function: Function::Power,
        parameters: &[Parameter::Float, Parameter::Float],
        optional: 0,
        repeats: false,
        returns: Returns::Float,
        sql: |call| {
            let [x, y] = [&call.arguments[0], &call.arguments[1]];
            format!("(CASE WHEN ({x} >= 0 OR {y} = floor({y})) AND NOT ({x} = 0 AND {y} < 0) THEN power({x}, {y}) END)")
        },
    },
};

pub(super) const SQRT: Definition = Definition {
    name: "sqrt",
    usage: "sqrt(x)",
    doc: "The square root; NULL below zero.",
    examples: &[Example { call: "sqrt(9)", value: "3.0" }, Example { call: "sqrt(-1)", value: "null" }],
    form: Form::Call {
        function: Function::Sqrt,
        parameters: &[Parameter::Float],
        optional: 0,
        repeats: false,
        returns: Returns::Float,
        sql: |call| format!("(CASE WHEN {0} >= 0 THEN sqrt({0}) END)", call.arguments[0]),
    },
};

pub(super) const EXP: Definition = Definition {
    name: "exp",
    usage: "exp(x)",
    doc: "e to the power of x; NULL above 709, where that leaves the floats.",
    examples: &[Example { call: "exp(0)", value: "1.0" }, Example { call: "exp(1000)", value: "null" }],
    form: Form::Call {
        function: Function::Exp,
        parameters: &[Parameter::Float],
        optional: 0,
        repeats: false,
        returns: Returns::Float,
        sql: |call| format!("(CASE WHEN {0} <= -700 THEN 0.0 WHEN {0} <= 709 THEN exp({0}) END)", call.arguments[0]),
    },
};

pub(super) const LN: Definition = Definition {
    name: "ln",
    usage: "ln(x)",
    doc: "The natural logarithm; NULL at and below zero.",
    examples: &[Example { call: "ln(1)", value: "0.0" }, Example { call: "ln(0)", value: "null" }],
    form: Form::Call {
        function: Function::Ln,
        parameters: &[Parameter::Float],
        optional: 0,
        repeats: false,
        returns: Returns::Float,
        sql: |call| format!("(CASE WHEN {0} > 0 THEN ln({0}) END)", call.arguments[0]),
    },
};

pub(super) const LOG10: Definition = Definition {
    name: "log10",
    usage: "log10(x)",
    doc: "The logarithm to base 10; NULL at and below zero.",
    examples: &[Example { call: "log10(1000)", value: "3.0" }, Example { call: "log10(0)", value: "null" }],
    form: Form::Call {
        function: Function::Log10,
        parameters: &[Parameter::Float],
        optional: 0,
        repeats: false,
        returns: Returns::Float,
        sql: |call| format!("(CASE WHEN {0} > 0 THEN log10({0}) END)", call.arguments[0]),
    },
};

/// Which way a number is made whole.
#[derive(Clone, Copy, PartialEq)]
enum Toward {
    Down,
    Up,
}

/// A whole number as a 64-bit integer. Beyond 64 bits DuckDB and Spark give NULL, PostgreSQL an error.
pub(super) fn as_integer(dialect: Dialect, sql: &str) -> String {
    match dialect {
        Dialect::DuckDb => format!("TRY_CAST({sql} AS BIGINT)"),
        Dialect::Spark => format!("try_cast({sql} AS BIGINT)"),
        Dialect::Postgres => format!("CAST({sql} AS BIGINT)"),
        Dialect::Sqlite => format!("CAST({sql} AS INTEGER)"),
    }
}

fn whole(call: &SqlCall<'_>, toward: Toward) -> String {
    let x = &call.arguments[0];
    let name = if toward == Toward::Down { "floor" } else { "ceil" };
    match (&call.types[0], call.dialect) {
        (Type::Integer, _) => x.clone(),
        // SQLite holds decimals as scaled integers, whose division drops the fraction.
        (Type::Decimal(scale), Dialect::Sqlite) => {
            let one = power_of_ten(*scale);
            let step =
                if toward == Toward::Down { format!("- ({x} % {one} < 0)") } else { format!("+ ({x} % {one} > 0)") };
            format!("({x} / {one} {step})")
        }
        (_, Dialect::Sqlite) => {
            let cut = format!("CAST({x} AS INTEGER)");
            let step = if toward == Toward::Down { format!("- ({x} < {cut})") } else { format!("+ ({x} > {cut})") };
            format!("({cut} {step})")
        }
        (_, dialect) => as_integer(dialect, &format!("{name}({x})")),
    }
}

/// Floats are rounded by their own formula in every dialect, because the built-in functions disagree on halves.
fn round(call: &SqlCall<'_>) -> String {
    let x = &call.arguments[0];
    let digits = call.arguments.get(1).and_then(|digits| digits.parse::<u8>().ok()).unwrap_or(0);
    let float = |digits: u8| {
        let one = power_of_ten(digits);
        let scaled = format!("abs({x}) * {one}.0 + 0.5");
        let floor = match call.dialect {
            Dialect::Sqlite => format!("CAST({scaled} AS INTEGER)"),
            Dialect::Postgres => format!("floor(CAST({scaled} AS DOUBLE PRECISION))"),
            _ => format!("floor(CAST({scaled} AS DOUBLE))"),
        };
        format!("(CASE WHEN {x} < 0 THEN -1 ELSE 1 END * {floor})")
    };
    match (&call.types[0], call.ty) {
        (Type::Integer, Type::Integer) => x.clone(),
        (Type::Decimal(from), Type::Decimal(to)) => rescaled(call.dialect, x, *from, *to),
        (Type::Decimal(from), _) if call.dialect == Dialect::Sqlite => rescaled(call.dialect, x, *from, 0),
        (Type::Decimal(_), _) => as_integer(call.dialect, &format!("round({x})")),
        (_, Type::Integer) => as_integer(call.dialect, &float(0)),
        _ => format!("({} / {}.0)", float(digits), power_of_ten(digits)),
    }
}

/// A decimal with another number of digits, halves away from zero.
pub(super) fn rescaled(dialect: Dialect, x: &str, from: u8, to: u8) -> String {
    match dialect {
        Dialect::Sqlite if to >= from => format!("({x} * {})", power_of_ten(to - from)),
        Dialect::Sqlite => {
            let one = power_of_ten(from - to);
            format!("(({x} + CASE WHEN {x} < 0 THEN -{half} ELSE {half} END) / {one})", half = one / 2)
        }
        _ => format!("CAST(round({x}, {to}) AS DECIMAL(18, {to}))"),
    }
}
