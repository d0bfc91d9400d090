//! `specs/clinic-population.yaml` with 1,500 patients: a clinical record and its claims, from the files alone.
//!
//! The seed is the spec's. Identities and rules hold for every row. Statistical claims use normal bounds at a two-sided
//! alpha of 1e-6 each, so that the suite's false-alarm rate over its few hundred bounds is below 1e-3, or bounds whose
//! reason stands beside them. Figures are those of the library's tables, which cite their sources.

mod support;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use support::statistics::{
    Z_1E3, Z_1E6, assert_between, assert_share, mean, median, pearson, quantile, within_subject_cv,
};
use support::{Data, generate, spec};

/// Age in whole years of a patient on a day.
macro_rules! age {
    ($birth:literal, $day:literal) => {
        concat!("((strftime('%Y%m%d', ", $day, ") - strftime('%Y%m%d', ", $birth, ")) / 10000)")
    };
}

fn clinic() -> &'static Data {
    static DATA: OnceLock<Data> = OnceLock::new();
    DATA.get_or_init(|| {
        Data::load(&generate("clinic-population", "specs/clinic-population.yaml", &["--patients", "1500"]))
            .with("prevalence", &spec("library/figures/chronic-prevalence.csv"))
            .with("arrivals", &spec("library/figures/ed-arrivals-hour-of-week.csv"))
            .with("ranges", &spec("library/codes/lab-reference-ranges.csv"))
            .with("labs", &spec("library/codes/loinc-labs.csv"))
            .with("vitals", &spec("library/codes/loinc-vitals.csv"))
            .with("drugs", &spec("library/codes/rxnorm-drugs.csv"))
            .with("indications", &spec("library/codes/drug-indications.csv"))
            .with("chronic", &spec("library/codes/chronic-conditions.csv"))
            .with("icd10", &spec("library/codes/icd-10-cm.csv"))
            .with("procedure_codes", &spec("library/codes/procedures.csv"))
            .with("vaccines", &spec("library/codes/cvx-vaccines.csv"))
            .prepared(
                "create unique index p1 on patient (patient_id);
                 create unique index p2 on encounter (encounter_id);
                 create index p3 on encounter (patient_id, started_at);
                 create unique index p4 on lab_order (lab_order_id);
                 create index p5 on lab_result (patient_id, analyte, resulted_at);
                 create index p6 on lab_result (lab_order_id, analyte);
                 create unique index p7 on claim (claim_id);
                 create index p8 on claim_line (claim_id);
                 create index p9 on vital_sign (encounter_id, name);
                 create index p10 on condition (patient_id);
                 create index p11 on diagnosis (encounter_id);
                 create unique index p12 on coverage (coverage_id);
                 create index p13 on medication_dispense (medication_order_id, fill_number);
                 create index p14 on lab_result (encounter_id, analyte);
                 create index p15 on ranges (analyte);
                 create index p16 on edge_cases (key);
                 analyze;",
            )
    })
}

/// Pairs of two analytes of one laboratory order or encounter.
fn paired(by: &str, a: &str, b: &str, sex: &str) -> Vec<(f64, f64)> {
    clinic().pairs(&format!(
        "select one.value, other.value from lab_result as one join lab_result as other using ({by}) \
         join encounter on encounter.encounter_id = one.encounter_id join patient on patient.patient_id = one.patient_id \
         where one.analyte = '{a}' and other.analyte = '{b}' and age >= 18 and birth_sex like '{sex}' \
         and one.value is not null and other.value is not null \
         and one.lab_result_id not in (select key from edge_cases) and other.lab_result_id not in (select key from edge_cases)"
    ))
}

/// Each adult's values of an analyte outside emergencies and stays, in order of time.
fn series(analyte: &str) -> Vec<Vec<f64>> {
    let rows: Vec<(String, f64)> = clinic().pairs(&format!(
        "select lab_result.patient_id, value from lab_result join encounter using (encounter_id) \
         where analyte = '{analyte}' and class not in ('EMER', 'IMP') and age >= 18 and value is not null \
         and lab_result_id not in (select key from edge_cases) order by lab_result.patient_id, resulted_at"
    ));
    let mut series: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (patient, value) in rows {
        series.entry(patient).or_default().push(value);
    }
    series.into_values().collect()
}

// Structure

#[test]
fn asked_for_1500_patients_there_are_1500() {
    assert_eq!(clinic().count("select count(*) from patient"), 1500);
}

#[test]
fn all_library_entities_are_there_and_not_empty() {
    let names = "allergy claim claim_adjustment claim_diagnosis claim_line condition coverage diagnosis edge_cases \
                 encounter facility immunization lab_order lab_result medication_dispense medication_order organization \
                 patient payer pharmacy_claim procedure provider remittance vital_sign";
    for name in names.split_whitespace() {
        assert!(clinic().count(&format!("select count(*) from {name}")) > 0, "{name}");
    }
}

#[test]
fn every_key_is_unique() {
    clinic().keys_are_unique();
}

#[test]
fn every_foreign_key_resolves() {
    assert!(clinic().references_resolve() >= 45);
}

#[test]
fn rows_of_one_patient_stay_with_that_patient() {
    for (child, parent, key) in [
        ("diagnosis", "encounter", "encounter_id"),
        ("vital_sign", "encounter", "encounter_id"),
        ("lab_order", "encounter", "encounter_id"),
        ("lab_result", "lab_order", "lab_order_id"),
        ("lab_result", "encounter", "encounter_id"),
        ("procedure", "encounter", "encounter_id"),
        ("medication_order", "encounter", "encounter_id"),
        ("medication_dispense", "medication_order", "medication_order_id"),
        ("claim", "encounter", "encounter_id"),
        ("claim", "coverage", "coverage_id"),
        ("encounter", "coverage", "coverage_id"),
        ("pharmacy_claim", "medication_dispense", "medication_dispense_id"),
        ("pharmacy_claim", "coverage", "coverage_id"),
    ] {
        clinic().none(&format!(
            "select {key} from {child} as c join {parent} as p using ({key}) where c.patient_id <> p.patient_id"
        ));
    }
}

