//! Fields: one generator each, beside keys that any field may have.

use super::{DataType, FieldLearn, Named, Parameter, RowCount, Scalar, Spread, Weight};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Writes the structs that hold one generator each: the generator keys stand in one place.
macro_rules! with_generators {
    ($( #[$meta:meta] )* pub struct $name:ident { $( $( #[$attr:meta] )* pub $key:ident : $type:ty, )* }) => {
        $( #[$meta] )*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $( $( #[$attr] )* pub $key: $type, )*
            /// Always this value.
            pub constant: Option<Scalar>,
            /// An identifier: `uuid`, or a prefix with the row's number.
            pub id: Option<Id>,
            /// The key of the parent, or of another ancestor.
            pub key_of: Option<String>,
            /// The key of a row of an entity that is no ancestor.
            pub link: Option<Link>,
            /// One of these values, by weight.
            pub choice: Option<Named<Weight>>,
            /// A value from a table, by weight.
            pub pick: Option<Pick>,
            /// Computed from other fields.
            pub derive: Option<String>,
            /// Normal distribution.
            pub normal: Option<Normal>,
            /// Log-normal distribution.
            pub lognormal: Option<LogNormal>,
            /// Uniform distribution.
            pub uniform: Option<Uniform>,
            /// Exponential distribution.
            pub exponential: Option<Exponential>,
            /// Gamma distribution.
            pub gamma: Option<Gamma>,
            /// Beta distribution.
            pub beta: Option<Beta>,
            /// Weibull distribution.
            pub weibull: Option<Weibull>,
            /// Pareto distribution.
            pub pareto: Option<Pareto>,
            /// Triangular distribution.
            pub triangular: Option<Triangular>,
            /// Student's t distribution.
            pub student_t: Option<StudentT>,
            /// Logistic distribution.
            pub logistic: Option<Logistic>,
            /// Poisson distribution.
            pub poisson: Option<Poisson>,
            /// Negative binomial distribution.
            pub negative_binomial: Option<NegativeBinomial>,
            /// Binomial distribution.
            pub binomial: Option<Binomial>,
            /// Geometric distribution: failures before the first success.
            pub geometric: Option<Geometric>,
            /// True with a probability.
            pub bernoulli: Option<Bernoulli>,
            /// Interpolated between known quantiles.
            pub quantiles: Option<Quantiles>,
            /// A day, uniform within a window.
            pub date: Option<DateWithin>,
            /// A local date and time within a window, following a pattern.
            pub time: Option<TimeWithin>,
            /// The first alternative whose condition holds.
            pub cases: Option<Vec<Case>>,
            /// A list of values.
            pub list: Option<Box<List>>,
            /// Free text of a kind, from the `fake` crate.
            pub fake: Option<Fake>,
            /// A value accumulated over the subject's rows in order.
            pub running: Option<Running>,
        }
        impl $name {
            /// The generators that are given, by key; a checked document has at most one.
            #[must_use]
            pub fn generators(&self) -> Vec<(&'static str, GeneratorRef<'_>)> {
                let mut found = Vec::new();
                if let Some(value) = &self.constant { found.push(("constant", GeneratorRef::Constant(value))); }
                if let Some(value) = &self.id { found.push(("id", GeneratorRef::Id(value))); }
                if let Some(value) = &self.key_of { found.push(("key_of", GeneratorRef::KeyOf(value))); }
                if let Some(value) = &self.link { found.push(("link", GeneratorRef::Link(value))); }
                if let Some(value) = &self.choice { found.push(("choice", GeneratorRef::Choice(value))); }
                if let Some(value) = &self.pick { found.push(("pick", GeneratorRef::Pick(value))); }
                if let Some(value) = &self.derive { found.push(("derive", GeneratorRef::Derive(value))); }
                if let Some(value) = &self.normal { found.push(("normal", GeneratorRef::Draw(value.into()))); }
                if let Some(value) = &self.lognormal { found.push(("lognormal", GeneratorRef::Draw(value.into()))); }
                if let Some(value) = &self.uniform { found.push(("uniform", GeneratorRef::Draw(value.into()))); }
                if let Some(value) = &self.exponential { found.push(("exponential", GeneratorRef::Draw(value.into()))); }
                if let Some(value) = &self.gamma { found.push(("gamma", GeneratorRef::Draw(value.into()))); }
                if let Some(value) = &self.beta { found.push(("beta", GeneratorRef::Draw(value.into()))); }
                if let Some(value) = &self.weibull { found.push(("weibull", GeneratorRef::Draw(value.into()))); }
                if let Some(value) = &self.pareto { found.push(("pareto", GeneratorRef::Draw(value.into()))); }
                if let Some(value) = &self.triangular { found.push(("triangular", GeneratorRef::Draw(value.into()))); }
                if let Some(value) = &self.student_t { found.push(("student_t", GeneratorRef::Draw(value.into()))); }
                if let Some(value) = &self.logistic { found.push(("logistic", GeneratorRef::Draw(value.into()))); }
                if let Some(value) = &self.poisson { found.push(("poisson", GeneratorRef::Draw(value.into()))); }
                if let Some(value) = &self.negative_binomial { found.push(("negative_binomial", GeneratorRef::Draw(value.into()))); }
                if let Some(value) = &self.binomial { found.push(("binomial", GeneratorRef::Draw(value.into()))); }
                if let Some(value) = &self.geometric { found.push(("geometric", GeneratorRef::Draw(value.into()))); }
                if let Some(value) = &self.bernoulli { found.push(("bernoulli", GeneratorRef::Draw(value.into()))); }
                if let Some(value) = &self.quantiles { found.push(("quantiles", GeneratorRef::Quantiles(value))); }
                if let Some(value) = &self.date { found.push(("date", GeneratorRef::Date(value))); }
                if let Some(value) = &self.time { found.push(("time", GeneratorRef::Time(value))); }
                if let Some(value) = &self.cases { found.push(("cases", GeneratorRef::Cases(value))); }
                if let Some(value) = &self.list { found.push(("list", GeneratorRef::List(value))); }
                if let Some(value) = &self.fake { found.push(("fake", GeneratorRef::Fake(*value))); }
                if let Some(value) = &self.running { found.push(("running", GeneratorRef::Running(value))); }
                found
            }
        }
    };
}

/// Every generator key, in the order of the reference.
pub const GENERATOR_KEYS: &[&str] = &[
    "constant",
    "id",
    "key_of",
    "link",
    "choice",
    "pick",
    "derive",
    "normal",
    "lognormal",
    "uniform",
    "exponential",
    "gamma",
    "beta",
    "weibull",
    "pareto",
    "triangular",
    "student_t",
    "logistic",
    "poisson",
    "negative_binomial",
    "binomial",
    "geometric",
    "bernoulli",
    "quantiles",
    "date",
    "time",
    "cases",
    "list",
    "fake",
    "running",
];

/// A generator as the document gives it.
#[derive(Clone, Debug)]
pub enum GeneratorRef<'a> {
    /// `constant`
    Constant(&'a Scalar),
    /// `id`
    Id(&'a Id),
    /// `key_of`
    KeyOf(&'a str),
    /// `link`
    Link(&'a Link),
    /// `choice`
    Choice(&'a Named<Weight>),
    /// `pick`
    Pick(&'a Pick),
    /// `derive`
    Derive(&'a str),
    /// A distribution.
    Draw(Draw),
    /// `quantiles`
    Quantiles(&'a Quantiles),
    /// `date`
    Date(&'a DateWithin),
    /// `time`
    Time(&'a TimeWithin),
    /// `cases`
    Cases(&'a [Case]),
    /// `list`
    List(&'a List),
    /// `fake`
    Fake(Fake),
    /// `running`
    Running(&'a Running),
}

/// A distribution in one shape: its name, its parameters, and where it is cut off.
#[derive(Clone, Debug)]
pub struct Draw {
    /// The distribution's key.
    pub family: &'static str,
    /// Parameters by name, in the order of the reference; those not given are left out.
    pub parameters: Vec<(&'static str, Parameter)>,
    /// Lower cut.
    pub min: Option<Parameter>,
    /// Upper cut.
    pub max: Option<Parameter>,
}

with_generators! {
    /// A field: one generator, or none where the field is only described and checked.
    pub struct Field {
        /// What the value is.
        pub means: Option<String>,
        /// Title for people.
        pub title: Option<String>,
        /// Type of the values; follows from the generator unless given.
        #[serde(rename = "type")]
        pub data_type: Option<DataType>,
        /// Never NULL.
        pub required: Option<bool>,
        /// No value occurs twice.
        pub unique: Option<bool>,
        /// Smallest and largest value allowed; `null` leaves an end open.
        #[schemars(length(min = 2, max = 2))]
        pub range: Option<Vec<Option<Scalar>>>,
        /// The values allowed.
        pub allowed: Option<Vec<Scalar>>,
        /// Table of the codes allowed.
        pub code: Option<String>,
        /// UCUM unit.
        pub unit: Option<String>,
        /// Digits after the point: the field is a decimal.
        #[schemars(range(min = 0, max = 9))]
        pub decimals: Option<u8>,
        /// Privacy role.
        pub privacy: Option<Privacy>,
        /// Classification, such as `clinical` or `financial`.
        pub classification: Option<String>,
        /// How often the value is missing.
        pub missing: Option<Missing>,
        /// Weights of a choice hold exactly, over the rows or over another entity's rows.
        pub exact: Option<Exact>,
        /// Computed but not written.
        pub hidden: Option<bool>,
        /// Longest text allowed, in characters.
        pub length: Option<u32>,
        /// Contract: at least this share of values is present, such as `95%`.
        pub completeness: Option<Weight>,
        /// Contract: the newest value is at most this many days before `as_of`.
        pub fresh_days: Option<u32>,
        /// Entity whose key this field holds, for fields that are only described.
        pub references: Option<String>,
        /// Where the figures come from.
        pub source: Option<String>,
        /// Example values for the dictionary.
        pub examples: Option<Vec<Scalar>>,
        /// Where a setting comes from when it was drafted from data.
        pub origin: Option<String>,
        /// How the field is learned from real records: what it can hold. With a model, the value comes from the model.
        pub learn: Option<FieldLearn>,
        /// Layers above may not change what is locked.
        pub locked: Option<super::Locked>,
    }
}

with_generators! {
    /// One alternative of `cases`.
    pub struct Case {
        /// The condition; the last alternative may leave it out.
        pub when: Option<String>,
        /// Where the figures come from.
        pub source: Option<String>,
    }
}

with_generators! {
    /// Rows per parent, drawn from a distribution; or a total spread over all parents.
    pub struct Count {
        /// Exactly this many rows in all.
        pub total: Option<u64>,
        /// How unevenly the total is spread; `multinomial` unless given.
        pub spread: Option<Spread>,
        /// At least this many per parent.
        pub min: Option<u64>,
        /// At most this many per parent.
        pub max: Option<u64>,
        /// Where the figures come from.
        pub source: Option<String>,
    }
}

with_generators! {
    /// The generator of a list's items.
    pub struct Item {
        /// Where the figures come from.
        pub source: Option<String>,
    }
}

/// Privacy role of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Privacy {
    /// Names a person directly.
    Identifier,
    /// Helps to single out a person together with others.
    QuasiIdentifier,
    /// Would harm a person if it became known.
    Sensitive,
    /// Neither.
    None,
}

/// How often a value is missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Missing {
    /// Missing at random at this rate.
    Rate(Parameter),
    /// Missing at a rate where a condition holds.
    When(ConditionalMissing),
}

/// Missing at a rate where a condition holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConditionalMissing {
    /// The rate; 100 % unless given.
    #[serde(default)]
    pub rate: Option<Parameter>,
    /// The condition over the row's fields.
    #[serde(default)]
    pub when: Option<String>,
}

/// Exactness of a choice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Exact {
    /// Over this entity's rows.
    Own(bool),
    /// Over the rows of another entity that reach this row.
    Of(ExactOf),
}

/// The entity over whose rows a choice is exact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExactOf {
    /// A child, or an entity that links to this one.
    pub of: String,
    /// How strongly a row leans towards a value, as a factor on its weight: an expression by value; 1 unless given.
    /// A row never takes a value whose factor is 0, if the quotas can be met without.
    #[serde(default)]
    pub affinity: Named<String>,
}

/// Form of an identifier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Id {
    /// `uuid`: version 8 by RFC 9562, from the row's address.
    Form(IdForm),
    /// A prefix and the row's number.
    Numbered(NumberedId),
}

/// Named forms of identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IdForm {
    /// A UUID.
    Uuid,
}

/// A prefix and the row's number: `P000012`, and `-3` for the third child.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NumberedId {
    /// Text before the number.
    pub prefix: String,
    /// Digits of the number, padded with zeros.
    pub digits: Option<u8>,
}

/// A foreign key to a row of an entity that is no ancestor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The entity.
    pub to: String,
    /// Target field equals an expression on this row.
    #[serde(rename = "match", default)]
    pub matching: Named<String>,
    /// An expression on this row lies between two target fields (an empty end is open).
    #[serde(default)]
    pub within: Named<[String; 2]>,
    /// Condition on the target's own fields.
    #[serde(rename = "where", default)]
    pub condition: Option<String>,
    /// Target field that weighs the rows.
    #[serde(default)]
    pub weight: Option<String>,
    /// Which of the rows that fit.
    #[serde(default)]
    pub choose: Choose,
}

/// Which of several rows that fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Choose {
    /// Any, by weight.
    #[default]
    Random,
    /// The first in the entity's order.
    First,
    /// The last in the entity's order.
    Last,
}

/// A value from a table, by weight.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pick {
    /// The table.
    pub from: String,
    /// The column whose value is taken; the table's key unless given.
    #[serde(default)]
    pub column: Option<String>,
    /// Table column equals an expression on this row; an empty cell matches anything.
    #[serde(rename = "match", default)]
    pub matching: Named<String>,
    /// An expression on this row lies between two table columns (an empty cell is open).
    #[serde(default)]
    pub within: Named<[String; 2]>,
    /// Condition on the table's columns.
    #[serde(rename = "where", default)]
    pub condition: Option<String>,
    /// The column that weighs the rows; `weight` unless given, if the table has it.
    #[serde(default)]
    pub weight: Option<String>,
}

/// Writes the parameter struct of a distribution and its common shape.
macro_rules! distribution {
    ($( #[$meta:meta] )* $name:ident $family:literal { $( $( #[$attr:meta] )* $parameter:ident ),* }) => {
        $( #[$meta] )*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $( $( #[$attr] )* pub $parameter: Option<Parameter>, )*
            /// Values below are not drawn.
            pub min: Option<Parameter>,
            /// Values above are not drawn.
            pub max: Option<Parameter>,
        }
        impl From<&$name> for Draw {
            fn from(value: &$name) -> Self {
                let mut parameters = Vec::new();
                $( if let Some(parameter) = &value.$parameter { parameters.push((stringify!($parameter), parameter.clone())); } )*
                Self { family: $family, parameters, min: value.min.clone(), max: value.max.clone() }
            }
        }
    };
}

distribution! {
    /// Normal distribution.
    Normal "normal" {
        /// Mean.
        mean,
        /// Standard deviation.
        sd
    }
}
distribution! {
    /// Log-normal distribution: give the median, the mean or mu, and sigma.
    LogNormal "lognormal" {
        /// Median of the values.
        median,
        /// Mean of the values.
        mean,
        /// Mean of the logarithms.
        mu,
        /// Standard deviation of the logarithms.
        sigma
    }
}
distribution! {
    /// Exponential distribution.
    Exponential "exponential" {
        /// Mean.
        mean
    }
}
distribution! {
    /// Gamma distribution: the shape, and the scale or the mean.
    Gamma "gamma" {
        /// Shape.
        shape,
        /// Scale.
        scale,
        /// Mean, instead of the scale.
        mean
    }
}
distribution! {
    /// Beta distribution.
    Beta "beta" {
        /// First shape.
        alpha,
        /// Second shape.
        beta
    }
}
distribution! {
    /// Weibull distribution.
    Weibull "weibull" {
        /// Shape.
        shape,
        /// Scale.
        scale
    }
}
distribution! {
    /// Pareto distribution.
    Pareto "pareto" {
        /// Smallest value.
        scale,
        /// Shape.
        shape
    }
}
distribution! {
    /// Student's t distribution.
    StudentT "student_t" {
        /// Degrees of freedom.
        df,
        /// Location.
        location,
        /// Scale.
        scale
    }
}
distribution! {
    /// Logistic distribution.
    Logistic "logistic" {
        /// Location.
        location,
        /// Scale.
        scale
    }
}
distribution! {
    /// Poisson distribution.
    Poisson "poisson" {
        /// Mean.
        mean
    }
}
distribution! {
    /// Negative binomial distribution by mean and dispersion (variance = mean + dispersion × mean²).
    NegativeBinomial "negative_binomial" {
        /// Mean.
        mean,
        /// Dispersion: 0 would be a Poisson, large is uneven.
        dispersion
    }
}
distribution! {
    /// Binomial distribution.
    Binomial "binomial" {
        /// Trials.
        n,
        /// Probability of success.
        p
    }
}
distribution! {
    /// Geometric distribution: failures before the first success.
    Geometric "geometric" {
        /// Probability of success.
        p
    }
}

/// True with a probability.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Bernoulli {
    /// Probability.
    pub p: Option<Parameter>,
}

impl From<&Bernoulli> for Draw {
    fn from(value: &Bernoulli) -> Self {
        let parameters = value.p.iter().map(|p| ("p", p.clone())).collect();
        Self { family: "bernoulli", parameters, min: None, max: None }
    }
}

/// Uniform distribution.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Uniform {
    /// Smallest value.
    pub min: Option<Parameter>,
    /// Largest value.
    pub max: Option<Parameter>,
}

impl From<&Uniform> for Draw {
    fn from(value: &Uniform) -> Self {
        let mut parameters = Vec::new();
        parameters.extend(value.min.iter().map(|min| ("min", min.clone())));
        parameters.extend(value.max.iter().map(|max| ("max", max.clone())));
        Self { family: "uniform", parameters, min: None, max: None }
    }
}

/// Triangular distribution.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Triangular {
    /// Smallest value.
    pub min: Option<Parameter>,
    /// Most frequent value.
    pub mode: Option<Parameter>,
    /// Largest value.
    pub max: Option<Parameter>,
}

impl From<&Triangular> for Draw {
    fn from(value: &Triangular) -> Self {
        let mut parameters = Vec::new();
        parameters.extend(value.min.iter().map(|min| ("min", min.clone())));
        parameters.extend(value.mode.iter().map(|mode| ("mode", mode.clone())));
        parameters.extend(value.max.iter().map(|max| ("max", max.clone())));
        Self { family: "triangular", parameters, min: None, max: None }
    }
}

/// Known quantiles, written in place (`p25: 64`) or from a table whose columns carry such names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Quantiles {
    /// A table whose columns `p025`, `p25`, `p50`, … hold the quantiles.
    pub from: Option<String>,
    /// Table column equals an expression on this row; an empty cell matches anything.
    #[serde(rename = "match")]
    pub matching: Named<String>,
    /// An expression on this row lies between two table columns.
    pub within: Named<[String; 2]>,
    /// Smallest value.
    pub min: Option<f64>,
    /// Largest value.
    pub max: Option<f64>,
    /// Interpolation on the plain or the logarithmic scale.
    pub scale: Option<Scale>,
    /// Quantiles as `p2.5: 4.9`.
    #[serde(flatten)]
    pub points: Named<f64>,
}

