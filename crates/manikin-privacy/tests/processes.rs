//! Tier 0: real processes on one ledger. Sixteen that spend at once never overspend, and one that is killed at any moment
//! leaves a ledger that shows at least what it released.
//!
//! A child is this test program again, told by its environment to play one of the parts below.

mod common;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::NOW;
use manikin_privacy::{Curator, Ledger, LedgerError, Loss, Rho, Session, Total, UNITS_PER_ROW};

/// What each model costs.
const PIECE: f64 = 1.0 / 4096.0;

fn piece() -> Loss {
    Loss::of_rho(Rho::cost(PIECE).expect("a cost"))
}

fn open(address: &str) -> Ledger {
    if address.contains("host=") { Ledger::connect(address) } else { Ledger::open(Path::new(address)) }
        .expect("a ledger")
}

/// Starts `part` (the name of a test below) as a process of its own.
fn start(part: &str, ledger: &str, source: &str, released: &Path) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", part, "--nocapture"])
        .env("MANIKIN_TEST_PART", part)
        .env("MANIKIN_TEST_LEDGER", ledger)
        .env("MANIKIN_TEST_SOURCE", source)
        .env("MANIKIN_TEST_RELEASED", released)
        .stdout(Stdio::null())
        .spawn()
        .expect("a child")
}

/// The ledger and the file of releases, if this process is a child that plays `part`.
fn playing(part: &str) -> Option<(Ledger, std::path::PathBuf)> {
    let told = std::env::var("MANIKIN_TEST_PART").ok()?;
    let ledger = std::env::var("MANIKIN_TEST_LEDGER").ok()?;
    let released = std::env::var_os("MANIKIN_TEST_RELEASED")?;
    (told == part).then(|| (open(&ledger), released.into()))
}

/// Part: spends until nothing is left, and writes a line for every release.
#[test]
fn part_spends_until_refused() {
    let Some((mut ledger, released)) = playing("part_spends_until_refused") else { return };
    let source = std::env::var("MANIKIN_TEST_SOURCE").expect("a source");
    let mut out = OpenOptions::new().append(true).create(true).open(released).expect("a file");
    loop {
        let reservation = match ledger.reserve(&source, piece(), "model", NOW, NOW.plus(3600)) {
            Ok(reservation) => reservation,
            Err(LedgerError::Exceeded { .. }) => return,
            Err(other) => panic!("{other}"),
        };
        let mut session = Session::begin(ledger.charge(reservation, NOW).expect("an open reservation"));
        let sigma = manikin_privacy::gaussian_sigma(UNITS_PER_ROW, session.remaining()).expect("a sigma");
        let noisy = session.gaussian("total", &[100 * UNITS_PER_ROW], UNITS_PER_ROW, sigma).expect("budget");
        out.write_all(format!("{}\n", noisy[0]).as_bytes()).expect("a release");
    }
}

fn released_lines(path: &Path) -> usize {
    std::fs::read_to_string(path).map_or(0, |text| text.lines().count())
}

/// Sixteen processes, a budget for `pieces` models.
fn sixteen_spend(address: &str, source: &str, pieces: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut ledger = open(address);
    let total = total_for(pieces);
    ledger.set_total(source, total, NOW).expect("a source");
    let released = |child: usize| folder.path().join(format!("released-{child}"));
    let children: Vec<Child> =
        (0..16).map(|child| start("part_spends_until_refused", address, source, &released(child))).collect();
    for mut child in children {
        assert!(child.wait().expect("a child").success());
    }
    let lines: usize = (0..16).map(|child| released_lines(&released(child))).sum();
    assert_eq!(lines, pieces, "every piece was released, and not one more");
    let balance = ledger.balance(source, NOW).expect("a balance");
    assert_eq!(balance.charged.rho.value(), PIECE * pieces as f64);
    assert!(balance.charged.rho <= total.rho());
}

