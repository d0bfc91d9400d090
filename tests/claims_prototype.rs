//! `specs/claims-prototype.yaml`, from the files that the program writes for it.
//!
//! Counts, quotas and identities are exact. Seeds are the spec's own.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::OnceLock;

use support::statistics::{assert_between, median};
use support::{Data, csv_rows, generate, manikin, scratch, spec};

/// The dataset as specified.
fn claims() -> &'static Data {
    static DATA: OnceLock<Data> = OnceLock::new();
    DATA.get_or_init(|| {
        let folder = generate("claims-prototype", "specs/claims-prototype.yaml", &[]);
        Data::load(&folder)
            .with("icd10", &spec("library/codes/icd-10-cm.csv"))
            .with("procedures", &spec("library/codes/procedures.csv"))
            .with("drugs", &spec("library/codes/rxnorm-drugs.csv"))
            .with("denials", &spec("library/codes/denial-reasons.csv"))
    })
}

/// The same spec without its edge cases.
fn clean() -> &'static Data {
    static DATA: OnceLock<Data> = OnceLock::new();
    DATA.get_or_init(|| {
        let path = scratch("claims-without-edge-cases.yaml");
        let text = "manikin: 1\nproduct: claims-prototype\nuse: [claims-prototype]\nedge_cases:\n  \
                    unusually_high_amount: null\n  missing_diagnosis: null\n  invalid_procedure_code: null\n";
        std::fs::write(&path, text).expect("written");
        Data::load(&generate("claims-without-edge-cases", path.to_str().expect("UTF-8"), &[]))
    })
}

#[test]
fn there_are_exactly_1000_claims_of_200_patients_who_each_have_one_or_more() {
    let data = claims();
    assert_eq!(data.count("select count(*) from claim"), 1000);
    assert_eq!(data.count("select count(*) from patient"), 200);
    assert_eq!(data.count("select count(distinct patient_id) from claim"), 200);
    data.none("select patient_id from patient where patient_id not in (select patient_id from claim)");
}

#[test]
fn every_claim_lies_within_the_twelve_months() {
    let data = claims();
    data.none("select claim_id, service_date from claim where service_date not between '2025-01-01' and '2025-12-31'");
    assert_eq!(data.count("select count(distinct substr(service_date, 1, 7)) from claim"), 12);
}

#[test]
fn statuses_are_exactly_850_paid_100_denied_and_50_pending() {
    let counts = claims().pairs::<String, i64>("select status, count(*) from claim group by status order by status");
    let expected = [("Denied", 100), ("Paid", 850), ("Pending", 50)].map(|(status, count)| (status.to_owned(), count));
    assert_eq!(counts, expected);
}

#[test]
fn payers_are_exactly_700_commercial_200_medicare_and_100_medicaid_claims() {
    let sql = "select payer_type, count(*) from claim group by payer_type order by payer_type";
    let expected =
        [("Commercial", 700), ("Medicaid", 100), ("Medicare", 200)].map(|(payer, count)| (payer.to_owned(), count));
    assert_eq!(claims().pairs::<String, i64>(sql), expected);
}

#[test]
fn the_payer_of_a_claim_is_that_of_the_coverage_in_force_on_the_service_date() {
    let data = claims();
    data.none(
        "select claim_id from claim where (select count(*) from coverage where coverage.patient_id = claim.patient_id \
         and service_date between starts_on and ends_on) <> 1",
    );
    data.none(
        "select claim_id from claim join coverage on coverage.patient_id = claim.patient_id \
         and service_date between starts_on and ends_on \
         where claim.payer_type <> coverage.payer_type or claim.payer_id <> coverage.payer_id \
         or claim.coverage_id <> coverage.coverage_id",
    );
    data.none("select * from coverage join payer using (payer_id) where coverage.payer_type <> payer.payer_type");
}

#[test]
fn nothing_names_or_locates_a_person() {
    let columns: BTreeSet<String> =
        claims().column("select name from pragma_table_info('patient')").into_iter().collect();
    for name in ["given_name", "family_name", "street", "phone", "email", "city", "county"] {
        assert!(!columns.contains(name), "{name}");
    }
    // Version 8 of RFC 9562: made from the seed, so of no meaning.
    claims().none("select patient_id from patient where patient_id not like '________-____-8___-____-____________'");
}

