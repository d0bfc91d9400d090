//! Layers merge in order, locks hold, and the digest depends on meaning alone.

use std::collections::BTreeMap;

use manikin_diagnostic::Color;
use manikin_spec::digest::canonical;
use manikin_spec::shape::to_json;
use manikin_spec::{Reading, read};

fn reading(files: &[(&str, &str)]) -> Reading {
    let files: BTreeMap<String, String> =
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    read("my/a.yaml", &files)
}

fn shown(files: &[(&str, &str)]) -> String {
    let reading = reading(files);
    reading.diagnostics.render(&reading.sources, Color::Never)
}

/// The merged document as canonical JSON, which has no problems.
fn merged(files: &[(&str, &str)]) -> String {
    let reading = reading(files);
    assert_eq!(reading.diagnostics.render(&reading.sources, Color::Never), "");
    canonical(&to_json(&reading.node.expect("the document is read")))
}

fn two(upper: &str, lower: &str) -> Vec<(&'static str, String)> {
    vec![("my/a.yaml", format!("use: [b]\n{upper}")), ("my/b.yaml", lower.to_owned())]
}

fn both(upper: &str, lower: &str) -> String {
    let files = two(upper, lower);
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    merged(&files)
}

fn mistakes(upper: &str, lower: &str) -> String {
    let files = two(upper, lower);
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    shown(&files)
}

#[test]
fn maps_merge_lists_replace_and_null_removes() {
    assert_eq!(
        both(
            "settings: {x: 2, z: null}\ncritical_fields: [c.d]\nseed: null\n",
            "settings: {x: 1, y: 1, z: 1}\ncritical_fields: [a.b, a.c]\nseed: 1\ntitle: t\n"
        ),
        r#"{"critical_fields":["c.d"],"settings":{"x":2,"y":1},"title":"t"}"#
    );
}

#[test]
fn another_generator_replaces_the_lower_one_and_a_choice_its_categories() {
    let lower = "entities: {c: {count: {poisson: {mean: 2}}, fields: {s: {means: m, choice: {A: 1, B: 1}}}}}\n";
    assert_eq!(
        both("entities: {c: {fields: {s: {choice: {C: 1}}}}}\n", lower),
        r#"{"entities":{"c":{"count":{"poisson":{"mean":2}},"fields":{"s":{"choice":{"C":1},"means":"m"}}}}}"#
    );
    assert_eq!(
        both("entities: {c: {each: {table: t}, fields: {s: {derive: x}}}}\n", lower),
        r#"{"entities":{"c":{"each":{"table":"t"},"fields":{"s":{"derive":"x","means":"m"}}}}}"#
    );
    assert_eq!(
        both("entities: {c: {count: {total: 9}}}\n", lower),
        r#"{"entities":{"c":{"count":{"total":9},"fields":{"s":{"choice":{"A":1,"B":1},"means":"m"}}}}}"#
    );
}

#[test]
fn edge_cases_and_rules_merge_by_name_and_a_rate_replaces_a_count() {
    assert_eq!(
        both(
            "edge_cases: {e: {rate: 1%}, g: {entity: c, count: 1, clear: f}}\nentities: {c: {rules: {r: null, s: y}}}\n",
            "edge_cases: {e: {entity: c, count: 5, clear: f}}\nentities: {c: {rules: {r: x, s: x, t: x}}}\n"
        ),
        r#"{"edge_cases":{"e":{"clear":"f","entity":"c","rate":"1%"},"g":{"clear":"f","count":1,"entity":"c"}},"entities":{"c":{"rules":{"s":"y","t":"x"}}}}"#
    );
}

#[test]
fn layers_are_found_beside_the_file_then_in_the_library_and_read_once() {
    let reading = reading(&[
        ("my/a.yaml", "use: [library/us/claims, ./mine.yaml]\nseed: 9\n"),
        ("my/mine.yaml", "use: [library/us/base]\nsettings: {a: 2}\n"),
        ("library/us/claims.yaml", "use: [./base, base]\ntables: {t: {csv: ../codes/t.csv}}\n"),
        ("library/us/base.yaml", "settings: {a: 1}\n"),
        ("library/codes/t.csv", "code\nA\n"),
    ]);
    assert_eq!(reading.diagnostics.render(&reading.sources, Color::Never), "");
    let names: Vec<&str> = reading.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(
        names,
        ["library/us/base.yaml", "library/us/claims.yaml", "my/mine.yaml", "my/a.yaml", "library/codes/t.csv"]
    );
    assert_eq!(reading.tables["t"].rows, 1);
}

#[test]
fn a_missing_layer_a_circle_and_a_bad_use_are_shown() {
    assert_eq!(
        shown(&[("my/a.yaml", "use: [library/us/claim]\n"), ("library/us/claims.yaml", "seed: 1\n")]),
        "\
error[MK0502]: layer `library/us/claim` is not found
 --> my/a.yaml:1:7
  |
1 | use: [library/us/claim]
  |       ^^^^^^^^^^^^^^^^
  |
  = help: did you mean `library/us/claims`?

1 error
"
    );
    assert_eq!(
        shown(&[("my/a.yaml", "use: [b]\n"), ("my/b.yaml", "use: [./a]\n")]),
        "\
error[MK0503]: layer `./a` uses itself: my/a.yaml → my/b.yaml → my/a.yaml
 --> my/b.yaml:1:7
  |
1 | use: [./a]
  |       ^^^
  |
  = help: `manikin explain MK0503` shows how to write it

1 error
"
    );
    assert!(shown(&[("my/a.yaml", "use: {b: 1}\n")]).starts_with("error[MK0505]"));
    assert!(shown(&[("my/a.yaml", "use: [7]\n")]).starts_with("error[MK0505]"));
}

