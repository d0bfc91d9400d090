//! What names and forms of values suggest about a column. Every guess is marked as one where it is used.

use std::collections::BTreeSet;

/// A column whose code system is guessed.
pub(crate) trait Values {
    /// Its name.
    fn name(&self) -> &str;
    /// Whether its values may be codes.
    fn is_text(&self) -> bool;
}

const PEOPLE: &[&str] = &[
    "patient",
    "patients",
    "person",
    "persons",
    "people",
    "member",
    "members",
    "subject",
    "subjects",
    "beneficiary",
    "beneficiaries",
];

/// Parts of names of columns that name a person directly.
///
/// # Source
/// The identifiers of 45 CFR 164.514(b)(2)(i), in the words of common datasets.
const IDENTIFIERS: &[&str] = &[
    "ssn",
    "social_security",
    "drivers",
    "license",
    "licence",
    "passport",
    "mrn",
    "medical_record",
    "member_id",
    "memberid",
    "subscriber",
    "account",
    "first",
    "last",
    "middle",
    "maiden",
    "given_name",
    "family_name",
    "firstname",
    "lastname",
    "surname",
    "full_name",
    "phone",
    "telephone",
    "fax",
    "email",
    "e_mail",
    "street",
    "address",
    "url",
    "ip_address",
    "device_id",
    "photo",
    "biometric",
    "owner_name",
    "prefix",
    "suffix",
];

/// Parts of names of columns that single a person out together with others.
///
/// # Source
/// ASSUMED after El Emam and Arbuckle, Anonymizing Health Data (2013): demographics, places, dates.
const QUASI: &[&str] = &[
    "birth",
    "dob",
    "death",
    "deceased",
    "sex",
    "gender",
    "race",
    "ethnicity",
    "language",
    "marital",
    "zip",
    "postal",
    "city",
    "county",
    "state",
    "fips",
    "lat",
    "lon",
    "latitude",
    "longitude",
    "age",
    "occupation",
    "income",
    "education",
    "religion",
];

/// Parts of names of columns whose values harm when they become known.
const SENSITIVE: &[&str] =
    &["diagnosis", "condition", "reason", "cause", "result", "value", "allergy", "reaction", "procedure", "medication"];

/// Parts of names of columns that hold codes of clinical terms, goods and services.
const CODES: &[&str] = &[
    "code",
    "codes",
    "diagnosis",
    "dx",
    "icd",
    "loinc",
    "ndc",
    "cpt",
    "hcpcs",
    "procedure",
    "drug",
    "rxnorm",
    "cvx",
    "snomed",
];

pub(crate) fn is_person(table: &str) -> bool {
    PEOPLE.contains(&table)
}

pub(crate) fn is_birth(column: &str) -> bool {
    has(column, &["birth", "dob", "born", "birthdate"])
}

pub(crate) fn is_identifier(column: &str) -> bool {
    has(column, &["id", "uuid", "key", "number", "npi"]) || has(column, IDENTIFIERS)
}

pub(crate) fn is_death(column: &str) -> bool {
    has(column, &["death", "died", "deceased", "deathdate"])
}

pub(crate) fn is_sex(column: &str) -> bool {
    has(column, &["sex", "gender"])
}

/// Whether a name says that the values are codes, whatever they look like.
pub(crate) fn is_code(column: &str) -> bool {
    has(column, CODES) || column.contains("code")
}

/// Whether a name says that the values are codes of areas.
pub(crate) fn is_area(column: &str) -> bool {
    has(column, &["zip", "postal", "fips"])
}

/// What is invented for a column in the place of what it held.
pub(crate) fn invented(column: &str) -> Option<&'static str> {
    let kinds: [(&[&str], &str); 7] = [
        (&["first", "given", "given_name", "firstname", "middle"], "first_name"),
        (&["last", "family", "family_name", "lastname", "surname", "maiden"], "last_name"),
        (&["full_name", "fullname", "owner_name", "contact"], "full_name"),
        (&["phone", "telephone", "fax", "mobile"], "phone"),
        (&["email", "e_mail"], "email"),
        (&["street", "address"], "street"),
        (&["city", "town", "birthplace"], "city"),
    ];
    kinds.iter().find(|(words, _)| has(column, words)).map(|(_, kind)| *kind)
}

/// The privacy role that a name suggests.
pub(crate) fn privacy(column: &str) -> Option<&'static str> {
    if has(column, IDENTIFIERS) {
        Some("identifier")
    } else if has(column, QUASI) {
        Some("quasi_identifier")
    } else if has(column, SENSITIVE) {
        Some("sensitive")
    } else {
        None
    }
}

/// Whether a name is one of the words, or has one as a part between underscores, or begins with one of four letters.
fn has(name: &str, words: &[&str]) -> bool {
    words.iter().any(|word| {
        name == *word
            || name.split('_').any(|part| part == *word)
            || (word.contains('_') && name.contains(word))
            || (word.len() > 4 && name.starts_with(word))
    })
}

/// How much a column's name looks like that of its table's key; 0 is not at all.
pub(crate) fn key_likeness(table: &str, column: &str) -> usize {
    let singular = singular(table);
    if column == "id" || column == format!("{singular}_id") || column == format!("{table}_id") {
        4
    } else if column == format!("{singular}id")
        || column == "uuid"
        || column == "key"
        || column == format!("{singular}_key")
    {
        3
    } else if column.ends_with("_id") || column.ends_with("_key") {
        2
    } else {
        usize::from(column.ends_with("id"))
    }
}

