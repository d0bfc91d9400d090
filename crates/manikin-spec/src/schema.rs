//! The JSON Schema that editors use.
//!
//! It follows from the types in [`crate::document`], and says more where they are too loose for an editor and less
//! where a layer may write part of a thing: the shape check looks at the merged document, an editor at one file.

use crate::document::{Document, GENERATOR_KEYS};
use serde_json::{Map, Value, json};

/// What an entity, field, rule, setting or function is named.
const NAME: &str = "^[a-z][a-z0-9_]*$";
/// A calendar day.
const DATE: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$";
/// A percentage.
const PERCENT: &str = "^\\s*[0-9]+(\\.[0-9]+)?\\s*%\\s*$";
/// The name of a quantile.
const QUANTILE: &str = "^p[0-9]{1,2}([._][0-9]{1,9})?$|^p[0-9]{3,11}$";

/// The JSON Schema of a spec document or layer, for completion and checks in editors.
#[must_use]
pub fn json_schema() -> Value {
    let mut schema = schemars::schema_for!(Document).to_value();
    open_to_layers(&mut schema);
    schema["title"] = json!("Manikin spec");
    for key in ["from", "to"] {
        schema["$defs"]["Period"]["properties"][key]["pattern"] = json!(DATE);
    }
    schema["properties"]["as_of"]["pattern"] = json!(DATE);
    for key in ["entities", "settings", "functions"] {
        schema["properties"][key]["propertyNames"] = json!({ "pattern": NAME });
    }
    for key in ["fields", "rules"] {
        schema["$defs"]["Entity"]["properties"][key]["propertyNames"] = json!({ "pattern": NAME });
    }
    if let Some(Value::Array(forms)) = schema["$defs"]["Weight"].get_mut("anyOf") {
        for form in forms.iter_mut().filter(|form| form["type"] == "string") {
            form["pattern"] = json!(PERCENT);
        }
    }
    let quantiles = &mut schema["$defs"]["Quantiles"];
    quantiles["additionalProperties"] = json!(false);
    quantiles["patternProperties"] = json!({ QUANTILE: { "type": ["number", "null"] } });
    schema["$defs"]["OneGenerator"] = one_generator();
    for definition in ["Field", "Case", "Count", "Item"] {
        schema["$defs"][definition]["allOf"] = json!([{ "$ref": "#/$defs/OneGenerator" }]);
    }
    // A layer may change a part of these and leave the rest as it is below.
    for definition in ["EdgeCase", "Function", "LongRule", "PrivateSource"] {
        if let Some(definition) = schema["$defs"][definition].as_object_mut() {
            definition.remove("required");
        }
    }
    schema
}

/// Lets `null` stand for any entry of a map of names: it removes what a lower layer gives.
fn open_to_layers(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(open_to_layers),
        Value::Object(map) => {
            if let Some(entry @ Value::Object(_)) = map.get_mut("additionalProperties") {
                let of = entry.take();
                *entry = json!({ "anyOf": [of, { "type": "null" }] });
            }
            map.values_mut().for_each(open_to_layers);
        }
        _ => {}
    }
}

/// At most one generator that is not null.
fn one_generator() -> Value {
    let given = |key: &str| {
        let mut properties = Map::new();
        properties.insert(key.to_owned(), json!({ "not": { "type": "null" } }));
        json!({ "required": [key], "properties": properties })
    };
    let mut forms: Vec<Value> = GENERATOR_KEYS.iter().map(|key| given(key)).collect();
    forms.push(json!({ "not": { "anyOf": forms } }));
    json!({ "description": "One generator at most.", "oneOf": forms })
}
