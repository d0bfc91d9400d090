//! What the checker makes of texts that are wrong, deep or odd.

use manikin_expression::{
    ColumnRef, ExpressionError, Hop, Literal, Macro, ResolveError, Scope, TableShape, Type, check, check_as,
};

/// A scope with one integer column `n` and a function that doubles itself.
struct One;

impl Scope for One {
    fn column(&self, path: &[&str]) -> Result<ColumnRef, ResolveError> {
        match path {
            ["n"] => Ok(ColumnRef {
                hops: Vec::new(),
                entity: "one".to_owned(),
                field: "n".to_owned(),
                ty: Type::Integer,
                nullable: true,
            }),
            _ => Err(ResolveError {
                message: format!("there is no field `{}`", path.join(".")),
                suggestions: vec!["n".to_owned()],
                ambiguous: false,
            }),
        }
    }

    fn child(&self, _: &str) -> Option<(Vec<Hop>, Box<dyn Scope + '_>)> {
        None
    }

    fn constant(&self, _: &str) -> Option<Literal> {
        None
    }

    fn function(&self, name: &str) -> Option<Macro> {
        if let Some(level) = name.strip_prefix("nest") {
            let level: u32 = level.parse().ok()?;
            let inner = if level == 0 { "x".to_owned() } else { format!("nest{}(x)", level - 1) };
            let body = format!("{}{inner}{}", "1 + (".repeat(20), ")".repeat(20));
            return Some(Macro { parameters: vec!["x".to_owned()], body });
        }
        let level: u32 = name.strip_prefix("twice")?.parse().ok()?;
        let body = if level == 0 { "x + x".to_owned() } else { format!("twice{0}(x) + twice{0}(x)", level - 1) };
        Some(Macro { parameters: vec!["x".to_owned()], body })
    }

    fn table(&self, _: &str) -> Option<TableShape> {
        None
    }
}

fn errors(text: &str) -> Vec<ExpressionError> {
    check(text, &One).err().unwrap_or_default()
}

#[test]
fn every_mistake_is_reported_at_once_with_its_place() {
    let text = "m > 1 and\n'é' = 2 and nosuch(n)";
    let found: Vec<(&str, &str)> = errors(text).iter().map(|error| (error.code, &text[error.range.clone()])).collect();
    assert_eq!(found, [("MK0403", "m"), ("MK0404", "2"), ("MK0406", "nosuch(n")]);
    assert_eq!(errors("m > 1")[0].help.as_deref(), Some("did you mean `n`?"));
}

#[test]
fn long_chains_are_read_and_deep_nests_refused() {
    let chain = vec!["n = 1"; 400].join(" or ");
    assert!(check(&chain, &One).is_ok());
    let list = format!("n in ({})", vec!["1"; 20_000].join(", "));
    assert!(check(&list, &One).is_ok());
    let edge = vec!["n"; 999].join(" + ");
    assert_eq!(errors(&edge)[0].code, "MK0409");
    let postfix = format!("n{}", " is null".repeat(990));
    assert_eq!(errors(&postfix)[0].code, "MK0409");
    for deep in ["(".repeat(5000), "not ".repeat(5000) + "n", vec!["n"; 4000].join(" + "), "- ".repeat(4000) + "n"] {
        assert!(!errors(&deep).is_empty());
    }
}

#[test]
fn doubling_functions_are_bounded() {
    assert!(check("twice3(n)", &One).is_ok());
    assert_eq!(errors("twice15(n)")[0].code, "MK0409");
    assert!(check("nest1(n)", &One).is_ok());
    assert_eq!(errors("nest14(n)")[0].code, "MK0409");
}

#[test]
fn broken_text_is_an_error_and_no_panic() {
    let parts = [
        "n",
        "'",
        "\"",
        "(",
        ")",
        "case",
        "when",
        "é",
        "1e999",
        "..",
        "::",
        "in",
        "between",
        "[",
        "-",
        "%",
        ";",
        "--",
        "/*",
        "\n",
        "filter",
        "interval",
        "null",
        "like '\\'",
    ];
    let mut state = 1_u64;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..6 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text += parts[((state >> 33) % parts.len() as u64) as usize];
            text += if state >> 63 == 0 { " " } else { "" };
        }
        for error in errors(&text) {
            assert!(error.range.end <= text.len() && text.get(error.range).is_some(), "{text:?}");
        }
    }
}

#[test]
fn a_value_is_rounded_to_the_decimal_of_its_field() {
    let half = check("n / 2", &One).expect("a float");
    assert_eq!(half.clone().assigned_to(&Type::Decimal(2)).map(|e| e.ty), Ok(Type::Decimal(2)));
    assert_eq!(half.assigned_to(&Type::Integer).map_err(|error| error.code), Err("MK0404"));
    assert!(check_as("n = 1", &One, &Type::Boolean).is_ok());
}

#[test]
fn names_of_functions_are_unique_and_written_in_lower_case() {
    let mut seen = std::collections::BTreeSet::new();
    for definition in manikin_expression::functions::REGISTRY {
        assert!(seen.insert(definition.name), "{}", definition.name);
        assert_eq!(definition.name, definition.name.to_lowercase());
    }
}
