//! Merging one document onto another: maps merge, lists replace, `null` removes, locks hold.

use std::collections::HashMap;

use manikin_diagnostic::{Diagnostic, Diagnostics, Span, codes, nearest};

use crate::document::{GENERATOR_KEYS, ROW_KEYS};
use crate::node::{Key, Node, Value};
use crate::path;

/// Keys of which one place has only one: an upper layer that gives one takes the lower layer's others away.
struct Alternatives {
    /// The place, `*` standing for any name.
    place: &'static [&'static str],
    keys: &'static [&'static str],
    /// Whether the value of the same key is replaced as a whole rather than merged: a choice overridden with other
    /// categories must not keep the old ones.
    replaces: bool,
}

const ALTERNATIVES: &[Alternatives] = &[
    Alternatives { place: &["entities", "*", "fields", "*"], keys: GENERATOR_KEYS, replaces: true },
    Alternatives { place: &["entities", "*"], keys: ROW_KEYS, replaces: true },
    // What a field can hold is said in one of several forms, which do not mix.
    Alternatives { place: &["entities", "*", "fields", "*"], keys: &["learn"], replaces: true },
    Alternatives { place: &["tables", "*"], keys: &["csv", "rows"], replaces: true },
    Alternatives { place: &["patterns", "*"], keys: &["hours", "hours_of_week"], replaces: true },
    Alternatives { place: &["edge_cases", "*"], keys: &["count", "rate"], replaces: true },
    Alternatives { place: &["edge_cases", "*"], keys: &["set", "clear", "corrupt", "duplicate"], replaces: false },
];

/// Places whose map may say `locked`.
const LOCKABLE: &[&[&str]] = &[
    &[],
    &["entities", "*"],
    &["entities", "*", "fields", "*"],
    &["entities", "*", "rules", "*"],
    &["edge_cases", "*"],
    &["tables", "*"],
    &["functions", "*"],
    &["patterns", "*"],
];

const LOCKED: &str = "locked";

/// Merges `upper` onto `base`, both maps.
///
/// # Errors
/// In the diagnostics: MK0501 what is locked is changed, MK0504 (warning) `null` removes nothing, MK0507 a lock that
/// is none.
pub(crate) fn onto(base: &mut Node, upper: Node, diagnostics: &mut Diagnostics) {
    base.span = upper.span;
    let mut merge = Merge { path: Vec::new(), diagnostics };
    merge.maps(base, upper, None);
}

struct Merge<'d> {
    path: Vec<String>,
    diagnostics: &'d mut Diagnostics,
}