/// The total whose ρ holds this many pieces and less than one more.
fn total_for(pieces: usize) -> Total {
    let target = PIECE * (pieces as f64 + 0.5);
    let rho = Rho::budget(target).expect("a budget");
    let total = Total::new(manikin_privacy::epsilon_at(rho, 1e-9), 1e-9, 0.0).expect("a total");
    assert!((total.rho().value() - target).abs() < PIECE / 4.0);
    total
}

#[test]
fn sixteen_processes_on_one_file_never_overspend() {
    let folder = tempfile::tempdir().expect("a folder");
    sixteen_spend(&folder.path().join("budget.sqlite").display().to_string(), "a", 100);
}

/// Kills a spending process with SIGKILL, each time a little later after its n-th release, so that the kills sweep over
/// all that lies between one release and the next.
fn killed(address: &str, source: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let released = folder.path().join("released");
    open(address).set_total(source, total_for(4000), NOW).expect("a source");
    let mut before = 0;
    for round in 0..25 {
        let mut child = start("part_spends_until_refused", address, source, &released);
        for _ in 0..60_000 {
            if released_lines(&released) > before + round % 4 {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(310 * round as u64));
        child.kill().expect("SIGKILL");
        let _ = child.wait();
        let lines = released_lines(&released);
        assert!(lines > before, "round {round}: nothing was released within a minute");
        before = lines;
        let charged = open(address).balance(source, NOW).expect("a whole ledger").charged.rho.value();
        let charges = (charged / PIECE).round() as usize;
        assert!(charges >= lines, "round {round}: {lines} releases but {charges} charges");
        assert!(charges - lines <= round + 1, "round {round}: a kill loses at most one release");
    }
}

#[test]
fn a_killed_process_never_released_more_than_the_ledger_shows() {
    let folder = tempfile::tempdir().expect("a folder");
    killed(&folder.path().join("budget.sqlite").display().to_string(), "a");
}

/// What the file is tested for above and what is PostgreSQL's own. Ids and patients are new in each run, so that the
/// database may be used again.
#[test]
fn a_ledger_in_postgres_holds_as_one_in_a_file_does() {
    let Ok(address) = std::env::var("MANIKIN_TEST_POSTGRES") else {
        let skipped = "skipped: set MANIKIN_TEST_POSTGRES to `host=… dbname=…` of a database for tests";
        let _ = writeln!(std::io::stderr(), "{skipped}");
        return;
    };
    let mut nonce = [0; 8];
    getrandom::fill(&mut nonce).expect("random bytes");
    let run = u64::from_le_bytes(nonce);
    let (shared, crashing) = (format!("shared-{run}"), format!("crashing-{run}"));
    sixteen_spend(&address, &shared, 100);
    killed(&address, &crashing);

    let mut ledger = open(&address);
    let records = |ledger: &mut Ledger, patients: std::ops::Range<u32>| {
        let mut fingerprinter = ledger.fingerprinter().expect("the key");
        patients.for_each(|id| fingerprinter.patient(&format!("{run}-{id}")));
        fingerprinter.finish()
    };
    let first = records(&mut ledger, 0..5000);
    ledger.admit(&shared, &first, NOW).expect("new records");
    let mut ledger = open(&address);
    let again = records(&mut ledger, 100..5100);
    assert!(matches!(ledger.admit(&crashing, &again, NOW), Err(LedgerError::SameRecords { .. })));
    let old = ledger.reserve(&crashing, piece(), "slow", NOW, NOW.plus(60)).expect("budget");
    let _new = ledger.reserve(&crashing, piece(), "next", NOW.plus(60), NOW.plus(90)).expect("budget");
    assert!(matches!(ledger.charge(old, NOW), Err(LedgerError::NotOpen { state: "expired", .. })));

    let mut client = postgres::Client::connect(&address, postgres::NoTls).expect("a connection");
    for change in ["DELETE FROM manikin_ledger.entry", "UPDATE manikin_ledger.entry SET rho = 0"] {
        let refused = client.execute(change, &[]).expect_err("entries stay");
        assert!(refused.as_db_error().is_some_and(|error| error.message().contains("only appended")));
    }
}
