//! The first visits of patients as streams from one kind of visit to the next.

use std::collections::BTreeMap;

use manikin_evaluate::plots::{Counts, Flow, Journeys};

use super::super::edition::{Edition, percent};
use super::{Anchor, Canvas, shortened, width_of};

const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 250.0;
const TOP: f64 = 18.0;
/// Width of a node.
const NODE: f64 = 9.0;
/// Room between nodes.
const GAP: f64 = 7.0;
/// Kinds of visit that are drawn apart; the rest flows together.
const KINDS: usize = 5;
/// What having no further visit is called.
const END: &str = "no more";
/// What the less frequent kinds are called together.
const OTHER: &str = "other kinds";

/// A stream: the visit it starts at, from which kind, to which kind, and its share of all patients.
struct Stream {
    visit: u8,
    from: String,
    to: String,
    share: f64,
}

/// One end of streams.
struct Node {
    top: f64,
    height: f64,
    share: f64,
    /// How much of its sides is taken by streams in and out.
    taken: (f64, f64),
}

/// Draws the streams of one side, and gives them with their words; `None` where nobody has a visit.
pub(in super::super) fn journey(
    edition: Edition,
    id: &str,
    of: &Journeys,
    side: &str,
    count: fn(&Counts) -> u64,
) -> Option<String> {
    let streams = streams(edition, of, count);
    let last = streams.iter().map(|stream| stream.visit).max()?;
    let visits = usize::from(last) + 1;
    let mut nodes = nodes(&streams, visits);
    let names: Vec<String> = nodes.iter().flat_map(|column| column.keys()).map(|name| shortened(name, 16)).collect();
    let margin = names.iter().map(|name| width_of(name)).fold(0.0, f64::max).min(100.0) + 8.0;
    let between = (WIDTH - margin - NODE) / (visits - 1) as f64;
    let mut canvas = Canvas::new(WIDTH, HEIGHT);
    for (place, column) in nodes.iter().enumerate() {
        let x = place as f64 * between;
        canvas.text((x, 11.0), Anchor::Start, &format!("visit {}", place + 1));
        for node in column.values() {
            canvas.rect("node", x, node.top, NODE, node.height.max(1.0));
        }
    }
    for stream in &streams {
        let place = usize::from(stream.visit) - 1;
        let scale = |node: &Node| if node.share > 0.0 { node.height / node.share } else { 0.0 };
        let Some(from) = nodes[place].get_mut(&stream.from) else { continue };
        let height = stream.share * scale(from);
        let start = from.top + from.taken.1;
        from.taken.1 += height;
        let Some(to) = nodes[place + 1].get_mut(&stream.to) else { continue };
        let end = to.top + to.taken.0;
        to.taken.0 += height;
        let (left, right) = (place as f64 * between + NODE, (place + 1) as f64 * between);
        let middle = (left + right) / 2.0;
        let class = if stream.to == END { "stream end" } else { "stream" };
        canvas.path(
            class,
            &format!(
                "M{left:.1} {start:.1}C{middle:.1} {start:.1} {middle:.1} {end:.1} {right:.1} {end:.1}v{height:.1}C{middle:.1} {:.1} {middle:.1} {:.1} {left:.1} {:.1}z",
                end + height,
                start + height,
                start + height
            ),
        );
    }
    // Names over the streams; a node too low for a line of text goes without, and is told in the words.
    for (place, column) in nodes.iter().enumerate() {
        for (name, node) in column.iter().filter(|(_, node)| node.height >= 9.0) {
            let x = place as f64 * between + NODE + 4.0;
            canvas.text((x, node.top + node.height / 2.0 + 3.0), Anchor::Start, &shortened(name, 16));
        }
    }
    let mut largest: Vec<&Stream> = streams.iter().collect();
    largest.sort_by(|a, b| b.share.total_cmp(&a.share));
    let said: Vec<String> = largest
        .iter()
        .take(5)
        .map(|stream| format!("visit {} {} to {} {}", stream.visit, stream.from, stream.to, percent(stream.share)))
        .collect();
    let words = format!("The widest streams, as shares of all patients with a visit: {}.", said.join("; "));
    Some(canvas.finish(id, &format!("First visits of patients: {side}"), &words))
}

