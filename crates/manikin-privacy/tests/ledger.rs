//! Tier 0: no interleaving of operations, with clocks that disagree, spends more than the total.

mod common;

use std::collections::BTreeMap;

use common::NOW;
use manikin_privacy::{
    Curator, Delta, Event, Ledger, LedgerError, Loss, Reservation, Rho, Session, Total, UNITS_PER_ROW, UnixSeconds,
};
use proptest::prelude::*;

fn rho(value: f64) -> Loss {
    Loss::of_rho(Rho::cost(value).unwrap())
}

fn with_total(epsilon: f64, delta: f64) -> Ledger {
    let mut ledger = Ledger::in_memory().unwrap();
    ledger.set_total("a", Total::new(epsilon, delta, 0.0).unwrap(), NOW).unwrap();
    ledger
}

#[derive(Debug, Clone)]
enum Step {
    Reserve { source: usize, rho: f64, delta: f64, lasts: i64 },
    Charge { which: usize },
    Release { which: usize },
    Reopen { which: usize },
    Forget { which: usize },
    SetTotal { source: usize, epsilon: f64 },
}

fn step() -> impl Strategy<Value = (Step, i64)> {
    let which = 0usize..8;
    let step = prop_oneof![
        4 => (0usize..2, 1e-4f64..0.02, prop_oneof![Just(0.0), 1e-9f64..4e-7], 1i64..200)
            .prop_map(|(source, rho, delta, lasts)| Step::Reserve { source, rho, delta, lasts }),
        4 => which.clone().prop_map(|which| Step::Charge { which }),
        1 => which.clone().prop_map(|which| Step::Release { which }),
        1 => which.clone().prop_map(|which| Step::Reopen { which }),
        1 => which.prop_map(|which| Step::Forget { which }),
        1 => (0usize..2, 0.5f64..1.5).prop_map(|(source, epsilon)| Step::SetTotal { source, epsilon }),
    ];
    // Each step comes from a process with a clock of its own.
    (step, -150i64..150)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// The model knows nothing of entries: it adds up the charges that were handed out.
    #[test]
    fn charges_handed_out_never_exceed_the_total_in_force(steps in prop::collection::vec(step(), 1..60)) {
        let mut ledger = Ledger::in_memory().unwrap();
        let sources = ["a", "b"];
        let mut totals = [Total::new(1.0, 1e-6, 5e-7).unwrap(); 2];
        for (source, total) in sources.iter().zip(totals) {
            ledger.set_total(source, total, NOW).unwrap();
        }
        let mut spent = [Loss::ZERO; 2];
        let mut held: Vec<Reservation> = Vec::new();
        let mut charged_numbers: BTreeMap<i64, ()> = BTreeMap::new();

        for (time, (step, skew)) in steps.into_iter().enumerate() {
            let now = NOW.plus(time as i64 * 10 + skew);
            match step {
                Step::Reserve { source, rho, delta, lasts } => {
                    let loss = Loss { rho: Rho::cost(rho).unwrap(), delta: Delta::cost(delta).unwrap() };
                    match ledger.reserve(sources[source], loss, "step", now, now.plus(lasts)) {
                        Ok(reservation) => held.push(reservation),
                        Err(LedgerError::Exceeded { left, .. }) => prop_assert!(left.minus(loss).is_none()),
                        Err(other) => prop_assert!(false, "{}", other),
                    }
                }
                Step::Charge { which } if !held.is_empty() => {
                    let reservation = held.remove(which % held.len());
                    let (number, source) = (reservation.number(), usize::from(reservation.source() == "b"));
                    match ledger.charge(reservation, now) {
                        Ok(charge) => {
                            prop_assert!(charged_numbers.insert(number, ()).is_none(), "charged twice");
                            spent[source] = spent[source].plus(charge.loss());
                            prop_assert!(totals[source].loss().minus(spent[source]).is_some(), "overspent");
                        }
                        Err(LedgerError::NotOpen { .. } | LedgerError::Exceeded { .. }) => {}
                        Err(other) => prop_assert!(false, "{}", other),
                    }
                }
                Step::Release { which } if !held.is_empty() => {
                    let _ = ledger.release(held.remove(which % held.len()), now);
                }
                // Two processes hold the same reservation.
                Step::Reopen { which } if !held.is_empty() => {
                    if let Ok(again) = ledger.reservation(held[which % held.len()].number()) {
                        held.push(again);
                    }
                }
                Step::Forget { which } if !held.is_empty() => drop(held.remove(which % held.len())),
                Step::SetTotal { source, epsilon } => {
                    totals[source] = Total::new(epsilon, 1e-6, 5e-7).unwrap();
                    ledger.set_total(sources[source], totals[source], now).unwrap();
                }
                _ => {}
            }
            for (source, spent) in sources.iter().zip(spent) {
                prop_assert_eq!(ledger.balance(source, now).unwrap().charged, spent);
            }
        }
    }
}

