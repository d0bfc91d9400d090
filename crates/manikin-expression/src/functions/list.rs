//! Functions of lists of text.

use super::{Definition, Example, Form, Function, Parameter, Returns};
use crate::sql::Dialect;

pub(super) const SIZE: Definition = Definition {
    name: "size",
    usage: "size(list)",
    doc: "How many items.",
    examples: &[Example { call: "size(['a', 'b'])", value: "2" }],
    form: Form::Call {
        function: Function::Size,
        parameters: &[Parameter::List],
        optional: 0,
        repeats: false,
        returns: Returns::Integer,
        sql: |call| match call.dialect {
            Dialect::DuckDb => format!("len({})", call.arguments[0]),
            Dialect::Postgres => format!("CAST(cardinality({}) AS BIGINT)", call.arguments[0]),
            Dialect::Sqlite => format!("json_array_length({})", call.arguments[0]),
            Dialect::Spark => format!("CAST(cardinality({}) AS BIGINT)", call.arguments[0]),
        },
    },
};

pub(super) const ITEM: Definition = Definition {
    name: "item",
    usage: "item(list, i)",
    doc: "The i-th item, counted from 1; NULL outside the list.",
    examples: &[
        Example { call: "item(['a', 'b'], 2)", value: "'b'" },
        Example { call: "item(['a'], 2)", value: "null" },
        Example { call: "item(['a'], 0)", value: "null" },
    ],
    form: Form::Call {
        function: Function::Item,
        parameters: &[Parameter::List, Parameter::Integer],
        optional: 0,
        repeats: false,
        returns: Returns::Text,
        sql: |call| {
            let [list, i] = [&call.arguments[0], &call.arguments[1]];
            match call.dialect {
                Dialect::DuckDb => {
                    format!("(CASE WHEN {i} > 0 THEN list_extract({list}, {i}) END)")
                }
                Dialect::Postgres => format!("({list})[{i}]"),
                Dialect::Sqlite => {
                    format!("(CASE WHEN {i} > 0 THEN json_extract({list}, '$[' || ({i} - 1) || ']') END)")
                }
                Dialect::Spark => {
                    format!("(CASE WHEN {i} > 0 THEN try_element_at({list}, CAST({i} AS INT)) END)")
                }
            }
        },
    },
};

pub(super) const CONTAINS_ITEM: Definition = Definition {
    name: "contains_item",
    usage: "contains_item(list, x)",
    doc: "Whether a text is one of the items.",
    examples: &[
        Example { call: "contains_item(['a', 'b'], 'b')", value: "true" },
        Example { call: "contains_item(['a'], 'x')", value: "false" },
    ],
    form: Form::Call {
        function: Function::ContainsItem,
        parameters: &[Parameter::List, Parameter::Text],
        optional: 0,
        repeats: false,
        returns: Returns::Boolean,
        sql: |call| {
            let [list, x] = [&call.arguments[0], &call.arguments[1]];
            let found = match call.dialect {
                Dialect::DuckDb => format!("list_contains({list}, {x})"),
                Dialect::Postgres => format!("({x} = ANY({list}))"),
                Dialect::Sqlite => {
                    format!("EXISTS (SELECT 1 FROM json_each({list}) WHERE json_each.value = {x})")
                }
                Dialect::Spark => format!("array_contains({list}, {x})"),
            };
            format!("(CASE WHEN {list} IS NOT NULL AND {x} IS NOT NULL THEN {found} END)")
        },
    },
};

pub(super) const DISTINCT_ITEMS: Definition = Definition {
    name: "distinct_items",
    usage: "distinct_items(list)",
    doc: "Whether no item occurs twice.",
    examples: &[
        Example { call: "distinct_items(['a', 'b'])", value: "true" },
        Example { call: "distinct_items(['a', 'a'])", value: "false" },
    ],
    form: Form::Call {
        function: Function::DistinctItems,
        parameters: &[Parameter::List],
        optional: 0,
        repeats: false,
        returns: Returns::Boolean,
        sql: |call| {
            let list = &call.arguments[0];
            let distinct = match call.dialect {
                Dialect::DuckDb => format!("(len(list_distinct({list})) = len({list}))"),
                Dialect::Postgres => {
                    format!("((SELECT count(DISTINCT item) FROM unnest({list}) AS items(item)) = cardinality({list}))")
                }
                Dialect::Sqlite => format!(
                    "((SELECT count(DISTINCT json_each.value) FROM json_each({list})) = json_array_length({list}))"
                ),
                Dialect::Spark => {
                    format!("(cardinality(array_distinct({list})) = cardinality({list}))")
                }
            };
            format!("(CASE WHEN {list} IS NOT NULL THEN {distinct} END)")
        },
    },
};
