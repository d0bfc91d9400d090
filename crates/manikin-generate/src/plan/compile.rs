//! From a checked spec to a plan.

use super::{CorrelationPlan, EachPlan, EntityNames, Plan, PlanOptions, RowsPlan, early_fields};
use crate::error::GenerateError;
use crate::learned::LearnedPlan;
use crate::strata::{GridColumns, Strata, TableColumns};
use crate::time::WeekSampler;
use crate::truth;
use crate::values;
use manikin_expression::{Expression, Literal, Type};
use manikin_random::{Correlation, Cumulative, Distribution, Name, QuantileGrid, RunKey};
use manikin_spec::document::{Choose, Fake, Scale};
use manikin_spec::spec::{
    self, Count, DomainKind, EntityId, EntityScope, FieldDomain, FieldId, Generator, Parameter, QuantilePoints, Rows,
    Selection, Since, Spec, TimePattern,
};
use manikin_tables::Column;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A generator with its tables and dictionaries built.
#[expect(clippy::large_enum_variant, reason = "a plan holds a few hundred of them, made once")]
pub(crate) enum Compiled {
    Constant(Literal),
    Uuid,
    Numbered { prefix: String, digits: usize },
    KeyOf(EntityId),
    Link(LinkPlan),
    Choice { cumulative: Cumulative, shares: Vec<f64>, dictionary: Column },
    Pick(PickPlan),
    Derive(Expression),
    Draw(DrawPlan),
    Quantiles(QuantilePlan),
    Date([Expression; 2]),
    Time(TimePlan),
    Cases(Vec<(Option<Expression>, Compiled)>),
    List { of: Box<Compiled>, count: Box<CountPlan>, distinct: bool },
    Fake(Fake),
    Running(spec::Running),
    Learned(LearnedField),
}

/// A field whose values come from codes of the entity's level.
pub(crate) struct LearnedField {
    /// The attribute of the level.
    pub(crate) attribute: usize,
    pub(crate) domain: FieldDomain,
    pub(crate) form: LearnedForm,
}

/// How codes become values.
pub(crate) enum LearnedForm {
    /// Each code has its value.
    Values(Column),
    /// A number, date or time in a bin.
    Bins,
    /// A number in a bin that depends on the code of another attribute.
    By(usize),
    /// A time at an offset in a bin.
    Since(Since),
}

/// A distribution: its parameters fixed, or worked out per row.
#[expect(clippy::large_enum_variant, reason = "a plan holds a few hundred of them, made once")]
pub(crate) enum DrawPlan {
    /// The same for every row.
    Fixed { distribution: Distribution, min: Option<f64>, max: Option<f64> },
    /// By row.
    PerRow(spec::Draw),
}

/// Quantiles: one grid, or one per stratum of a table.
#[expect(clippy::large_enum_variant, reason = "a plan holds a few hundred of them, made once")]
pub(crate) enum QuantilePlan {
    /// The same for every row.
    Fixed(QuantileGrid),
    /// By row.
    Table { strata: Strata, matching: Vec<Expression>, within: Vec<Expression> },
}

/// A value from a table.
pub(crate) struct PickPlan {
    pub(crate) strata: Strata,
    pub(crate) matching: Vec<Expression>,
    pub(crate) within: Vec<Expression>,
    pub(crate) dictionary: Column,
}

/// A row of another entity.
pub(crate) struct LinkPlan {
    pub(crate) to: EntityId,
    pub(crate) matching: Vec<(FieldId, Expression)>,
    pub(crate) within: Vec<(Expression, FieldId, FieldId)>,
    pub(crate) condition: Option<Expression>,
    pub(crate) weight: Option<FieldId>,
    pub(crate) choose: Choose,
}

/// An instant.
pub(crate) struct TimePlan {
    pub(crate) within: [Expression; 2],
    pub(crate) pattern: TimePattern,
    pub(crate) lasts: Option<Expression>,
    pub(crate) apart: Option<EntityId>,
    pub(crate) minutes: u32,
}

/// A number of rows or items.
pub(crate) struct CountPlan {
    pub(crate) generator: Compiled,
    pub(crate) min: u64,
    pub(crate) max: Option<u64>,
}