#[test]
fn what_is_of_an_encounter_says_which() {
    for table in ["diagnosis", "vital_sign", "lab_order", "lab_result", "procedure", "medication_order", "claim"] {
        clinic().none(&format!("select * from {table} where encounter_id is null"));
    }
}

// Time

#[test]
fn nothing_happens_before_birth_or_after_death() {
    for (table, time) in [
        ("encounter", "started_at"),
        ("encounter", "ended_at"),
        ("condition", "onset_date"),
        ("vital_sign", "taken_at"),
        ("lab_order", "ordered_at"),
        ("procedure", "performed_at"),
        ("medication_order", "ordered_on"),
        ("medication_dispense", "dispensed_on"),
        ("immunization", "given_at"),
        ("allergy", "recorded_on"),
        ("coverage", "starts_on"),
        ("coverage", "ends_on"),
        ("claim", "service_date"),
        ("claim", "service_end_date"),
        ("pharmacy_claim", "service_date"),
    ] {
        clinic().none(&format!(
            "select c.*, birth_date, death_date from {table} as c join patient using (patient_id) \
             where date({time}) < birth_date or date({time}) > death_date"
        ));
    }
}

#[test]
fn everything_lies_within_the_period() {
    for (table, time) in [
        ("encounter", "started_at"),
        ("medication_dispense", "dispensed_on"),
        ("immunization", "given_at"),
        ("claim", "service_date"),
        ("patient", "death_date"),
    ] {
        clinic()
            .none(&format!("select {time} from {table} where date({time}) not between '2021-01-01' and '2025-12-31'"));
    }
}

#[test]
fn every_day_of_care_lies_within_the_coverage_it_names() {
    clinic().none(
        "select encounter_id from encounter join coverage using (coverage_id) where date(started_at) not between starts_on and ends_on",
    );
    clinic().none("select claim_id from claim join coverage using (coverage_id) where service_date not between starts_on and ends_on");
    clinic().none(
        "select pharmacy_claim_id from pharmacy_claim join coverage using (coverage_id) \
         where service_date not between starts_on and ends_on",
    );
}

#[test]
fn coverages_of_a_person_follow_each_other_without_gap_or_overlap() {
    clinic().none(
        "select coverage_id from (select coverage_id, starts_on, \
         lag(ends_on) over (partition by patient_id order by starts_on) as before from coverage) \
         where before is not null and julianday(starts_on) - julianday(before) <> 1",
    );
    clinic().none(
        "select patient_id from patient join coverage using (patient_id) group by patient_id \
         having min(starts_on) <> max('2021-01-01', birth_date) or max(ends_on) <> coalesce(death_date, '2025-12-31')",
    );
}

#[test]
fn no_two_encounters_of_a_person_overlap() {
    clinic().none(
        "select encounter_id from (select encounter_id, started_at, max(ended_at) over (partition by patient_id \
         order by started_at, ended_at rows between unbounded preceding and 1 preceding) as before from encounter) \
         where started_at < before",
    );
}

#[test]
fn clinics_are_closed_at_weekends_and_at_night() {
    clinic().none(
        "select encounter_id, started_at from encounter join facility using (facility_id) where kind in ('clinic', 'specialty') \
         and (strftime('%w', started_at) in ('0', '6') or strftime('%H', started_at) not between '06' and '21')",
    );
    clinic().none("select given_at from immunization where strftime('%w', given_at) in ('0', '6')");
}

#[test]
fn encounters_of_a_person_do_not_share_one_clock_time() {
    let share: f64 = clinic().one(
        "select avg(clocks * 1.0 / visits) from (select count(*) as visits, count(distinct strftime('%H:%M', started_at)) as clocks \
         from encounter group by patient_id having count(*) >= 10)",
    );
    assert!(share > 0.7, "{share}");
}

#[test]
fn emergency_arrivals_follow_the_hours_of_the_week() {
    let sql = "select arrivals.rate, coalesce(n, 0) from arrivals left join (select (strftime('%w', started_at) + 6) % 7 as d, \
               cast(strftime('%H', started_at) as integer) as h, count(*) as n from encounter where class = 'EMER' group by 1, 2) \
               on d = dow and h = hour";
    let cells: Vec<(f64, f64)> = clinic().pairs(sql);
    assert_eq!(cells.len(), 168);
    // About 20 visits a cell: Poisson noise alone keeps r near .9.
    assert!(pearson(&cells) > 0.8, "r = {}", pearson(&cells));
    let hours: Vec<(f64, f64)> = clinic().pairs(
        "select (select sum(rate) from arrivals where hour = h), n from (select cast(strftime('%H', started_at) as integer) as h, \
         count(*) as n from encounter where class = 'EMER' group by 1)",
    );
    // About 130 an hour of the day.
    assert!(pearson(&hours) > 0.94, "r = {}", pearson(&hours));
}

// People

#[test]
fn patients_live_in_several_states_and_zip_codes_fit_them() {
    assert!(clinic().count("select count(distinct state) from patient") >= 4);
    assert!(clinic().count("select count(distinct timezone) from facility") >= 2);
    clinic().none("select patient_id from patient join organization using (organization_id) where patient.state <> organization.state");
}

#[test]
fn facilities_have_several_providers_who_are_seen() {
    clinic().none(
        "select facility_id from encounter group by facility_id having count(*) > 50 and count(distinct provider_id) < 2",
    );
    clinic().none("select encounter_id from encounter join provider using (provider_id) where encounter.facility_id <> provider.facility_id");
    assert!(
        clinic().one::<f64>(
            "select avg(n) from (select count(distinct provider_id) as n from encounter group by facility_id)"
        ) > 2.5
    );
}

#[test]
fn women_are_half_and_ages_span_a_life() {
    let women = clinic().count("select count(*) from patient where birth_sex = 'F'");
    assert_share("women", women, 1500, 0.505, Z_1E6, 0.0);
    assert!(clinic().count("select count(*) from patient where birth_date > '2008-01-01'") > 200);
    assert!(clinic().count("select count(*) from patient where birth_date < '1956-01-01'") > 150);
}

#[test]
fn languages_are_missing_exactly_where_the_truth_table_says_so() {
    let missing: Vec<String> = clinic().column("select patient_id from patient where language is null order by 1");
    let listed: Vec<String> =
        clinic().column("select key from edge_cases where edge_case = 'lost_language' order by 1");
    assert_eq!(missing, listed);
    assert!(!missing.is_empty());
}

