//! Functions of dates and times. Times are local; no zone enters.

use super::{Definition, Example, Form, Function, Parameter, Returns, SqlCall};
use crate::sql::Dialect;
use crate::types::Unit;

pub(super) const YEAR: Definition = Definition {
    name: "year",
    usage: "year(x)",
    doc: "The year.",
    examples: &[Example { call: "year('2025-03-09')", value: "2025" }],
    form: Form::Call {
        function: Function::Year,
        parameters: &[Parameter::Temporal],
        optional: 0,
        repeats: false,
        returns: Returns::Integer,
        sql: |call| part(call, "year", "%Y", "year"),
    },
};

pub(super) const MONTH: Definition = Definition {
    name: "month",
    usage: "month(x)",
    doc: "The month, 1 to 12.",
    examples: &[Example { call: "month('2025-03-09')", value: "3" }],
    form: Form::Call {
        function: Function::Month,
        parameters: &[Parameter::Temporal],
        optional: 0,
        repeats: false,
        returns: Returns::Integer,
        sql: |call| part(call, "month", "%m", "month"),
    },
};

pub(super) const DAY: Definition = Definition {
    name: "day",
    usage: "day(x)",
    doc: "The day of the month, 1 to 31.",
    examples: &[Example { call: "day('2025-03-09')", value: "9" }],
    form: Form::Call {
        function: Function::Day,
        parameters: &[Parameter::Temporal],
        optional: 0,
        repeats: false,
        returns: Returns::Integer,
        sql: |call| part(call, "day", "%d", "day"),
    },
};

pub(super) const HOUR: Definition = Definition {
    name: "hour",
    usage: "hour(x)",
    doc: "The hour, 0 to 23.",
    examples: &[Example { call: "hour('2025-03-09T17:30:00')", value: "17" }],
    form: Form::Call {
        function: Function::Hour,
        parameters: &[Parameter::DateTime],
        optional: 0,
        repeats: false,
        returns: Returns::Integer,
        sql: |call| part(call, "hour", "%H", "hour"),
    },
};

pub(super) const MINUTE: Definition = Definition {
    name: "minute",
    usage: "minute(x)",
    doc: "The minute, 0 to 59.",
    examples: &[Example { call: "minute('2025-03-09T17:30:00')", value: "30" }],
    form: Form::Call {
        function: Function::Minute,
        parameters: &[Parameter::DateTime],
        optional: 0,
        repeats: false,
        returns: Returns::Integer,
        sql: |call| part(call, "minute", "%M", "minute"),
    },
};

pub(super) const DAY_OF_WEEK: Definition = Definition {
    name: "day_of_week",
    usage: "day_of_week(x)",
    doc: "The day of the week: Monday is 0, Sunday 6.",
    examples: &[
        Example { call: "day_of_week('2025-03-10')", value: "0" },
        Example { call: "day_of_week('2025-03-09')", value: "6" },
    ],
    form: Form::Call {
        function: Function::DayOfWeek,
        parameters: &[Parameter::Temporal],
        optional: 0,
        repeats: false,
        returns: Returns::Integer,
        sql: day_of_week,
    },
};

pub(super) const DAY_OF_YEAR: Definition = Definition {
    name: "day_of_year",
    usage: "day_of_year(x)",
    doc: "The day of the year, 1 to 366.",
    examples: &[Example { call: "day_of_year('2024-12-31')", value: "366" }],
    form: Form::Call {
        function: Function::DayOfYear,
        parameters: &[Parameter::Temporal],
        optional: 0,
        repeats: false,
        returns: Returns::Integer,
        sql: |call| part(call, "doy", "%j", "dayofyear"),
    },
};

pub(super) const DATE: Definition = Definition {
    name: "date",
    usage: "date(x)",
    doc: "The date of a date and time.",
    examples: &[Example { call: "date('2025-03-09T17:30:00')", value: "'2025-03-09'" }],
    form: Form::Call {
        function: Function::Date,
        parameters: &[Parameter::Temporal],
        optional: 0,
        repeats: false,
        returns: Returns::Date,
        sql: |call| match call.dialect {
            Dialect::Sqlite => format!("date({})", call.arguments[0]),
            _ => format!("CAST({} AS DATE)", call.arguments[0]),
        },
    },
};

