//! What patients go through: dated rows as histories and courses, and whole patients for the attacks on them.

use manikin_expression::Type;
use manikin_metrics::fidelity::Settings;
use manikin_metrics::fidelity::time::{
    Course, CourseMetric, Events, History as Compared, HistoryMetric, Values as Measured,
};
use manikin_metrics::risk::{Bank, Events as Rows, Folds, Histories, Patients};
use manikin_metrics::table::NULL_CODE;
use manikin_metrics::{Score, Table, Values};
use manikin_spec::spec::{EntityId, FieldId, Spec};

use crate::assessment::ColumnKind;
use crate::sides::{Side, Sides};

/// Seconds in a day.
const DAY: f64 = 86_400.0;
/// The most courses of one entity: its most frequent codes, or its first numeric columns.
///
/// ASSUMED: 12, the vital signs and laboratory values that a summary commonly shows.
const COURSES: usize = 12;

/// An entity whose rows are dated and belong to patients.
pub(crate) struct History {
    /// Its name.
    pub(crate) entity: String,
    id: EntityId,
    time: FieldId,
    /// The column of its encoded table that says what happened.
    code: Option<usize>,
    /// Whether that column holds codes of a code system.
    coded: bool,
}

/// Every entity below the subject that has a time.
pub(crate) fn histories(sides: &Sides) -> Vec<History> {
    let spec = &sides.spec;
    let mut histories = Vec::new();
    for (id, compared) in &sides.compared {
        if spec.subject == Some(*id) || sides.real.patients[id.0].is_none() {
            continue;
        }
        let Some(time) = time_of(spec, *id, &sides.real) else { continue };
        let category = |name: &str| {
            compared.columns.iter().position(|column| column.kind == ColumnKind::Category && column.name == name)
        };
        let fields = &spec[*id].fields;
        let says_code = |place: usize| {
            let field = &fields[place];
            let described = spec.document.entities.get(&spec[*id].name).and_then(|e| e.fields.get(&field.name));
            let means = described.and_then(|field| field.means.as_deref()).unwrap_or("");
            field.contract.code.is_some()
                || field.name == "code"
                || field.name.ends_with("_code")
                || means.starts_with("Code of")
        };
        let coded = (0..fields.len()).filter(|&place| says_code(place)).find_map(|place| category(&fields[place].name));
        let any = || compared.columns.iter().position(|column| column.kind == ColumnKind::Category);
        let code = coded.or_else(|| {
            let listed = fields.iter().filter(|field| field.contract.allowed.is_some());
            listed.into_iter().find_map(|field| category(&field.name)).or_else(any)
        });
        histories.push(History { entity: spec[*id].name.clone(), id: *id, time, code, coded: coded.is_some() });
    }
    histories
}

/// The field that says when a row happened: the one that orders rows, or the first day or moment.
fn time_of(spec: &Spec, id: EntityId, side: &Side) -> Option<FieldId> {
    let is_time = |field: &FieldId| {
        matches!(spec[id][*field].ty, Type::Date | Type::DateTime) && side.data.field(id, *field).is_some()
    };
    spec[id].sort.filter(is_time).or_else(|| (0..spec[id].fields.len()).map(FieldId).find(is_time))
}

/// When the rows of an entity happened, in days.
fn days(side: &Side, id: EntityId, field: FieldId) -> Vec<f64> {
    let rows = side.data.rows_of(id);
    let Some(column) = side.data.field(id, field) else { return vec![f64::NAN; rows] };
    let scale = if *column.ty() == Type::DateTime { DAY * 1e6 } else { 1.0 };
    let found = crate::text::numbers(column).unwrap_or_default();
    let mut days: Vec<f64> = found.into_iter().map(|value| value.map_or(f64::NAN, |value| value / scale)).collect();
    days.resize(rows, f64::NAN);
    days
}

/// One side's events.
struct OneSide {
    patients: usize,
    patient: Vec<u32>,
    time: Vec<f64>,
    code: Vec<u32>,
}

/// A history on the real and on the synthetic side.
pub(crate) struct Built {
    name: String,
    real: OneSide,
    synthetic: OneSide,
    labels: Vec<String>,
    id: EntityId,
    coded: bool,
}

impl History {
    /// Whether what happened is told in codes of a code system.
    pub(crate) fn has_codes(&self) -> bool {
        self.coded
    }

    /// The events of both sides.
    pub(crate) fn build(&self, sides: &Sides) -> Built {
        let one = |side: &Side| {
            let rows = side.data.rows_of(self.id);
            let code = self.code.and_then(|column| match &side.tables[self.id.0].as_ref()?.columns[column].values {
                Values::Codes { codes, .. } => Some(codes.clone()),
                Values::Numbers(_) => None,
            });
            OneSide {
                patients: sides.spec.subject.map_or(0, |subject| side.data.rows_of(subject)),
                patient: side.patients[self.id.0].clone().unwrap_or_default(),
                time: days(side, self.id, self.time),
                code: code.unwrap_or_else(|| vec![0; rows]),
            }
        };
        let labels =
            self.code.and_then(|column| match &sides.real.tables[self.id.0].as_ref()?.columns[column].values {
                Values::Codes { labels, .. } => Some(labels.to_vec()),
                Values::Numbers(_) => None,
            });
        Built {
            name: self.entity.clone(),
            real: one(&sides.real),
            synthetic: one(&sides.synthetic),
            labels: labels.unwrap_or_else(|| vec![self.entity.clone()]),
            id: self.id,
            coded: self.coded,
        }
    }
}

impl OneSide {
    fn events(&self) -> Events<'_> {
        Events { patients: self.patients, patient: &self.patient, time: &self.time, code: &self.code }
    }
}

