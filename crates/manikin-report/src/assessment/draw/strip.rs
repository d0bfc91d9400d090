//! Small marks inside tables: a figure with its interval, benchmark and limit on one scale; two rates side by side.

use manikin_evaluate::assessment::{Better, Side};

use super::Canvas;

const WIDTH: f64 = 132.0;
const HEIGHT: f64 = 18.0;

/// What a strip shows.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Strip {
    /// The value.
    pub(in super::super) value: f64,
    /// Its interval.
    pub(in super::super) interval: Option<(f64, f64)>,
    /// What faultless data would score.
    pub(in super::super) benchmark: Option<f64>,
    /// The limit, and its good side.
    pub(in super::super) limit: Option<(f64, Side)>,
    /// The least and the greatest value there can be.
    pub(in super::super) range: (Option<f64>, Option<f64>),
    /// Which way is better.
    pub(in super::super) direction: Better,
}

/// Draws a figure: a dot with its interval, a hollow diamond for the benchmark, the bad side of the limit hatched.
pub(in super::super) fn strip(of: Strip) -> String {
    let (low, high) = ends(&of);
    let span = (high - low).max(1e-12);
    let at = |value: f64| 4.0 + ((value - low) / span).clamp(0.0, 1.0) * (WIDTH - 8.0);
    let middle = HEIGHT / 2.0;
    let mut canvas = Canvas::new(WIDTH, HEIGHT);
    canvas.line("axis", (4.0, middle), (WIDTH - 4.0, middle));
    if let Some((limit, side)) = of.limit {
        let (left, right) = match side {
            Side::AtMost => (at(limit), WIDTH - 4.0),
            Side::AtLeast => (4.0, at(limit)),
        };
        if right - left > 0.5 {
            canvas.rect("beyond", left, 3.0, right - left, HEIGHT - 6.0);
        }
        canvas.line("limit", (at(limit), 1.0), (at(limit), HEIGHT - 1.0));
    }
    if let Some((from, to)) = of.interval {
        canvas.line("whisker", (at(from), middle), (at(to), middle));
    }
    if let Some(benchmark) = of.benchmark {
        let x = at(benchmark);
        canvas.path("ideal", &format!("M{x:.1} {:.1}l4 4l-4 4l-4 -4z", middle - 4.0));
    }
    canvas.circle("dot", (at(of.value), middle), 3.2);
    canvas.finish_beside_words()
}

/// The part of the metric's range that is worth seeing: from the good end to a little past everything that is marked.
fn ends(of: &Strip) -> (f64, f64) {
    let mut marked = vec![of.value];
    marked.extend(of.interval.map(|(low, high)| [low, high]).into_iter().flatten());
    marked.extend(of.benchmark);
    marked.extend(of.limit.map(|(limit, _)| limit));
    let (mut low, mut high) = marked.iter().fold((f64::MAX, f64::MIN), |(low, high), &x| (low.min(x), high.max(x)));
    match of.direction {
        Better::Lower => low = of.range.0.map_or(low, |least| least.max(low.min(0.0))).min(low),
        Better::Higher => high = of.range.1.unwrap_or(high).max(high),
    }
    let margin = (high - low).max(1e-9) * 0.25;
    match of.direction {
        Better::Lower => (low, of.range.1.map_or(high + margin, |most| most.min(high + margin))),
        Better::Higher => (of.range.0.map_or(low - margin, |least| least.max(low - margin)), high),
    }
}

/// Draws a rate among real rows (a line) over the rate among synthetic ones (a bar), on one scale up to `most`.
pub(in super::super) fn rates(real: Option<f64>, synthetic: Option<f64>, most: f64) -> String {
    let at = |rate: f64| 4.0 + (rate / most.max(1e-12)).clamp(0.0, 1.0) * (WIDTH - 8.0);
    let mut canvas = Canvas::new(WIDTH, HEIGHT);
    canvas.line("axis", (4.0, 1.0), (4.0, HEIGHT - 1.0));
    if let Some(synthetic) = synthetic {
        canvas.rect("syn", 4.0, 4.0, at(synthetic) - 4.0, HEIGHT - 8.0);
    }
    if let Some(real) = real {
        canvas.line("real", (at(real), 1.0), (at(real), HEIGHT - 1.0));
    }
    canvas.finish_beside_words()
}