/// Prepares a checked spec.
pub(super) fn compile(spec: Arc<Spec>, options: PlanOptions) -> Result<Plan, GenerateError> {
    let tables = table_columns(&spec);
    let seed = options.seed.unwrap_or(spec.seed);
    let written = match spec.subject.map(|subject| &spec[subject].rows) {
        Some(Rows::Fixed(count)) => *count,
        _ => 0,
    };
    let subjects = options.subjects.unwrap_or(written);
    if subjects > u64::from(u32::MAX) {
        return Err(GenerateError::new("count", format!("{subjects} subjects are more than {}", u32::MAX))
            .help("split the population over several seeds"));
    }
    let scale = Scaling { from: written, to: subjects };
    let cx = Cx { spec: &spec, tables: &tables };
    let mut generators = Vec::new();
    let mut rows = Vec::new();
    let mut correlations = Vec::new();
    for (index, entity) in spec.entities.iter().enumerate() {
        let id = EntityId(index);
        rows.push(cx.rows(id, scale)?);
        generators.push(
            entity
                .fields
                .iter()
                .map(|field| {
                    let place = format!("{}.{}", entity.name, field.name);
                    match &field.generator {
                        Some(Generator::Learned) => cx.learned(id, field, &place).map(Some),
                        Some(generator) => cx.generator(generator, &field.ty, &place).map(Some),
                        None => Ok(None),
                    }
                })
                .collect::<Result<Vec<_>, _>>()?,
        );
        correlations.push(cx.correlations(id)?);
    }
    let weeks = spec.patterns.iter().map(|(name, week)| (name.clone(), WeekSampler::new(week))).collect();
    let schemas = spec
        .entities
        .iter()
        .enumerate()
        .map(|(index, entity)| (!entity.hidden).then(|| Arc::new(manikin_tables::table_schema(&spec, EntityId(index)))))
        .collect();
    let edge_counts = spec
        .edge_cases
        .iter()
        .map(|case| match case.selection {
            Selection::Count(count) if spec[case.entity].scope == EntityScope::Reference => Some(count),
            Selection::Count(count) => Some(scale.total(count)),
            Selection::Rate(_) => None,
        })
        .collect();
    let early = (0..spec.entities.len()).map(|index| early_fields(&spec, EntityId(index))).collect();
    Ok(Plan {
        key: RunKey::new(seed),
        seed,
        subjects,
        names: spec.entities.iter().map(names).collect(),
        generators,
        rows,
        correlations,
        weeks,
        uniform_week: WeekSampler::uniform(),
        lookups: spec
            .tables
            .iter()
            .map(|(name, table)| {
                let lookup = manikin_tables::lookup_table(table);
                Ok((name.clone(), lookup.map_err(|error| GenerateError::new(name, error.to_string()))?))
            })
            .collect::<Result<_, GenerateError>>()?,
        tables,
        schemas,
        edge_counts,
        truth_schema: (!spec.edge_cases.is_empty()).then(|| Arc::new(truth::schema())),
        early,
        learned: LearnedPlan::new(&spec, subjects, RunKey::new(seed))?,
        spec,
    })
}

/// How totals follow the number of subjects.
#[derive(Clone, Copy)]
struct Scaling {
    from: u64,
    to: u64,
}

impl Scaling {
    fn total(self, total: u64) -> u64 {
        if self.from == self.to || self.from == 0 {
            return total;
        }
        let scaled = (u128::from(total) * u128::from(self.to) + u128::from(self.from) / 2) / u128::from(self.from);
        u64::try_from(scaled).unwrap_or(u64::MAX)
    }
}

fn names(entity: &spec::Entity) -> EntityNames {
    EntityNames {
        entity: Name::of(&entity.name),
        fields: entity.fields.iter().map(|field| Name::of(&field.name)).collect(),
        missing: entity.fields.iter().map(|field| Name::of(&format!("{}#missing", field.name))).collect(),
        count: Name::of(&format!("{}#count", entity.name)),
    }
}

fn table_columns(spec: &Spec) -> BTreeMap<String, TableColumns> {
    spec.tables
        .iter()
        .map(|(name, table)| {
            let columns = table
                .columns
                .iter()
                .map(|column| (column.name.clone(), manikin_tables::table_column(column)))
                .collect();
            (name.clone(), TableColumns { rows: table.rows, columns })
        })
        .collect()
}