// Conditions

/// A condition's observed number and what the prevalence table expects, with its variance, over patients that a
/// condition on `birth_sex` and `age` picks.
fn observed_and_expected(condition: &str, over: &str) -> (f64, f64, f64) {
    let sql = format!(
        "select sum(has), sum(p), sum(p * (1 - p)) from (select patient_id, birth_sex, age, \
         exists (select 1 from condition where condition.patient_id = c.patient_id and key = '{condition}') as has, \
         coalesce((select prevalence from prevalence where condition = '{condition}' and sex = birth_sex \
         and age between age_from and age_to), 0) as p from (select patient_id, birth_sex, {age} as age from patient) as c) \
         where {over}",
        age = age!("birth_date", "coalesce(death_date, '2025-12-31')"),
    );
    clinic().rows(&sql, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))[0]
}

#[test]
fn chronic_conditions_have_the_prevalence_of_their_age_and_sex() {
    let conditions = "hypertension type_2_diabetes hyperlipidemia hypercholesterolemia obesity ckd copd asthma \
                      atrial_fibrillation coronary_artery_disease heart_failure osteoarthritis hypothyroidism depression \
                      anxiety gerd migraine tobacco_use sleep_apnea allergic_rhinitis";
    for condition in conditions.split_whitespace() {
        for sex in ["F", "M"] {
            for (from, to) in [(0, 17), (18, 39), (40, 59), (60, 120)] {
                let over = format!("birth_sex = '{sex}' and age between {from} and {to}");
                let (observed, expected, variance) = observed_and_expected(condition, &over);
                let bound = Z_1E6 * variance.sqrt() + 0.5;
                assert!(
                    (observed - expected).abs() <= bound,
                    "{condition} {sex} {from}-{to}: {observed} against {expected:.1} within {bound:.1}"
                );
            }
        }
    }
}

#[test]
fn a_person_has_a_condition_once_and_each_condition_its_code() {
    clinic().none("select patient_id, key from condition group by 1, 2 having count(*) > 1");
    clinic().none(
        "select condition_id from condition left join chronic on chronic.key = condition.key where code is not icd10",
    );
    clinic().none(
        "select condition_id, sex from condition join chronic using (key) join patient using (patient_id) \
         where chronic.sex is not null and chronic.sex <> birth_sex",
    );
}

#[test]
fn diabetes_comes_with_hypertension_and_obesity() {
    let with = |a: &str, b: &str, ages: &str| {
        clinic().rows(
            &format!(
                "select sum(a and b), sum(a), sum(b), count(*) from (select exists (select 1 from condition where \
                 condition.patient_id = p.patient_id and key = '{a}') as a, exists (select 1 from condition where \
                 condition.patient_id = p.patient_id and key = '{b}') as b, {age} as age from patient as p) where age between {ages}",
                age = age!("birth_date", "coalesce(death_date, '2025-12-31')"),
            ),
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?, row.get::<_, i64>(3)?)),
        )[0]
    };
    // NHANES: 70 % of diagnosed diabetics of 45 to 65 have hypertension.
    let (both, diabetics, ..) = with("type_2_diabetes", "hypertension", "45 and 65");
    assert_share("hypertension among diabetics", both, diabetics, 0.70, Z_1E6, 0.05);
    for (a, b) in
        [("type_2_diabetes", "obesity"), ("copd", "tobacco_use"), ("depression", "anxiety"), ("obesity", "sleep_apnea")]
    {
        let (both, has_a, has_b, all) = with(a, b, "40 and 80");
        let lift = (both as f64 / has_a as f64) / (has_b as f64 / all as f64);
        assert!(lift > 1.2, "{a} with {b}: lift {lift:.2}");
    }
}

#[test]
fn hypertension_with_kidney_disease_and_lipids_are_coded_once() {
    let together = "select diagnosis.encounter_id from diagnosis join diagnosis as other using (encounter_id) \
                    join encounter using (encounter_id) where";
    clinic().none(&format!("{together} diagnosis.code = 'I10' and other.code like 'N18%'"));
    clinic().none(&format!("{together} diagnosis.code = 'I10' and substr(other.code, 1, 3) in ('I11', 'I12', 'I13')"));
    clinic().none(&format!("{together} diagnosis.code = 'E78.5' and other.code like 'E78%' and other.code <> 'E78.5'"));
    assert!(clinic().count("select count(*) from diagnosis where code = 'I12.9'") > 50);
}

#[test]
fn conditions_are_named_as_diagnoses_only_from_their_onset() {
    clinic().none(
        "select diagnosis_id from diagnosis join encounter using (encounter_id) join condition \
         on condition.patient_id = diagnosis.patient_id and condition.code = diagnosis.code \
         where onset_date > date(started_at) and rank > 1",
    );
    clinic().none(
        "select encounter_id from diagnosis group by encounter_id having min(rank) <> 1 or max(rank) <> count(*)",
    );
    clinic().none("select encounter_id from encounter where encounter_id not in (select encounter_id from diagnosis)");
    clinic().none(
        "select diagnosis_id from diagnosis join encounter using (encounter_id) join condition using (condition_id) \
         where condition.code <> iif(diagnosis.code = 'I12.9', 'I10', diagnosis.code) or condition.patient_id <> diagnosis.patient_id or onset_date > date(started_at)",
    );
    // What stands on the problem list by then is named with its entry, save in stays for birth.
    clinic().none(
        "select diagnosis_id from diagnosis join encounter using (encounter_id) join condition on condition.patient_id = \
         diagnosis.patient_id and condition.code = diagnosis.code where diagnosis.condition_id is null \
         and onset_date <= date(started_at) and class in ('AMB', 'VR', 'HH')",
    );
    clinic().none(
        "select diagnosis_id from diagnosis join encounter using (encounter_id) where rank = 1 and code <> reason",
    );
}

#[test]
fn reasons_fit_sex_and_age() {
    clinic().none(
        "select encounter_id, reason, birth_sex, age, icd10.min_age, icd10.max_age from encounter join patient using (patient_id) \
         left join icd10 on code = reason where code is null or (sex is not null and sex <> birth_sex) \
         or age < coalesce(min_age, 0) or age > coalesce(max_age, 200)",
    );
}

