//! Curves: what attacks find on logarithmic axes, and how near synthetic rows come to real ones.

use manikin_evaluate::plots::{AttackCurve, Attacks, Distances};

use super::super::edition::{self, Edition, number, percent};
use super::{Anchor, Canvas};

const WIDTH: f64 = 360.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 10.0;
const FOOT: f64 = 38.0;

/// The share of members named while at most this share of others is.
///
/// The last step within it: a point between two steps cannot be reached.
pub(in super::super) fn named_at(edition: Edition, attacks: &Attacks, curve: &AttackCurve, limit: f64) -> Option<f64> {
    let most = limit * attacks.others as f64 + 1e-9;
    let (_, members) = curve.steps.iter().rev().find(|(others, _)| *others as f64 <= most)?;
    edition.share(*members, attacks.members)
}

/// Draws the step ROC of every attack; the one that names most at 1 % wrong is drawn strong.
pub(in super::super) fn roc(edition: Edition, id: &str, attacks: &Attacks) -> Option<String> {
    if attacks.members == 0 || attacks.others == 0 || attacks.curves.is_empty() {
        return None;
    }
    let height = 300.0;
    let records = attacks.members.max(attacks.others) as f64;
    let decades = libm::ceil(libm::log10(records)).clamp(2.0, 5.0);
    let (wide, tall) = (WIDTH - LEFT - RIGHT, height - TOP - FOOT);
    let place = |rate: f64| (1.0 + libm::log10(rate.max(1e-9)) / decades).clamp(0.0, 1.0);
    let across = |rate: f64| LEFT + place(rate) * wide;
    let up = |rate: f64| TOP + (1.0 - place(rate)) * tall;
    let mut canvas = Canvas::new(WIDTH, height);

    canvas.path("chance", &chance(attacks, decades, &across, &up));
    for decade in 0..=decades as u32 {
        let rate = libm::pow(10.0, f64::from(decade) - decades);
        let said = edition::rate(rate);
        canvas.line("grid", (across(rate), TOP), (across(rate), TOP + tall));
        canvas.line("grid", (LEFT, up(rate)), (LEFT + wide, up(rate)));
        let anchor = if decade == decades as u32 { Anchor::End } else { Anchor::Middle };
        canvas.text((across(rate), height - FOOT + 14.0), anchor, &said);
        canvas.text((LEFT - 5.0, up(rate) + 3.0), Anchor::End, &said);
    }
    canvas.text((LEFT + wide / 2.0, height - 5.0), Anchor::Middle, "others wrongly named");
    let (x, y) = (10.0, TOP + tall / 2.0);
    canvas.push(format_args!(
        "<text x=\"{x}\" y=\"{y:.1}\" text-anchor=\"middle\" transform=\"rotate(-90 {x} {y:.1})\">members named</text>"
    ));
    canvas.line("axis", (across(0.0), up(0.0)), (across(1.0), up(1.0)));

    let rate = |curve: &AttackCurve| named_at(edition, attacks, curve, 0.01).unwrap_or(0.0);
    let best = attacks.curves.iter().max_by(|a, b| rate(a).total_cmp(&rate(b)))?;
    for curve in attacks.curves.iter().filter(|curve| !std::ptr::eq(*curve, best)).chain([best]) {
        let class = if std::ptr::eq(curve, best) { "best" } else { "attack" };
        canvas.path(class, &steps(edition, attacks, curve, &across, &up));
    }
    let words = format!(
        "{} attacks on {} members and {} others. The best at 1 % wrong, {}, names {} of the members. Shaded: where \
         curves of harmless data lie 95 times in 100.",
        attacks.curves.len(),
        edition.count_text(attacks.members),
        edition.count_text(attacks.others),
        best.attack.replace('_', " "),
        percent(rate(best))
    );
    Some(canvas.finish(id, &format!("What attacks find: {}", attacks.on), &words))
}