pub(super) const DATETIME: Definition = Definition {
    name: "datetime",
    usage: "datetime(date[, hour[, minute]])",
    doc: "Midnight of a date, or that many hours and minutes later.",
    examples: &[
        Example { call: "datetime('2025-03-09')", value: "timestamp '2025-03-09T00:00:00'" },
        Example { call: "datetime('2025-03-09', 17, 30)", value: "timestamp '2025-03-09T17:30:00'" },
    ],
    form: Form::DateTime,
};

pub(super) const START_OF_MONTH: Definition = Definition {
    name: "start_of_month",
    usage: "start_of_month(x)",
    doc: "The first day of the month.",
    examples: &[Example { call: "start_of_month('2025-03-09')", value: "'2025-03-01'" }],
    form: Form::Call {
        function: Function::StartOfMonth,
        parameters: &[Parameter::Temporal],
        optional: 0,
        repeats: false,
        returns: Returns::Date,
        sql: |call| start(call, "month"),
    },
};

pub(super) const START_OF_YEAR: Definition = Definition {
    name: "start_of_year",
    usage: "start_of_year(x)",
    doc: "The first day of the year.",
    examples: &[Example { call: "start_of_year('2025-03-09')", value: "'2025-01-01'" }],
    form: Form::Call {
        function: Function::StartOfYear,
        parameters: &[Parameter::Temporal],
        optional: 0,
        repeats: false,
        returns: Returns::Date,
        sql: |call| start(call, "year"),
    },
};

pub(super) const DAYS: Definition = Definition {
    name: "days",
    usage: "days(n)",
    doc: "An interval of days, to add to a date.",
    examples: &[Example { call: "date '2025-03-30' + days(3)", value: "'2025-04-02'" }],
    form: Form::Interval { unit: Unit::Day, each: 1 },
};

pub(super) const WEEKS: Definition = Definition {
    name: "weeks",
    usage: "weeks(n)",
    doc: "An interval of seven days each.",
    examples: &[Example { call: "date '2025-03-30' - weeks(1)", value: "'2025-03-23'" }],
    form: Form::Interval { unit: Unit::Day, each: 7 },
};

pub(super) const MONTHS: Definition = Definition {
    name: "months",
    usage: "months(n)",
    doc: "An interval of calendar months; the day is clamped to the month's last.",
    examples: &[
        Example { call: "date '2025-01-31' + months(1)", value: "'2025-02-28'" },
        Example { call: "date '2025-03-31' - months(1)", value: "'2025-02-28'" },
    ],
    form: Form::Interval { unit: Unit::Month, each: 1 },
};

pub(super) const YEARS: Definition = Definition {
    name: "years",
    usage: "years(n)",
    doc: "An interval of twelve calendar months each; 29 February becomes 28 where there is none.",
    examples: &[Example { call: "date '2024-02-29' + years(1)", value: "'2025-02-28'" }],
    form: Form::Interval { unit: Unit::Month, each: 12 },
};

pub(super) const HOURS: Definition = Definition {
    name: "hours",
    usage: "hours(n)",
    doc: "An interval of hours, which may have a fraction; a date becomes a date and time.",
    examples: &[Example { call: "date '2025-03-30' + hours(25.5)", value: "timestamp '2025-03-31T01:30:00'" }],
    form: Form::Interval { unit: Unit::Second, each: 3600 },
};

pub(super) const MINUTES: Definition = Definition {
    name: "minutes",
    usage: "minutes(n)",
    doc: "An interval of minutes, which may have a fraction.",
    examples: &[Example {
        call: "timestamp '2025-03-30T23:30:00' + minutes(45)",
        value: "timestamp '2025-03-31T00:15:00'",
    }],
    form: Form::Interval { unit: Unit::Second, each: 60 },
};

