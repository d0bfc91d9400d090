//! Drawings as inline SVG.
//!
//! Colours and strokes are classes of the page's style sheet, so drawings follow light and dark. Each carries its title
//! and what it shows in words. Real, holdout and synthetic rows differ in form as well as in colour: outline, dashes and
//! filled.

mod curves;
mod distribution;
mod flow;
mod heat;
mod rows;
mod strip;

use std::fmt::Write;

pub(super) use curves::{distances, named_at, roc};
pub(super) use distribution::distribution;
pub(super) use flow::journey;
pub(super) use heat::{Panel, heat};
pub(super) use rows::rows_per_patient;
pub(super) use strip::{Strip, rates, strip};

/// ASSUMED: width of a letter at 9 units in a wide sans-serif typeface such as DejaVu Sans.
const LETTER: f64 = 5.9;

/// An SVG being drawn.
struct Canvas {
    width: f64,
    height: f64,
    shapes: String,
}

impl Canvas {
    fn new(width: f64, height: f64) -> Self {
        Self { width, height, shapes: String::new() }
    }

    fn rect(&mut self, class: &str, x: f64, y: f64, width: f64, height: f64) {
        let (x, y, width, height) = (short(x), short(y), short(width), short(height));
        self.push(format_args!("<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>"));
    }

    fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let (x, y, to_x, to_y) = (short(from.0), short(from.1), short(to.0), short(to.1));
        self.push(format_args!("<path class=\"{class}\" d=\"M{x} {y}L{to_x} {to_y}\"/>"));
    }

    fn path(&mut self, class: &str, data: &str) {
        self.push(format_args!("<path class=\"{class}\" d=\"{data}\"/>"));
    }

    fn circle(&mut self, class: &str, at: (f64, f64), radius: f64) {
        let (x, y, radius) = (short(at.0), short(at.1), short(radius));
        self.push(format_args!("<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"/>"));
    }

    fn text(&mut self, at: (f64, f64), anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let (x, y, text) = (short(at.0), short(at.1), escaped(text));
        self.push(format_args!("<text x=\"{x}\" y=\"{y}\"{anchor}>{text}</text>"));
    }

    fn push(&mut self, shape: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.shapes.write_fmt(shape);
    }

    /// The drawing with its name and its words. `id` is unique in the page.
    fn finish(self, id: &str, title: &str, words: &str) -> String {
        format!(
            "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\"><title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>{}</svg>",
            short(self.width),
            short(self.height),
            escaped(title),
            escaped(words),
            self.shapes
        )
    }

    /// A drawing of what stands in words beside it, which a screen reader need not hear twice.
    fn finish_beside_words(self) -> String {
        format!(
            "<svg viewBox=\"0 0 {} {}\" aria-hidden=\"true\" focusable=\"false\">{}</svg>",
            short(self.width),
            short(self.height),
            self.shapes
        )
    }
}

/// Where a text begins.
#[derive(Clone, Copy)]
enum Anchor {
    Start,
    Middle,
    End,
}

/// A coordinate with one decimal at most.
fn short(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The start and the end of a long name: names that share a stem differ in their ends.
fn shortened(name: &str, most: usize) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= most {
        return name.to_owned();
    }
    let end = most / 3;
    let start = most - end - 1;
    letters[..start].iter().chain(&['…']).chain(&letters[letters.len() - end..]).collect()
}

/// The width that a text needs.
fn width_of(text: &str) -> f64 {
    text.chars().count() as f64 * LETTER
}