#[test]
fn claims_carry_one_to_ten_known_diagnoses_except_where_the_truth_table_says_so() {
    let data = claims();
    data.none(
        "select claim_id from claim where diagnoses is not null and json_array_length(diagnoses) not between 1 and 10",
    );
    data.none("select claim_id, value from claim, json_each(diagnoses) where value not in (select code from icd10)");
    let missing: Vec<String> = data.column("select claim_id from claim where diagnoses is null order by 1");
    let listed: Vec<String> =
        data.column("select key from edge_cases where edge_case = 'missing_diagnosis' and kind = 'clear' order by 1");
    assert_eq!(missing.len(), 10);
    assert_eq!(missing, listed);
}

#[test]
fn claims_carry_no_diagnosis_twice() {
    claims().none("select claim_id, value from claim, json_each(diagnoses) group by 1, 2 having count(*) > 1");
}

#[test]
fn claims_carry_at_most_five_procedures_and_their_lines_carry_those() {
    let data = claims();
    data.none("select claim_id from claim where coalesce(json_array_length(procedure_codes), 0) > 5");
    data.none("select claim_id from claim where claim_type = 'pharmacy' and coalesce(json_array_length(procedure_codes), 0) > 0");
    data.none(
        "select claim_line_id from claim_line join claim using (claim_id) where procedure_code is not null \
         and procedure_code not in (select value from json_each(claim.procedure_codes))",
    );
    assert_eq!(data.count("select max(coalesce(json_array_length(procedure_codes), 0)) from claim"), 5);
}

#[test]
fn procedures_outside_the_code_set_are_exactly_those_of_the_truth_table_and_all_denied() {
    let data = claims();
    let sql = "select distinct claim_id from claim, json_each(procedure_codes) \
               where value not in (select code from procedures) order by 1";
    let unknown: Vec<String> = data.column(sql);
    let listed: Vec<String> =
        data.column("select key from edge_cases where edge_case = 'invalid_procedure_code' order by 1");
    assert_eq!(unknown.len(), 8);
    assert_eq!(unknown, listed);
    data.none(&format!(
        "select claim_id, status, denial_reason from claim where claim_id in ({sql}) \
         and (status <> 'Denied' or denial_reason <> 'invalid_procedure_code')"
    ));
    data.none(&format!(
        "select claim_id from claim where denial_reason = 'invalid_procedure_code' and claim_id not in ({sql})"
    ));
}

#[test]
fn pharmacy_claims_and_no_others_carry_a_known_drug() {
    let data = claims();
    data.none("select claim_id from claim where (claim_type = 'pharmacy') <> (drug_code is not null)");
    data.none("select claim_id from claim where drug_code is not null and drug_code not in (select code from drugs)");
    data.none("select claim_id from claim where claim_type = 'pharmacy' and (days_supply is null or quantity is null)");
}

#[test]
fn diagnoses_and_procedures_fit_sex_and_age() {
    let data = claims();
    let misfit = |list: &str, codes: &str| {
        data.none(&format!(
            "select claim_id, code, birth_sex, age from (select claim_id, birth_sex, {list}, \
             (strftime('%Y%m%d', service_date) - strftime('%Y%m%d', birth_date)) / 10000 as age \
             from claim join patient using (patient_id)) as c, json_each(c.{list}) join {codes} on code = value \
             where (sex is not null and sex <> birth_sex) or age < coalesce(min_age, 0) or age > coalesce(max_age, 200)"
        ));
    };
    misfit("diagnoses", "icd10");
    misfit("procedure_codes", "procedures");
}

#[test]
fn every_key_is_unique_and_every_foreign_key_resolves() {
    claims().keys_are_unique();
    assert_eq!(claims().references_resolve(), 14);
}

#[test]
fn claim_totals_are_the_sums_of_their_lines() {
    for (total, line) in [
        ("billed_amount", "billed"),
        ("allowed_amount", "allowed"),
        ("paid_amount", "paid"),
        ("patient_responsibility", "patient_responsibility"),
        ("contractual_adjustment", "contractual_adjustment"),
    ] {
        // Cents, because binary sums of decimals are not exact.
        claims().none(&format!(
            "select claim_id, {total}, (select sum(round({line} * 100)) from claim_line where claim_line.claim_id = claim.claim_id) \
             from claim where round({total} * 100) is not \
             (select sum(round({line} * 100)) from claim_line where claim_line.claim_id = claim.claim_id)"
        ));
    }
    claims().none("select claim_id from claim where claim_id not in (select claim_id from claim_line)");
}