pub(super) const SECONDS: Definition = Definition {
    name: "seconds",
    usage: "seconds(n)",
    doc: "An interval of seconds, rounded to whole ones.",
    examples: &[Example {
        call: "timestamp '2025-03-30T23:59:59' + seconds(1)",
        value: "timestamp '2025-03-31T00:00:00'",
    }],
    form: Form::Interval { unit: Unit::Second, each: 1 },
};

pub(super) const DAYS_BETWEEN: Definition = Definition {
    name: "days_between",
    usage: "days_between(a, b)",
    doc: "Calendar days from a to b, negative when b is earlier; for dates the same as b - a.",
    examples: &[
        Example { call: "days_between('2025-03-01', '2025-03-09')", value: "8" },
        Example { call: "days_between('2025-03-01T23:00', '2025-03-02T01:00')", value: "1" },
    ],
    form: Form::Call {
        function: Function::DaysBetween,
        parameters: &[Parameter::Temporal, Parameter::Temporal],
        optional: 0,
        repeats: false,
        returns: Returns::Integer,
        sql: days_between,
    },
};

pub(super) const MONTHS_BETWEEN: Definition = Definition {
    name: "months_between",
    usage: "months_between(a, b)",
    doc: "Completed calendar months from a to b, negative when b is earlier.",
    examples: &[
        Example { call: "months_between('2025-01-15', '2025-03-14')", value: "1" },
        Example { call: "months_between('2024-01-31', '2024-02-29')", value: "0" },
    ],
    form: Form::Call {
        function: Function::MonthsBetween,
        parameters: &[Parameter::Temporal, Parameter::Temporal],
        optional: 0,
        repeats: false,
        returns: Returns::Integer,
        sql: months_between,
    },
};

pub(super) const YEARS_BETWEEN: Definition = Definition {
    name: "years_between",
    usage: "years_between(a, b)",
    doc: "Completed years from a to b, such as an age.",
    examples: &[
        Example { call: "years_between('1960-07-02', '2025-07-01')", value: "64" },
        Example { call: "years_between('1960-07-02', '2025-07-02')", value: "65" },
    ],
    form: Form::Call {
        function: Function::YearsBetween,
        parameters: &[Parameter::Temporal, Parameter::Temporal],
        optional: 0,
        repeats: false,
        returns: Returns::Integer,
        sql: |call| match call.dialect {
            Dialect::Spark => format!("({} DIV 12)", months_between(call)),
            Dialect::DuckDb => format!("CAST(trunc({} / 12.0) AS BIGINT)", months_between(call)),
            _ => format!("({} / 12)", months_between(call)),
        },
    },
};

pub(super) const HOURS_BETWEEN: Definition = Definition {
    name: "hours_between",
    usage: "hours_between(a, b)",
    doc: "Completed hours from a to b, negative when b is earlier.",
    examples: &[Example { call: "hours_between('2025-03-01T23:00', '2025-03-02T01:59')", value: "2" }],
    form: Form::Call {
        function: Function::HoursBetween,
        parameters: &[Parameter::DateTime, Parameter::DateTime],
        optional: 0,
        repeats: false,
        returns: Returns::Integer,
        sql: |call| elapsed(call, 3600),
    },
};

pub(super) const MINUTES_BETWEEN: Definition = Definition {
    name: "minutes_between",
    usage: "minutes_between(a, b)",
    doc: "Completed minutes from a to b, negative when b is earlier.",
    examples: &[
        Example { call: "minutes_between('2025-03-01T23:00', '2025-03-02T01:59')", value: "179" },
        Example { call: "minutes_between('2025-03-01T10:00:30', '2025-03-01T10:00:00')", value: "0" },
    ],
    form: Form::Call {
        function: Function::MinutesBetween,
        parameters: &[Parameter::DateTime, Parameter::DateTime],
        optional: 0,
        repeats: false,
        returns: Returns::Integer,
        sql: |call| elapsed(call, 60),
    },
};

fn part(call: &SqlCall<'_>, field: &str, sqlite: &str, spark: &str) -> String {
    let x = &call.arguments[0];
    match call.dialect {
        Dialect::Sqlite => format!("CAST(strftime('{sqlite}', {x}) AS INTEGER)"),
        Dialect::Spark => format!("CAST({spark}({x}) AS BIGINT)"),
        _ => format!("CAST(extract({field} FROM {x}) AS BIGINT)"),
    }
}

