//! Each class of mistake in a mapping has its code, its place and a message that helps.

use crate::support::{FHIR, MEDS, OMOP, told};

/// The codes and places of a patient's body, which starts in line 2.
fn body(text: &str) -> Vec<String> {
    told(FHIR, &format!("projections: {{p: {{to: Patient, from: patient, body:\n{text}\n}}}}\n")).0
}

fn fhir(text: &str) -> Vec<String> {
    told(FHIR, text).0
}

fn omop(text: &str) -> Vec<String> {
    told(OMOP, text).0
}

#[test]
fn a_mapping_without_mistakes_is_told_nothing() {
    assert_eq!(body("{gender: female, name: [{family: \"= sex\"}]}"), [""; 0]);
}

#[test]
fn an_element_that_fhir_does_not_have_is_told_with_the_nearest() {
    let (codes, text) = told(FHIR, "projections: {p: {to: Patient, from: patient, body: {birthdate: 2020-01-01}}}");
    assert_eq!(codes, ["MK1104 birthdate"]);
    assert!(text.contains("did you mean `birthDate`?"), "{text}");
    assert_eq!(body("{deceasedDate: 2020-01-01}"), ["MK1104 deceasedDate"]);
    assert_eq!(body("{deceased: true}"), ["MK1104 deceased"]);
    assert_eq!(body("{name: [{famly: x}]}"), ["MK1104 famly"]);
    assert_eq!(body("{contact: [{name: {given: [x], first: y}}]}"), ["MK1104 first"]);
}

#[test]
fn one_value_where_an_array_belongs_and_the_reverse_are_told() {
    assert_eq!(body("{name: {family: x}}"), ["MK1107 family"]);
    assert_eq!(body("{gender: [female]}"), ["MK1107 [female]"]);
    assert_eq!(body("{name: [[{family: x}]]}"), ["MK1107 [{family: x}]"]);
    assert_eq!(body("{name: [{given: \"= sex\"}]}"), ["MK1107 \"= sex\""]);
    assert_eq!(body("{name: [{given: \"= languages\"}]}"), [""; 0]);
    assert_eq!(body("{gender: {$each: visit, $item: x}}"), ["MK1111 $each"]);
}

#[test]
fn what_must_be_there_and_is_not_is_told() {
    assert_eq!(body("{communication: [{preferred: true}]}"), ["MK1105 preferred"]);
    assert_eq!(
        fhir("projections: {o: {to: Observation, from: visit, body: {subject: {display: x}}}}"),
        ["MK1105 subject", "MK1105 subject"]
    );
    assert_eq!(
        omop("projections:\n  person: {to: person, from: patient, columns: {gender_source_value: x}}"),
        ["MK1105 person"]
    );
}

#[test]
fn values_of_the_wrong_type_are_told() {
    assert_eq!(body("{gender: men}"), ["MK1106 men"]);
    assert_eq!(body("{active: maybe}"), ["MK1106 maybe"]);
    assert_eq!(body("{birthDate: \"= sex\"}"), ["MK1106 \"= sex\""]);
    assert_eq!(body("{birthDate: 2025-02-30}"), ["MK1106 2025-02-30"]);
    assert_eq!(body("{active: {x: 1}}"), ["MK1106 x"]);
    assert_eq!(body("{maritalStatus: S}"), ["MK1106 S"]);
    assert_eq!(body("{gender: \"\"}"), ["MK1106 \"\""]);
    assert_eq!(body("{gender: null}"), ["MK1106 null"]);
    let visit = |element: &str| {
        fhir(&format!(
            "projections: {{e: {{to: Encounter, from: visit, body: {{status: finished, class: {{code: AMB}}, period:\n{{start: {element}}}}}}}}}"
        ))
    };
    assert_eq!(visit("\"= started_at\""), ["MK1106 \"= started_at\""]);
    assert_eq!(visit("{$instant: \"= started_at\", zone: \"= seen_by.clinic.timezone\"}"), [""; 0]);
    assert_eq!(visit("{$instant: \"= date(started_at)\"}"), ["MK1106 \"= date(started_at)\""]);
    assert_eq!(visit("{$instant: \"= started_at\", zone: Mars/Crater}"), ["MK1113 Mars/Crater"]);
    let person = |column: &str| {
        omop(&format!(
            "projections: {{person: {{to: person, from: patient, columns: {{person_id: {{$key: person}}, \n{column}}}}}}}"
        ))
    };
    assert_eq!(person("gender_source_value: \"= birth_date\""), ["MK0404  birth_date"]);
    assert_eq!(person("birth_datetime: \"= birth_date\""), [""; 0]);
    assert_eq!(person("birth_datetime: yesterday"), ["MK1106 yesterday"]);
    assert_eq!(person("gender: x"), ["MK1104 gender"]);
}