#[test]
fn diagnoses_fit_sex_and_age() {
    clinic().none(
        "select diagnosis_id, diagnosis.code, birth_sex, age, icd10.min_age, icd10.max_age from diagnosis \
         join encounter using (encounter_id) join patient on patient.patient_id = diagnosis.patient_id \
         left join icd10 on icd10.code = diagnosis.code where icd10.code is null \
         or (icd10.sex is not null and icd10.sex <> birth_sex) \
         or age < coalesce(min_age, 0) or age > coalesce(max_age, 200)",
    );
    clinic().none(
        "select condition_id, key from condition join chronic using (key) join patient using (patient_id) \
         where onset_date < date(birth_date, '+' || coalesce(min_onset_age, 0) || ' years', '-1 day')",
    );
}

// Laboratory

#[test]
fn hba1c_and_glucose_correlate_over_all_adults() {
    for sex in ["F", "M"] {
        let pairs = paired("encounter_id", "hba1c", "glucose", sex);
        assert!(pairs.len() > 100, "{}", pairs.len());
        assert_between(&format!("hba1c ~ glucose {sex}"), pearson(&pairs), 0.7, 0.9);
    }
}

#[test]
fn hba1c_lies_where_the_living_have_it() {
    clinic().none("select value from lab_result where analyte = 'hba1c' and value not between 3.5 and 20");
    let sql = |diabetic: &str| {
        format!(
            "select value from lab_result join encounter using (encounter_id) where analyte = 'hba1c' and age between 45 and 65 \
             and {diabetic} exists (select 1 from condition where condition.patient_id = lab_result.patient_id \
             and key in ('type_2_diabetes', 'type_1_diabetes'))"
        )
    };
    // NHANES medians: 5.6 without diabetes; 7.1 and 7.3 with, before a treatment effect.
    assert_between("median without diabetes", median(&clinic().column(&sql("not"))), 5.4, 5.8);
    assert_between("median with diabetes", median(&clinic().column(&sql(""))), 6.6, 8.0);
}

#[test]
fn blood_counts_correlate_as_in_nhanes() {
    for sex in ["F", "M"] {
        let r = pearson(&paired("lab_order_id", "hemoglobin", "hematocrit", sex));
        assert_between(&format!("hemoglobin ~ hematocrit {sex}"), r, 0.93, 0.99);
        let r = pearson(&paired("lab_order_id", "hematocrit", "rbc", sex));
        assert_between(&format!("hematocrit ~ rbc {sex}"), r, 0.55, 0.85);
    }
}

#[test]
fn chemistry_correlates_as_in_nhanes() {
    // NHANES, women and men: the bounds are .15 around the mean of both, for patients repeat and sampling noise.
    for (a, b, r) in [
        ("alt", "ast", 0.80),
        ("sodium", "chloride", 0.67),
        ("bun", "creatinine", 0.53),
        ("calcium", "albumin", 0.48),
        ("triglycerides", "hdl", -0.36),
        ("platelets", "wbc", 0.35),
    ] {
        let by = if a == "alt" || b == "creatinine" || a == "calcium" || a == "sodium" {
            "lab_order_id"
        } else {
            "encounter_id"
        };
        let found = (pearson(&paired(by, a, b, "F")) + pearson(&paired(by, a, b, "M"))) / 2.0;
        assert_between(&format!("{a} ~ {b}"), found, r - 0.15, r + 0.15);
    }
}

#[test]
fn friedewalds_ldl_is_that_of_the_reported_values() {
    // Halves are rounded one way or the other.
    let order = "select ldl.value as ldl, tc.value as tc, hdl.value as hdl, tg.value as tg from lab_result as ldl \
                 join lab_result as tc on tc.lab_order_id = ldl.lab_order_id and tc.analyte = 'cholesterol_total' \
                 join lab_result as hdl on hdl.lab_order_id = ldl.lab_order_id and hdl.analyte = 'hdl' \
                 join lab_result as tg on tg.lab_order_id = ldl.lab_order_id and tg.analyte = 'triglycerides' where ldl.analyte = 'ldl'";
    assert!(clinic().count(&format!("select count(*) from ({order})")) > 500);
    clinic()
        .none(&format!("select * from ({order}) where tg < 400 and abs(ldl - max(5, tc - hdl - tg / 5.0)) > 0.501"));
    clinic().none(&format!("select * from ({order}) where (tg >= 400) <> (ldl is null)"));
}

#[test]
fn egfr_is_ckd_epi_2021_of_the_reported_creatinine() {
    let rows = clinic().rows(
        "select egfr.value, creatinine.value, age, birth_sex from lab_result as egfr join lab_result as creatinine \
         on creatinine.lab_order_id = egfr.lab_order_id and creatinine.analyte = 'creatinine' \
         join encounter on encounter.encounter_id = egfr.encounter_id join patient on patient.patient_id = egfr.patient_id \
         where egfr.analyte = 'egfr' and egfr.value is not null",
        |row| Ok((row.get::<_, f64>(0)?, row.get::<_, f64>(1)?, row.get::<_, f64>(2)?, row.get::<_, String>(3)?)),
    );
    assert!(rows.len() > 1000);
    for (egfr, creatinine, age, sex) in rows {
        // Inker et al., NEJM 2021.
        let (kappa, alpha, factor) = if sex == "F" { (0.7, -0.241, 1.012) } else { (0.9, -0.302, 1.0) };
        let ratio: f64 = creatinine / kappa;
        let expected = 142.0
            * libm::pow(ratio.min(1.0), alpha)
            * libm::pow(ratio.max(1.0), -1.2)
            * libm::pow(0.9938, age)
            * factor;
        assert!((egfr - expected).abs() < 0.51, "{egfr} against {expected} of {creatinine} at {age} {sex}");
    }
}

