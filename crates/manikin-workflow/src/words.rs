//! Generators in words, for `plan` and the data dictionary.

use manikin_expression::Literal;
use manikin_spec::spec::{
    Choice, Draw, Exact, Field, Generator, Link, Parameter, Pick, QuantilePoints, Quantiles, Rows, RunningKind, Spec,
    Spread, TimePattern,
};

/// What makes a field's values, in one phrase.
pub(crate) fn of_field(spec: &Spec, field: &Field) -> String {
    let Some(generator) = &field.generator else { return "described and checked only".to_owned() };
    let mut words = of_generator(spec, generator);
    match &field.exact {
        Some(Exact::Own) => words.push_str(", exactly"),
        Some(Exact::Of { entity, .. }) => words.push_str(&format!(", exactly over the rows of {}", spec[*entity].name)),
        None => {}
    }
    if let Some(missing) = &field.missing {
        let rate = match &missing.rate {
            Parameter::Value(share) => percent(*share),
            Parameter::Expression(rate) => rate.text.clone(),
        };
        words.push_str(&format!("; missing {rate}"));
        if let Some(when) = &missing.when {
            words.push_str(&format!(" where {}", when.text));
        }
    }
    words
}

/// A generator in one phrase.
pub(crate) fn of_generator(spec: &Spec, generator: &Generator) -> String {
    match generator {
        Generator::Constant(value) => format!("always {}", literal(value)),
        Generator::Uuid => "a UUID".to_owned(),
        Generator::Numbered { prefix, digits } => format!("numbered {prefix}{}", "0".repeat(usize::from(*digits))),
        Generator::KeyOf(entity) => format!("the key of {}", spec[*entity].name),
        Generator::Link(link) => of_link(spec, link),
        Generator::Choice(choice) => of_choice(choice),
        Generator::Pick(pick) => of_pick(pick),
        Generator::Derive(expression) => format!("= {}", one_line(&expression.text)),
        Generator::Draw(draw) => of_draw(draw),
        Generator::Quantiles(quantiles) => of_quantiles(quantiles),
        Generator::Date([from, to]) => format!("a day from {} to {}", one_line(&from.text), one_line(&to.text)),
        Generator::Time(time) => {
            let pattern = match &time.pattern {
                TimePattern::Uniform => String::new(),
                TimePattern::One(name) => format!(", following {name}"),
                TimePattern::By { value, patterns, otherwise } => {
                    let mut names: Vec<&str> = patterns.iter().map(|(_, name)| name.as_str()).collect();
                    names.extend(otherwise.as_deref());
                    names.dedup();
                    format!(", following {} by {}", names.join(", "), value.text)
                }
            };
            let [from, to] = &time.within;
            let apart = time.apart.map_or(String::new(), |of| format!(", without overlaps within a {}", spec[of].name));
            format!("a time from {} to {}{pattern}{apart}", one_line(&from.text), one_line(&to.text))
        }
        Generator::Cases(cases) => {
            let first = cases.first().map_or(String::new(), |(_, generator)| of_generator(spec, generator));
            match cases.len() {
                1 => format!("{first}, where its condition holds"),
                several => format!("{several} cases; the first: {first}"),
            }
        }
        Generator::List { of, distinct, .. } => {
            format!("a list of {}{}", of_generator(spec, of), if *distinct { ", none twice" } else { "" })
        }
        Generator::Fake(kind) => {
            let name = serde_json::to_value(kind).ok();
            format!(
                "made up ({})",
                name.as_ref().and_then(serde_json::Value::as_str).unwrap_or("text").replace('_', " ")
            )
        }
        Generator::Running(running) => {
            let kind = match running.kind {
                RunningKind::Sum => "running sum",
                RunningKind::Min => "running minimum",
                RunningKind::Max => "running maximum",
                RunningKind::Previous => "previous value",
                RunningKind::First => "first value",
                RunningKind::Number => "running number",
            };
            let of = running.of.as_ref().map_or(String::new(), |of| format!(" of {}", of.text));
            format!("{kind}{of} over the subject's rows")
        }
        Generator::Learned => "from the model".to_owned(),
    }
}