#[test]
fn denied_claims_pay_nothing_and_say_why() {
    let data = claims();
    data.none("select claim_id from claim where status = 'Denied' and (paid_amount <> 0 or allowed_amount <> 0 or decided_on is null)");
    data.none("select claim_id from claim where (status = 'Denied') <> (denial_reason is not null)");
    data.none("select claim_id from claim where denial_reason not in (select code from denials)");
    data.none("select * from remittance join claim using (claim_id) where remittance.denial_reason is not claim.denial_reason");
}

#[test]
fn pending_claims_have_no_payment_no_decision_and_no_remittance() {
    let data = claims();
    data.none(
        "select claim_id from claim where status = 'Pending' and (paid_amount is not null or allowed_amount is not null \
         or patient_responsibility is not null or decided_on is not null)",
    );
    data.none(
        "select claim_id from claim where (status = 'Pending') <> (claim_id not in (select claim_id from remittance))",
    );
    data.none("select claim_id from claim where status <> 'Pending' and (paid_amount is null or decided_on is null)");
    assert_eq!(data.count("select count(*) from remittance"), 950);
}

#[test]
fn nothing_is_paid_beyond_what_is_allowed_or_allowed_beyond_what_is_billed() {
    let data = claims();
    data.none(
        "select claim_id from claim where billed_amount < allowed_amount or paid_amount < 0 \
         or abs(allowed_amount - paid_amount - patient_responsibility) > 0.001",
    );
    data.none(
        "select claim_line_id from claim_line where billed <= 0 or billed < allowed or paid < 0 or copay < 0 \
         or deductible < 0 or coinsurance < 0 \
         or abs(allowed - paid - copay - deductible - coinsurance) > 0.001 \
         or abs(patient_responsibility - copay - deductible - coinsurance) > 0.001",
    );
}

#[test]
fn deductibles_accumulate_to_the_plans_amount_and_no_further() {
    let data = claims();
    let years = "select coverage_id, coverage.deductible as plan, sum(line.deductible) as taken from claim_line as line \
                 join claim using (claim_id) join coverage using (coverage_id) group by coverage_id, plan_year";
    data.none(&format!("select * from ({years}) where taken > plan + 0.001"));
    assert!(data.count(&format!("select count(*) from ({years}) where plan > 0 and abs(taken - plan) < 0.001")) >= 20);
    assert!(data.count(&format!("select count(*) from ({years}) where taken < plan - 1")) >= 20);
    // While it is not met, the first dollars are the patient's, but for pharmacy claims, office visits under a copay and
    // preventive care, which is free: visits, shots and what is done for a Z diagnosis.
    data.none(&format!(
        "select claim_line_id, allowed, line.deductible, taken, plan from claim_line as line join claim using (claim_id) \
         join ({years}) using (coverage_id) where taken < plan - 0.001 and allowed > line.deductible + 0.001 \
         and claim_type <> 'pharmacy' and copay = 0 and coalesce(json_extract(diagnoses, '$[0]'), 'Z') not like 'Z%' \
         and coalesce(procedure_code, '') not in (select code from procedures where display in ('preventive visit', 'immunization')) \
         and coalesce(procedure_code, '') not in ('G0438', 'G0439', 'G0402', 'G0008', 'G0009')"
    ));
}

#[test]
fn nobody_pays_coinsurance_before_the_deductible_is_met() {
    claims().none(
        "select claim_line_id from claim_line as line join claim using (claim_id) join coverage using (coverage_id) \
         where coinsurance > 0 and claim_type <> 'pharmacy' and coverage.deductible > 0.001 + (select sum(earlier.deductible) \
         from claim_line as earlier join claim as before on before.claim_id = earlier.claim_id \
         where before.coverage_id = claim.coverage_id and before.plan_year = claim.plan_year \
         and before.service_date <= claim.service_date)",
    );
}