impl Built {
    /// The scores of a metric of histories.
    pub(crate) fn scores(&self, metric: &HistoryMetric, settings: &Settings) -> Vec<Score> {
        let history = Compared {
            name: &self.name,
            real: self.real.events(),
            synthetic: self.synthetic.events(),
            labels: &self.labels,
        };
        (metric.compute)(&history, settings)
    }

    /// The scores of a metric of courses: of each numeric column, parted by code where rows have one.
    pub(crate) fn courses(&self, sides: &Sides, metric: &CourseMetric, settings: &Settings) -> Vec<Score> {
        let (Some(real), Some(synthetic)) =
            (sides.real.tables[self.id.0].as_ref(), sides.synthetic.tables[self.id.0].as_ref())
        else {
            return Vec::new();
        };
        let Some(compared) = sides.columns(self.id) else { return Vec::new() };
        let columns = compared.columns.iter().enumerate();
        let numeric = columns.filter(|(_, column)| column.kind == ColumnKind::Number).map(|(place, _)| place);
        let codes = self.frequent();
        let mut scores = Vec::new();
        let mut made = 0;
        for column in numeric {
            let name = &real.columns[column].name;
            for code in &codes {
                if made == COURSES {
                    return scores;
                }
                made += 1;
                let label = code.and_then(|code| self.labels.get(code as usize));
                let name = label.map_or(name.clone(), |label| format!("{name} of {label}"));
                let of = |side: &OneSide, table: &Table| values(side, table, column, *code);
                let (real, synthetic) = (of(&self.real, real), of(&self.synthetic, synthetic));
                let course = Course { name: &name, real: real.measured(), synthetic: synthetic.measured() };
                scores.extend((metric.compute)(&course, settings));
            }
        }
        scores
    }

    /// The most frequent real codes of a code system; one `None` where rows have none.
    fn frequent(&self) -> Vec<Option<u32>> {
        if !self.coded {
            return vec![None];
        }
        let mut counts: Vec<(usize, u32)> = (0..self.labels.len() as u32).map(|code| (0, code)).collect();
        for &code in self.real.code.iter().filter(|code| **code != NULL_CODE) {
            if let Some(count) = counts.get_mut(code as usize) {
                count.0 += 1;
            }
        }
        counts.sort_by_key(|&(count, code)| (std::cmp::Reverse(count), code));
        counts.into_iter().filter(|(count, _)| *count > 0).take(COURSES).map(|(_, code)| Some(code)).collect()
    }
}

/// One side's values of a course.
struct OwnValues {
    patients: usize,
    patient: Vec<u32>,
    time: Vec<f64>,
    value: Vec<f64>,
}

impl OwnValues {
    fn measured(&self) -> Measured<'_> {
        Measured { patients: self.patients, patient: &self.patient, time: &self.time, value: &self.value }
    }
}

fn values(side: &OneSide, table: &Table, column: usize, code: Option<u32>) -> OwnValues {
    let mut own = OwnValues { patients: side.patients, patient: Vec::new(), time: Vec::new(), value: Vec::new() };
    let Values::Numbers(numbers) = &table.columns[column].values else { return own };
    for (row, &value) in numbers.iter().enumerate() {
        if code.is_none_or(|code| side.code[row] == code) && !value.is_nan() {
            own.patient.push(side.patient[row]);
            own.time.push(side.time[row]);
            own.value.push(value);
        }
    }
    own
}

/// The attacks on whole patients.
pub(crate) fn patients(sides: &Sides, folds: &Folds<'_>) -> (Vec<Score>, Option<Bank>) {
    let of = |side: &Side| patients_of(sides, side);
    match Histories::new(&of(&sides.real), &of(&sides.holdout), &of(&sides.synthetic)) {
        Ok(histories) => {
            let bank = histories.bank();
            let mut scores = bank.scores(folds, &["patient"]);
            scores.extend(histories.replays(folds.settings.level));
            (scores, Some(bank))
        }
        Err(reason) => {
            let definition = manikin_metrics::risk::patients::REPLAY_EXCESS;
            (vec![definition.incomplete(Vec::new(), 0, "whole histories", reason)], None)
        }
    }
}

/// The tables of a side's patients: that of the subject, and of everything below it.
fn patients_of(sides: &Sides, side: &Side) -> Patients {
    let spec = &sides.spec;
    let mut patients =
        Patients { count: spec.subject.map_or(0, |subject| side.data.rows_of(subject)), tables: Vec::new() };
    for (id, compared) in &sides.compared {
        let (Some(table), Some(patient)) = (side.tables[id.0].as_ref(), side.patients[id.0].as_ref()) else { continue };
        let time = if spec.subject == Some(*id) { None } else { time_of(spec, *id, &sides.real) };
        let skipped = time.map(|time| spec[*id][time].name.as_str());
        let (mut rows, mut dates) = (Table { columns: Vec::new(), rows: table.rows }, Vec::new());
        for (column, kind) in table.columns.iter().zip(&compared.columns) {
            if skipped == Some(column.name.as_str()) {
                continue;
            }
            let mut column = column.clone();
            if matches!(kind.kind, ColumnKind::Date | ColumnKind::Time) {
                dates.push(rows.columns.len());
            }
            // One unit for all dates, so that days and moments of a patient can be set against each other.
            if let (ColumnKind::Time, Values::Numbers(seconds)) = (kind.kind, &mut column.values) {
                seconds.iter_mut().for_each(|second| *second /= DAY);
            }
            rows.columns.push(column);
        }
        let time = time.map(|time| days(side, *id, time));
        patients.tables.push(Rows { patient: patient.clone(), time, dates, table: rows });
    }
    patients
}
