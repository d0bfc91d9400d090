//! One diagnostic as text in the style of rustc.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Patch, Renderer, Snippet, normalize_untrusted_str};

use crate::source::floor_char_boundary;
use crate::{Diagnostic, Severity, Sources, Span};

/// Whether rendered text carries terminal colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// With ANSI escape codes.
    Always,
    /// Plain text.
    Never,
}

/// A line longer than this many bytes is shown as an excerpt around the place, so that a file written on one line
/// neither floods the terminal nor costs its whole length for each diagnostic.
const LONG_LINE: usize = 400;

/// How many bytes are shown on each side of a place on a long line.
const EXCERPT: usize = 60;

/// Places of one file that lie within this many bytes share one snippet.
const SHARED_SNIPPET: usize = 16_384;

pub(crate) fn render(item: &Diagnostic, sources: &Sources, color: Color) -> String {
    let level = match item.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(visible(&item.message)).id(item.code.as_str());
    let mut group = Group::with_title(title);
    match item.span {
        Some(span) => {
            for (file, places) in snippets(item, span, sources) {
                group = add_snippet(group, sources, file, &places);
            }
        }
        None => {
            if !item.path.is_empty() {
                group = group.element(Origin::path(visible(&item.path)));
            }
            for (span, label) in &item.related {
                let place = clip(*span, label, true, sources);
                group = add_snippet(group, sources, *span, &[place]);
            }
        }
    }
    let example = example(item);
    for help in item.help.iter().chain(&example) {
        group = group.element(Level::HELP.message(visible(help)));
    }
    let mut report = vec![group];
    if let Some(fix) = &item.fix {
        report.extend(fix_group(fix.span, &fix.replacement, sources));
    }
    let renderer = match color {
        Color::Always => Renderer::styled(),
        Color::Never => Renderer::plain(),
    }
    .decor_style(DecorStyle::Ascii)
    .term_width(140);
    let text = renderer.render(&report);
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n")
}

/// Where an error comes without advice for the place itself, where its code is explained: the registry's own example is
/// of another place and would mislead here.
fn example(item: &Diagnostic) -> Option<String> {
    if item.severity != Severity::Error || !item.help.is_empty() || item.fix.is_some() {
        return None;
    }
    item.code.entry()?;
    Some(format!("`manikin explain {}` shows how to write it", item.code))
}

/// A place to underline, cut to its first line and to the text.
struct Place<'a> {
    range: Range<usize>,
    label: &'a str,
    primary: bool,
}

/// The main place and the related ones, grouped into snippets: those near the main place with it, others alone.
fn snippets<'a>(item: &'a Diagnostic, span: Span, sources: &Sources) -> Vec<(Span, Vec<Place<'a>>)> {
    let mut main = vec![clip(span, &item.label, true, sources)];
    let mut rest = Vec::new();
    for (related, label) in &item.related {
        let place = clip(*related, label, false, sources);
        let near = related.file == span.file
            && related.start.abs_diff(span.start) as usize <= SHARED_SNIPPET
            && !on_long_line(*related, sources)
            && !on_long_line(span, sources);
        if near {
            main.push(place);
        } else {
            rest.push((*related, vec![place]));
        }
    }
    let mut all = vec![(span, main)];
    all.append(&mut rest);
    all
}

fn clip<'a>(span: Span, label: &'a str, primary: bool, sources: &Sources) -> Place<'a> {
    let text = sources.text(span.file);
    let start = floor_char_boundary(text, span.range().start);
    let mut end = floor_char_boundary(text, span.range().end).max(start);
    if let Some(line_end) = text[start..end].find('\n') {
        end = start + text[start..start + line_end].trim_end().len();
    }
    Place { range: start..end, label, primary }
}

fn on_long_line(span: Span, sources: &Sources) -> bool {
    let start = span.range().start;
    sources.lines_around(span.file, start..start).0.len() > LONG_LINE
}

fn add_snippet<'a>(group: Group<'a>, sources: &'a Sources, span: Span, places: &[Place<'_>]) -> Group<'a> {
    let (Some(from), Some(to)) =
        (places.iter().map(|place| place.range.start).min(), places.iter().map(|place| place.range.end).max())
    else {
        return group;
    };
    let text = sources.text(span.file);
    let name = visible(sources.name(span.file));
    let (mut window, line) = sources.lines_around(span.file, from..to);
    let long = on_long_line(span, sources);
    let mut group = group;
    let mut places_end = to;
    if long {
        let position = sources.position(span.file, from);
        group = group.element(Origin::path(name.clone()).line(position.line).char_column(position.column));
        places_end = floor_char_boundary(text, to.min(from + EXCERPT));
        let start = floor_char_boundary(text, from.saturating_sub(EXCERPT)).max(window.start);
        let end = floor_char_boundary(text, places_end + EXCERPT).min(window.end);
        window = start..end.max(places_end);
    }
    let mut snippet = Snippet::source(&text[window.clone()]).line_start(line);
    if !long {
        snippet = snippet.path(name);
    }
    for place in places {
        let end = place.range.end.min(places_end);
        let range = place.range.start - window.start..end - window.start;
        let kind = if place.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let annotation = kind.span(range);
        snippet = snippet.annotation(if place.label.is_empty() {
            annotation
        } else {
            annotation.label(visible(place.label))
        });
    }
    group.element(snippet)
}

/// A text on one line in which control characters, which could steer the terminal, are replaced by visible ones.
fn visible(text: &str) -> String {
    normalize_untrusted_str(&text.replace(['\r', '\n'], " "))
}

/// The mended text; none where the lines are too long to show.
fn fix_group<'a>(span: Span, replacement: &'a str, sources: &'a Sources) -> Option<Group<'a>> {
    if on_long_line(span, sources) {
        return None;
    }
    let text = sources.text(span.file);
    let start = floor_char_boundary(text, span.range().start);
    let end = floor_char_boundary(text, span.range().end).max(start);
    let (window, line) = sources.lines_around(span.file, start..end);
    let patch = Patch::new(start - window.start..end - window.start, replacement);
    let snippet = Snippet::source(&text[window]).line_start(line).patch(patch);
    Some(Level::HELP.secondary_title("write").element(snippet))
}
