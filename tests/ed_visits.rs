//! `specs/ed-visits.yaml`: a year of one emergency department, its patterns recovered from the file.
//!
//! Seeds are fixed. Statistical claims state their alpha; figures are those of the NHAMCS as cited in the spec.

mod support;

use std::sync::OnceLock;

use support::statistics::{Z_1E3, assert_between, assert_share, mean, pearson, quantile};
use support::{Data, generate, spec};

/// Share of arrivals by hour, NHAMCS 2022, percent.
const HOURS: [f64; 24] = [
    2.39, 2.11, 1.90, 1.75, 1.83, 1.71, 1.87, 2.69, 4.24, 5.35, 6.43, 6.02, 6.23, 6.25, 5.57, 5.09, 5.61, 5.74, 5.59,
    5.27, 4.85, 4.44, 4.08, 2.99,
];

fn visits() -> &'static Data {
    static DATA: OnceLock<Data> = OnceLock::new();
    DATA.get_or_init(|| {
        Data::load(&generate("ed-visits", "specs/ed-visits.yaml", &[]))
            .with("icd10", &spec("library/codes/icd-10-cm.csv"))
            .prepared("create index visit_patient on visit (patient_id, arrived_at)")
    })
}

/// Arrivals by quarter hour of the day.
fn quarters() -> [i64; 96] {
    let sql = "select strftime('%H', arrived_at) * 4 + strftime('%M', arrived_at) / 15, count(*) from visit group by 1";
    let mut counts = [0; 96];
    for (quarter, count) in visits().pairs::<i64, i64>(sql) {
        counts[quarter as usize] = count;
    }
    counts
}

#[test]
fn there_are_exactly_40000_visits_of_27000_patients_within_the_year() {
    let data = visits();
    assert_eq!(data.count("select count(*) from visit"), 40_000);
    assert_eq!(data.count("select count(*) from patient"), 27_000);
    assert_eq!(data.count("select count(distinct patient_id) from visit"), 27_000);
    data.none("select visit_id from visit where date(arrived_at) not between '2025-01-01' and '2025-12-31'");
    data.keys_are_unique();
    assert_eq!(data.references_resolve(), 1);
}

#[test]
fn friday_evenings_run_at_1_30_times_the_same_hours_of_monday_to_thursday() {
    // Day 5 is Friday in SQLite. 2025 has 52 Fridays, 52 Mondays, Tuesdays and Thursdays and 53 Wednesdays.
    let data = visits();
    let evenings = |days: &str| {
        data.count(&format!(
            "select count(*) from visit where strftime('%w', arrived_at) in ({days}) and strftime('%H', arrived_at) >= '18'"
        ))
    };
    let (friday, others) = (evenings("'5'"), evenings("'1', '2', '3', '4'"));
    // Given their sum, the Friday count is binomial with odds 1.30 * 52 : 209; two-sided alpha 1e-3. The months' factors
    // move the days' number of evenings by less than 1 %.
    let share = 1.30 * 52.0 / (1.30 * 52.0 + 209.0);
    assert_share("Friday among the evenings", friday, friday + others, share, Z_1E3, 0.001);
    let ratio = (friday as f64 / 52.0) / (others as f64 / 209.0);
    assert_between("ratio", ratio, 1.20, 1.40);
}

#[test]
fn friday_daytime_is_not_raised() {
    let sql = |days: &str| {
        format!(
            "select count(*) from visit where strftime('%w', arrived_at) in ({days}) and strftime('%H', arrived_at) < '18'"
        )
    };
    let (friday, others) = (visits().count(&sql("'5'")), visits().count(&sql("'1', '2', '3', '4'")));
    let ratio = (friday as f64 / 52.0) / (others as f64 / 209.0);
    // NHAMCS day shares: 13.65 against a mean of 14.76.
    assert_between("ratio by day", ratio, 0.87, 0.98);
}