#[test]
fn what_exceeds_the_budget_is_refused_and_what_is_left_is_said() {
    let mut ledger = with_total(1.0, 1e-9);
    let reservation = ledger.reserve("a", rho(0.01), "first model", NOW, NOW.plus(60)).unwrap();
    let _ = ledger.charge(reservation, NOW).unwrap();
    let refused = ledger.reserve("a", rho(0.005), "second model", NOW, NOW.plus(60)).unwrap_err();
    let text = refused.to_string();
    assert!(text.contains("source `a` has ρ 0.0049730577 left"), "{text}");
    assert!(text.contains("total of ε 1 at δ 1e-9"), "{text}");
    let balance = ledger.balance("a", NOW).unwrap();
    assert!((balance.left.rho.value() - 0.004_973_057_7).abs() < 1e-10);
    assert!(balance.epsilon_charged > 0.7 && balance.epsilon_charged < 0.9, "{balance:?}");
    assert!(ledger.reserve("a", balance.left, "second model", NOW, NOW.plus(60)).is_ok());
}

#[test]
fn models_over_one_source_compose_in_rho_and_not_in_epsilon() {
    let mut ledger = with_total(1.0, 1e-9);
    let quarter = Loss::of_rho(Total::new(1.0, 1e-9, 0.0).unwrap().rho().share(0.25));
    for model in 0..4 {
        let reservation = ledger.reserve("a", quarter, &format!("model {model}"), NOW, NOW.plus(60)).unwrap();
        let _ = ledger.charge(reservation, NOW).unwrap();
    }
    let balance = ledger.balance("a", NOW).unwrap();
    assert!(balance.epsilon_charged > 0.999 && balance.epsilon_charged <= 1.0);
    // Alone, each of the four would have shown about half of the whole ε.
    assert!(manikin_privacy::epsilon_at(quarter.rho, 1e-9) > 0.45);
}

#[test]
fn an_expired_reservation_gives_its_budget_back_and_cannot_be_charged() {
    let mut ledger = with_total(1.0, 1e-9);
    let old = ledger.reserve("a", rho(0.01), "slow", NOW, NOW.plus(60)).unwrap();
    assert!(ledger.reserve("a", rho(0.01), "early", NOW.plus(59), NOW.plus(90)).is_err());
    let new = ledger.reserve("a", rho(0.01), "late", NOW.plus(60), NOW.plus(90)).unwrap();
    // A process whose clock stands still finds the entry of the other.
    assert!(matches!(ledger.charge(old, NOW), Err(LedgerError::NotOpen { number: 2, state: "expired" })));
    let _ = ledger.charge(new, NOW.plus(61)).unwrap();
}

#[test]
fn a_reservation_past_its_expiry_is_refused_before_anybody_noticed() {
    let mut ledger = with_total(1.0, 1e-9);
    let reservation = ledger.reserve("a", rho(0.01), "slow", NOW, NOW.plus(60)).unwrap();
    assert!(matches!(ledger.charge(reservation, NOW.plus(60)), Err(LedgerError::NotOpen { state: "expired", .. })));
}

#[test]
fn a_released_reservation_costs_nothing_and_ends() {
    let mut ledger = with_total(1.0, 1e-9);
    let reservation = ledger.reserve("a", rho(0.01), "dry run", NOW, NOW.plus(60)).unwrap();
    let number = reservation.number();
    assert_eq!(ledger.balance("a", NOW).unwrap().reserved, rho(0.01));
    ledger.release(reservation, NOW).unwrap();
    assert_eq!(ledger.balance("a", NOW).unwrap().reserved, Loss::ZERO);
    assert!(matches!(ledger.reservation(number), Err(LedgerError::NotOpen { state: "released already", .. })));
    assert!(matches!(ledger.reservation(999), Err(LedgerError::NotOpen { state: "unknown", .. })));
}

