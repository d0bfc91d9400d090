//! One block's rows written as resources.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use manikin_expression::{Expression, Hop, Type};
use manikin_tables::{Column, EvaluationError, NO_ROW, Relations, evaluate};

use super::id::UuidText;
use super::program::{Keep, Op, Program, shut};
use super::values::Values;
use super::zone::{Zone, push_instant};
use super::{EncodeError, Json, Resources};
use crate::checked::{Content, Projection};
use crate::overlay::Overlay;
use crate::tree::{Body, Frame};

/// A block being written, with the ids made so far.
pub(crate) struct Encoding<'a> {
    json: &'a Json,
    rows: &'a dyn Relations,
    made: RefCell<Vec<Option<Rc<Made>>>>,
}

/// Which rows a projection writes, and their ids.
struct Made {
    /// Whether each row is written; all where absent.
    written: Option<Vec<bool>>,
    ids: Vec<UuidText>,
}

/// The rows of a frame for each row above.
struct Spans {
    /// Where the rows of each row above begin in `rows`, and the end.
    starts: Vec<u32>,
    rows: Vec<u32>,
}

/// Where the rows of a frame are referred to: the row reached and what is made of it.
struct Route {
    rows: Vec<u32>,
    made: Rc<Made>,
}

impl<'a> Encoding<'a> {
    pub(crate) fn new(json: &'a Json, rows: &'a dyn Relations) -> Self {
        let made = RefCell::new(vec![None; json.projections.len()]);
        Self { json, rows, made }
    }

    /// Writes the resources of a projection and hands them on in pieces: what `emit` finds is its to take, what it leaves
    /// is written over. A piece ends with the resource that brings it to `limit` bytes.
    pub(crate) fn projection<E: From<EncodeError>>(
        &self,
        at: usize,
        limit: usize,
        emit: &mut dyn FnMut(&mut Resources) -> Result<(), E>,
    ) -> Result<(), E> {
        let checked = &self.json.checked;
        let projection = &checked.projections[at];
        let (Some(entity), Content::Body(body)) = (self.json.projections[at].entity, &projection.content) else {
            return Ok(());
        };
        let entity = checked.spec[entity].name.as_str();
        let count = self.rows.rows(entity);
        if count == 0 {
            return Ok(());
        }
        let failed = |error| EncodeError::Evaluation { projection: projection.name.clone(), error };
        let made = self.made(at).map_err(failed)?;
        if made.written.as_ref().is_some_and(|written| !written.contains(&true)) {
            return Ok(());
        }
        let compiled = &self.json.projections[at];
        let mut overlay = checked.overlay(self.rows);
        let (columns, spans) = columns(body, &mut overlay).map_err(failed)?;
        let routes = self.routes(&compiled.program, body, &overlay).map_err(failed)?;
        let subjects = match &compiled.subject {
            Some(hops) => Some(route(&overlay, entity, hops).map_err(failed)?),
            None => None,
        };
        let values: Vec<Values<'_>> = columns.iter().map(Values::new).collect();
        let mut writer = Writer {
            out: Vec::with_capacity(limit.min(count * 512)),
            values: &values,
            spans: &spans,
            routes: &routes,
            zones: ZoneCache { json: self.json, known: Vec::new(), unknown: None },
        };
        let mut resources = Resources { projection: at, ..Resources::default() };
        for row in 0..count {
            if made.written.as_ref().is_some_and(|written| !written[row]) {
                continue;
            }
            writer.out.extend_from_slice(&compiled.program.head);
            writer.out.extend_from_slice(&made.ids[row]);
            writer.out.extend_from_slice(b"\",");
            writer.run(&compiled.program.ops, row);
            shut(&mut writer.out, b'}');
            writer.out.push(b'\n');
            resources.ends.push(writer.out.len());
            resources.subjects.push(subjects.as_ref().map_or(NO_ROW, |subjects| subjects[row]));
            if writer.out.len() >= limit {
                resources.hand(&mut writer.out, emit)?;
            }
        }
        if let Some(zone) = writer.zones.unknown {
            return Err(EncodeError::UnknownZone { projection: projection.name.clone(), zone }.into());
        }
        if resources.ends.is_empty() { Ok(()) } else { resources.hand(&mut writer.out, emit) }
    }

    /// The rows that a projection writes, and their ids.
    fn made(&self, at: usize) -> Result<Rc<Made>, EvaluationError> {
        if let Some(made) = &self.made.borrow()[at] {
            return Ok(Rc::clone(made));
        }
        let checked = &self.json.checked;
        let projection = &checked.projections[at];
        let compiled = &self.json.projections[at];
        let entity = compiled.entity.map_or("", |entity| checked.spec[entity].name.as_str());
        let overlay = checked.overlay(self.rows);
        let made = Rc::new(made(projection, entity, compiled, &overlay)?);
        self.made.borrow_mut()[at] = Some(Rc::clone(&made));
        Ok(made)
    }