/// Scale of interpolation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// Plain.
    Linear,
    /// Logarithmic, for positive values with a long tail.
    Log,
}

/// A day, uniform within a window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DateWithin {
    /// First and last day: expressions.
    pub within: [String; 2],
}

/// A local date and time within a window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeWithin {
    /// Start and end of the window: expressions; a date as the end includes its day.
    pub within: [String; 2],
    /// The pattern, or patterns by the value of a field; uniform unless given.
    #[serde(default)]
    pub pattern: Option<PatternChoice>,
    /// Expression for the minutes that it lasts, all of them within the window.
    #[serde(default)]
    pub lasts: Option<String>,
    /// Rows of the same row of this ancestor do not overlap.
    #[serde(default)]
    pub apart: Option<String>,
    /// Times fall on multiples of this many minutes; 1 unless given.
    #[serde(default)]
    #[schemars(range(min = 1, max = 60))]
    pub minutes: Option<u32>,
}

/// One pattern, or one by the value of a field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PatternChoice {
    /// The pattern.
    One(String),
    /// `by` names the field; the other keys are its values, each with a pattern; `else` is for all others.
    By(Named<String>),
}

/// A list of values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// Generator of the items.
    pub of: Item,
    /// How many items.
    pub count: RowCount,
    /// No item twice.
    #[serde(default)]
    pub distinct: Option<bool>,
}