#[test]
fn bmi_is_weight_over_height_squared_of_the_reported_values() {
    clinic().none(
        "select bmi.encounter_id, bmi.value, weight.value, height.value from vital_sign as bmi \
         join vital_sign as weight on weight.encounter_id = bmi.encounter_id and weight.name = 'weight' \
         join vital_sign as height on height.encounter_id = bmi.encounter_id and height.name = 'height' \
         where bmi.name = 'bmi' and abs(bmi.value - weight.value * 10000.0 / (height.value * height.value)) > 0.0501",
    );
    assert!(clinic().count("select count(*) from vital_sign where name = 'bmi'") > 1000);
}

#[test]
fn indices_and_fractions_follow_from_the_reported_values() {
    let identity = |result: &str, a: &str, b: &str, formula: &str, tolerance: f64| {
        let from = format!(
            "from lab_result as r join lab_result as a on a.lab_order_id = r.lab_order_id and a.analyte = '{a}' \
             join lab_result as b on b.lab_order_id = r.lab_order_id and b.analyte = '{b}' where r.analyte = '{result}'"
        );
        assert!(clinic().count(&format!("select count(*) {from}")) > 100, "{result}");
        clinic().none(&format!("select r.value, a.value, b.value {from} and abs(r.value - {formula}) > {tolerance}"));
    };
    identity("mcv", "hematocrit", "rbc", "a.value * 10.0 / b.value", 0.0501);
    identity("mch", "hemoglobin", "rbc", "a.value * 10.0 / b.value", 0.0501);
    identity("mchc", "hemoglobin", "hematocrit", "a.value * 100.0 / b.value", 0.0501);
    identity("globulin", "total_protein", "albumin", "(a.value - b.value)", 0.0501);
    identity("neutrophils_abs", "wbc", "neutrophils_pct", "a.value * b.value / 100.0", 0.00501);
}

#[test]
fn repeated_values_vary_within_a_person_as_measured() {
    // Biological variation; 40 % either way for rounding to reported digits and courses over the years.
    for (analyte, cv) in [
        ("sodium", 0.006),
        ("potassium", 0.046),
        ("chloride", 0.012),
        ("creatinine", 0.056),
        ("bun", 0.121),
        ("albumin", 0.032),
        ("hemoglobin", 0.029),
        ("platelets", 0.094),
        ("wbc", 0.11),
        ("alt", 0.195),
        ("ast", 0.12),
        ("alp", 0.068),
    ] {
        let series = series(analyte);
        assert!(series.iter().filter(|values| values.len() > 1).count() > 100, "{analyte}");
        assert_between(&format!("within-subject CV of {analyte}"), within_subject_cv(&series), 0.6 * cv, 1.4 * cv);
    }
}

#[test]
fn persons_differ_more_from_each_other_than_from_themselves() {
    for analyte in ["creatinine", "hemoglobin", "platelets", "hdl", "tsh", "alp"] {
        let means: Vec<f64> = series(analyte).iter().map(|values| mean(values)).collect();
        let centre = mean(&means);
        let spread =
            (means.iter().map(|value| (value - centre) * (value - centre)).sum::<f64>() / means.len() as f64).sqrt();
        assert!(spread / centre > 1.2 * within_subject_cv(&series(analyte)), "{analyte}");
    }
}

/// Change of an analyte a year between the first and the last value of each adult with two years between them.
fn yearly_changes(analyte: &str, over: &str) -> Vec<f64> {
    clinic().column(&format!(
        "select (last - first) / (days / 365.25) from (select lab_result.patient_id as patient_id, \
         first_value(value) over w as first, last_value(value) over w as last, row_number() over w as n, \
         julianday(last_value(resulted_at) over w) - julianday(first_value(resulted_at) over w) as days \
         from lab_result join encounter using (encounter_id) where analyte = '{analyte}' and age >= 18 and value is not null \
         and class not in ('EMER', 'IMP') window w as (partition by lab_result.patient_id order by resulted_at \
         rows between unbounded preceding and unbounded following)) where n = 1 and days > 730 and {over}"
    ))
}

#[test]
fn egfr_declines_and_faster_in_kidney_disease() {
    let all = yearly_changes("egfr", "1");
    assert!(all.len() > 200);
    // About 1 mL/min a year in health, more in diabetes and kidney disease.
    assert_between("mean change of eGFR a year", mean(&all), -3.5, -0.4);
    let with = yearly_changes("egfr", "patient_id in (select patient_id from condition where key = 'ckd')");
    let without = yearly_changes(
        "egfr",
        "patient_id not in (select patient_id from condition where key in ('ckd', 'type_2_diabetes', 'type_1_diabetes'))",
    );
    assert!(mean(&with) < mean(&without), "{} against {}", mean(&with), mean(&without));
}

#[test]
fn hba1c_falls_with_treatment_in_some_diabetics_and_rises_in_few() {
    let changes: Vec<f64> = clinic().column(
        "select last - first from (select first_value(value) over w as first, last_value(value) over w as last, \
         row_number() over w as n, count(*) over w as k, lab_result.patient_id as patient_id from lab_result where analyte = 'hba1c' \
         and patient_id in (select patient_id from condition where key = 'type_2_diabetes') \
         window w as (partition by patient_id order by resulted_at rows between unbounded preceding and unbounded following)) \
         where n = 1 and k >= 3",
    );
    let falls = changes.iter().filter(|change| **change <= -0.8).count();
    let rises = changes.iter().filter(|change| **change >= 0.8).count();
    assert!(changes.len() > 50, "{}", changes.len());
    // One in four begins treatment within the period and loses 1.8 points on average; a rise of .8 is ten within-person
    // standard deviations of .015.
    assert!(falls >= 8 && falls > 4 * rises, "{falls} falls and {rises} rises among {}", changes.len());
}

#[test]
fn a_large_fall_of_hba1c_follows_the_first_prescription_for_diabetes() {
    // From one result to the next. Within-person variation of .015 is a standard deviation of .2 between two results
    // near 9 %, so a fall of a point is no chance.
    let falls = "with first as (select patient_id, min(ordered_on) as first_on from medication_order \
                 where indication like 'E11%' group by patient_id), \
                 result as (select patient_id, value, date(resulted_at) as day, lag(value) over course as before, \
                 lag(date(resulted_at)) over course as day_before from lab_result where analyte = 'hba1c' \
                 window course as (partition by patient_id order by resulted_at)) \
                 select count(*), coalesce(sum(first_on <= day), 0), \
                 coalesce(sum(first_on <= day and julianday(day_before) - julianday(first_on) <= 180), 0) \
                 from result left join first using (patient_id) where before - value >= 1";
    let counts = clinic().rows(falls, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)));
    let (all, after, soon_after) = counts[0];
    assert!(all >= 8, "{all} falls");
    assert!(after * 10 >= all * 9, "{after} of {all} after the prescription");
    assert!(soon_after * 10 >= all * 9, "{soon_after} of {all} begin within half a year of the prescription");
}