#[test]
fn a_lowered_total_holds_back_reservations_made_before() {
    let mut ledger = with_total(1.0, 1e-9);
    let reservation = ledger.reserve("a", rho(0.01), "model", NOW, NOW.plus(60)).unwrap();
    ledger.set_total("a", Total::new(0.5, 1e-9, 0.0).unwrap(), NOW).unwrap();
    assert!(matches!(ledger.charge(reservation, NOW), Err(LedgerError::Exceeded { .. })));
}

#[test]
fn requests_without_sense_are_refused() {
    let mut ledger = with_total(1.0, 1e-9);
    assert!(matches!(ledger.reserve("b", rho(0.1), "x", NOW, NOW.plus(1)), Err(LedgerError::UnknownSource { .. })));
    assert!(matches!(ledger.balance("b", NOW), Err(LedgerError::UnknownSource { .. })));
    assert!(matches!(ledger.reserve("a", Loss::ZERO, "x", NOW, NOW.plus(1)), Err(LedgerError::Parameter { .. })));
    assert!(matches!(ledger.reserve("a", rho(1e-3), "x", NOW, NOW), Err(LedgerError::Parameter { .. })));
    let total = Total::new(1.0, 1e-9, 0.0).unwrap();
    assert!(matches!(ledger.set_total(" ", total, NOW), Err(LedgerError::Parameter { .. })));
    assert!(matches!(ledger.set_total(&"x".repeat(201), total, NOW), Err(LedgerError::Parameter { .. })));
}