/// A value accumulated over the subject's rows in order: exactly one of sum, count, number, previous, first, min, max.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Running {
    /// Sum of an expression.
    pub sum: Option<String>,
    /// Smallest value of an expression.
    pub min: Option<String>,
    /// Largest value of an expression.
    pub max: Option<String>,
    /// Value of an expression in the row before; NULL in the first.
    pub previous: Option<String>,
    /// Value of an expression in the first row.
    pub first: Option<String>,
    /// Position of the row, from 1.
    pub number: Option<bool>,
    /// Fields that separate the accumulations; all rows of the subject together unless given.
    pub by: Vec<String>,
    /// Expression that orders the rows; ties go by the entity's order.
    pub order: Option<String>,
    /// Without this row itself (for sum, min and max).
    pub before: Option<bool>,
}

/// Kinds of free text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fake {
    /// Given name.
    FirstName,
    /// Family name.
    LastName,
    /// Given and family name.
    FullName,
    /// Street address.
    Street,
    /// City.
    City,
    /// Telephone number of the range reserved for fiction (555-01xx).
    Phone,
    /// E-mail address at example.org.
    Email,
    /// Company name.
    Company,
    /// Job title.
    Job,
    /// A sentence.
    Sentence,
    /// A paragraph.
    Paragraph,
}
