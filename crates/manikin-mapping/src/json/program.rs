//! Trees compiled to programs: literal bytes run together, keys written out, only what varies left to decide per row.
//!
//! Every entry and item ends with a comma. Whatever opened it replaces the last comma by its closing bracket, so that
//! nothing needs to know whether it is the first.

use serde_json::Value;

use crate::checked::{Checked, ProjectionId};
use crate::tree::{Body, ExpressionId, FrameId, Tree};
use manikin_expression::Hop;

/// What is written for each row of a projection.
#[derive(Debug)]
pub(super) struct Program {
    /// `{"resourceType":"Patient","id":"`
    pub(super) head: Vec<u8>,
    pub(super) ops: Vec<Op>,
    pub(super) references: Vec<Way>,
}

/// The way from the rows of a frame to those that a projection is made of.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Way {
    pub(super) frame: FrameId,
    pub(super) projection: ProjectionId,
    pub(super) hops: Vec<Hop>,
}

/// One thing to write.
#[derive(Debug)]
pub(super) enum Op {
    /// Entries or items that are the same in every row.
    Bytes(Vec<u8>),
    /// A key, perhaps empty, and the value of an expression.
    Leaf { key: Vec<u8>, column: ExpressionId },
    /// A key and a date-time with its offset.
    Instant { key: Vec<u8>, time: ExpressionId, zone: Option<ExpressionId> },
    /// A key and a reference: what stands before the id, and the entries after it.
    Reference { key: Vec<u8>, way: usize, head: Vec<u8>, beside: Vec<Op> },
    /// A key and an object or array.
    Group { key: Vec<u8>, open: u8, close: u8, ops: Vec<Op>, keep: Keep },
    /// One of two.
    Choose { condition: ExpressionId, then: Vec<Op>, otherwise: Vec<Op> },
    /// The first that writes something.
    First(Vec<Vec<Op>>),
    /// Once for each row of a frame.
    Each { frame: FrameId, ops: Vec<Op> },
}

/// When an object or array is written that is not the same in every row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// Where something that varies is: literals describe it, and are nothing without it.
    Varying,
    /// Where anything is: the items of an array stand for themselves.
    Anything,
}

impl Program {
    /// Compiles the body of a projection.
    pub(super) fn new(checked: &Checked, to: &str, body: &Body) -> Self {
        let mut compiler = Compiler { checked, references: Vec::new() };
        let mut ops = compiler.entries(&body.entries);
        // What every resource says about itself holds without what this one adds to it.
        for op in &mut ops {
            if let Op::Group { key, keep, .. } = op
                && key == b"\"meta\":"
            {
                *keep = Keep::Anything;
            }
        }
        let mut head = b"{\"resourceType\":".to_vec();
        json(&Value::from(to), &mut head);
        head.extend_from_slice(b",\"id\":\"");
        Self { head, ops, references: compiler.references }
    }
}

struct Compiler<'a> {
    checked: &'a Checked,
    references: Vec<Way>,
}

impl Compiler<'_> {
    fn entries(&mut self, entries: &[(String, Tree)]) -> Vec<Op> {
        let mut ops = Vec::new();
        for (name, tree) in entries {
            let mut key = Vec::new();
            json(&Value::from(name.as_str()), &mut key);
            key.push(b':');
            self.tree(key, tree, &mut ops);
        }
        ops
    }

    fn one(&mut self, key: Vec<u8>, tree: &Tree) -> Vec<Op> {
        let mut ops = Vec::new();
        self.tree(key, tree, &mut ops);
        ops
    }

    fn tree(&mut self, key: Vec<u8>, tree: &Tree, out: &mut Vec<Op>) {
        match tree {
            Tree::Literal(value) => {
                let mut bytes = key;
                json(value, &mut bytes);
                bytes.push(b',');
                push_bytes(out, bytes);
            }
            Tree::Leaf(column) => out.push(Op::Leaf { key, column: *column }),
            Tree::Instant { time, zone } => out.push(Op::Instant { key, time: *time, zone: *zone }),
            Tree::Reference { frame, projection, hops, beside } => {
                let way = Way { frame: *frame, projection: *projection, hops: hops.clone() };
                let at = self.references.iter().position(|known| *known == way).unwrap_or_else(|| {
                    self.references.push(way);
                    self.references.len() - 1
                });
                let mut head = b"{\"reference\":\"".to_vec();
                head.extend_from_slice(self.checked[*projection].to.as_bytes());
                head.push(b'/');
                let beside = self.entries(beside);
                out.push(Op::Reference { key, way: at, head, beside });
            }
            Tree::Object(entries) => {
                let ops = self.entries(entries);
                group(key, (b'{', b'}', Keep::Varying), ops, out);
            }
            Tree::Array(items) => {
                let mut ops = Vec::new();
                for item in items {
                    self.tree(Vec::new(), item, &mut ops);
                }
                group(key, (b'[', b']', Keep::Anything), ops, out);
            }
            Tree::Each { frame, item } => {
                let ops = self.one(key, item);
                out.push(Op::Each { frame: *frame, ops });
            }
            Tree::Choose { condition, then, otherwise } => {
                let then = self.one(key.clone(), then);
                let otherwise = otherwise.as_ref().map(|otherwise| self.one(key, otherwise)).unwrap_or_default();
                out.push(Op::Choose { condition: *condition, then, otherwise });
            }
            Tree::First(alternatives) => {
                let alternatives = alternatives.iter().map(|tree| self.one(key.clone(), tree)).collect();
                out.push(Op::First(alternatives));
            }
        }
    }
}

/// An object or array; the same bytes in every row where nothing in it varies.
fn group(key: Vec<u8>, (open, close, keep): (u8, u8, Keep), mut ops: Vec<Op>, out: &mut Vec<Op>) {
    if let [Op::Bytes(inner)] = ops.as_mut_slice() {
        let mut bytes = key;
        bytes.push(open);
        bytes.append(inner);
        shut(&mut bytes, close);
        bytes.push(b',');
        push_bytes(out, bytes);
    } else if !ops.is_empty() {
        out.push(Op::Group { key, open, close, ops, keep });
    }
}

fn push_bytes(out: &mut Vec<Op>, bytes: Vec<u8>) {
    match out.last_mut() {
        Some(Op::Bytes(run)) => run.extend_from_slice(&bytes),
        _ => out.push(Op::Bytes(bytes)),
    }
}

/// Replaces the comma after the last entry by a closing bracket.
#[inline]
pub(super) fn shut(out: &mut Vec<u8>, close: u8) {
    match out.last_mut() {
        Some(last @ b',') => *last = close,
        _ => out.push(close),
    }
}

/// Appends JSON without white space. Numbers keep the digits that they were written with as far as JSON readers do.
fn json(value: &Value, out: &mut Vec<u8>) {
    out.extend_from_slice(value.to_string().as_bytes());
}
