//! An entity-relationship diagram in Mermaid, which GitHub, GitLab and many wikis draw.

use std::fmt::Write;
use std::sync::Arc;

use manikin_expression::Type;
use manikin_tables::TableSchema;

/// The diagram of some tables: keys and foreign keys by column, parents and references as lines.
///
/// # Source
///
/// Mermaid's entity relationship diagrams: a `||--o{` b says that b has any number of rows for each row of a.
pub fn mermaid(schemas: &[Arc<TableSchema>]) -> String {
    let mut text = String::from("erDiagram\n");
    for schema in schemas {
        for column in &schema.columns {
            let Some(target) = &column.references else { continue };
            // A reference that may be missing is drawn as none or one.
            let one = if column.required { "||" } else { "|o" };
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "    {} {one}--o{{ {} : \"{}\"",
                name(&target.entity),
                name(&schema.entity),
                column.name
            );
        }
    }
    for schema in schemas {
        let _ = writeln!(text, "    {} {{", name(&schema.entity));
        for column in &schema.columns {
            let mut marks = Vec::new();
            if schema.key.contains(&column.name) {
                marks.push("PK");
            }
            if column.references.is_some() {
                marks.push("FK");
            }
            let marks = if marks.is_empty() { String::new() } else { format!(" {}", marks.join(",")) };
            let _ = writeln!(text, "        {} {}{marks}", type_name(&column.ty), name(&column.name));
        }
        text.push_str("    }\n");
    }
    text
}

/// Letters, digits and underscores, which every name in a diagram may have.
fn name(name: &str) -> String {
    name.chars().map(|letter| if letter.is_alphanumeric() || letter == '_' { letter } else { '_' }).collect()
}

fn type_name(ty: &Type) -> &'static str {
    match ty {
        Type::Boolean => "boolean",
        Type::Integer => "integer",
        Type::Float => "number",
        Type::Decimal(_) => "decimal",
        Type::Date => "date",
        Type::DateTime => "datetime",
        Type::List(_) => "list",
        _ => "text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use manikin_tables::ColumnSchema;

    #[test]
    fn references_become_lines_and_keys_are_marked() {
        let claim = TableSchema::new(
            "claim",
            vec![
                ColumnSchema::new("claim_id", Type::Text),
                ColumnSchema::new("patient_id", Type::Text).required().references("patient", "patient_id"),
            ],
        )
        .with_key(["claim_id"]);
        let text = mermaid(&[Arc::new(claim)]);
        assert_eq!(
            text,
            "erDiagram\n    patient ||--o{ claim : \"patient_id\"\n    claim {\n        text claim_id PK\n        text patient_id FK\n    }\n"
        );
    }
}