fn day_of_week(call: &SqlCall<'_>) -> String {
    let x = &call.arguments[0];
    match call.dialect {
        Dialect::Sqlite => format!("((CAST(strftime('%w', {x}) AS INTEGER) + 6) % 7)"),
        Dialect::Spark => format!("CAST(weekday({x}) AS BIGINT)"),
        _ => format!("(CAST(extract(isodow FROM {x}) AS BIGINT) - 1)"),
    }
}

fn start(call: &SqlCall<'_>, unit: &str) -> String {
    let x = &call.arguments[0];
    match call.dialect {
        Dialect::Sqlite => format!("date({x}, 'start of {unit}')"),
        Dialect::Spark => format!("CAST(trunc({x}, '{unit}') AS DATE)"),
        _ => format!("CAST(date_trunc('{unit}', {x}) AS DATE)"),
    }
}

fn days_between(call: &SqlCall<'_>) -> String {
    let [a, b] = [&call.arguments[0], &call.arguments[1]];
    match call.dialect {
        Dialect::Sqlite => format!("CAST(julianday(date({b})) - julianday(date({a})) AS INTEGER)"),
        Dialect::Spark => format!("CAST(datediff(CAST({b} AS DATE), CAST({a} AS DATE)) AS BIGINT)"),
        _ => format!("CAST(CAST({b} AS DATE) - CAST({a} AS DATE) AS BIGINT)"),
    }
}

/// The difference of the calendar months, less one when day and time are not reached: every database would count
/// the ends of months its own way.
fn months_between(call: &SqlCall<'_>) -> String {
    let field = |x: &String, field: &str, sqlite: &str| {
        let call = SqlCall { arguments: std::slice::from_ref(x), ..*call };
        part(&call, field, sqlite, field)
    };
    let [a, b] = [&call.arguments[0], &call.arguments[1]];
    let months = format!(
        "(({} - {}) * 12 + {} - {})",
        field(b, "year", "%Y"),
        field(a, "year", "%Y"),
        field(b, "month", "%m"),
        field(a, "month", "%m")
    );
    let within = |x: &str| match call.dialect {
        Dialect::Sqlite => format!("strftime('%d %H:%M:%f', {x})"),
        Dialect::DuckDb => format!("strftime({x}, '%d %H:%M:%S.%f')"),
        Dialect::Postgres => format!("to_char(CAST({x} AS TIMESTAMP), 'DD HH24:MI:SS.US')"),
        Dialect::Spark => format!("date_format({x}, 'dd HH:mm:ss.SSSSSS')"),
    };
    format!(
        "({months} - CASE WHEN {months} > 0 AND {end} < {start} THEN 1 WHEN {months} < 0 AND {end} > {start} THEN -1 ELSE 0 END)",
        start = within(a),
        end = within(b)
    )
}

/// Completed units of so many seconds, cut toward zero.
fn elapsed(call: &SqlCall<'_>, seconds: i64) -> String {
    let [a, b] = [&call.arguments[0], &call.arguments[1]];
    match call.dialect {
        Dialect::DuckDb => {
            format!("CAST(trunc((epoch_us({b}) - epoch_us({a})) / {}.0) AS BIGINT)", seconds * 1_000_000)
        }
        Dialect::Postgres => {
            format!("CAST(trunc(extract(epoch FROM {b} - {a}) / {seconds}) AS BIGINT)")
        }
        Dialect::Spark => format!(
            "((unix_micros(CAST({b} AS TIMESTAMP)) - unix_micros(CAST({a} AS TIMESTAMP))) DIV {})",
            seconds * 1_000_000
        ),
        Dialect::Sqlite => {
            let millis = |x: &str| {
                format!("CAST(strftime('%s', {x}) AS INTEGER) * 1000 + CAST(substr(strftime('%f', {x}), 4) AS INTEGER)")
            };
            format!("(({} - ({})) / {})", millis(b), millis(a), seconds * 1000)
        }
    }
}