#[test]
fn entries_can_be_listed_and_show_no_fingerprint() {
    let mut ledger = with_total(1.0, 1e-9);
    let mut fingerprinter = ledger.fingerprinter().unwrap();
    fingerprinter.patient("P1");
    let records = fingerprinter.finish();
    ledger.admit("a", &records, NOW).unwrap();
    let reservation = ledger.reserve("a", rho(0.01), "model", NOW, NOW.plus(60)).unwrap();
    let _ = ledger.charge(reservation, NOW.plus(1)).unwrap();
    let entries = ledger.entries("a").unwrap();
    let kinds: Vec<_> = entries.iter().map(|entry| std::mem::discriminant(&entry.event)).collect();
    assert_eq!(kinds.len(), 4);
    assert_eq!(entries[3].event, Event::Charged { reservation: 3 });
    let text = serde_json::to_string(&entries).unwrap();
    assert!(text.contains(r#"{"number":2,"source":"a","at":1767225600,"event":"records"}"#), "{text}");
    assert_eq!(ledger.sources().unwrap(), ["a"]);
}

/// Ids `P0`, `P1`, … of a population, as the ledger remembers them.
fn admit(ledger: &mut Ledger, source: &str, ids: std::ops::Range<u32>, table: &str) -> Result<(), LedgerError> {
    let mut fingerprinter = ledger.fingerprinter().unwrap();
    ids.for_each(|id| fingerprinter.patient(&format!("P{id}")));
    fingerprinter.table(table.as_bytes()).unwrap();
    ledger.admit(source, &fingerprinter.finish(), NOW)
}

#[test]
fn a_renamed_copy_is_recognised_by_digest_and_an_altered_one_by_its_patients() {
    let mut ledger = with_total(1.0, 1e-9);
    for other in ["copy", "altered", "other", "sample"] {
        ledger.set_total(other, Total::new(1.0, 1e-9, 0.0).unwrap(), NOW).unwrap();
    }
    admit(&mut ledger, "a", 0..20_000, "the table").unwrap();
    admit(&mut ledger, "a", 0..20_000, "the table").unwrap();
    assert_eq!(ledger.entries("a").unwrap().len(), 2, "the same records are remembered once");
    // A newer extract of the same source is welcome.
    admit(&mut ledger, "a", 1_000..21_000, "next month's table").unwrap();

    let copy = admit(&mut ledger, "copy", 90_000..90_010, "the table");
    assert!(matches!(&copy, Err(LedgerError::SameRecords { other, .. }) if other == "a"), "{copy:?}");
    let altered = admit(&mut ledger, "altered", 500..20_500, "one more column");
    assert!(matches!(&altered, Err(LedgerError::SameRecords { other, .. }) if other == "a"), "{altered:?}");
    let sample = admit(&mut ledger, "sample", 5_000..5_400, "a sample of patients");
    assert!(matches!(&sample, Err(LedgerError::SameRecords { .. })), "{sample:?}");
    admit(&mut ledger, "other", 50_000..70_000, "another table").unwrap();
}

#[test]
fn the_custodian_may_declare_two_sources_distinct() {
    let mut ledger = with_total(1.0, 1e-9);
    ledger.set_total("b", Total::new(1.0, 1e-9, 0.0).unwrap(), NOW).unwrap();
    admit(&mut ledger, "a", 0..5_000, "hospital a").unwrap();
    assert!(admit(&mut ledger, "b", 0..5_000, "hospital b, which counts from 0 as well").is_err());
    ledger.declare_distinct("a", "b", NOW).unwrap();
    admit(&mut ledger, "b", 0..5_000, "hospital b, which counts from 0 as well").unwrap();
    assert!(matches!(ledger.declare_distinct("a", "c", NOW), Err(LedgerError::UnknownSource { .. })));
}

#[test]
fn a_session_spends_what_was_charged_and_no_more() {
    let mut ledger = with_total(1.0, 1e-9);
    let reservation = ledger.reserve("a", rho(0.005), "model", NOW, NOW.plus(60)).unwrap();
    let mut session = Session::begin(ledger.charge(reservation, NOW).unwrap());
    session.gaussian("x", &[0; 4], UNITS_PER_ROW, 15.0).unwrap();
    session.gaussian("y", &[0; 4], UNITS_PER_ROW, 15.0).unwrap();
    assert!(session.gaussian("z", &[0; 4], UNITS_PER_ROW, 15.0).is_err());
    let statement = session.finish();
    assert!(statement.used.rho <= ledger.balance("a", NOW).unwrap().charged.rho);
}

#[test]
fn a_ledger_in_a_file_outlives_its_process_and_admits_no_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("budget.sqlite");
    let mut ledger = Ledger::open(&path).unwrap();
    ledger.set_total("a", Total::new(1.0, 1e-9, 0.0).unwrap(), NOW).unwrap();
    let reservation = ledger.reserve("a", rho(0.01), "model", NOW, NOW.plus(60)).unwrap();
    let _ = ledger.charge(reservation, NOW).unwrap();
    admit(&mut ledger, "a", 0..10, "table").unwrap();
    drop(ledger);

    let mut ledger = Ledger::open(&path).unwrap();
    assert_eq!(ledger.balance("a", NOW).unwrap().charged, rho(0.01));
    // The key is the same: the records are known.
    admit(&mut ledger, "a", 0..10, "table").unwrap();
    assert_eq!(ledger.entries("a").unwrap().len(), 4);

    let raw = rusqlite::Connection::open(&path).unwrap();
    for change in ["DELETE FROM entry", "UPDATE entry SET rho = 0"] {
        assert!(raw.execute(change, []).unwrap_err().to_string().contains("only appended"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn files_that_are_no_ledger_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    std::fs::write(&path, "patient_id,age\n".repeat(100)).unwrap();
    assert!(matches!(Ledger::open(&path), Err(LedgerError::Foreign { .. })));
    let other = folder.path().join("other.sqlite");
    rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    assert!(matches!(Ledger::open(&other), Err(LedgerError::Foreign { .. })));
    assert!(matches!(Ledger::open(&folder.path().join("no/such/folder")), Err(LedgerError::Store { .. })));
}

#[test]
fn times_far_away_do_not_overflow() {
    let mut ledger = with_total(1.0, 1e-9);
    let end = UnixSeconds(i64::MAX);
    let reservation = ledger.reserve("a", rho(0.01), "x", UnixSeconds(i64::MIN), end.plus(1)).unwrap();
    assert!(matches!(ledger.charge(reservation, end), Err(LedgerError::NotOpen { .. })));
}