#[test]
fn mistakes_of_expressions_stand_at_their_words() {
    assert_eq!(body("{gender: \"= sexx\"}"), ["MK0403 sexx"]);
    assert_eq!(body("{gender: \"= case when sex = 'F' then femal end\"}"), ["MK0403 femal"]);
    assert_eq!(body("{active: \"= sex >\"}"), ["MK0401 "]);
    assert_eq!(body("{name: [{$if: \"sex\", family: x}]}"), ["MK0404 sex"]);
    assert_eq!(body("{active: true, gender: \"= secret\"}"), ["MK0403 secret"]);
}

#[test]
fn a_mark_lets_an_expression_name_what_the_spec_lacks() {
    assert_eq!(body("{gender: \"=? sexx\", name: [{$if: \"? nicknamed\", family: x}]}"), [""; 0]);
    assert_eq!(body("{gender: \"=? sex + 1\"}"), ["MK0404 sex + 1"]);
    assert_eq!(body("{name: [{$each: \"?nickname\", $item: {family: x}}]}"), [""; 0]);
}

#[test]
fn what_depends_on_what_the_spec_lacks_is_left_out_unseen() {
    assert_eq!(body("{name: [{$if: \"? nickname is not null\", text: \"= nickname\"}]}"), [""; 0]);
    assert_eq!(body("{gender: {$if: \"? nickname = 'x'\", $then: \"= nickname\", $else: female}}"), [""; 0]);
    let chosen = "projections: {p: {to: Patient, from: patient, where: \"? nickname is not null\", body: {language: \"= nickname\"}}}";
    assert_eq!(fhir(chosen), ["MK1116 p"]);
}

#[test]
fn what_must_be_there_and_the_spec_has_nothing_for_is_told() {
    let (codes, text) = told(
        FHIR,
        "projections: {p: {to: Patient, from: patient, body: {communication: [{preferred: true, language: {text: \"=? tongue\"}}]}}}",
    );
    assert_eq!(codes, ["MK1105 language"]);
    assert!(text.contains("warning[MK1105]"), "{text}");
    let person = |id: &str| {
        omop(&format!("projections: {{person: {{to: person, from: patient, columns: {{person_id: {id}}}}}}}"))
    };
    assert_eq!(person("\"=? number\""), ["MK1105 \"=? number\""]);
    assert_eq!(person("{$first: [\"=? number\", 0]}"), [""; 0]);
}

#[test]
fn references_that_lead_nowhere_are_told() {
    let doctor =
        "d: {to: Practitioner, from: doctor, body: {active: true}}, n: {to: Person, from: \"?nobody\", body: {}},";
    let visit = |reference: &str| {
        let (codes, text) = told(
            FHIR,
            &format!(
                "projections: {{{doctor} p: {{to: Patient, from: patient, body: {{active: true}}}}, e: {{to: Procedure, from: visit, body: {{status: completed, subject: {{$reference: p}}, performer: [{{actor:\n{reference}}}]}}}}}}"
            ),
        );
        (codes.into_iter().filter(|code| !code.starts_with("MK1116")).collect::<Vec<_>>(), text)
    };
    assert_eq!(visit("{$reference: doctor}").0, ["MK1102 doctor"]);
    assert_eq!(visit("{$reference: d}").0, ["MK1108 d"]);
    assert!(visit("{$reference: d}").1.contains("say which way"));
    assert_eq!(visit("{$reference: d, $via: seen_by}").0, [""; 0]);
    assert_eq!(visit("{$reference: d, $via: patient}").0, ["MK1108 patient"]);
    assert_eq!(visit("{$reference: e}").0, ["MK1114 e"]);
    assert_eq!(visit("{$reference: n}").0, [""; 0]);
    assert_eq!(visit("{$reference: d, $via: seen_by, displai: x}").0, ["MK1104 displai"]);
}