#[test]
fn patients_never_pay_more_than_the_plans_limit_in_a_year() {
    claims().none(
        "select coverage_id, out_of_pocket_limit, sum(patient_responsibility) from claim join coverage using (coverage_id) \
         group by coverage_id, plan_year having sum(patient_responsibility) > out_of_pocket_limit + 0.001",
    );
}

#[test]
fn dates_follow_each_other() {
    let data = claims();
    data.none(
        "select claim_id from claim join patient using (patient_id) where service_date < birth_date \
         or service_end_date < service_date or submitted_on < service_end_date or decided_on < submitted_on",
    );
    data.none("select remittance_id from remittance join claim using (claim_id) where paid_on < claim.decided_on");
    data.none(
        "select adjustment_id from claim_adjustment join claim on claim_id = original_claim_id \
         where claim_adjustment.submitted_on < decided_on or status = 'Pending'",
    );
}

#[test]
fn remittances_balance_and_agree_with_their_claims() {
    claims().none(
        "select remittance_id from remittance join claim using (claim_id) \
         where abs(remittance.billed_amount - remittance.paid_amount - remittance.patient_responsibility \
         - remittance.contractual_adjustment) > 0.001 \
         or remittance.billed_amount <> claim.billed_amount or remittance.paid_amount <> claim.paid_amount",
    );
}

#[test]
fn some_claims_are_corrected_and_some_voided() {
    let data = claims();
    let kinds: BTreeSet<String> = data.column("select distinct frequency from claim_adjustment").into_iter().collect();
    assert_eq!(kinds, ["replacement", "void"].map(str::to_owned).into());
    data.none("select adjustment_id from claim_adjustment where frequency = 'void' and (billed_amount <> 0 or paid_amount <> 0)");
    data.none(
        "select adjustment_id from claim_adjustment join claim on claim_id = original_claim_id \
         where abs(claim_adjustment.paid_amount - claim.paid_amount - paid_change) > 0.001",
    );
}

#[test]
fn facilities_have_several_providers_and_codes_with_a_check_digit() {
    let data = claims();
    assert!(data.count("select min(n) from (select count(*) as n from provider group by facility_id)") >= 2);
    let npis: Vec<i64> = data.column("select npi from provider union all select npi from facility");
    for npi in npis {
        // Luhn over 80840 and the ten digits.
        let digits = format!("80840{npi}");
        let value = |(place, digit): (usize, u8)| {
            let digit = u32::from(digit - b'0') * if place % 2 == 1 { 2 } else { 1 };
            digit / 10 + digit % 10
        };
        assert_eq!(digits.len(), 15);
        assert_eq!(digits.bytes().rev().enumerate().map(value).sum::<u32>() % 10, 0, "{npi}");
    }
}

#[test]
fn billed_over_allowed_has_the_published_median_and_spread() {
    // JAMA 2017: median 2.5, quartiles 1.8 and 3.6. About 2,000 lines: the median's standard error is below 3 %.
    let ratios: Vec<f64> = claims().column("select billed / allowed from claim_line where allowed > 0");
    assert!(ratios.len() > 1500);
    assert_between("median of billed over allowed", median(&ratios), 2.3, 2.7);
    assert_between("first quartile", support::statistics::quantile(&ratios, 0.25), 1.6, 2.0);
    assert_between("third quartile", support::statistics::quantile(&ratios, 0.75), 3.2, 4.0);
}

#[test]
fn nobody_is_in_an_office_or_in_another_bed_during_a_stay_in_hospital() {
    let during = "select stay.claim_id, other.claim_id from claim as stay join claim as other using (patient_id) \
                  where stay.claim_type = 'inpatient' and other.claim_id <> stay.claim_id";
    claims().none(&format!(
        "{during} and other.claim_type = 'professional' and other.place_of_service = '11' \
         and other.service_date > stay.service_date and other.service_date <= stay.service_end_date"
    ));
    claims().none(&format!(
        "{during} and other.claim_type = 'inpatient' \
         and other.service_date between stay.service_date and stay.service_end_date"
    ));
}

