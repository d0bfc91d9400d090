//! MK02xx: values.

codes! {
    WEIGHTS_DO_NOT_SUM = "MK0201", "shares do not add up to 100%",
    "When every category of a choice is a percentage, together they must make 100%. Plain numbers are relative \
     weights and need not add up to anything.",
    wrong: "choice: {Paid: 85%, Denied: 10%}", mended: "choice: {Paid: 85%, Denied: 15%}";

    NO_WEIGHT = "MK0202", "no category has a weight above zero",
    "A choice needs at least one category that can occur.",
    wrong: "choice: {Paid: 0, Denied: 0}", mended: "choice: {Paid: 1, Denied: 0}";

    NEGATIVE_SPREAD = "MK0203", "a spread is negative or zero",
    "Standard deviations, scales and the like are positive numbers, in the unit of the field.",
    wrong: "normal: {mean: 58, sd: -9}", mended: "normal: {mean: 58, sd: 9}";

    IMPOSSIBLE_QUOTA = "MK0204", "an exact quota cannot be met",
    "The total cannot be spread so that each parent gets at least the least and at most the most it may have.",
    wrong: "count: {total: 100, per: patient, min: 1}   # of 200 patients", mended: "count: {total: 300, per: patient, min: 1}";

    BAD_PERCENTAGE = "MK0205", "a percentage or probability is not between 0 and 1",
    "A share is written as `5%` or `0.05`, from 0% to 100%.",
    wrong: "missing: 130%", mended: "missing: 13%";

    EMPTY_PERIOD = "MK0206", "a period is empty",
    "A period ends on or after the day it starts.",
    wrong: "period: {from: 2025-12-31, to: 2025-01-01}", mended: "period: {from: 2025-01-01, to: 2025-12-31}";

    RANGE_UPSIDE_DOWN = "MK0207", "a range has its ends the wrong way round",
    "The least value comes before the greatest.",
    wrong: "uniform: {min: 10, max: 5}", mended: "uniform: {min: 5, max: 10}";

    NEGATIVE_WEIGHT = "MK0208", "a weight is negative",
    "A weight says how often something occurs relative to others: zero or more.",
    wrong: "choice: {Paid: 3, Denied: -1}", mended: "choice: {Paid: 3, Denied: 1}";

    QUANTILES_NOT_RISING = "MK0209", "quantiles do not rise",
    "A higher quantile is never less than a lower one.",
    wrong: "quantiles: {p25: 10, p50: 8, p75: 20}", mended: "quantiles: {p25: 8, p50: 10, p75: 20}";

    BAD_PARAMETER = "MK0210", "a parameter of a distribution is out of range",
    "Each distribution's parameters have ranges outside which it does not exist.",
    wrong: "poisson: {mean: -2}", mended: "poisson: {mean: 2}";

    BAD_DATE = "MK0211", "a date or time does not exist",
    "Dates are written `2025-01-31`, times `2025-01-31T08:30`, and must exist in the calendar.",
    wrong: "from: 2025-02-30", mended: "from: 2025-02-28";

    NEGATIVE_COUNT = "MK0212", "a number of rows is negative",
    "Rows are counted in whole numbers from 0.",
    wrong: "count: -5", mended: "count: 5";

    BAD_CORRELATION = "MK0213", "correlations cannot all hold at once",
    "A correlation lies between -1 and 1, and three or more must fit each other: if a goes with b and b with c, a \
     cannot go fully against c. Mathematically, the matrix must be positive definite.",
    wrong: "correlate: {a b: 0.9, b c: 0.9, a c: -0.9}", mended: "correlate: {a b: 0.9, b c: 0.9, a c: 0.7}";

    BAD_TIME_ZONE = "MK0214", "a time zone is not known",
    "Time zones are names of the IANA database.",
    wrong: "time_zone: EST5", mended: "time_zone: America/New_York";

    MIXED_WEIGHTS = "MK0215", "percentages and plain weights are mixed",
    "The weights of a choice are all percentages of the whole, or all relative to each other.",
    wrong: "choice: {Paid: 85%, Denied: 15}", mended: "choice: {Paid: 85%, Denied: 15%}";
}