struct Cx<'a> {
    spec: &'a Spec,
    tables: &'a BTreeMap<String, TableColumns>,
}

impl Cx<'_> {
    fn table(&self, name: &str, place: &str) -> Result<&TableColumns, GenerateError> {
        self.tables.get(name).ok_or_else(|| GenerateError::new(place, format!("table {name} is not there")))
    }

    fn rows(&self, id: EntityId, scale: Scaling) -> Result<RowsPlan, GenerateError> {
        let entity = &self.spec[id];
        Ok(match &entity.rows {
            Rows::Fixed(count) => RowsPlan::Fixed(*count),
            Rows::PerParent(count) => RowsPlan::PerParent(self.count(count, &entity.name)?),
            Rows::Total { total, spread, min, max } => {
                let total = if entity.scope == EntityScope::Reference { *total } else { scale.total(*total) };
                let spread = match spread {
                    spec::Spread::Even => manikin_random::Spread::Even,
                    spec::Spread::Multinomial => manikin_random::Spread::Multinomial,
                    spec::Spread::Gamma { shape } => manikin_random::Spread::Gamma { shape: *shape },
                };
                RowsPlan::Total(spread, total, *min, *max)
            }
            Rows::Each { table, matching, when } => {
                let columns: Vec<&str> = matching.iter().map(|(column, _)| column.as_str()).collect();
                let strata = Strata::new(self.table(table, &entity.name)?, &columns, &[], None, None, None);
                RowsPlan::Each(Box::new(EachPlan {
                    strata,
                    matching: matching.iter().map(|(_, expression)| expression.clone()).collect(),
                    when: when.clone(),
                    table: table.clone(),
                    items: self.items(id),
                }))
            }
            Rows::Learned => RowsPlan::Learned,
            Rows::External => RowsPlan::External,
        })
    }

    /// Columns named as `item.x` in anything that sees the entity's rows.
    fn items(&self, id: EntityId) -> BTreeSet<String> {
        let name = &self.spec[id].name;
        let mut found = BTreeSet::new();
        for step in self.spec.expressions() {
            for reference in step.references() {
                if reference.entity == *name
                    && let Some(column) = reference.field.strip_prefix("item.")
                {
                    found.insert(column.to_owned());
                }
            }
        }
        found
    }

    fn correlations(&self, id: EntityId) -> Result<Vec<CorrelationPlan>, GenerateError> {
        let entity = &self.spec[id];
        entity
            .correlations
            .iter()
            .map(|group| {
                let correlation = Correlation::new(group.fields.len(), &group.pairs).map_err(|error| {
                    GenerateError::new(format!("{}.correlate", entity.name), error.to_string())
                        .help("these correlations contradict each other: bring the largest nearer to 0")
                })?;
                Ok(CorrelationPlan { fields: group.fields.clone(), correlation })
            })
            .collect()
    }

    fn count(&self, count: &Count, place: &str) -> Result<CountPlan, GenerateError> {
        Ok(CountPlan {
            generator: self.generator(&count.generator, &Type::Integer, place)?,
            min: count.min,
            max: count.max,
        })
    }

    fn generator(&self, generator: &Generator, ty: &Type, place: &str) -> Result<Compiled, GenerateError> {
        Ok(match generator {
            Generator::Constant(value) => Compiled::Constant(value.clone()),
            Generator::Uuid => Compiled::Uuid,
            Generator::Numbered { prefix, digits } => {
                Compiled::Numbered { prefix: prefix.clone(), digits: usize::from(*digits) }
            }
            Generator::KeyOf(entity) => Compiled::KeyOf(*entity),
            Generator::Link(link) => Compiled::Link(LinkPlan {
                to: link.to,
                matching: link.matching.clone(),
                within: link.within.clone(),
                condition: link.condition.clone(),
                weight: link.weight,
                choose: link.choose,
            }),
            Generator::Choice(choice) => Compiled::Choice {
                cumulative: Cumulative::new(&choice.shares)
                    .map_err(|error| GenerateError::new(place, error.to_string()))?,
                shares: choice.shares.clone(),
                dictionary: values::from_literals(&choice.values, ty),
            },
            Generator::Pick(pick) => Compiled::Pick(self.pick(pick, ty, place)?),
            Generator::Derive(expression) => Compiled::Derive(expression.clone()),
            Generator::Draw(draw) => Compiled::Draw(draw_plan(draw, place)?),
            Generator::Quantiles(quantiles) => Compiled::Quantiles(self.quantiles(quantiles, place)?),
            Generator::Date(within) => Compiled::Date(within.clone()),
            Generator::Time(time) => Compiled::Time(TimePlan {
                within: time.within.clone(),
                pattern: time.pattern.clone(),
                lasts: time.lasts.clone(),
                apart: time.apart,
                minutes: time.minutes,
            }),
            Generator::Cases(cases) => Compiled::Cases(
                cases
                    .iter()
                    .map(|(when, generator)| Ok((when.clone(), self.generator(generator, ty, place)?)))
                    .collect::<Result<_, GenerateError>>()?,
            ),
            Generator::List { of, count, distinct } => Compiled::List {
                of: Box::new(self.generator(of, &Type::Text, place)?),
                count: Box::new(self.count(count, place)?),
                distinct: *distinct,
            },
            Generator::Fake(kind) => Compiled::Fake(*kind),
            Generator::Running(running) => Compiled::Running((**running).clone()),
            Generator::Learned => return Err(GenerateError::new(place, "only a field itself can be learned")),
        })
    }

    fn learned(&self, id: EntityId, field: &spec::Field, place: &str) -> Result<Compiled, GenerateError> {
        let missing = || GenerateError::new(place, "it is in no level of the model");
        let level = self.spec.learned.as_ref().and_then(|all| all.level(id)).ok_or_else(missing)?;
        let own = self.spec[id].field(&field.name).ok_or_else(missing)?;
        let attribute = level.own(own).ok_or_else(missing)?;
        let domain = field.learn.clone().ok_or_else(missing)?;
        let form = match domain.kind() {
            DomainKind::Values(values) => LearnedForm::Values(values::from_literals(values, &field.ty)),
            DomainKind::Bins(_) => LearnedForm::Bins,
            DomainKind::By { by, .. } => LearnedForm::By(level.own(*by).ok_or_else(missing)?),
            DomainKind::Since(since) => LearnedForm::Since((**since).clone()),
        };
        Ok(Compiled::Learned(LearnedField { attribute, domain, form }))
    }

    fn pick(&self, pick: &spec::Pick, ty: &Type, place: &str) -> Result<PickPlan, GenerateError> {
        let table = self.table(&pick.table, place)?;
        let allowed = pick
            .condition
            .as_ref()
            .map(|condition| crate::relations::over_table(condition, &pick.table, table, place))
            .transpose()?;
        let columns: Vec<&str> = pick.matching.iter().map(|(column, _)| column.as_str()).collect();
        let between: Vec<(&str, &str)> =
            pick.within.iter().map(|(_, low, high)| (low.as_str(), high.as_str())).collect();
        let column = table
            .columns
            .get(&pick.column)
            .ok_or_else(|| GenerateError::new(place, format!("table {} has no column {}", pick.table, pick.column)))?;
        Ok(PickPlan {
            strata: Strata::new(table, &columns, &between, allowed, pick.weight.as_deref(), None),
            matching: pick.matching.iter().map(|(_, expression)| expression.clone()).collect(),
            within: pick.within.iter().map(|(expression, _, _)| expression.clone()).collect(),
            dictionary: values::convert(column.clone(), ty),
        })
    }

    fn quantiles(&self, quantiles: &spec::Quantiles, place: &str) -> Result<QuantilePlan, GenerateError> {
        let scale = match quantiles.scale {
            Scale::Linear => manikin_random::Scale::Linear,
            Scale::Log => manikin_random::Scale::Log,
        };
        match &quantiles.points {
            QuantilePoints::Here(points) => QuantileGrid::new(points, quantiles.min, quantiles.max, scale)
                .map(QuantilePlan::Fixed)
                .map_err(|error| GenerateError::new(place, error.to_string())),
            QuantilePoints::Table { table, columns, matching, within } => {
                let source = self.table(table, place)?;
                let points = columns
                    .iter()
                    .filter_map(|(p, name)| source.columns.get(name).map(|column| (*p, values::to_numbers(column))))
                    .collect();
                let grid = GridColumns { points, min: quantiles.min, max: quantiles.max, scale };
                let names: Vec<&str> = matching.iter().map(|(column, _)| column.as_str()).collect();
                let between: Vec<(&str, &str)> =
                    within.iter().map(|(_, low, high)| (low.as_str(), high.as_str())).collect();
                Ok(QuantilePlan::Table {
                    strata: Strata::new(source, &names, &between, None, None, Some(grid)),
                    matching: matching.iter().map(|(_, expression)| expression.clone()).collect(),
                    within: within.iter().map(|(expression, _, _)| expression.clone()).collect(),
                })
            }
        }
    }
}