#[test]
fn results_carry_the_reference_range_of_sex_and_age() {
    clinic().none(
        "select lab_result_id, analyte, age, birth_sex, reference_low, reference_high from lab_result \
         join encounter using (encounter_id) join patient on patient.patient_id = lab_result.patient_id \
         where not exists (select 1 from ranges where ranges.analyte = lab_result.analyte and (sex is null or sex = birth_sex) \
         and age between age_from and age_to and low is reference_low and high is reference_high) \
         or (reference_low is null and reference_high is null)",
    );
}

#[test]
fn interpretations_follow_from_value_and_range() {
    clinic().none(
        "select lab_result_id, value, reference_low, reference_high, interpretation from lab_result where interpretation is not \
         case when value is null then null when value < reference_low then case when interpretation = 'LL' then 'LL' else 'L' end \
         when value > reference_high then case when interpretation = 'HH' then 'HH' else 'H' end else 'N' end",
    );
    // Critical values lie beyond the critical limits of the same row of the table.
    clinic().none(
        "select lab_result_id, lab_result.analyte, value, interpretation from lab_result join encounter using (encounter_id) \
         join patient on patient.patient_id = lab_result.patient_id join ranges on ranges.analyte = lab_result.analyte \
         and (sex is null or sex = birth_sex) and age between age_from and age_to where \
         (interpretation = 'HH') <> coalesce(value > critical_high, 0) or (interpretation = 'LL') <> coalesce(value < critical_low, 0)",
    );
    let normal: f64 = clinic().one("select avg(interpretation = 'N') from lab_result where interpretation is not null");
    assert_between("share of normal results", normal, 0.65, 0.95);
}

#[test]
fn values_lie_within_the_reportable_range() {
    clinic().none(
        "select lab_result_id, analyte, value from lab_result join labs using (code) \
         where value not between reportable_low and reportable_high",
    );
    clinic().none("select lab_result_id from lab_result join labs using (code) where lab_result.unit is not labs.unit");
    clinic().none(
        "select vital_sign_id, name, value from vital_sign join vitals using (code) \
         where value not between physiological_low and physiological_high or vital_sign.unit is not vitals.unit",
    );
}

#[test]
fn diastolic_pressure_is_below_systolic() {
    clinic().none(
        "select s.encounter_id from vital_sign as s join vital_sign as d using (encounter_id) \
         where s.name = 'systolic' and d.name = 'diastolic' and d.value >= s.value",
    );
    let pairs: Vec<(f64, f64)> = clinic().pairs(
        "select s.value, d.value from vital_sign as s join vital_sign as d using (encounter_id) join encounter using (encounter_id) \
         where s.name = 'systolic' and d.name = 'diastolic' and age between 45 and 65 and class = 'AMB'",
    );
    assert_between("systolic ~ diastolic", pearson(&pairs), 0.5, 0.85);
}

#[test]
fn children_grow() {
    let means: Vec<f64> = [(2, 3), (6, 7), (10, 11), (17, 17)]
        .iter()
        .map(|(from, to)| {
            clinic().one(&format!(
                "select avg(value) from vital_sign join encounter using (encounter_id) where name = 'height' and age between {from} and {to}"
            ))
        })
        .collect();
    // CDC growth charts: medians near 92, 119, 141 and 170 cm.
    for (height, expected) in means.iter().zip([92.0, 119.0, 141.0, 169.0]) {
        assert_between("height of children", *height, expected - 8.0, expected + 8.0);
    }
}

#[test]
fn sudden_rises_stand_out_against_the_persons_own_course_and_are_flagged() {
    let rises: Vec<(f64, f64)> = clinic().pairs(
        "select lab_result.value, (select avg(other.value) from lab_result as other where other.patient_id = lab_result.patient_id \
         and other.analyte = lab_result.analyte and other.lab_result_id not in (select key from edge_cases)) as usual \
         from lab_result join edge_cases on key = lab_result_id where edge_case = 'sudden_enzyme_rise' and usual is not null",
    );
    for (value, usual) in rises {
        assert!(value / usual > 3.5, "{value} against {usual}");
    }
    let results = clinic().count("select count(*) from lab_result where analyte in ('alt', 'ast')");
    let risen = clinic().count("select count(*) from edge_cases where edge_case = 'sudden_enzyme_rise'");
    // 0.15 % of the liver enzymes; two-sided alpha 1e-3.
    assert_share("sudden rises", risen, results, 0.0015, Z_1E3, 0.0);
    clinic().none(
        "select key from edge_cases join lab_result on lab_result_id = key where edge_case = 'sudden_enzyme_rise' \
         and (value <> after or analyte not in ('alt', 'ast') or breaks is not null)",
    );
    clinic().none(
        "select key from edge_cases join lab_result on lab_result_id = key where edge_case = 'sudden_enzyme_rise' \
         and value > reference_high and interpretation not in ('H', 'HH')",
    );
}

// Medicines

#[test]
fn medicines_follow_a_diagnosis_of_the_same_patient() {
    clinic().none("select medication_order_id from medication_order join encounter using (encounter_id) where indication <> reason");
    clinic().none(
        "select medication_order_id, drug_code, indication from (select *, iif(indication = 'I12.9', 'I10', indication) as treated \
         from medication_order) as o where not exists (select 1 from indications left join chronic on chronic.key = indications.indication \
         left join icd10 on icd10.code = o.treated where rxcui = drug_code and (chronic.icd10 = o.treated or icd10.category = indications.indication))",
    );
    clinic().none(
        "select medication_order_id, indication from medication_order as o join chronic on icd10 = indication \
         where not exists (select 1 from condition where condition.patient_id = o.patient_id and code = o.indication \
         and onset_date <= ordered_on)",
    );
}