#[test]
fn no_window_of_three_and_a_half_hours_holds_more_visits_than_0730_to_1100() {
    let counts = quarters();
    let window = |start: usize| (start..start + 14).map(|quarter| counts[quarter % 96]).sum::<i64>();
    let peak = window(30);
    for start in (0..96).filter(|start| *start != 30) {
        assert!(window(start) < peak, "from quarter {start}: {} against {peak}", window(start));
    }
}

#[test]
fn the_days_remaining_shape_follows_the_published_one() {
    let counts = quarters();
    let hours: Vec<f64> = (0..24).map(|hour| counts[hour * 4..hour * 4 + 4].iter().sum::<i64>() as f64).collect();
    // Hours that neither the morning peak (7 to 10) nor the Friday boost (18 to 23) touches.
    let rest: Vec<usize> = (0..24).filter(|hour| !(7..=10).contains(hour) && *hour < 18).collect();
    let pairs: Vec<(f64, f64)> = rest.iter().map(|hour| (hours[*hour], HOURS[*hour])).collect();
    assert!(pearson(&pairs) > 0.995, "r = {}", pearson(&pairs));
    // Chi-square of the shares among those hours; 13 degrees of freedom, 99.9 % point 34.5. The night is not touched.
    let (total, base) = (pairs.iter().map(|pair| pair.0).sum::<f64>(), pairs.iter().map(|pair| pair.1).sum::<f64>());
    let chi_square: f64 = pairs
        .iter()
        .map(|(count, share)| {
            let expected = total * share / base;
            (count - expected) * (count - expected) / expected
        })
        .sum();
    assert!(chi_square < 34.5, "chi-square {chi_square}");
    // Evenings keep their slope outside Friday.
    let sql = "select cast(strftime('%H', arrived_at) as integer), count(*) from visit \
               where strftime('%H', arrived_at) >= '18' and strftime('%w', arrived_at) <> '5' group by 1";
    let evenings: Vec<(f64, f64)> =
        visits().pairs::<i64, f64>(sql).into_iter().map(|(hour, count)| (count, HOURS[hour as usize])).collect();
    assert_eq!(evenings.len(), 6);
    assert!(pearson(&evenings) > 0.98, "r = {}", pearson(&evenings));
}

#[test]
fn minutes_within_an_hour_are_spread_evenly() {
    let sql = "select strftime('%M', arrived_at) / 15, count(*) from visit where strftime('%H', arrived_at) = '13' group by 1";
    let counts: Vec<f64> = visits().pairs::<i64, f64>(sql).into_iter().map(|(_, count)| count).collect();
    let expected = mean(&counts);
    let chi_square: f64 = counts.iter().map(|count| (count - expected) * (count - expected) / expected).sum();
    // 3 degrees of freedom, 99.9 % point 16.3.
    assert!(chi_square < 16.3, "chi-square {chi_square}");
    assert!(visits().count("select count(distinct strftime('%M', arrived_at)) from visit") >= 12);
}

#[test]
fn months_follow_their_factors() {
    let factors = [0.962, 0.973, 0.991, 1.022, 1.003, 0.976, 1.014, 1.033, 1.078, 1.021, 0.974, 0.952];
    let days = [31.0, 28.0, 31.0, 30.0, 31.0, 30.0, 31.0, 31.0, 30.0, 31.0, 30.0, 31.0];
    let counts: Vec<f64> = visits()
        .column("select count(*) from visit group by strftime('%m', arrived_at) order by strftime('%m', arrived_at)");
    let base: f64 = factors.iter().zip(days).map(|(factor, days)| factor * days).sum();
    for (month, count) in counts.iter().enumerate() {
        let share = factors[month] * days[month] / base;
        // Which weekdays a month has moves its expected share by about 1 %.
        assert_share(&format!("month {}", month + 1), *count as i64, 40_000, share, Z_1E3, 0.0015);
    }
}

#[test]
fn triage_levels_have_the_published_shares() {
    let total = visits().count("select count(triage_level) from visit");
    for (level, share) in [(1, 0.0109), (2, 0.1023), (3, 0.4626), (4, 0.3564), (5, 0.0678)] {
        let count = visits().count(&format!("select count(*) from visit where triage_level = {level}"));
        assert_share(&format!("triage level {level}"), count, total, share, Z_1E3, 0.0);
    }
}