#[test]
fn rows_that_do_not_belong_to_this_one_are_told() {
    assert_eq!(body("{name: [{$each: clinic, $item: {family: x}}]}"), ["MK1108 clinic"]);
    assert_eq!(body("{name: [{$each: visits, $item: {family: x}}]}"), ["MK0301 visits"]);
    assert_eq!(body("{name: [{$each: visit, $item: {family: \"= reason\"}}]}"), [""; 0]);
    assert_eq!(body("{name: [{$each: stay, $item: {family: x}}]}"), ["MK0301 stay"]);
    let clinic =
        "projections: {o: {to: Organization, from: clinic, body: {alias: [{$each: visit, $item: \"= reason\"}]}}}";
    assert_eq!(fhir(clinic), ["MK1108 visit"]);
}

#[test]
fn fragments_that_are_not_there_or_go_in_circles_are_told() {
    let with = |fragments: &str, body: &str| {
        fhir(&format!("fragments: {fragments}\nprojections: {{p: {{to: Patient, from: patient, body:\n{body}}}}}"))
    };
    assert_eq!(with("{named: {family: $family, text: $text}}", "{name: [{$use: named, family: \"= sex\"}]}"), [""; 0]);
    assert_eq!(with("{named: {family: $family}}", "{name: [{$use: name, family: x}]}"), ["MK1109 name"]);
    assert_eq!(with("{named: {family: $family}}", "{name: [{$use: named, familie: x}]}"), ["MK1109 familie"]);
    assert_eq!(with("{a: {$use: b}, b: {$use: a}}", "{name: [{$use: a}]}"), ["MK1110 a"]);
    let doubling: Vec<String> =
        (0..40).map(|at| format!("f{at}: [{{$use: f{}}}, {{$use: f{}}}]", at + 1, at + 1)).collect();
    let bomb = format!("{{{}, f40: {{family: x}}}}", doubling.join(", "));
    assert_eq!(with(&bomb, "{name: {$use: f0}}").len(), 1);
}

#[test]
fn a_parameter_may_stand_in_an_expression_of_its_fragment() {
    let text = "fragments: {coded: {text: \"= lookup($table, 'name', $code)\"}}\n\
                projections: {e: {to: Condition, from: visit, body: {subject: {display: x}, code:\n";
    let with = |use_: &str| fhir(&format!("{text}{use_}}}}}}}"));
    assert_eq!(with("{$use: coded, table: reasons, code: \"= reason\"}"), [""; 0]);
    assert_eq!(with("{$use: coded, table: reasons, code: \"=? unreason\"}"), [""; 0]);
    assert_eq!(
        with("{$use: coded, table: seasons, code: \"= reason\"}"),
        ["MK0403 \"= lookup($table, 'name', $code)\""]
    );
    assert_eq!(with("{$use: coded, table: reasons, code: [x]}"), ["MK1109 [x]"]);
}

#[test]
fn a_constant_that_its_table_does_not_have_is_told() {
    assert_eq!(body("{name: [{text: \"= lookup('reasons', 'name', 'R06')\"}]}"), ["MK1115 R06"]);
    assert_eq!(body("{name: [{text: \"= lookup('reasons', 'name', 'R05')\"}]}"), [""; 0]);
}