/// The band of ±1.96 standard errors around guessing.
fn chance(attacks: &Attacks, decades: f64, across: &impl Fn(f64) -> f64, up: &impl Fn(f64) -> f64) -> String {
    let spread = (1.0 / attacks.members as f64 + 1.0 / attacks.others as f64).sqrt() * 1.96;
    let rates: Vec<f64> = (0..=40).map(|step| libm::pow(10.0, -decades + decades * f64::from(step) / 40.0)).collect();
    let half = |rate: f64| spread * (rate * (1.0 - rate)).max(0.0).sqrt();
    let high = rates.iter().map(|&rate| (across(rate), up((rate + half(rate)).min(1.0))));
    let low = rates.iter().rev().map(|&rate| (across(rate), up(rate - half(rate))));
    let mut path = String::new();
    for (x, y) in high.chain(low) {
        path.push_str(&format!("{}{x:.1} {y:.1}", if path.is_empty() { "M" } else { "L" }));
    }
    path.push('z');
    path
}

fn steps(
    edition: Edition,
    attacks: &Attacks,
    curve: &AttackCurve,
    across: &impl Fn(f64) -> f64,
    up: &impl Fn(f64) -> f64,
) -> String {
    let mut path = format!("M{:.1} {:.1}", across(0.0), up(0.0));
    for &(others, members) in &curve.steps {
        // A step that rests on too few is passed over.
        let rates = edition.share(others, attacks.others).zip(edition.share(members, attacks.members));
        if let Some((wrong, right)) = rates {
            path.push_str(&format!("H{:.1}V{:.1}", across(wrong), up(right)));
        }
    }
    path
}

/// Draws how many synthetic rows have a real row within each distance: among train, and among the holdout.
pub(in super::super) fn distances(edition: Edition, id: &str, of: &Distances) -> Option<String> {
    let most = of.distances.last().copied().filter(|most| *most > 0.0)?;
    let height = 220.0;
    let (wide, tall) = (WIDTH - LEFT - RIGHT, height - TOP - FOOT);
    let across = |distance: f64| LEFT + distance / most * wide;
    let up = |share: f64| TOP + (1.0 - share) * tall;
    let mut canvas = Canvas::new(WIDTH, height);
    for quarter in 0..=4 {
        let share = f64::from(quarter) / 4.0;
        canvas.line("grid", (LEFT, up(share)), (LEFT + wide, up(share)));
        canvas.text((LEFT - 5.0, up(share) + 3.0), Anchor::End, &format!("{:.0} %", share * 100.0));
        let anchor = if quarter == 4 { Anchor::End } else { Anchor::Middle };
        let distance = libm::round(most * share * 1000.0) / 1000.0;
        canvas.text((across(most * share), height - FOOT + 14.0), anchor, &number(distance));
    }
    canvas.text((LEFT + wide / 2.0, height - 5.0), Anchor::Middle, "distance to the closest real row");
    for (class, counts) in [("hold", &of.to_holdout), ("best", &of.to_train)] {
        let mut path = String::new();
        for (&distance, &count) in of.distances.iter().zip(counts) {
            let Some(share) = edition.share(count, of.rows) else { continue };
            let (x, y) = (across(distance), up(share));
            path.push_str(&if path.is_empty() {
                format!("M{LEFT:.1} {y:.1}H{x:.1}")
            } else {
                format!("H{x:.1}V{y:.1}")
            });
        }
        if !path.is_empty() {
            canvas.path(class, &path);
        }
    }
    let exact = |counts: &[u64]| edition.share_text(counts.first().copied().unwrap_or(0), of.rows);
    let words = format!(
        "Of {} synthetic rows, {} equal a row of the training data and {} a row of the holdout; the curves show how \
         many have one within each distance.",
        edition.count_text(of.rows),
        exact(&of.to_train),
        exact(&of.to_holdout)
    );
    Some(canvas.finish(id, &format!("Distance to the closest real row: {}", of.entity), &words))
}
