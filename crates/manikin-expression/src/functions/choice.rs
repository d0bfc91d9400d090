//! Functions that choose between values.

use super::{Definition, Example, Form, Function, Parameter, Returns, SqlCall};
use crate::sql::Dialect;

pub(super) const IF: Definition = Definition {
    name: "if",
    usage: "if(condition, a, b)",
    doc: "a when the condition is true, else b.",
    examples: &[
        Example { call: "if(1 < 2, 'yes', 'no')", value: "'yes'" },
        Example { call: "if(null, 1, 2)", value: "2" },
    ],
    form: Form::If,
};

pub(super) const COALESCE: Definition = Definition {
    name: "coalesce",
    usage: "coalesce(a, b, …)",
    doc: "The first value that is not NULL.",
    examples: &[
        Example { call: "coalesce(null, 2, 3)", value: "2" },
        Example { call: "coalesce(null, 'x')", value: "'x'" },
    ],
    form: Form::Call {
        function: Function::Coalesce,
        parameters: &[Parameter::Common],
        optional: 0,
        repeats: true,
        returns: Returns::First,
        sql: |call| format!("coalesce({})", call.arguments.join(", ")),
    },
};

pub(super) const NULLIF: Definition = Definition {
    name: "nullif",
    usage: "nullif(a, b)",
    doc: "NULL when both are equal, else a.",
    examples: &[Example { call: "nullif(1, 1)", value: "null" }, Example { call: "nullif(1, 2)", value: "1" }],
    form: Form::NullIf,
};

pub(super) const LEAST: Definition = Definition {
    name: "least",
    usage: "least(a, b, …)",
    doc: "The least of the values that are not NULL.",
    examples: &[Example { call: "least(3, 1, 2)", value: "1" }, Example { call: "least(null, 2)", value: "2" }],
    form: Form::Call {
        function: Function::Least,
        parameters: &[Parameter::Common],
        optional: 0,
        repeats: true,
        returns: Returns::First,
        sql: |call| extreme(call, "least", "min"),
    },
};

pub(super) const GREATEST: Definition = Definition {
    name: "greatest",
    usage: "greatest(a, b, …)",
    doc: "The greatest of the values that are not NULL.",
    examples: &[Example { call: "greatest(3, 1, 2)", value: "3" }, Example { call: "greatest(null, 2)", value: "2" }],
    form: Form::Call {
        function: Function::Greatest,
        parameters: &[Parameter::Common],
        optional: 0,
        repeats: true,
        returns: Returns::First,
        sql: |call| extreme(call, "greatest", "max"),
    },
};

/// SQLite's many-valued min and max give NULL when any value is NULL; each value stands in for the others there.
fn extreme(call: &SqlCall<'_>, name: &str, sqlite: &str) -> String {
    let arguments = call.arguments;
    if arguments.len() == 1 {
        return arguments[0].clone();
    }
    if call.dialect != Dialect::Sqlite {
        return format!("{name}({})", arguments.join(", "));
    }
    let turned: Vec<String> = (0..arguments.len())
        .map(|first| {
            let order: Vec<&str> = arguments[first..].iter().chain(&arguments[..first]).map(String::as_str).collect();
            format!("coalesce({})", order.join(", "))
        })
        .collect();
    format!("{sqlite}({})", turned.join(", "))
}