#[test]
fn most_treated_diabetics_take_a_drug_for_it() {
    let share: f64 = clinic().one(
        "select avg(patient_id in (select patient_id from medication_order where indication = 'E11.9')) from condition \
         where key = 'type_2_diabetes' and onset_date < '2021-01-01'",
    );
    assert!(share > 0.5, "{share}");
}

#[test]
fn nobody_is_prescribed_what_they_are_allergic_to() {
    for (allergen, ingredient) in [("7984", "%cillin%"), ("10831", "%sulfamethoxazole%"), ("5640", "%profen%")] {
        clinic().none(&format!(
            "select medication_order_id from medication_order join drugs on drugs.code = drug_code \
             join allergy using (patient_id) where allergy.code = '{allergen}' and ingredient like '{ingredient}'"
        ));
    }
}

#[test]
fn doses_are_within_the_label_and_drugs_fit_sex() {
    clinic().none(
        "select medication_order_id from medication_order join drugs on code = drug_code \
         where dose * medication_order.times_per_day > max_daily_dose + 1e-9",
    );
    clinic().none(
        "select medication_order_id from medication_order join drugs on code = drug_code join patient using (patient_id) \
         where drugs.sex is not null and drugs.sex <> birth_sex",
    );
}

#[test]
fn refills_come_when_four_fifths_are_used_and_no_more_often_than_allowed() {
    // A fill that is never picked up is no row and takes no number.
    clinic().none(
        "select medication_order_id from medication_dispense group by medication_order_id \
         having min(fill_number) <> 1 or max(fill_number) <> count(*) or count(distinct fill_number) <> count(*)",
    );
    clinic().none(
        "select medication_dispense_id from (select *, lag(dispensed_on) over (partition by medication_order_id \
         order by fill_number) as before from medication_dispense) where last_filled_on is not before",
    );
    clinic().none(
        "select medication_dispense_id from (select *, lag(dispensed_on) over (partition by medication_order_id \
         order by dispensed_on, fill_number) as before from medication_dispense) \
         where julianday(dispensed_on) - julianday(before) < 0.8 * days_supply - 1",
    );
    clinic().none(
        "select medication_order_id from medication_order join medication_dispense using (medication_order_id) \
         group by medication_order_id having count(*) > 1 + refills or min(dispensed_on) < ordered_on",
    );
    clinic().none(
        "select medication_order_id from (select *, lag(dispensed_on) over (partition by medication_order_id order by fill_number) \
         as before from medication_dispense join medication_order using (medication_order_id)) \
         where fill_number not between 1 and 1 + refills or dispensed_on <= before",
    );
}

// Care

#[test]
fn care_is_as_frequent_as_surveys_say() {
    // Person-years by age group; NCHS DB 408 and Data Brief 503, HCUP SB180. Bounds: a third either way, because the
    // library's rates are set by age group and sex and burden spreads them.
    let years: f64 = clinic().one(
        "select sum((julianday(coalesce(death_date, '2025-12-31')) - julianday(max(birth_date, '2021-01-01'))) / 365.25) from patient",
    );
    let rate = |over: &str| clinic().count(&format!("select count(*) from encounter where {over}")) as f64 / years;
    assert_between("emergency visits a year", rate("class = 'EMER'"), 0.31, 0.63);
    assert_between("office visits a year", rate("class in ('AMB', 'VR')"), 1.8, 3.7);
    assert_between("stays a year", rate("class = 'IMP'"), 0.075, 0.16);
}

#[test]
fn the_old_are_seen_more_often_than_the_young() {
    let rate = |ages: &str| -> f64 {
        clinic().one(&format!(
            "select avg((select count(*) from encounter where encounter.patient_id = patient.patient_id and class = 'AMB')) \
             from patient where death_date is null and {} between {ages}",
            age!("birth_date", "'2023-07-01'")
        ))
    };
    let (young, old) = (rate("20 and 40"), rate("67 and 90"));
    assert!(old > 2.0 * young, "{old} against {young}");
}

#[test]
fn stays_last_as_long_as_published() {
    let days: Vec<f64> =
        clinic().column("select stay_days from encounter where class = 'IMP' and disposition <> 'exp'");
    assert!(days.len() > 400, "{}", days.len());
    assert_between("mean stay", mean(&days), 3.8, 5.6);
    assert_between("p25", quantile(&days, 0.25), 1.5, 2.5);
    assert_between("p50", quantile(&days, 0.5), 3.0, 4.0);
    assert_between("p75", quantile(&days, 0.75), 5.0, 7.0);
    clinic().none("select encounter_id from encounter where (class = 'IMP') <> (stay_days is not null)");
}

#[test]
fn who_dies_in_hospital_dies_on_the_last_day_of_the_stay() {
    clinic().none(
        "select encounter_id from encounter join patient using (patient_id) where disposition = 'exp' and date(ended_at) is not death_date",
    );
    assert!(clinic().count("select count(*) from encounter where disposition = 'exp'") > 0);
}

#[test]
fn triage_is_for_emergencies_alone() {
    clinic().none("select encounter_id from encounter where (class = 'EMER') <> (triage_level is not null)");
    let total = clinic().count("select count(*) from encounter where class = 'EMER'");
    for (level, share) in [(2, 0.1023), (3, 0.4626), (4, 0.3565)] {
        let count = clinic().count(&format!("select count(*) from encounter where triage_level = {level}"));
        assert_share(&format!("level {level}"), count, total, share, Z_1E6, 0.0);
    }
}

#[test]
fn procedures_and_doses_are_of_known_codes_and_fit_the_person() {
    clinic().none(
        "select procedure_id, procedure.code from procedure join encounter using (encounter_id) join patient on \
         patient.patient_id = procedure.patient_id left join procedure_codes on procedure_codes.code = procedure.code \
         where procedure_codes.code is null or (sex is not null and sex <> birth_sex) \
         or age < coalesce(min_age, 0) or age > coalesce(max_age, 200)",
    );
    clinic().none("select immunization_id from immunization where code not in (select code from vaccines)");
}

#[test]
fn no_dose_is_given_again_within_two_weeks() {
    clinic().none(
        "select patient_id, code, given_at, before from (select *, lag(given_at) over (partition by patient_id, code \
         order by given_at) as before from immunization) where julianday(given_at) - julianday(before) < 14",
    );
}