#[test]
fn triage_is_missing_exactly_where_the_truth_table_says_so() {
    let missing: Vec<String> = visits().column("select visit_id from visit where triage_level is null order by 1");
    let listed: Vec<String> = visits().column("select key from edge_cases where edge_case = 'untriaged' order by 1");
    assert_eq!(missing, listed);
    assert_share("untriaged", missing.len() as i64, 40_000, 0.005, Z_1E3, 0.0);
}

#[test]
fn waits_have_the_published_quantiles() {
    let waits: Vec<f64> = visits().column(
        "select minutes_to_provider from visit where minutes_to_provider is not null and visit_id not in \
         (select key from edge_cases where edge_case = 'very_long_wait')",
    );
    // NHAMCS: p25 9, p50 21, p75 48, p90 99, p95 148, within 15 % for the fit of a lognormal.
    for (share, minutes) in [(0.25, 9.0), (0.5, 21.0), (0.75, 48.0), (0.9, 99.0), (0.95, 148.0)] {
        assert_between(
            &format!("quantile {share}"),
            quantile(&waits, share),
            0.85 * minutes - 1.0,
            1.15 * minutes + 1.0,
        );
    }
    let at_once = waits.iter().filter(|wait| **wait == 0.0).count() as i64;
    assert_share("seen at once", at_once, waits.len() as i64, 0.048, Z_1E3, 0.005);
}

#[test]
fn only_those_who_left_unseen_have_no_provider_time() {
    visits().none(
        "select visit_id from visit where (disposition = 'left_without_being_seen') <> (minutes_to_provider is null)",
    );
}

#[test]
fn no_patient_is_in_the_department_twice_at_once() {
    visits().none(
        "select one.visit_id, other.visit_id from visit as one join visit as other \
         on one.patient_id = other.patient_id and one.visit_id <> other.visit_id \
         and one.arrived_at <= other.arrived_at and other.arrived_at < one.departed_at",
    );
}

#[test]
fn everyone_leaves_after_arriving_and_nobody_comes_before_birth() {
    visits().none("select visit_id from visit where departed_at <= arrived_at");
    visits().none("select visit_id from visit join patient using (patient_id) where date(arrived_at) < birth_date");
    visits().none(
        "select visit_id from visit join patient using (patient_id) \
         where age <> (strftime('%Y%m%d', arrived_at) - strftime('%Y%m%d', birth_date)) / 10000",
    );
}

#[test]
fn the_severely_ill_are_admitted_more_often_and_stay_longer() {
    let admitted: Vec<f64> = visits().column(
        "select avg(disposition = 'admitted') from visit where triage_level is not null group by triage_level order by triage_level",
    );
    assert!(admitted[0] > admitted[1] && admitted[1] > admitted[2] && admitted[2] > admitted[4], "{admitted:?}");
    let share: f64 = visits().one("select avg(disposition = 'admitted') from visit");
    assert_between("admitted", share, 0.09, 0.15);
}

#[test]
fn reasons_fit_sex_and_age() {
    visits().none(
        "select visit_id, reason, birth_sex, age from visit join patient using (patient_id) left join icd10 on code = reason \
         where code is null or (sex is not null and sex <> birth_sex) or age < coalesce(min_age, 0) or age > coalesce(max_age, 200)",
    );
}

#[test]
fn returns_within_72_hours_are_marked_by_what_the_file_shows() {
    visits().none(
        "select visit_id from (select visit_id, returned_within_72h, arrived_at, \
         lag(departed_at) over (partition by patient_id order by arrived_at) as last_departure from visit) \
         where (returned_within_72h = 'true') <> coalesce((julianday(arrived_at) - julianday(last_departure)) * 24 <= 72.0001, 0)",
    );
}

#[test]
fn visits_of_a_person_are_numbered_in_time() {
    visits().none(
        "select visit_id from (select visit_id, arrived_at, lag(arrived_at) over (partition by patient_id order by rowid) as before \
         from visit) where arrived_at < before",
    );
}