fn draw_plan(draw: &spec::Draw, place: &str) -> Result<DrawPlan, GenerateError> {
    let mut fixed: Vec<(&str, f64)> = Vec::new();
    for (name, parameter) in &draw.parameters {
        match parameter {
            Parameter::Value(value) => fixed.push((name, *value)),
            Parameter::Expression(_) => return Ok(DrawPlan::PerRow(draw.clone())),
        }
    }
    let bound = |parameter: &Option<Parameter>| match parameter {
        None => Some(None),
        Some(Parameter::Value(value)) => Some(Some(*value)),
        Some(Parameter::Expression(_)) => None,
    };
    match (bound(&draw.min), bound(&draw.max)) {
        (Some(min), Some(max)) => {
            let value = |name: &str| fixed.iter().find(|(given, _)| *given == name).map(|(_, value)| *value);
            Ok(DrawPlan::Fixed { distribution: distribution(draw.family, value, place)?, min, max })
        }
        _ => Ok(DrawPlan::PerRow(draw.clone())),
    }
}

/// A distribution from the parameters of one row.
pub(crate) fn distribution(
    family: &str,
    value: impl Fn(&str) -> Option<f64>,
    place: &str,
) -> Result<Distribution, GenerateError> {
    let get = |name: &str| value(name).unwrap_or(f64::NAN);
    let built = match family {
        "normal" => Distribution::Normal { mean: get("mean"), sd: get("sd") },
        "lognormal" => {
            let sigma = get("sigma");
            let mu = match (value("mu"), value("median"), value("mean")) {
                (Some(mu), _, _) => mu,
                (_, Some(median), _) => libm::log(median),
                // The mean of a log-normal is exp(mu + sigma²/2).
                (_, _, Some(mean)) => libm::log(mean) - sigma * sigma / 2.0,
                _ => f64::NAN,
            };
            Distribution::LogNormal { mu, sigma }
        }
        "uniform" => Distribution::Uniform { min: get("min"), max: get("max") },
        "exponential" => Distribution::Exponential { mean: get("mean") },
        "gamma" => {
            let shape = get("shape");
            let scale = value("scale").or_else(|| value("mean").map(|mean| mean / shape)).unwrap_or(f64::NAN);
            Distribution::Gamma { shape, scale }
        }
        "beta" => Distribution::Beta { alpha: get("alpha"), beta: get("beta") },
        "weibull" => Distribution::Weibull { shape: get("shape"), scale: get("scale") },
        "pareto" => Distribution::Pareto { scale: get("scale"), shape: get("shape") },
        "triangular" => Distribution::Triangular { min: get("min"), mode: get("mode"), max: get("max") },
        "student_t" => Distribution::StudentT { df: get("df"), location: get("location"), scale: get("scale") },
        "logistic" => Distribution::Logistic { location: get("location"), scale: get("scale") },
        "poisson" => Distribution::Poisson { mean: get("mean") },
        "negative_binomial" => Distribution::NegativeBinomial { mean: get("mean"), dispersion: get("dispersion") },
        "binomial" => {
            let n = get("n");
            let n = if n >= 0.0 {
                n as u64
            } else {
                return Err(GenerateError::new(place, format!("n must be 0 or more, got {n}")));
            };
            Distribution::Binomial { n, p: get("p") }
        }
        "geometric" => Distribution::Geometric { p: get("p") },
        _ => Distribution::Bernoulli { p: get("p") },
    };
    built.checked().map_err(|error| GenerateError::new(place, error.to_string()))
}
