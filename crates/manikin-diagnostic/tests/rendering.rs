//! Diagnostics as text and as JSON.

use manikin_diagnostic::{Color, Diagnostic, Diagnostics, Sources, Span, codes};

#[test]
fn a_diagnostic_shows_its_line_its_label_and_its_help() {
    let mut sources = Sources::new();
    let text = "fields:\n  hba1c:\n    normal: {mean: 58, sd: -9}\n";
    let file = sources.add("specs/diabetes.yaml", text);
    let at = text.find("-9").expect("the text holds it");
    let all = Diagnostics::from(
        Diagnostic::error(codes::NEGATIVE_SPREAD, "standard deviation must be positive")
            .at(Span::new(file, at, at + 2))
            .label("got -9")
            .help("write the spread as a positive number, in mmol/mol"),
    );
    assert_eq!(
        all.render(&sources, Color::Never),
        "\
error[MK0203]: standard deviation must be positive
 --> specs/diabetes.yaml:3:28
  |
3 |     normal: {mean: 58, sd: -9}
  |                            ^^ got -9
  |
  = help: write the spread as a positive number, in mmol/mol

1 error
"
    );
}

#[test]
fn related_places_and_a_fix_are_shown() {
    let mut sources = Sources::new();
    let a = sources.add("a.yaml", "count: 1\nsees: 2\ncount: 3\n");
    let b = sources.add("b.yaml", "locked: true\n");
    let all = Diagnostics::from(
        Diagnostic::error(codes::DUPLICATE_KEY, "key `count` is given twice")
            .at(Span::new(a, 17, 22))
            .label("again here")
            .related(Span::new(a, 0, 5), "first here")
            .related(Span::new(b, 0, 6), "locked here")
            .fix(Span::new(a, 9, 13), "seed"),
    );
    assert_eq!(
        all.render(&sources, Color::Never),
        "\
error[MK0008]: key `count` is given twice
 --> a.yaml:3:1
  |
1 | count: 1
  | ----- first here
2 | sees: 2
3 | count: 3
  | ^^^^^ again here
  |
 ::: b.yaml:1:1
  |
1 | locked: true
  | ------ locked here
  |
help: write
  |
2 - sees: 2
2 + seed: 2
  |

1 error
"
    );
}

#[test]
fn a_very_long_line_is_shown_as_an_excerpt() {
    let mut sources = Sources::new();
    let mut text = "ä, ".repeat(200_000);
    let at = text.len();
    text.push_str("wröng, ");
    text.push_str(&"é, ".repeat(200_000));
    let file = sources.add("long.yaml", text.as_str());
    let all = Diagnostics::from(
        Diagnostic::error(codes::WRONG_TYPE, "expected a number, found text")
            .at(Span::new(file, at, at + 6))
            .label("here"),
    );
    let shown = all.render(&sources, Color::Never);
    assert!(shown.len() < 1000, "{} bytes", shown.len());
    assert!(shown.contains("long.yaml:1:600001"), "{shown}");
    assert!(shown.contains("^^^^^ here"), "{shown}");
}

#[test]
fn control_characters_wide_letters_and_odd_spans_do_no_harm() {
    let mut sources = Sources::new();
    let file = sources.add("a\u{1b}[31m.yaml", "\u{1b}[2J患者: ä\u{202e}b\r\nnext\n");
    for start in 0..40 {
        for end in 0..40 {
            let all = Diagnostics::from(
                Diagnostic::error(codes::NOT_YAML, "bad\u{1b}[2J\nmessage")
                    .at(Span::new(file, start, end))
                    .label("la\u{1b}bel\nx")
                    .help("he\u{1b}lp")
                    .fix(Span::new(file, start, end), "\u{1b}x"),
            );
            let shown = all.render(&sources, Color::Never);
            assert!(!shown.contains('\u{1b}'), "{shown:?}");
        }
    }
}

#[test]
fn equal_ones_are_shown_once_in_the_order_of_their_places() {
    let mut sources = Sources::new();
    let file = sources.add("a", "one\ntwo\n");
    let second = Diagnostic::error(codes::UNKNOWN_KEY, "second").at(Span::new(file, 4, 7));
    let first = Diagnostic::warning(codes::UNKNOWN_KEY, "first").at(Span::new(file, 0, 3));
    let all: Diagnostics = [second.clone(), first, second].into_iter().collect();
    assert_eq!(all.summary(), "1 error, 1 warning");
    let json = all.to_json(&sources);
    assert_eq!(json["diagnostics"][0]["message"], "first");
    assert_eq!(json["diagnostics"][1]["line"], 2);
    assert_eq!(json["diagnostics"][1]["end"]["column"], 4);
    assert_eq!(json["diagnostics"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_place_in_the_document_alone_is_shown() {
    let all = Diagnostics::from(
        Diagnostic::warning(codes::NO_STEWARD, "entity `claim` has no steward").path("entities.claim"),
    );
    assert_eq!(
        all.render(&Sources::new(), Color::Never),
        "\
warning[MK0702]: entity `claim` has no steward
--> entities.claim

1 warning
"
    );
}

#[test]
fn a_flood_is_counted_and_its_first_thousand_kept() {
    let mut all: Diagnostics = (0..5000).map(|n| Diagnostic::warning(codes::UNKNOWN_KEY, format!("key {n}"))).collect();
    assert_eq!(all.summary(), "1000 warnings, and 4000 more not shown");
    assert!(!all.has_errors());
    all.push(Diagnostic::error(codes::UNKNOWN_KEY, "an error among them"));
    assert!(all.has_errors());
    assert_eq!(all.to_json(&Sources::new())["left_out"], 4001);
}
