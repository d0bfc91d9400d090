//! What a standard allows, as its definition CSV says.

use std::collections::HashMap;

use indexmap::IndexMap;
use manikin_expression::Type;

use crate::checked::{ColumnDef, TableDef};

/// Largest definition read, in bytes.
pub(crate) const LIMIT: u64 = 64 << 20;

/// The elements of FHIR resources and datatypes, by their paths.
#[derive(Clone, Debug, Default)]
pub(crate) struct Elements {
    by_path: HashMap<String, Element>,
    /// The names of the elements directly below a path, in order; choices with their `[x]`.
    below: HashMap<String, Vec<String>>,
}

/// An element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) path: String,
    pub(crate) required: bool,
    pub(crate) many: bool,
    pub(crate) types: Vec<ElementType>,
    /// The codes of a required binding; empty where any text is allowed.
    pub(crate) codes: Vec<String>,
}

/// A datatype of an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ElementType {
    /// Its name, such as `HumanName` or `dateTime`; `#path` for an element defined elsewhere.
    pub(crate) code: String,
    /// The resource types that a reference may lead to; empty for any.
    pub(crate) targets: Vec<String>,
}

/// What a key of an object means.
#[derive(Clone, Debug)]
pub(crate) enum Found<'a> {
    /// An element, with the one of its types that is meant.
    Element(&'a Element, &'a ElementType),
    /// The `_name` beside a primitive value: its id and extensions.
    Beside,
    /// The element is a choice, and the name does not end in one of its types.
    WrongChoice(&'a Element),
    /// There is no such element.
    Unknown,
}

impl Elements {
    /// Reads `path,min,max,types,binding`.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let rows = Rows::read(bytes, &["path", "min", "max", "types", "binding"])?;
        let mut elements = Self::default();
        for row in &rows.records {
            let [path, min, max, types, binding] = [0, 1, 2, 3, 4].map(|at| rows.cell(row, at));
            let element = Element {
                path: path.to_owned(),
                required: min.parse::<u32>().is_ok_and(|min| min > 0),
                many: max != "0" && max != "1",
                types: split_types(types).map(ElementType::read).collect(),
                codes: binding.split_whitespace().map(str::to_owned).collect(),
            };
            let Some((above, name)) = path.rsplit_once('.') else {
                return Err(format!("`{path}` is no path of an element, such as `Patient.name`"));
            };
            elements.below.entry(above.to_owned()).or_default().push(name.to_owned());
            elements.by_path.insert(path.to_owned(), element);
        }
        if elements.by_path.is_empty() {
            return Err("it has no rows".to_owned());
        }
        Ok(elements)
    }

    /// Whether something can be made of a type's name: it is a resource or a datatype with elements.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.below.contains_key(name)
    }

    /// The names of the resources: what has a `meta`.
    pub(crate) fn resources(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.by_path.keys().filter_map(|path| path.strip_suffix(".implicitRules")).collect();
        names.sort_unstable();
        names
    }

    /// The element of a key of an object whose elements stand below a path.
    pub(crate) fn find(&self, above: &str, key: &str) -> Found<'_> {
        if let Some(element) = self.by_path.get(&format!("{above}.{key}"))
            && let Some(first) = element.types.first()
        {
            return Found::Element(element, first);
        }
        for name in self.names(above) {
            let Some(stem) = name.strip_suffix("[x]") else { continue };
            let Some(suffix) = key.strip_prefix(stem) else { continue };
            let Some(element) = self.by_path.get(&format!("{above}.{name}")) else { continue };
            if let Some(ty) = element.types.iter().find(|ty| capitalised(&ty.code) == suffix) {
                return Found::Element(element, ty);
            }
            if suffix.is_empty() || suffix.starts_with(char::is_uppercase) {
                return Found::WrongChoice(element);
            }
        }
        if let Some(name) = key.strip_prefix('_')
            && let Found::Element(_, ty) = self.find(above, name)
            && is_primitive(&ty.code)
        {
            return Found::Beside;
        }
        Found::Unknown
    }

    /// The keys that an object whose elements stand below a path may have, choices written out.
    pub(crate) fn keys(&self, above: &str) -> Vec<String> {
        self.names(above).iter().flat_map(|name| self.written(above, name)).collect()
    }

    /// The keys that stand for an element: one, or one for each type of a choice.
    pub(crate) fn written(&self, above: &str, name: &str) -> Vec<String> {
        match (name.strip_suffix("[x]"), self.by_path.get(&format!("{above}.{name}"))) {
            (Some(stem), Some(element)) => {
                element.types.iter().map(|ty| format!("{stem}{}", capitalised(&ty.code))).collect()
            }
            _ => vec![name.to_owned()],
        }
    }

    /// The elements that every object below a path must have.
    pub(crate) fn required<'a>(&'a self, above: &'a str) -> impl Iterator<Item = &'a str> {
        let required =
            move |name: &&String| self.by_path.get(&format!("{above}.{name}")).is_some_and(|element| element.required);
        self.names(above).iter().filter(required).map(String::as_str)
    }

    fn names(&self, above: &str) -> &[String] {
        self.below.get(above).map_or(&[], Vec::as_slice)
    }
}

impl Element {
    /// The path below which the elements of an object at this element stand, where it holds a type.
    pub(crate) fn inside<'a>(&'a self, ty: &'a ElementType) -> &'a str {
        match ty.code.as_str() {
            "BackboneElement" | "Element" => &self.path,
            code => code.strip_prefix('#').unwrap_or(code),
        }
    }
}