impl Merge<'_> {
    /// `inherited` is the lock of a map around this one.
    fn maps(&mut self, base: &mut Node, upper: Node, inherited: Option<Span>) {
        let (Value::Map(base), Value::Map(upper)) = (&mut base.value, upper.value) else {
            return;
        };
        let lock = if self.is_lockable() { Lock::of(base) } else { Lock::default() };
        let whole = inherited.or(lock.whole);
        let (removals, upper): (Vec<_>, Vec<_>) = upper.into_iter().partition(|(_, node)| node.value == Value::Null);
        for (key, _) in removals {
            self.remove(base, &key, lock.of_key(&key.text, whole));
        }
        let refused = self.drop_alternatives(base, &upper, &lock, whole);
        let mut position: HashMap<String, usize> =
            base.iter().enumerate().map(|(at, (key, _))| (key.text.clone(), at)).collect();
        for (key, node) in upper {
            if refused.contains(&key.text) {
                continue;
            }
            if key.text == LOCKED && self.is_lockable() {
                self.lock(base, key, node, whole);
                continue;
            }
            let held = lock.of_key(&key.text, whole);
            let replaces = self.replaces(&key.text);
            self.path.push(key.text.clone());
            match position.get(&key.text).copied() {
                None => match held {
                    Some(lock) => self.refuse(key.span, lock, "adds to"),
                    None => {
                        let added = self.added(node);
                        position.insert(key.text.clone(), base.len());
                        base.push((key, added));
                    }
                },
                Some(at) => {
                    let (own, value) = &mut base[at];
                    let both_maps = matches!((&value.value, &node.value), (Value::Map(_), Value::Map(_)));
                    if both_maps && !replaces {
                        *own = key;
                        self.maps(value, node, held);
                    } else if !value.same(&node) {
                        match held.or_else(|| lock_within(value)) {
                            Some(lock) => self.refuse(key.span, lock, "changes"),
                            None => (*own, *value) = (key, node),
                        }
                    }
                }
            }
            self.path.pop();
        }
    }

    fn remove(&mut self, base: &mut Vec<(Key, Node)>, key: &Key, held: Option<Span>) {
        self.path.push(key.text.clone());
        match base.iter().position(|(own, _)| own.text == key.text) {
            Some(at) => match held.or_else(|| lock_within(&base[at].1)).or_else(|| own_lock(&base[at])) {
                Some(lock) => self.refuse(key.span, lock, "removes"),
                None => {
                    base.remove(at);
                }
            },
            None => {
                let few = !self.diagnostics.is_full();
                let near = nearest(&key.text, base.iter().filter(|_| few).map(|(own, _)| own.text.as_str()));
                let warning = Diagnostic::warning(
                    codes::NOTHING_REMOVED,
                    format!("`{}: null` removes nothing: no lower layer gives it", key.text),
                )
                .at(key.span)
                .path(path::text(&self.path))
                .suggest(near);
                self.diagnostics.push(warning);
            }
        }
        self.path.pop();
    }

    /// Takes away what the upper layer gives an alternative to, and names the upper keys that a lock refuses.
    fn drop_alternatives(
        &mut self,
        base: &mut Vec<(Key, Node)>,
        upper: &[(Key, Node)],
        lock: &Lock,
        whole: Option<Span>,
    ) -> Vec<String> {
        let mut refused = Vec::new();
        let groups: Vec<&Alternatives> =
            ALTERNATIVES.iter().filter(|group| path::fits(&self.path, group.place)).collect();
        for group in groups {
            let given = |key: &str| group.keys.contains(&key);
            let Some((first, _)) = upper.iter().find(|(key, _)| given(&key.text)) else {
                continue;
            };
            let mut at = 0;
            while at < base.len() {
                let key = &base[at].0.text;
                if !given(key) || upper.iter().any(|(upper, _)| upper.text == *key) {
                    at += 1;
                    continue;
                }
                match lock.of_key(key, whole).or_else(|| lock_within(&base[at].1)) {
                    Some(lock) => {
                        self.path.push(key.clone());
                        self.refuse(first.span, lock, "replaces");
                        self.path.pop();
                        refused.push(first.text.clone());
                        at += 1;
                    }
                    None => {
                        base.remove(at);
                    }
                }
            }
        }
        refused
    }

    /// Locks add up; none is taken away from above.
    fn lock(&mut self, base: &mut Vec<(Key, Node)>, key: Key, node: Node, whole: Option<Span>) {
        if !is_lock(&node) {
            self.path.push(key.text.clone());
            let diagnostic = Diagnostic::error(
                codes::BAD_LOCK,
                format!("`locked` is true, false or a list of keys, found {}", node.kind()),
            )
            .at(node.span)
            .path(path::text(&self.path));
            self.diagnostics.push(diagnostic);
            self.path.pop();
            return;
        }
        let Some(at) = base.iter().position(|(own, _)| own.text == LOCKED) else {
            base.push((key, node));
            return;
        };
        let (own, lower) = &mut base[at];
        match (&mut lower.value, node.value) {
            (Value::Bool(true), Value::Bool(true)) => {}
            (Value::Bool(true), _) => {
                let lock = whole.unwrap_or(own.span);
                self.path.push(key.text);
                self.refuse(key.span, lock, "unlocks");
                self.path.pop();
            }
            (Value::List(lower), Value::List(more)) => {
                for item in more {
                    if !lower.iter().any(|own| own.same(&item)) {
                        lower.push(item);
                    }
                }
            }
            (Value::List(keys), Value::Bool(false)) if !keys.is_empty() => {
                let lock = own.span;
                self.path.push(key.text);
                self.refuse(key.span, lock, "unlocks");
                self.path.pop();
            }
            (_, value) => {
                *own = key;
                *lower = Node { span: node.span, value };
            }
        }
    }

    /// What a layer adds where no lower one has anything: itself, without the nulls that would have removed something.
    fn added(&mut self, node: Node) -> Node {
        // What a generator holds is its own affair: a null there is no removal.
        let kept_whole = self.path.split_last().is_some_and(|(last, around)| replaces_at(around, last));
        if kept_whole || !matches!(node.value, Value::Map(_)) {
            return node;
        }
        let mut empty = Node { span: node.span, value: Value::Map(Vec::new()) };
        self.maps(&mut empty, node, None);
        empty
    }

    fn refuse(&mut self, at: Span, lock: Span, does: &str) {
        let path = path::text(&self.path);
        let diagnostic = Diagnostic::error(codes::LOCKED, format!("this {does} `{path}`, which a lower layer locks"))
            .at(at)
            .path(path)
            .label("not allowed here")
            .related(lock, "locked here")
            .help("leave it out, or ask the owner of the locked layer");
        self.diagnostics.push(diagnostic);
    }

    fn is_lockable(&self) -> bool {
        LOCKABLE.iter().any(|place| path::fits(&self.path, place))
    }

    fn replaces(&self, key: &str) -> bool {
        replaces_at(&self.path, key)
    }
}

fn replaces_at(around: &[String], key: &str) -> bool {
    ALTERNATIVES.iter().any(|group| group.replaces && group.keys.contains(&key) && path::fits(around, group.place))
}

/// What a map locks of itself.
#[derive(Default)]
struct Lock {
    whole: Option<Span>,
    keys: Vec<(String, Span)>,
}

impl Lock {
    fn of(entries: &[(Key, Node)]) -> Self {
        let Some((key, node)) = entries.iter().find(|(key, _)| key.text == LOCKED) else {
            return Self::default();
        };
        match &node.value {
            Value::Bool(true) => Self { whole: Some(key.span), keys: Vec::new() },
            Value::List(items) => Self {
                whole: None,
                keys: items.iter().filter_map(|item| item.written().map(|text| (text.to_owned(), item.span))).collect(),
            },
            _ => Self::default(),
        }
    }

    fn of_key(&self, key: &str, whole: Option<Span>) -> Option<Span> {
        whole.or_else(|| self.keys.iter().find(|(locked, _)| locked == key).map(|(_, span)| *span))
    }
}

fn is_lock(node: &Node) -> bool {
    match &node.value {
        Value::Bool(_) => true,
        Value::List(items) => items.iter().all(|item| item.written().is_some()),
        _ => false,
    }
}

/// The lock that removing a `locked` key itself would undo.
fn own_lock((key, node): &(Key, Node)) -> Option<Span> {
    let locks = match &node.value {
        Value::Bool(locks) => *locks,
        Value::List(keys) => !keys.is_empty(),
        _ => false,
    };
    (key.text == LOCKED && locks).then_some(key.span)
}

/// A lock anywhere inside a value, which replacing or removing the value would undo.
fn lock_within(node: &Node) -> Option<Span> {
    node.entries().iter().find_map(|entry| own_lock(entry).or_else(|| lock_within(&entry.1)))
}