#[test]
fn inpatient_claims_cost_what_hospital_stays_cost() {
    let allowed: Vec<f64> =
        claims().column("select allowed_amount from claim where claim_type = 'inpatient' and status = 'Paid'");
    assert!(allowed.len() >= 20);
    assert!(allowed.iter().all(|amount| *amount >= 1000.0), "{allowed:?}");
    // HCUP SB180: mean cost 10,400.
    assert_between("mean allowed of a stay", support::statistics::mean(&allowed), 6_000.0, 18_000.0);
}

#[test]
fn high_amounts_are_forty_times_what_they_would_be_and_totals_and_payments_follow() {
    let (data, clean) = (claims(), clean());
    let before: BTreeMap<String, f64> =
        clean.pairs("select claim_line_id, billed from claim_line").into_iter().collect();
    let after: Vec<(String, f64)> = data.pairs("select claim_line_id, billed from claim_line");
    let raised: BTreeSet<String> = after
        .into_iter()
        .filter(|(line, billed)| (billed / before[line] - 40.0).abs() < 0.01)
        .map(|(line, _)| line)
        .collect();
    let listed: Vec<String> = data.column("select key from edge_cases where edge_case = 'unusually_high_amount'");
    assert_eq!(raised.len(), 5);
    assert_eq!(raised, listed.into_iter().collect());
    data.none(
        "select key from edge_cases join claim_line on claim_line_id = key join claim using (claim_id) \
         where edge_case = 'unusually_high_amount' and (status <> 'Paid' or claim_type = 'pharmacy' \
         or claim.billed_amount < claim_line.billed or claim_line.allowed < claim_line.billed / 25.1 \
         or abs(after - claim_line.billed) > 0.001 or breaks is not null)",
    );
}

#[test]
fn what_no_edge_case_touched_is_as_it_would_be_without_edge_cases() {
    let (data, clean) = (claims(), clean());
    for table in ["patient", "coverage", "organization", "facility", "provider", "payer"] {
        let file = format!("{table}.csv");
        assert_eq!(csv_rows(&data.folder.join(&file)), csv_rows(&clean.folder.join(&file)), "{table}");
    }
    // Of claims, only what follows from the procedure, the charge or the diagnosis may differ, and only where listed.
    let keyed = |data: &Data, columns: &str| -> BTreeMap<String, String> {
        data.pairs(&format!("select claim_id, {columns} from claim")).into_iter().collect()
    };
    let fixed = "concat_ws('|', patient_id, service_date, status, payer_id, provider_id, submitted_on, decided_on)";
    assert_eq!(keyed(data, fixed), keyed(clean, fixed));
    let differing = |columns: &str| -> BTreeSet<String> {
        let (after, before) = (keyed(data, columns), keyed(clean, columns));
        after.into_iter().filter(|(claim, text)| before[claim] != *text).map(|(claim, _)| claim).collect()
    };
    let listed = |case: &str| -> BTreeSet<String> {
        data.column(&format!("select key from edge_cases where edge_case = '{case}'")).into_iter().collect()
    };
    assert_eq!(differing("coalesce(diagnoses, '')"), listed("missing_diagnosis"));
    assert_eq!(differing("coalesce(procedure_codes, '')"), listed("invalid_procedure_code"));
}

#[test]
fn the_truth_table_lists_23_changes_and_the_program_finds_no_other_violation() {
    let data = claims();
    let counts = data.pairs::<String, i64>("select edge_case, count(*) from edge_cases group by 1 order by 1");
    let expected = [("invalid_procedure_code", 8), ("missing_diagnosis", 10), ("unusually_high_amount", 5)]
        .map(|(case, count)| (case.to_owned(), count));
    assert_eq!(counts, expected);
    let folder = data.folder.to_str().expect("UTF-8");
    let report = manikin(&["validate", folder, "--spec", "specs/claims-prototype.yaml", "--format", "json"]).exits(0);
    let report: serde_json::Value = serde_json::from_str(&report.out).expect("JSON");
    let checks = report["checks"].as_array().expect("checks");
    let broken: BTreeMap<String, (u64, u64)> = checks
        .iter()
        .filter(|check| check["violations"].as_u64() > Some(0))
        .map(|check| {
            let name = format!("{}.{}", check["entity"].as_str().unwrap_or(""), check["name"].as_str().unwrap_or(""));
            (name, (check["violations"].as_u64().unwrap_or(0), check["expected"].as_u64().unwrap_or(0)))
        })
        .collect();
    let expected = [("claim.diagnoses.required", (10, 10)), ("claim.procedure_codes.code", (8, 8))];
    assert_eq!(broken, expected.map(|(name, counts)| (name.to_owned(), counts)).into());
}