#[test]
fn projections_that_do_not_fit_their_standard_are_told() {
    assert_eq!(fhir("projections: {p: {to: Patients, from: patient, body: {}}}"), ["MK1103 Patients"]);
    assert_eq!(fhir("projections: {p: {to: Patient, body: {active: true}}}"), ["MK1101 p"]);
    assert_eq!(fhir("projections: {p: {to: Patient, from: patient}}"), ["MK1101 p"]);
    assert_eq!(
        fhir("projections: {p: {to: Patient, from: patient, columns: {}, body: {active: true}}}"),
        ["MK1101 columns"]
    );
    assert_eq!(body("{id: x}"), ["MK1101 id"]);
    assert_eq!(body("{contained: [{resourceType: Patient}]}"), ["MK1111 resourceType"]);
    assert_eq!(fhir("projections: {p: {to: Patient, from: patien, body: {active: true}}}"), ["MK0301 patien"]);
    assert_eq!(fhir("projektions: {}"), ["MK0101 projektions"]);
    assert_eq!(omop("projections: {x: {to: persona, from: patient, columns: {}}}"), ["MK1103 persona"]);
    assert_eq!(omop("projections: {x: {to: person, from: $rows, columns: {}}}"), ["MK1101 $rows"]);
    assert_eq!(told(MEDS, "projections: {s: {to: subject, from: patient}}").0, [""; 0]);
    assert_eq!(
        told(MEDS, "projections: {s: {to: event, from: patient, columns: {code: B, time: \"= birth_date\"}}}").0,
        [""; 0]
    );
    assert_eq!(told(MEDS, "projections: {s: {to: event, from: patient, columns: {}}}").0, ["MK1105 s"]);
    assert_eq!(
        told("mapping: meds-0.4\nversion: 1\ntitle: x\nsplits: {train: 90%}\n", "means: x").0,
        ["MK1117 splits"]
    );
    assert_eq!(told("mapping: hl7\nversion: 1\ntitle: x\n", "means: x").0, ["MK0104 hl7"]);
}

#[test]
fn an_optional_projection_is_left_out_with_the_references_to_it() {
    let text = "projections:\n  o: {to: Organization, from: clinic, optional: true, body: {name: \"= title\"}}\n  \
                p: {to: Patient, from: patient, body: {active: true, managingOrganization: {$reference: o}}}\n";
    assert_eq!(fhir(text), ["MK1116 o"]);
}

#[test]
fn keys_and_eras_are_held_against_the_tables_they_lead_to() {
    let person = "person: {to: person, from: patient, columns: {person_id: {$key: person}}}";
    let with = |more: &str| omop(&format!("projections:\n  {person}\n  {more}\n"));
    let visit = |key: &str| {
        with(&format!(
            "visit: {{to: visit, from: visit, columns: {{visit_id: {{$key: visit}}, visit_date: \"= date(started_at)\", person_id: {key}}}}}"
        ))
    };
    assert_eq!(visit("{$key: person}"), [""; 0]);
    assert_eq!(visit("{$key: visit}"), ["MK1114 visit"]);
    assert_eq!(visit("{$first: [{$key: person}, 0]}"), [""; 0]);
    assert_eq!(visit("{$era: start}"), ["MK1111 start"]);
    let era = |of: &str, column: &str| {
        with(&format!(
            "visit: {{to: visit, from: visit, columns: {{visit_id: {{$key: visit}}, visit_date: \"= date(started_at)\", person_id: {{$key: person}}}}}}\n  visit_era: {{to: visit_era, era: {{of: {of}, by: [person_id], start: visit_date, end: visit_date, gap_days: 30}}, columns: {{visit_era_id: {{$key: visit_era}}, person_id: {{$era: person_id}}, start_date: {{$era: {column}}}}}}}"
        ))
    };
    assert_eq!(era("visit", "start"), [""; 0]);
    assert_eq!(era("visits", "start"), ["MK1114 visits"]);
    assert_eq!(era("visit", "count"), ["MK1106 count"]);
    assert_eq!(era("visit", "begin"), ["MK1111 begin"]);
    let nobody = "v: {to: visit, from: \"?nobody\", columns: {}}\n  e: {to: visit_era, era: {of: visit, by: [person_id], start: visit_date, end: visit_date, gap_days: 1}, columns: {}}";
    assert_eq!(with(nobody), ["MK1116 \"?nobody\"", "MK1116 visit"]);
}