/// The streams of one side, the less frequent kinds of visit put together. The kinds drawn apart are those most frequent
/// among the real patients, so that both sides name the same ones.
fn streams(edition: Edition, of: &Journeys, count: fn(&Counts) -> u64) -> Vec<Stream> {
    let mut frequent: BTreeMap<&str, u64> = BTreeMap::new();
    for flow in &of.flows {
        *frequent.entry(&flow.from).or_default() += flow.patients.real;
    }
    let mut kinds: Vec<(&str, u64)> =
        frequent.into_iter().filter(|(_, count)| edition.count(*count).is_some()).collect();
    kinds.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    kinds.truncate(KINDS);
    let named =
        |kind: &str| if kinds.iter().any(|(name, _)| *name == kind) { kind.to_owned() } else { OTHER.to_owned() };
    let mut sums: BTreeMap<(u8, String, String), u64> = BTreeMap::new();
    for Flow { visit, from, to, patients } in &of.flows {
        let to = to.as_deref().map_or_else(|| END.to_owned(), named);
        *sums.entry((*visit, named(from), to)).or_default() += count(patients);
    }
    let total = count(&of.patients);
    let mut streams: Vec<Stream> = sums
        .into_iter()
        .filter_map(|((visit, from, to), patients)| {
            let share = edition.share(patients, total).filter(|share| *share > 0.0)?;
            Some(Stream { visit, from, to, share })
        })
        .collect();
    // In the order of the nodes, so that streams of a node do not cross.
    streams.sort_by(|a, b| {
        let key = |stream: &Stream| {
            (stream.visit, rank(&stream.from), stream.from.clone(), rank(&stream.to), stream.to.clone())
        };
        key(a).cmp(&key(b))
    });
    streams
}

/// Where a node stands among the others: no further visit comes last.
fn rank(name: &str) -> u8 {
    match name {
        END => 2,
        OTHER => 1,
        _ => 0,
    }
}

/// The nodes of each visit, stacked in the order of their names; no further visit comes last.
fn nodes(streams: &[Stream], visits: usize) -> Vec<BTreeMap<String, Node>> {
    let mut shares: Vec<BTreeMap<String, f64>> = vec![BTreeMap::new(); visits];
    for stream in streams {
        let place = usize::from(stream.visit) - 1;
        if place == 0 {
            *shares[0].entry(stream.from.clone()).or_default() += stream.share;
        }
        *shares[place + 1].entry(stream.to.clone()).or_default() += stream.share;
    }
    // What flows out of a node may be more than what flows in where small streams are not shown.
    for stream in streams.iter().filter(|stream| stream.visit > 1) {
        let place = usize::from(stream.visit) - 1;
        let out: f64 = streams
            .iter()
            .filter(|other| other.visit == stream.visit && other.from == stream.from)
            .map(|other| other.share)
            .sum();
        let node = shares[place].entry(stream.from.clone()).or_default();
        *node = node.max(out);
    }
    let most = shares.iter().map(BTreeMap::len).max().unwrap_or(1);
    let whole = shares.iter().map(|column| column.values().sum::<f64>()).fold(1e-9, f64::max);
    let room = HEIGHT - TOP - GAP * most as f64;
    shares
        .into_iter()
        .map(|column| {
            let mut top = TOP;
            let mut names: Vec<(String, f64)> = column.into_iter().collect();
            names.sort_by(|a, b| rank(&a.0).cmp(&rank(&b.0)).then(a.0.cmp(&b.0)));
            names
                .into_iter()
                .map(|(name, share)| {
                    let height = share / whole * room;
                    let node = Node { top, height, share, taken: (0.0, 0.0) };
                    top += height + GAP;
                    (name, node)
                })
                .collect()
        })
        .collect()
}