#[test]
fn null_that_removes_nothing_is_a_warning() {
    assert_eq!(
        mistakes("entities: {clam: null}\n", "entities: {claim: {}}\n"),
        "\
warning[MK0504]: `clam: null` removes nothing: no lower layer gives it
 --> my/a.yaml:2:12
  |
2 | entities: {clam: null}
  |            ^^^^
  |
  = help: did you mean `claim`?

1 warning
"
    );
}

#[test]
fn what_is_locked_cannot_be_changed_from_above() {
    let lower = "entities:\n  p:\n    fields:\n      ssn: {id: uuid, locked: true}\n      sex: {choice: {F: 1}}\n";
    assert_eq!(
        mistakes("entities: {p: {fields: {ssn: {constant: x}}}}\n", lower),
        "\
error[MK0501]: this replaces `entities.p.fields.ssn.id`, which a lower layer locks
 --> my/a.yaml:2:31
  |
2 | entities: {p: {fields: {ssn: {constant: x}}}}
  |                               ^^^^^^^^ not allowed here
  |
 ::: my/b.yaml:4:23
  |
4 |       ssn: {id: uuid, locked: true}
  |                       ------ locked here
  |
  = help: leave it out, or ask the owner of the locked layer

1 error
"
    );
    let refused = |upper: &str| mistakes(upper, lower).contains("MK0501");
    assert!(refused("entities: {p: {fields: {ssn: {means: x}}}}\n"), "adding");
    assert!(refused("entities: {p: {fields: {ssn: {id: null}}}}\n"), "removing inside");
    assert!(refused("entities: {p: {fields: {ssn: null}}}\n"), "removing it");
    assert!(refused("entities: {p: {fields: null}}\n"), "removing around it");
    assert!(refused("entities: {p: null}\n"), "removing further out");
    assert!(refused("entities: null\n"), "removing all");
    assert!(refused("entities: {p: 5}\n"), "replacing around it");
    assert!(refused("entities: {p: {fields: {ssn: {locked: false}}}}\n"), "unlocking");
    assert!(refused("entities: {p: {fields: {ssn: {locked: null}}}}\n"), "removing the lock");
    assert!(refused("entities: {p: {fields: {ssn: {locked: []}}}}\n"), "weakening the lock");
    assert!(!refused("entities: {p: {fields: {ssn: {id: uuid}}}}\n"), "saying the same");
    assert!(!refused("entities: {p: {fields: {sex: {choice: {M: 1}}}}}\n"), "a neighbour");
}

#[test]
fn listed_keys_are_locked_and_lists_add_up() {
    let lower = "entities: {p: {locked: [key], key: a, per: x}}\n";
    let refused = |upper: &str| mistakes(upper, lower).contains("MK0501");
    assert!(refused("entities: {p: {key: b}}\n"));
    assert!(refused("entities: {p: {key: null}}\n"));
    assert!(!refused("entities: {p: {per: y}}\n"));
    assert!(!refused("entities: {p: {locked: [per]}}\n"));
    let three = |top: &str| {
        shown(&[
            ("my/a.yaml", &format!("use: [b]\n{top}")),
            ("my/b.yaml", "use: [c]\nentities: {p: {locked: [per]}}\n"),
            ("my/c.yaml", lower),
        ])
    };
    assert!(three("entities: {p: {per: y}}\n").contains("MK0501"));
    assert!(three("entities: {p: {key: b}}\n").contains("MK0501"));
    assert!(mistakes("", "entities: {p: {locked: key}}\n").contains("MK0507"));
}

#[test]
fn a_mistake_in_a_layer_points_into_the_layer() {
    assert_eq!(
        mistakes("seed: 1\n", "title: t\nsede: 2\n"),
        "\
error[MK0101]: key `sede` is not known here
 --> my/b.yaml:2:1
  |
2 | sede: 2
  | ^^^^
  |
  = help: did you mean `seed`?

1 error
"
    );
}

#[test]
fn merge_keys_and_aliases_repeat_values() {
    assert_eq!(
        merged(&[(
            "my/a.yaml",
            "settings: &s {a: 1, b: 2}\nfunctions: {}\nentities:\n  p: &p {means: m, hidden: true}\n  q: {<<: *p, hidden: false}\n  r: *p\n"
        )]),
        r#"{"entities":{"p":{"hidden":true,"means":"m"},"q":{"hidden":false,"means":"m"},"r":{"hidden":true,"means":"m"}},"functions":{},"settings":{"a":1,"b":2}}"#
    );
}

#[test]
fn the_digest_depends_on_meaning_alone() {
    let digest = |a: &str, csv: &str| {
        let reading = reading(&[("my/a.yaml", a), ("my/t.csv", csv)]);
        reading.digest.expect("a digest")
    };
    let one = digest("seed: 1\nversion: '1.0'\ntables: {t: {csv: t.csv}}\n", "a\n1\n");
    let same = digest("# why\ntables:\n  t:\n    csv: 't.csv'\nversion: 1.0\n\nseed: 1 # here\n", "a\n1\n");
    assert_eq!(one, same);
    assert_ne!(one, digest("seed: 2\nversion: '1.0'\ntables: {t: {csv: t.csv}}\n", "a\n1\n"));
    assert_ne!(one, digest("seed: 1\nversion: '1.0'\ntables: {t: {csv: t.csv}}\n", "a\n2\n"));
    assert_eq!(one.len(), 64);
}