#[test]
fn twice_the_patients_have_twice_the_claims_in_the_same_proportions() {
    let data = Data::load(&generate("claims-of-400", "specs/claims-prototype.yaml", &["--patients", "400"]));
    assert_eq!(data.count("select count(*) from patient"), 400);
    assert_eq!(data.count("select count(*) from claim"), 2000);
    assert_eq!(data.count("select count(distinct patient_id) from claim"), 400);
    let statuses = data.pairs::<String, i64>("select status, count(*) from claim group by 1 order by 1");
    assert_eq!(
        statuses,
        [("Denied", 200), ("Paid", 1700), ("Pending", 100)].map(|(name, count)| (name.to_owned(), count))
    );
    let payers = data.pairs::<String, i64>("select payer_type, count(*) from claim group by 1 order by 1");
    let expected = [("Commercial", 1400), ("Medicaid", 200), ("Medicare", 400)];
    assert_eq!(payers, expected.map(|(name, count)| (name.to_owned(), count)));
}

#[test]
fn another_seed_keeps_every_quota() {
    for seed in ["1", "2", "3"] {
        let data = Data::load(&generate("claims-of-a-seed", "specs/claims-prototype.yaml", &["--seed", seed]));
        assert_eq!(data.count("select count(*) from claim where status = 'Paid'"), 850, "seed {seed}");
        assert_eq!(data.count("select count(*) from claim where payer_type = 'Medicare'"), 200, "seed {seed}");
        assert_eq!(data.count("select count(distinct patient_id) from claim"), 200, "seed {seed}");
    }
}

#[test]
fn medicare_is_mostly_for_the_old_and_children_are_not_on_it() {
    let sql = "select avg((strftime('%Y%m%d', '2025-01-01') - strftime('%Y%m%d', birth_date)) / 10000 >= 65) \
               from patient join coverage using (patient_id) where payer_type ";
    assert!(claims().one::<f64>(&format!("{sql} = 'Medicare'")) > 0.5);
    assert!(claims().one::<f64>(&format!("{sql} <> 'Medicare'")) < 0.1);
    claims().none(
        "select patient_id from patient join coverage using (patient_id) \
         where payer_type = 'Medicare' and birth_date > '2007-01-01'",
    );
}

#[test]
fn the_flat_shape_has_one_row_per_claim_with_patient_provider_and_amounts() {
    // A database takes the rows too, those among them that edge cases broke.
    let words = ["--shape", "flat", "--to", "csv,sqlite"];
    let folder: PathBuf = generate("claims-flat", "specs/claims-prototype.yaml", &words);
    let data = Data::load(&folder);
    assert_eq!(data.count("select count(*) from claim"), 1000);
    assert_eq!(data.count("select count(distinct claim_id) from claim"), 1000);
    let relational = claims();
    for columns in ["claim_id, billed_amount", "claim_id, payer_type", "claim_id, diagnoses"] {
        let sql = format!("select {columns} from claim order by claim_id");
        let texts =
            |data: &Data| data.rows(&sql, |row| Ok((row.get::<_, String>(0)?, format!("{:?}", row.get_ref(1)?))));
        assert_eq!(texts(&data), texts(relational), "{columns}");
    }
    let birth = "select claim_id, {} from claim {} order by 1";
    let flat = birth.replacen("{}", "patient_birth_date", 1).replacen("{}", "", 1);
    let joined = birth.replacen("{}", "birth_date", 1).replacen("{}", "join patient using (patient_id)", 1);
    assert_eq!(data.pairs::<String, String>(&flat), relational.pairs::<String, String>(&joined));
    let lines = "select count(*) from claim where claim_line_count <> json_array_length(claim_line_billed)";
    assert_eq!(data.count(lines), 0);
    assert_eq!(
        data.count("select sum(claim_line_count) from claim"),
        relational.count("select count(*) from claim_line")
    );
}