    fn routes(&self, program: &Program, body: &Body, overlay: &Overlay<'_>) -> Result<Vec<Route>, EvaluationError> {
        let mut routes = Vec::with_capacity(program.references.len());
        for way in &program.references {
            let rows = route(overlay, body.frames[way.frame.0].name(), &way.hops)?;
            routes.push(Route { rows, made: self.made(way.projection.0)? });
        }
        Ok(routes)
    }
}

fn made(
    projection: &Projection,
    entity: &str,
    compiled: &super::Compiled,
    overlay: &Overlay<'_>,
) -> Result<Made, EvaluationError> {
    let count = overlay.rows(entity);
    let mut written = match &projection.filter {
        Some(filter) => Some(mask(filter, entity, overlay)?),
        None => None,
    };
    let mut ids = vec![[b'0'; 36]; count];
    if let Some(id) = &projection.id {
        let column = evaluate(id, entity, overlay)?;
        let texts = Values::new(&column);
        for (row, place) in ids.iter_mut().enumerate() {
            match texts.text(row) {
                _ if written.as_ref().is_some_and(|written| !written[row]) => {}
                Some(text) => *place = compiled.namespace.within(text).text(),
                // A row without a name cannot be told from another such row, so nothing is made of it.
                None => written.get_or_insert_with(|| vec![true; count])[row] = false,
            }
        }
    }
    Ok(Made { written, ids })
}

/// Where a condition is true.
fn mask(condition: &Expression, entity: &str, rows: &dyn Relations) -> Result<Vec<bool>, EvaluationError> {
    let column = evaluate(condition, entity, rows)?;
    let values = Values::new(&column);
    Ok((0..column.len()).map(|row| values.is_true(row)).collect())
}

/// Where each row arrives after some hops.
fn route(rows: &dyn Relations, entity: &str, hops: &[Hop]) -> Result<Vec<u32>, EvaluationError> {
    let count = rows.rows(entity);
    let mut at = entity;
    let mut route: Vec<u32> = (0..u32::try_from(count).unwrap_or(NO_ROW)).collect();
    for hop in hops {
        let missing = || EvaluationError::NoHop { entity: at.to_owned(), to: hop.entity.clone() };
        let step = rows.hop(at, hop).ok_or_else(missing)?;
        for row in &mut route {
            *row = step.get(*row as usize).copied().unwrap_or(NO_ROW);
        }
        at = &hop.entity;
    }
    Ok(route)
}

/// Every expression's column, and the rows of every frame for each row above.
fn columns(body: &Body, overlay: &mut Overlay<'_>) -> Result<(Vec<Column>, Vec<Spans>), EvaluationError> {
    let mut columns: Vec<Option<Column>> = vec![None; body.expressions.len()];
    let mut spans = Vec::with_capacity(body.frames.len());
    for (at, frame) in body.frames.iter().enumerate() {
        spans.push(match frame {
            Frame::Rows { .. } => Spans { starts: Vec::new(), rows: Vec::new() },
            Frame::Children { of, entity, hops, filter, position } => {
                let count = overlay.rows(body.frames[of.0].name());
                let above = route(&*overlay, entity, hops)?;
                let mask = match filter {
                    Some(filter) => Some(mask(filter, entity, &*overlay)?),
                    None => None,
                };
                let spans = children(count, &above, mask.as_deref());
                if let Some(position) = position {
                    overlay.add_column(entity, position, spans.positions(above.len()));
                }
                spans
            }
            Frame::Items { of, list, name } => {
                let count = overlay.rows(body.frames[of.0].name());
                let lists = columns[list.0].as_ref().map_or(Values::Nothing, Values::new);
                let (mut texts, mut above, mut starts) = (Vec::new(), Vec::new(), Vec::with_capacity(count + 1));
                for row in 0..count {
                    starts.push(above.len() as u32);
                    for text in lists.items(row) {
                        texts.push(Some(text));
                        above.push(row as u32);
                    }
                }
                starts.push(above.len() as u32);
                let rows: Vec<u32> = (0..above.len() as u32).collect();
                let spans = Spans { starts, rows };
                let items = Column::texts(texts);
                overlay.add_column(name, "position", spans.positions(above.len()));
                overlay.add_column(name, "item", items);
                overlay.add_rows(name, above);
                spans
            }
        });
        for (expression, column) in body.expressions.iter().zip(&mut columns) {
            if expression.0.0 == at {
                *column = Some(evaluate(&expression.1, frame.name(), &*overlay)?);
            }
        }
    }
    let columns = columns.into_iter().map(|column| column.unwrap_or_else(|| Column::nulls(0, Type::Text))).collect();
    Ok((columns, spans))
}

/// The rows that belong to each row above, in their order.
fn children(count: usize, above: &[u32], mask: Option<&[bool]>) -> Spans {
    let is_written = |row: usize| mask.is_none_or(|mask| mask[row]) && (above[row] as usize) < count;
    let mut starts = vec![0_u32; count + 1];
    for row in (0..above.len()).filter(|row| is_written(*row)) {
        starts[above[row] as usize + 1] += 1;
    }
    for at in 0..count {
        starts[at + 1] += starts[at];
    }
    let mut next = starts.clone();
    let mut rows = vec![0; starts[count] as usize];
    for row in (0..above.len()).filter(|row| is_written(*row)) {
        let place = &mut next[above[row] as usize];
        rows[*place as usize] = row as u32;
        *place += 1;
    }
    Spans { starts, rows }
}

