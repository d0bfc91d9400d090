//! Walks over every expression of a spec.

use super::{
    Action, Anchor, DomainKind, EdgeCase, Exact, FieldDomain, Generator, Parameter, QuantilePoints, Rows, Spec,
    TimePattern,
};
use manikin_expression::Expression;

impl Spec {
    /// Every expression of the spec, in document order.
    #[must_use]
    pub fn expressions(&self) -> Vec<&Expression> {
        let mut found = Vec::new();
        for entity in &self.entities {
            match &entity.rows {
                Rows::PerParent(count) => generator(&count.generator, &mut found),
                Rows::Each { matching, when, .. } => {
                    found.extend(matching.iter().map(|(_, expression)| expression));
                    found.extend(when);
                }
                Rows::Fixed(_) | Rows::Total { .. } | Rows::Learned | Rows::External => {}
            }
            found.extend(&entity.keep);
            for field in &entity.fields {
                if let Some(made) = &field.generator {
                    generator(made, &mut found);
                }
                if let Some(learned) = &field.learn {
                    found.extend(learned.expressions());
                }
                if let Some(missing) = &field.missing {
                    parameter(&missing.rate, &mut found);
                    found.extend(&missing.when);
                }
                if let Some(Exact::Of { affinity, .. }) = &field.exact {
                    found.extend(affinity.iter().flatten());
                }
            }
            found.extend(entity.rules.iter().map(|rule| &rule.holds));
        }
        found.extend(self.edge_cases.iter().flat_map(EdgeCase::expressions));
        found
    }
}

impl EdgeCase {
    /// Every expression of the edge case.
    #[must_use]
    pub fn expressions(&self) -> Vec<&Expression> {
        let mut found: Vec<&Expression> = self.condition.iter().collect();
        if let Action::Set(changes) | Action::Corrupt(changes) = &self.action {
            found.extend(changes.iter().map(|(_, expression)| expression));
        }
        found
    }
}

impl FieldDomain {
    /// Every expression of the domain: the times that an offset is measured from.
    #[must_use]
    pub fn expressions(&self) -> Vec<&Expression> {
        match self.kind() {
            DomainKind::Since(since) => match &since.anchor {
                Anchor::Time(anchor) | Anchor::Previous { first: anchor } => vec![anchor],
            },
            DomainKind::Values(_) | DomainKind::Bins(_) | DomainKind::By { .. } => Vec::new(),
        }
    }
}

impl Generator {
    /// Every expression of the generator.
    #[must_use]
    pub fn expressions(&self) -> Vec<&Expression> {
        let mut found = Vec::new();
        generator(self, &mut found);
        found
    }
}

fn parameter<'a>(parameter: &'a Parameter, found: &mut Vec<&'a Expression>) {
    if let Parameter::Expression(expression) = parameter {
        found.push(expression);
    }
}

fn generator<'a>(made: &'a Generator, found: &mut Vec<&'a Expression>) {
    match made {
        Generator::Link(link) => {
            found.extend(link.matching.iter().map(|(_, expression)| expression));
            found.extend(link.within.iter().map(|(expression, _, _)| expression));
            found.extend(&link.condition);
        }
        Generator::Pick(pick) => {
            found.extend(pick.matching.iter().map(|(_, expression)| expression));
            found.extend(pick.within.iter().map(|(expression, _, _)| expression));
            found.extend(&pick.condition);
        }
        Generator::Derive(expression) => found.push(expression),
        Generator::Draw(draw) => {
            for (_, given) in &draw.parameters {
                parameter(given, found);
            }
            for bound in draw.min.iter().chain(&draw.max) {
                parameter(bound, found);
            }
        }
        Generator::Quantiles(quantiles) => {
            if let QuantilePoints::Table { matching, within, .. } = &quantiles.points {
                found.extend(matching.iter().map(|(_, expression)| expression));
                found.extend(within.iter().map(|(expression, _, _)| expression));
            }
        }
        Generator::Date(within) => found.extend(within),
        Generator::Time(time) => {
            found.extend(&time.within);
            if let TimePattern::By { value, .. } = &time.pattern {
                found.push(value);
            }
            found.extend(&time.lasts);
        }
        Generator::Cases(cases) => {
            for (when, case) in cases {
                found.extend(when);
                generator(case, found);
            }
        }
        Generator::List { of, count, .. } => {
            generator(of, found);
            generator(&count.generator, found);
        }
        Generator::Running(running) => {
            found.extend(&running.of);
            found.extend(&running.order);
        }
        Generator::Constant(_)
        | Generator::Uuid
        | Generator::Numbered { .. }
        | Generator::KeyOf(_)
        | Generator::Choice(_)
        | Generator::Fake(_)
        | Generator::Learned => {}
    }
}