/// Where an entity's rows come from, in one phrase.
pub(crate) fn of_rows(spec: &Spec, rows: &Rows, parent: Option<&str>) -> String {
    let per = parent.map_or(String::new(), |parent| format!(" per {parent}"));
    match rows {
        Rows::Fixed(count) => format!("{count}"),
        Rows::PerParent(count) => {
            let max = count.max.map_or(String::new(), |max| format!(", at most {max}"));
            let number = match &count.generator {
                Generator::Constant(number) => literal(number),
                other => of_generator(spec, other),
            };
            format!("{number}{max}{per}")
        }
        Rows::Total { total, spread, min, .. } => {
            let spread = match spread {
                Spread::Even => "evenly".to_owned(),
                Spread::Multinomial => "at random".to_owned(),
                Spread::Gamma { shape } => format!("unevenly (gamma, shape {shape})"),
            };
            let least = if *min > 0 { format!(", at least {min} each") } else { String::new() };
            format!("exactly {total} spread {spread}{per}{least}")
        }
        Rows::Each { table, when, .. } => {
            let when = when.as_ref().map_or(String::new(), |when| format!(" where {}", one_line(&when.text)));
            format!("one per row of table {table}{when}{per}")
        }
        Rows::Learned => format!("as the model says{per}"),
        Rows::External => "not generated".to_owned(),
    }
}

fn of_link(spec: &Spec, link: &Link) -> String {
    let target = &spec[link.to];
    let by: Vec<&str> = link.matching.iter().map(|(field, _)| target[*field].name.as_str()).collect();
    let same = if by.is_empty() { String::new() } else { format!(" of the same {}", by.join(", ")) };
    let weight = link.weight.map_or(String::new(), |weight| format!(", weighed by {}", target[weight].name));
    format!("a {}{same}{weight}", target.name)
}

fn of_choice(choice: &Choice) -> String {
    let all = choice.values.iter().zip(&choice.shares);
    let some: Vec<String> =
        all.take(6).map(|(value, share)| format!("{} {}", literal(value), percent(*share))).collect();
    let more =
        if choice.values.len() > some.len() { format!(", … {} in all", choice.values.len()) } else { String::new() };
    format!("{}{more}", some.join(", "))
}

fn of_pick(pick: &Pick) -> String {
    let mut by: Vec<&str> = pick.matching.iter().map(|(column, _)| column.as_str()).collect();
    by.extend(pick.within.iter().map(|(value, ..)| value.text.as_str()));
    let by = if by.is_empty() { String::new() } else { format!(" by {}", by.join(", ")) };
    let weight = pick.weight.as_ref().map_or(String::new(), |weight| format!(", weighed by {weight}"));
    format!("{} from table {}{by}{weight}", pick.column, pick.table)
}

fn of_draw(draw: &Draw) -> String {
    let parameter = |parameter: &Parameter| match parameter {
        Parameter::Value(value) => value.to_string(),
        Parameter::Expression(expression) => one_line(&expression.text),
    };
    let mut parts: Vec<String> =
        draw.parameters.iter().map(|(name, value)| format!("{name} {}", parameter(value))).collect();
    parts.extend(draw.min.as_ref().map(|min| format!("min {}", parameter(min))));
    parts.extend(draw.max.as_ref().map(|max| format!("max {}", parameter(max))));
    format!("{} ({})", draw.family.replace('_', " "), parts.join(", "))
}

fn of_quantiles(quantiles: &Quantiles) -> String {
    match &quantiles.points {
        QuantilePoints::Here(points) => {
            let points: Vec<String> = points.iter().map(|(p, value)| format!("p{} {value}", p * 100.0)).collect();
            format!("quantiles {}", points.join(", "))
        }
        QuantilePoints::Table { table, matching, .. } => {
            let by: Vec<&str> = matching.iter().map(|(column, _)| column.as_str()).collect();
            let by = if by.is_empty() { String::new() } else { format!(" by {}", by.join(", ")) };
            format!("quantiles from table {table}{by}")
        }
    }
}

/// A share as a percentage with at most two digits after the point.
pub(crate) fn percent(share: f64) -> String {
    let text = format!("{:.2}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A constant as people read it.
pub(crate) fn literal(value: &Literal) -> String {
    use manikin_expression::{calendar, decimal_text};
    match value {
        Literal::Null => "nothing".to_owned(),
        Literal::Boolean(value) => value.to_string(),
        Literal::Integer(value) => value.to_string(),
        Literal::Float(value) => value.to_string(),
        Literal::Decimal { units, scale } => decimal_text(*units, *scale),
        Literal::Text(text) => text.clone(),
        Literal::Date(day) => calendar::date_text(*day),
        Literal::DateTime(micros) => calendar::datetime_text(*micros, ' '),
        Literal::Interval { count, .. } => count.to_string(),
        Literal::List(items) => items.join(", "),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