impl ElementType {
    fn read(text: &str) -> Self {
        match text.strip_suffix(')').and_then(|text| text.split_once('(')) {
            Some((code, targets)) => {
                Self { code: code.to_owned(), targets: targets.split('|').map(str::to_owned).collect() }
            }
            None => Self { code: text.to_owned(), targets: Vec::new() },
        }
    }
}

/// Whether a datatype is written as one JSON value; FHIR's primitive types start with a small letter.
pub(crate) fn is_primitive(code: &str) -> bool {
    code.starts_with(|first: char| first.is_ascii_lowercase())
}

fn capitalised(code: &str) -> String {
    let mut letters = code.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// The parts between `|` that stand outside brackets.
fn split_types(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_i32;
    let outside = move |letter: char| {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        letter == '|' && depth == 0
    };
    text.split(outside).filter(|part| !part.is_empty())
}

/// Reads `table,column,type,required,primary_key,foreign_key_table`; further columns are for people.
///
/// # Errors
/// Why it cannot be read, as the end of a sentence.
pub(crate) fn tables(bytes: &[u8]) -> Result<IndexMap<String, TableDef>, String> {
    let rows = Rows::read(bytes, &["table", "column", "type", "required", "primary_key", "foreign_key_table"])?;
    let mut tables: IndexMap<String, TableDef> = IndexMap::new();
    for row in &rows.records {
        let [table, column, written, required, primary_key, foreign_key] =
            [0, 1, 2, 3, 4, 5].map(|at| rows.cell(row, at));
        let name = table.to_ascii_lowercase();
        let (ty, max_length) =
            column_type(written).ok_or_else(|| format!("`{table}.{column}` has the unknown type `{written}`"))?;
        let definition = ColumnDef {
            name: column.to_ascii_lowercase(),
            ty,
            required: is_yes(required),
            primary_key: is_yes(primary_key),
            foreign_key: Some(foreign_key.to_ascii_lowercase()).filter(|table| !table.is_empty() && table != "na"),
            max_length,
        };
        let table = tables.entry(name.clone()).or_insert_with(|| TableDef { name, columns: Vec::new() });
        table.columns.push(definition);
    }
    if tables.is_empty() {
        return Err("it has no rows".to_owned());
    }
    Ok(tables)
}

fn is_yes(text: &str) -> bool {
    ["yes", "true", "1"].iter().any(|yes| text.eq_ignore_ascii_case(yes))
}

/// The type of values of a column of the common data model, and the most characters of a text.
fn column_type(text: &str) -> Option<(Type, Option<usize>)> {
    let text = text.trim().to_ascii_lowercase();
    Some(match text.as_str() {
        "integer" | "bigint" => (Type::Integer, None),
        "float" | "numeric" => (Type::Float, None),
        "date" => (Type::Date, None),
        "datetime" | "timestamp" => (Type::DateTime, None),
        "text" | "varchar(max)" | "varchar" => (Type::Text, None),
        _ => (Type::Text, Some(text.strip_prefix("varchar(")?.strip_suffix(')')?.parse().ok()?)),
    })
}

/// The rows of a CSV file, whose columns may stand in any order.
struct Rows {
    records: Vec<csv::StringRecord>,
    places: Vec<usize>,
}

impl Rows {
    fn read(bytes: &[u8], columns: &[&str]) -> Result<Self, String> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
        let header = reader.headers().map_err(|error| error.to_string())?.clone();
        let place = |column: &&str| {
            let found = header.iter().position(|name| name.trim() == *column);
            found.ok_or_else(|| format!("it has no column `{column}`"))
        };
        let places = columns.iter().map(place).collect::<Result<_, _>>()?;
        let records = reader.records().collect::<Result<_, _>>().map_err(|error| error.to_string())?;
        Ok(Self { records, places })
    }

    fn cell<'r>(&self, record: &'r csv::StringRecord, at: usize) -> &'r str {
        self.places.get(at).and_then(|place| record.get(*place)).unwrap_or_default().trim()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &[u8] = b"path,min,max,types,binding\n\
        Observation.value[x],0,1,Quantity|dateTime,\n\
        Observation.subject,0,1,Reference(Patient|Group),\n\
        Observation.status,1,1,code,final amended\n";

    #[test]
    fn a_choice_is_found_by_each_of_its_types_and_by_no_other() {
        let elements = Elements::read(SMALL).expect("a definition");
        assert!(
            matches!(elements.find("Observation", "valueQuantity"), Found::Element(_, ty) if ty.code == "Quantity")
        );
        assert!(
            matches!(elements.find("Observation", "valueDateTime"), Found::Element(_, ty) if ty.code == "dateTime")
        );
        assert!(matches!(elements.find("Observation", "valueString"), Found::WrongChoice(_)));
        assert!(matches!(elements.find("Observation", "value"), Found::WrongChoice(_)));
        assert!(matches!(elements.find("Observation", "values"), Found::Unknown));
        assert!(matches!(elements.find("Observation", "_status"), Found::Beside));
        assert_eq!(elements.required("Observation").collect::<Vec<_>>(), ["status"]);
    }

    #[test]
    fn a_reference_names_the_resources_that_it_may_lead_to() {
        let elements = Elements::read(SMALL).expect("a definition");
        let Found::Element(_, ty) = elements.find("Observation", "subject") else { panic!("an element") };
        assert_eq!(
            (ty.code.as_str(), ty.targets.as_slice()),
            ("Reference", ["Patient".to_owned(), "Group".to_owned()].as_slice())
        );
    }
}