// Money

#[test]
fn the_insured_have_one_claim_per_encounter_and_the_uninsured_none() {
    clinic().none(
        "select encounter_id from encounter join coverage using (coverage_id) where (payer_type <> 'Self-pay') <> \
         (encounter_id in (select encounter_id from claim))",
    );
    clinic().none("select encounter_id from claim group by encounter_id having count(*) > 1");
}

#[test]
fn claim_totals_are_the_sums_of_their_lines() {
    for (total, line) in [
        ("billed_amount", "billed"),
        ("allowed_amount", "allowed"),
        ("paid_amount", "paid"),
        ("patient_responsibility", "patient_responsibility"),
    ] {
        clinic().none(&format!(
            "select claim_id from (select claim_id, {total} as total, (select sum(round({line} * 100)) from claim_line \
             where claim_line.claim_id = claim.claim_id) as lines from claim) where round(total * 100) is not lines"
        ));
    }
}

#[test]
fn amounts_are_in_order_and_denied_and_pending_claims_pay_nothing() {
    clinic().none(
        "select claim_line_id, billed, allowed, paid, copay, deductible, coinsurance from claim_line where billed <= 0 \
         or billed < allowed or paid < 0 or copay < 0 or deductible < 0 or coinsurance < 0 \
         or abs(allowed - paid - copay - deductible - coinsurance) > 0.001",
    );
    clinic().none("select claim_id from claim where (status = 'Denied') <> (denial_reason is not null) or (status = 'Denied' and paid_amount <> 0)");
    clinic().none("select claim_id from claim where (status = 'Pending') <> (paid_amount is null)");
    clinic().none(
        "select pharmacy_claim_id from pharmacy_claim where billed_amount < allowed_amount or paid_amount < 0 \
         or abs(allowed_amount - paid_amount - patient_responsibility) > 0.001 or (status = 'Denied' and paid_amount <> 0)",
    );
}

#[test]
fn deductibles_and_limits_hold_over_the_plan_year() {
    let sql = "select coverage_id, coverage.deductible as plan, out_of_pocket_limit as top, sum(line.deductible) as taken, \
               sum(line.patient_responsibility) as owed from claim_line as line join claim using (claim_id) \
               join coverage using (coverage_id) group by coverage_id, plan_year";
    clinic().none(&format!("select * from ({sql}) where taken > plan + 0.001 or owed > top + 0.001"));
    assert!(clinic().count(&format!("select count(*) from ({sql}) where plan > 0 and taken > plan - 0.001")) > 100);
}

#[test]
fn billed_over_allowed_is_two_and_a_half_in_the_middle() {
    let ratios: Vec<f64> = clinic().column("select billed / allowed from claim_line where allowed > 0");
    assert_between("median", median(&ratios), 2.4, 2.6);
    assert_between("first quartile", quantile(&ratios, 0.25), 1.7, 1.9);
    assert_between("third quartile", quantile(&ratios, 0.75), 3.4, 3.8);
}

#[test]
fn stays_cost_what_stays_cost() {
    let allowed: Vec<f64> = clinic()
        .column("select allowed_amount from claim where claim_type = 'inpatient' and status = 'Paid' and allowed_amount is not null");
    // HCUP SB180: mean cost 10,400.
    assert_between("mean allowed of a stay", mean(&allowed), 7_000.0, 15_000.0);
    assert!(quantile(&allowed, 0.01) > 1_000.0);
    let office: Vec<f64> =
        clinic().column("select allowed_amount from claim where claim_type = 'professional' and status = 'Paid'");
    assert_between("median allowed of an office visit", median(&office), 60.0, 300.0);
}

#[test]
fn claims_have_as_many_lines_and_diagnoses_as_published() {
    let lines = |kind: &str| -> f64 {
        clinic().one(&format!(
            "select count(*) * 1.0 / count(distinct claim_id) from claim_line join claim using (claim_id) where claim_type = '{kind}'"
        ))
    };
    // Real Medicare: carrier 2.03, inpatient 17.21.
    assert_between("lines of professional claims", lines("professional"), 1.6, 2.5);
    assert_between("lines of inpatient claims", lines("inpatient"), 14.0, 20.0);
    let diagnoses = |kind: &str, over: &str| -> f64 {
        clinic().one(&format!(
            "select avg(n {over}) from (select count(*) as n from claim_diagnosis join claim using (claim_id) \
             where claim_type = '{kind}' group by claim_id)"
        ))
    };
    // DE-SynPUF (small, of Medicare): professional 44 % have one, and none more than 12.
    assert_between("one diagnosis", diagnoses("professional", "= 1"), 0.35, 0.65);
    clinic().none("select claim_id from claim_diagnosis group by claim_id having count(*) > 12 or min(sequence) <> 1");
    clinic().none(
        "select claim_diagnosis_id from claim_diagnosis join diagnosis using (diagnosis_id) where claim_diagnosis.code <> diagnosis.code",
    );
}

#[test]
fn spending_is_concentrated() {
    // MEPS 2022: the top 1 % have 21.7 % of a year's spending, the bottom half under 3 %. Over five years it evens out,
    // so the bounds are wide.
    let mut spending: Vec<f64> = clinic().column(
        "select (select coalesce(sum(allowed_amount), 0) from claim where claim.patient_id = patient.patient_id) from patient",
    );
    spending.sort_by(|a, b| b.total_cmp(a));
    let total: f64 = spending.iter().sum();
    let top: f64 = spending[..spending.len() / 100].iter().sum();
    let bottom: f64 = spending[spending.len() / 2..].iter().sum();
    assert_between("share of the top 1 %", top / total, 0.05, 0.30);
    assert!(bottom / total < 0.15, "{}", bottom / total);
}

#[test]
fn high_charges_are_those_of_the_truth_table() {
    clinic().none(
        "select key from edge_cases join claim_line on claim_line_id = key join claim using (claim_id) \
         where edge_case = 'unusually_high_amount' and (status <> 'Paid' or abs(after - billed) > 0.001 \
         or abs(after / before - 40) > 0.01 or billed_amount < billed)",
    );
}
