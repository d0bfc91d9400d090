//! Identifiers, ancestors' keys, dates and times.

use super::Cx;
use crate::error::GenerateError;
use crate::plan::TimePlan;
use crate::time::{WeekSampler, windows};
use crate::values::{self, Map};
use manikin_expression::{Expression, Type};
use manikin_spec::spec::{EntityId, TimePattern};
use manikin_tables::Column;
use polars::prelude::*;

const MINUTE: f64 = 60_000_000.0;

impl Cx<'_> {
    /// UUIDs of version 8 (RFC 9562): 122 bits of the row's address.
    pub(super) fn uuids(&self, rows: &[u32]) -> Column {
        let address = &self.own().address;
        let mut builder = StringChunkedBuilder::new(PlSmallStr::EMPTY, rows.len());
        let mut text = [b'-'; 36];
        for &row in rows {
            write_uuid(address[row as usize].bits(self.name), &mut text);
            builder.append_value(std::str::from_utf8(&text).unwrap_or_default());
        }
        values::column(&Type::Text, builder.finish().into_series())
    }

    /// A prefix, the subject's number, and the numbers of the rows below it: `C000012-3`.
    pub(super) fn numbered(&self, prefix: &str, digits: usize, rows: &[u32]) -> Column {
        let mut path = Vec::new();
        let mut text = String::new();
        let mut number = itoa::Buffer::new();
        let mut builder = StringChunkedBuilder::new(PlSmallStr::EMPTY, rows.len());
        let mut levels = Vec::new();
        let mut entity = Some(self.entity);
        while let Some(id) = entity {
            levels.push(self.rows.entity(self.plan, id));
            entity = self.plan.spec[id].parent;
        }
        for &row in rows {
            path.clear();
            let mut row = row;
            for own in &levels {
                path.push(u64::from(own.sibling[row as usize]) + 1);
                row = own.parent[row as usize];
            }
            text.clear();
            text.push_str(prefix);
            for (at, step) in path.iter().rev().enumerate() {
                let step = number.format(*step);
                match at {
                    0 => text.extend(std::iter::repeat_n('0', digits.saturating_sub(step.len()))),
                    _ => text.push('-'),
                }
                text.push_str(step);
            }
            builder.append_value(&text);
        }
        values::column(&Type::Text, builder.finish().into_series())
    }

    /// The key of an ancestor.
    pub(super) fn key_of(&self, ancestor: EntityId, rows: &[u32]) -> Column {
        let above = self.rows.ancestor(self.plan, self.entity, ancestor);
        let reached: Vec<u32> = rows.iter().map(|&row| above[row as usize]).collect();
        let key = self.plan.spec[ancestor].key.first();
        let column = key.and_then(|key| self.rows.entity(self.plan, ancestor).columns[key.0].as_ref());
        match column {
            Some(column) => values::gather(column, &reached),
            None => values::nulls(&Type::Text, rows.len()),
        }
    }

    /// Days, uniform between two.
    pub(super) fn dates(
        &self,
        within: &[Expression; 2],
        ty: &Type,
        select: Option<&[u32]>,
    ) -> Result<Column, GenerateError> {
        const DAY: i64 = 86_400_000_000;
        let from = values::to_instants(&self.evaluate(&within[0], select)?);
        let to = values::to_instants(&self.evaluate(&within[1], select)?);
        let days = self
            .at(select)
            .iter()
            .zip(from.iter().zip(to))
            .map(|(&row, (from, to))| {
                let (first, last) = (from.as_ref()?.div_euclid(DAY), to?.div_euclid(DAY));
                let span = (last - first + 1).max(0) as f64;
                (last >= first).then(|| (first + ((self.uniform(row as usize) * span) as i64).min(last - first)) * DAY)
            })
            .collect();
        Ok(values::from_instants(days, ty))
    }

    /// Instants that follow a pattern, apart from each other where asked.
    pub(super) fn times(&self, time: &TimePlan, ty: &Type, select: Option<&[u32]>) -> Result<Column, GenerateError> {
        let rows = self.at(select);
        let start = self.evaluate(&time.within[0], select)?;
        let end = self.evaluate(&time.within[1], select)?;
        let windows = windows(&start, &end, time.minutes);
        let samplers = self.samplers(&time.pattern, select)?;
        let lasts = match &time.lasts {
            Some(lasts) => values::to_numbers(&self.evaluate(lasts, select)?),
            None => vec![0.0; rows.len()],
        };
        let group = time.apart.map(|apart| self.rows.ancestor(self.plan, self.entity, apart));
        let mut taken: Map<u32, Vec<(i64, i64)>> = Map::default();
        let address = &self.own().address;
        let mut drawn = Vec::with_capacity(rows.len());
        for (at, &row) in rows.iter().enumerate() {
            let mut stream = address[row as usize].stream(self.name);
            let length = if lasts[at].is_nan() { 0 } else { (lasts[at].max(0.0) * MINUTE) as i64 };
            let busy = group.as_ref().map(|group| taken.entry(group[row as usize]).or_default());
            let instant = windows[at].and_then(|mut window| {
                // What lasts ends within the window too; where that leaves no room, there is no start.
                window.end = (window.end - length).max(window.start);
                if length > 0 && window.end == window.start {
                    return None;
                }
                let free = |instant: i64| {
                    busy.as_ref().is_none_or(|busy| {
                        busy.iter().all(|&(start, end)| instant >= end || instant + length.max(1) <= start)
                    })
                };
                samplers[at].draw(window, &mut stream, free)
            });
            if let (Some(instant), Some(busy)) = (instant, busy) {
                busy.push((instant, instant + length.max(1)));
            }
            drawn.push(instant);
        }
        Ok(values::from_instants(drawn, ty))
    }

    /// The pattern of each row at hand.
    fn samplers(&self, pattern: &TimePattern, select: Option<&[u32]>) -> Result<Vec<&WeekSampler>, GenerateError> {
        let count = select.map_or_else(|| self.len(), <[u32]>::len);
        let named = |name: &str| self.plan.weeks.get(name).unwrap_or(&self.plan.uniform_week);
        match pattern {
            TimePattern::Uniform => Ok(vec![&self.plan.uniform_week; count]),
            TimePattern::One(name) => Ok(vec![named(name); count]),
            TimePattern::By { value, patterns, otherwise } => {
                let column = values::convert(self.evaluate(value, select)?, &Type::Text);
                let otherwise = otherwise.as_deref().map_or(&self.plan.uniform_week, named);
                let texts = column.series().str().map_err(|error| GenerateError::new(self.place, error.to_string()))?;
                Ok(texts
                    .iter()
                    .map(|text| {
                        patterns
                            .iter()
                            .find(|(value, _)| Some(value.as_str()) == text)
                            .map_or(otherwise, |(_, name)| named(name))
                    })
                    .collect())
            }
        }
    }
}

fn write_uuid(bits: u128, text: &mut [u8; 36]) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let versioned = (bits & !(0xf << 76) & !(0x3 << 62)) | (0x8 << 76) | (0x2 << 62);
    let bytes = versioned.to_be_bytes();
    let mut at = 0;
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text[at] = b'-';
            at += 1;
        }
        text[at] = HEX[usize::from(byte >> 4)];
        text[at + 1] = HEX[usize::from(byte & 15)];
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_says_version_8_and_the_rfc_variant() {
        let mut text = [0; 36];
        write_uuid(u128::MAX, &mut text);
        assert_eq!(std::str::from_utf8(&text).unwrap(), "ffffffff-ffff-8fff-bfff-ffffffffffff");
        write_uuid(0, &mut text);
        assert_eq!(std::str::from_utf8(&text).unwrap(), "00000000-0000-8000-8000-000000000000");
    }
}