#[test]
fn an_entity_that_the_spec_lacks_is_a_mistake_unless_the_mapping_says_that_it_may() {
    let from = |from: &str| {
        told(
            FHIR,
            &format!(
                "projections: {{p: {{to: Patient, from: patient, body: {{active: true}}}}, o: {{to: Organization, from: {from}, body: {{active: true}}}}}}"
            ),
        )
    };
    let (codes, text) = from("clinik");
    assert_eq!(codes, ["MK0301 clinik"]);
    assert!(text.contains("did you mean `clinic`?"), "{text}");
    let (codes, text) = from("hospital");
    assert_eq!(codes, ["MK0301 hospital"]);
    assert!(text.contains("?hospital"), "{text}");
    assert_eq!(from("stay").0, ["MK0301 stay"], "hidden");
    let (codes, text) = from("\"?hospital\"");
    assert_eq!(codes, ["MK1116 \"?hospital\""]);
    assert!(text.contains("note[MK1116]"), "{text}");
    // What differs from an entity in a letter was meant to be it.
    let (codes, text) = from("\"?clinik\"");
    assert_eq!(codes, ["MK1116 \"?clinik\""]);
    assert!(text.contains("warning[MK1116]") && text.contains("did you mean `clinic`?"), "{text}");
}

#[test]
fn a_mapping_that_makes_nothing_is_a_mistake() {
    let (codes, text) = told(FHIR, "means: nothing");
    assert_eq!(codes, ["MK1101 mapping"]);
    assert!(text.contains("no projections"), "{text}");
}

#[test]
fn codes_that_an_expression_can_give_are_held_against_the_value_set_and_the_table() {
    // A choice, a list of cases, a table that the codes of a choice lead to.
    let (codes, text) = told(FHIR, "projections: {p: {to: Patient, from: patient, body: {gender: \"= sex\"}}}");
    assert_eq!(codes, ["MK1106 \"= sex\""]);
    assert!(text.contains("`F`, `M`"), "{text}");
    let gender = |expression: &str| body(&format!("{{gender: \"= {expression}\"}}")).len();
    assert_eq!(gender("case sex when 'F' then 'female' when 'M' then 'man' end"), 1);
    assert_eq!(gender("case sex when 'F' then 'female' else 'male' end"), 0);
    assert_eq!(gender("coalesce(if(sex = 'F', 'female', null), 'none')"), 1);
    assert_eq!(gender("lower(note)"), 0, "what cannot be known is not told");
    let coded = |expression: &str| {
        let tables = "tables: {kinds: {key: reason, rows: [{reason: R05, code: cough}, {reason: N40, code: gland}]}}";
        told(
            FHIR,
            &format!(
                "{tables}\nprojections: {{e: {{to: Procedure, from: visit, body: {{status: completed, subject: {{display: x}}, code: {{coding: [{expression}]}}}}}}}}"
            ),
        )
    };
    let (codes, text) = coded("{code: \"= lookup('kinds', 'code', reason)\"}");
    assert_eq!(codes.len(), 1, "{text}");
    assert!(codes[0].starts_with("MK1115") && text.contains("no row for `O80`"), "{text}");
    assert_eq!(coded("{$if: \"reason <> 'O80'\", code: \"= lookup('kinds', 'code', reason)\"}").0, [""; 0]);
    assert_eq!(coded("{code: \"= coalesce(lookup('kinds', 'code', reason), 'other')\"}").0, [""; 0]);
    let person = |id: &str| {
        omop(&format!("tables: {{sexes: {{key: sex, rows: [{{sex: F, id: 1}}]}}}}\nprojections: {{person: {{to: person, from: patient, columns: {{person_id: \"= {id}\"}}}}}}")).len()
    };
    assert_eq!(person("lookup('sexes', 'id', sex)"), 1);
    assert_eq!(person("coalesce(lookup('sexes', 'id', sex), 0)"), 0);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = "{gender: men, birthdate: x, name: {family: x}, active: \"= sexx\", telecom: [{$use: nothing}]}";
    assert_eq!(body(text).len(), 5);
}