impl Spans {
    /// The rows that belong to a row above.
    fn of(&self, row: usize) -> &[u32] {
        match (self.starts.get(row), self.starts.get(row + 1)) {
            (Some(start), Some(end)) => self.rows.get(*start as usize..*end as usize).unwrap_or_default(),
            _ => &[],
        }
    }

    /// Each row's place among those of its row above, from 1; NULL for rows that are left out.
    fn positions(&self, count: usize) -> Column {
        let mut places = vec![None; count];
        for pair in self.starts.windows(2) {
            let rows = self.rows.get(pair[0] as usize..pair[1] as usize).unwrap_or_default();
            for (place, row) in (1_i64..).zip(rows) {
                places[*row as usize] = Some(place);
            }
        }
        Column::units(places, Type::Integer)
    }
}

impl Frame {
    /// The name under which relations know the rows.
    fn name(&self) -> &str {
        match self {
            Frame::Rows { entity } | Frame::Children { entity, .. } => entity,
            Frame::Items { name, .. } => name,
        }
    }
}

/// Writes the rows of one projection.
struct Writer<'w, 'j> {
    out: Vec<u8>,
    values: &'w [Values<'w>],
    spans: &'w [Spans],
    routes: &'w [Route],
    zones: ZoneCache<'j, 'w>,
}

impl Writer<'_, '_> {
    /// Writes some ops for a row; whether anything that varies was written.
    fn run(&mut self, ops: &[Op], row: usize) -> bool {
        let mut alive = false;
        for op in ops {
            match op {
                Op::Bytes(bytes) => self.out.extend_from_slice(bytes),
                Op::Leaf { key, column } => alive |= self.values[column.0].push(&mut self.out, key, row),
                Op::Instant { key, time, zone } => {
                    let Some(local) = self.values[time.0].units(row) else { continue };
                    let zone = zone.and_then(|zone| self.values[zone.0].text(row));
                    let offset = zone.and_then(|zone| self.zones.offset(zone, local));
                    self.out.extend_from_slice(key);
                    push_instant(&mut self.out, local, offset);
                    self.out.push(b',');
                    alive = true;
                }
                Op::Reference { key, way, head, beside } => {
                    let route = &self.routes[*way];
                    let Some(id) = route.made.id(route.rows[row]) else { continue };
                    self.out.extend_from_slice(key);
                    self.out.extend_from_slice(head);
                    self.out.extend_from_slice(id);
                    self.out.extend_from_slice(b"\",");
                    self.run(beside, row);
                    shut(&mut self.out, b'}');
                    self.out.push(b',');
                    alive = true;
                }
                Op::Group { key, open, close, ops, keep } => {
                    let start = self.out.len();
                    self.out.extend_from_slice(key);
                    self.out.push(*open);
                    let inside = self.out.len();
                    let varies = self.run(ops, row);
                    if varies || (*keep == Keep::Anything && self.out.len() > inside) {
                        shut(&mut self.out, *close);
                        self.out.push(b',');
                        alive |= varies;
                    } else {
                        self.out.truncate(start);
                    }
                }
                Op::Choose { condition, then, otherwise } => {
                    let start = self.out.len();
                    let branch = if self.values[condition.0].is_true(row) { then } else { otherwise };
                    self.run(branch, row);
                    alive |= self.out.len() > start;
                }
                Op::First(alternatives) => {
                    let start = self.out.len();
                    for ops in alternatives {
                        self.run(ops, row);
                        if self.out.len() > start {
                            alive = true;
                            break;
                        }
                    }
                }
                Op::Each { frame, ops } => {
                    let start = self.out.len();
                    let spans = &self.spans[frame.0];
                    for row in spans.of(row) {
                        self.run(ops, *row as usize);
                    }
                    alive |= self.out.len() > start;
                }
            }
        }
        alive
    }
}

impl Made {
    /// The id of what is made of a row; `None` where nothing is.
    fn id(&self, row: u32) -> Option<&UuidText> {
        let id = self.ids.get(row as usize)?;
        self.written.as_ref().is_none_or(|written| written[row as usize]).then_some(id)
    }
}

/// The zones met in a block, the last one first.
struct ZoneCache<'j, 'w> {
    json: &'j Json,
    known: Vec<(&'w str, Option<Arc<Zone>>)>,
    unknown: Option<String>,
}

impl<'w> ZoneCache<'_, 'w> {
    fn offset(&mut self, name: &'w str, local: i64) -> Option<i32> {
        let at = match self.known.iter().position(|(known, _)| *known == name) {
            Some(at) => at,
            None => {
                let zone = self.json.zone(name);
                if zone.is_none() && self.unknown.is_none() {
                    self.unknown = Some(name.to_owned());
                }
                self.known.push((name, zone));
                self.known.len() - 1
            }
        };
        self.known[at].1.as_ref().map(|zone| zone.offset(local))
    }
}