/// How much a column's name looks like it holds the key of a table; 0 is not at all.
pub(crate) fn link_likeness(table: &str, key: &str, column: &str) -> usize {
    let singular = singular(table);
    if column == key && key != "id" {
        4
    } else if column == singular || column == format!("{singular}_id") || column == format!("{singular}id") {
        3
    } else if column.contains(singular) {
        2
    } else {
        0
    }
}

fn singular(table: &str) -> &str {
    table
        .strip_suffix("ies")
        .map_or_else(|| table.strip_suffix('s').filter(|rest| !rest.ends_with('s')).unwrap_or(table), |_| table)
}

/// The code system that nearly all values of a column have the form of, where the name does not speak against it.
pub(crate) fn code_system(column: &impl Values, distinct: &Option<BTreeSet<String>>) -> Option<&'static str> {
    let values = distinct.as_ref().filter(|values| !values.is_empty() && column.is_text())?;
    if !is_code(column.name()) {
        return None;
    }
    let nearly_all = |form: &dyn Fn(&str) -> bool| {
        let fits = values.iter().filter(|value| form(value)).count();
        fits * 20 >= values.len() * 19
    };
    let digits = |value: &str, from: usize, to: usize| {
        (from..=to).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit())
    };
    if nearly_all(&is_icd10) {
        Some("ICD-10-CM")
    } else if nearly_all(&is_loinc) {
        Some("LOINC")
    } else if nearly_all(&|value| is_hcpcs(value)) {
        Some("CPT or HCPCS")
    } else if has(column.name(), &["cvx", "vaccine"]) && nearly_all(&|value| digits(value, 1, 3)) {
        Some("CVX")
    } else if has(column.name(), &["ndc"]) {
        Some("NDC")
    } else if nearly_all(&|value| digits(value, 6, 18) && is_snomed(value)) {
        Some("SNOMED CT")
    } else if nearly_all(&|value| digits(value, 3, 7)) {
        Some("RxNorm")
    } else {
        None
    }
}

/// A letter, two digits or letters, perhaps a point and up to four more.
fn is_icd10(value: &str) -> bool {
    let (category, rest) =
        value.split_once('.').unwrap_or((value.get(..3).unwrap_or(value), value.get(3..).unwrap_or("")));
    let bytes = category.as_bytes();
    bytes.len() == 3
        && bytes[0].is_ascii_uppercase()
        && bytes[1].is_ascii_digit()
        && bytes[2].is_ascii_alphanumeric()
        && rest.len() <= 4
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Digits, a hyphen, a digit.
fn is_loinc(value: &str) -> bool {
    value.split_once('-').is_some_and(|(number, check)| {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        (1..=7).contains(&number.len()) && check.len() == 1 && digits(number) && digits(check)
    })
}

/// Five characters: digits, perhaps a letter before or after.
fn is_hcpcs(value: &str) -> bool {
    let bytes = value.as_bytes();
    bytes.len() == 5
        && bytes[1..4].iter().all(u8::is_ascii_digit)
        && bytes[0].is_ascii_alphanumeric()
        && bytes[4].is_ascii_alphanumeric()
}

/// Whether the last digit is the check digit of SNOMED CT identifiers.
///
/// # Source
/// SNOMED CT Release File Specification, "Check-digit": Verhoeff's dihedral check.
fn is_snomed(value: &str) -> bool {
    const PERMUTED: [[u8; 10]; 8] = {
        let mut table = [[0_u8; 10]; 8];
        let first: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
        let mut row = 0;
        while row < 8 {
            let mut digit = 0;
            while digit < 10 {
                table[row][digit] = if row == 0 { digit as u8 } else { table[row - 1][first[digit] as usize] };
                digit += 1;
            }
            row += 1;
        }
        table
    };
    // The product in the dihedral group of the pentagon.
    let times = |a: u8, b: u8| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b - 5) % 5,
        (false, true) => 5 + (a - 5 + 5 - b) % 5,
        (false, false) => (a + 10 - b) % 5,
    };
    let check = value
        .bytes()
        .rev()
        .enumerate()
        .fold(0, |check, (place, byte)| times(check, PERMUTED[place % 8][usize::from(byte - b'0')]));
    check == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_systems_are_told_by_the_form_of_their_codes() {
        for code in ["E11.9", "I10", "S06.0X0A", "Z3A.12"] {
            assert!(is_icd10(code), "{code}");
        }
        assert!(!is_icd10("99213") && !is_icd10("E119999999"));
        assert!(is_loinc("4548-4") && !is_loinc("4548") && !is_loinc("a-4"));
        assert!(is_hcpcs("99213") && is_hcpcs("J1885") && !is_hcpcs("9921"));
        for concept in ["44054006", "59621000", "38341003", "73211009", "160903007"] {
            assert!(is_snomed(concept), "{concept}");
        }
        assert!(!is_snomed("44054007"));
    }

    #[test]
    fn names_suggest_roles() {
        assert_eq!(privacy("ssn"), Some("identifier"));
        assert_eq!(privacy("birthdate"), Some("quasi_identifier"));
        assert_eq!(privacy("zip"), Some("quasi_identifier"));
        assert_eq!(privacy("reasoncode"), Some("sensitive"));
        assert_eq!(privacy("dispenses"), None);
        assert!(link_likeness("patients", "id", "patient") > 0);
        assert_eq!(link_likeness("payers", "id", "provider"), 0);
    }
}
