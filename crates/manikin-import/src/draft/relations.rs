//! How tables hang together: keys, foreign keys, people, and what belongs to what.

use manikin_expression::Type;

use super::sheet::{Profile, Relation, Sheet};
use crate::guess;

/// The column that tells the rows of a table apart.
pub(super) fn key_of(table: &str, columns: &[Profile]) -> Option<usize> {
    let could_be = |profile: &&Profile| profile.is_unique && profile.is_required && profile.ty != Type::Boolean;
    let named = |profile: &Profile| guess::key_likeness(table, &profile.name);
    let best = columns.iter().filter(could_be).map(named).max().filter(|likeness| *likeness > 0)?;
    columns.iter().position(|profile| could_be(&profile) && named(profile) == best)
}

/// The foreign keys of a table: columns whose values are all keys of another table, and whose name or values fit no
/// other better.
pub(super) fn relations_of(
    table: usize,
    names: &[String],
    profiles: &[Vec<Profile>],
    keys: &[Option<usize>],
) -> Vec<Relation> {
    let mut found = Vec::new();
    for (place, profile) in profiles[table].iter().enumerate() {
        let Some(values) = profile.distinct.as_ref().filter(|values| !values.is_empty()) else { continue };
        let mut best: Option<(usize, usize)> = None;
        for (other, key) in keys.iter().enumerate().filter(|(other, _)| *other != table) {
            let Some(key) = key else { continue };
            let target = &profiles[other][*key];
            let Some(held) = target.distinct.as_ref().filter(|_| target.ty == profile.ty) else { continue };
            let likeness = guess::link_likeness(&names[other], &target.name, &profile.name);
            // Numbers coincide by chance: for them the name must say it too.
            let wanted = if profile.ty == Type::Integer || values.iter().any(|value| value.len() < 6) { 1 } else { 0 };
            if likeness >= wanted
                && best.is_none_or(|(_, known)| likeness > known)
                && values.iter().all(|value| held.contains(value))
            {
                best = Some((other, likeness));
            }
        }
        if let Some((to, _)) = best {
            found.push(Relation { column: place, to });
        }
    }
    found
}

/// The table of people: the one that is named so, or the one that most others refer to.
pub(super) fn subject_of(names: &[String], relations: &[Vec<Relation>], keys: &[Option<usize>]) -> Option<usize> {
    let referred = |to: usize| relations.iter().flatten().filter(|relation| relation.to == to).count();
    let named = (0..names.len()).filter(|table| guess::is_person(&names[*table]) && keys[*table].is_some());
    named.max_by_key(|table| referred(*table)).or_else(|| {
        let referred_to = (0..names.len()).filter(|table| referred(*table) > 0 && relations[*table].is_empty());
        referred_to.max_by_key(|table| referred(*table))
    })
}

/// For each table the one that its rows belong to: the farthest from the subject among those that it always refers to
/// and that descend from the subject.
pub(super) fn parents_of(
    subject: Option<usize>,
    relations: &[Vec<Relation>],
    profiles: &[Vec<Profile>],
) -> Vec<Option<usize>> {
    let mut parents = vec![None; relations.len()];
    let Some(subject) = subject else { return parents };
    let mut depth: Vec<Option<usize>> = vec![None; relations.len()];
    depth[subject] = Some(0);
    // Each round settles the tables one step further away; a circle of tables settles nothing and ends.
    for round in 0..relations.len() {
        for table in (0..relations.len()).filter(|table| *table != subject) {
            let always = relations[table].iter().filter(|found| profiles[table][found.column].is_required);
            let above = always.filter_map(|found| Some((depth[found.to]?, found.to))).filter(|(_, to)| *to != table);
            let Some((deep, to)) = above.max_by_key(|(deep, _)| *deep).filter(|(deep, _)| *deep == round) else {
                continue;
            };
            if !descends(to, table, &parents) {
                depth[table] = Some(deep + 1);
                parents[table] = Some(to);
            }
        }
    }
    parents
}

fn descends(mut table: usize, from: usize, parents: &[Option<usize>]) -> bool {
    loop {
        if table == from {
            return true;
        }
        match parents[table] {
            Some(above) => table = above,
            None => return false,
        }
    }
}

/// The tables, each after its parent and, where they make no circle, after those it refers to.
pub(super) fn order(sheets: &[Sheet]) -> Vec<usize> {
    let mut placed: Vec<usize> = Vec::new();
    while placed.len() < sheets.len() {
        let waits = |table: usize, strict: bool| {
            let parent = sheets[table].parent.is_some_and(|parent| !placed.contains(&parent));
            parent || (strict && sheets[table].relations.iter().any(|found| !placed.contains(&found.to)))
        };
        let open: Vec<usize> = (0..sheets.len()).filter(|table| !placed.contains(table)).collect();
        let next = open
            .iter()
            .find(|table| !waits(**table, true))
            .or_else(|| open.iter().find(|table| !waits(**table, false)));
        match next.or(open.first()) {
            Some(next) => placed.push(*next),
            None => break,
        }
    }
    placed
}
