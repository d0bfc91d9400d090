//! The ways from a row to an ancestor's row over written files.

use super::{EntityId, FieldId, Spec};
use manikin_expression::{Expr, Hop, Via};

impl Spec {
    /// Leads straight to an ancestor whose key a row holds, instead of through the parents between.
    ///
    /// In generation both ways lead to the same row. In files they may not: parents between are not always written,
    /// and a row whose keys contradict each other belongs to whom it says itself, so `patient.birth_date` of a claim is
    /// that of the claim's own `patient_id`. `holds` says whether a field holds keys that can be followed.
    pub fn straighten(&self, from: EntityId, expression: &mut Expr, holds: &dyn Fn(EntityId, FieldId) -> bool) {
        expression.visit_mut(&mut |node| match node {
            Expr::Column(column) => {
                self.straighten_hops(from, &mut column.hops, holds);
                true
            }
            Expr::Cell { columns, .. } => {
                columns.iter_mut().for_each(|column| self.straighten_hops(from, &mut column.hops, holds));
                true
            }
            // Inside, names start from the child's rows.
            Expr::Aggregate { entity, argument, filter, .. } => {
                if let Some(child) = self.entity(entity) {
                    argument.iter_mut().chain(filter).for_each(|of| self.straighten(child, of, holds));
                }
                false
            }
            _ => true,
        });
    }

    fn straighten_hops(&self, from: EntityId, hops: &mut Vec<Hop>, holds: &dyn Fn(EntityId, FieldId) -> bool) {
        let parents = hops.iter().take_while(|hop| hop.via == Via::Parent).count();
        for at in (1..parents).rev() {
            let target = self.entity(&hops[at].entity);
            let leads = |place: usize| self[from].fields[place].references == target && holds(from, FieldId(place));
            if let Some(place) = (0..self[from].fields.len()).find(|place| leads(*place)) {
                let via = Via::Link(self[from].fields[place].name.clone());
                let entity = hops[at].entity.clone();
                hops.splice(..=at, [Hop { via, entity }]);
                return;
            }
        }
    }
}
