//! Sessions for tests, with budget from a ledger in memory.

use manikin_privacy::{Delta, Ledger, Loss, Rho, Session, Total, UnixSeconds};

/// A moment; the ledger has no clock of its own.
#[allow(dead_code)]
pub(crate) const NOW: UnixSeconds = UnixSeconds(1_767_225_600);

/// A session with the largest budget there is, ρ = 512.
#[allow(dead_code)]
pub(crate) fn large_session() -> Session {
    session(Loss { rho: Rho::MAX, delta: Delta::budget(0.25).expect("a probability") })
}

/// A session that may spend `loss`.
#[allow(dead_code)]
pub(crate) fn session(loss: Loss) -> Session {
    let mut ledger = Ledger::in_memory().expect("a ledger in memory");
    let total = Total::new(1e4, 0.5, 0.25).expect("a total");
    ledger.set_total("test", total, NOW).expect("a source");
    let reservation = ledger.reserve("test", loss, "test", NOW, NOW.plus(60)).expect("budget");
    Session::begin(ledger.charge(reservation, NOW).expect("an open reservation"))
}
