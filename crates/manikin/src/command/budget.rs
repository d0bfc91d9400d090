//! `manikin budget`

use std::process::ExitCode;

use manikin_diagnostic::{Color, Diagnostic, codes};
use manikin_expression::calendar;
use manikin_workflow::{
    Balance, Delta, Entry, Event, Failure, Ledger, Loss, Opening, Rho, Total, UnixSeconds, default_ledger, epsilon_at,
    now, open_ledger, rho_for,
};
use serde_json::{Value, json};

use crate::line::{Amount, Budget, BudgetReserve, BudgetSet, BudgetVerb, TextOrJson};
use crate::output::{End, Voice, put};
use crate::table::aligned;

pub(crate) fn run(asked: &Budget, voice: Voice) -> Result<ExitCode, End> {
    let address = match &asked.ledger {
        Some(address) => address.clone(),
        None => default_ledger()?,
    };
    let open = |opening| open_ledger(&address, opening);
    let answer = match &asked.verb {
        BudgetVerb::Set(set) => set_total(&mut open(Opening::OrNew)?, set)?,
        BudgetVerb::Show { source } => show(&mut open(Opening::Existing)?, source.as_deref(), voice.data_color())?,
        BudgetVerb::Entries { source } => entries(&mut open(Opening::Existing)?, source, voice.data_color())?,
        BudgetVerb::Reserve(reserve) => set_aside(&mut open(Opening::Existing)?, reserve)?,
        BudgetVerb::Release { number } => release(&mut open(Opening::Existing)?, *number)?,
        BudgetVerb::Distinct { source, other } => distinct(&mut open(Opening::Existing)?, source, other)?,
    };
    match asked.format {
        TextOrJson::Text => put(&answer.text)?,
        TextOrJson::Json => put(&format!("{}\n", serde_json::to_string_pretty(&answer.json).unwrap_or_default()))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// What a verb says, for people and for machines.
struct Answer {
    text: String,
    json: Value,
}

fn set_total(ledger: &mut Ledger, asked: &BudgetSet) -> Result<Answer, Failure> {
    let total = Total::new(asked.epsilon, asked.delta, asked.delta_for_thresholds)?;
    ledger.set_total(&asked.source, total, now())?;
    let balance = ledger.balance(&asked.source, now())?;
    let mut text = format!(
        "{}: ε {} at δ {:e} for everything that ever leaves it, which is ρ {}\n",
        asked.source,
        total.epsilon(),
        total.delta(),
        total.rho()
    );
    if balance.charged.plus(balance.reserved) != Loss::ZERO {
        text.push_str(&format!("spent so far: {}; left: {}\n", balance.charged, balance.left));
    }
    Ok(Answer { text, json: json!(shown(&balance)) })
}

fn show(ledger: &mut Ledger, source: Option<&str>, color: Color) -> Result<Answer, Failure> {
    let at = now();
    let sources = match source {
        Some(source) => vec![source.to_owned()],
        None => ledger.sources()?,
    };
    let balances: Vec<Balance> = sources.iter().map(|source| ledger.balance(source, at)).collect::<Result<_, _>>()?;
    let text = if balances.is_empty() { "no source has a budget yet\n".to_owned() } else { table(&balances, color) };
    Ok(Answer { text, json: Value::Array(balances.iter().map(shown).collect()) })
}

/// The balance as JSON. What is reserved has its ε too, so that every amount reads alike.
fn shown(balance: &Balance) -> Value {
    let mut json = json!(balance);
    json["epsilon_reserved"] = json!(epsilon_at(balance.reserved.rho, balance.delta));
    json
}

fn table(balances: &[Balance], color: Color) -> String {
    let keeps_delta = balances.iter().any(|balance| balance.total.loss().delta != Delta::ZERO);
    let mut rows = Vec::new();
    for balance in balances {
        let amounts = [
            ("total", balance.total.loss()),
            ("spent", balance.charged),
            ("reserved", balance.reserved),
            ("left", balance.left),
        ];
        for (place, (name, loss)) in amounts.into_iter().enumerate() {
            let source = if place == 0 { balance.source.clone() } else { String::new() };
            let epsilon = match name {
                // As the custodian stated it, not as it comes back from ρ.
                "total" => balance.total.epsilon().to_string(),
                _ => rounded_up(epsilon_at(loss.rho, balance.delta)),
            };
            let mut row = vec![source, name.to_owned(), epsilon, probability(balance.delta), loss.rho.to_string()];
            if keeps_delta {
                row.push(loss.delta.to_string());
            }
            rows.push(row);
        }
    }
    let mut head = vec!["source", "", "ε", "at δ", "ρ"];
    if keeps_delta {
        head.push("δ for thresholds");
    }
    let mut text = aligned(&head, rows, color);
    text.push_str("\nLosses add up in ρ, not in ε: each ε is what its ρ would be by itself.\n");
    text
}

/// A probability with six digits at most.
pub(super) fn probability(delta: f64) -> String {
    // Written once with few digits and once plainly, so that 5.000000e-7 reads 5e-7.
    format!("{delta:.5e}").parse().map_or_else(|_| delta.to_string(), |rounded: f64| format!("{rounded:e}"))
}

/// Four decimals, never less than the number.
fn rounded_up(epsilon: f64) -> String {
    let text = format!("{:.4}", (epsilon * 1e4).ceil() / 1e4);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn entries(ledger: &mut Ledger, source: &str, color: Color) -> Result<Answer, Failure> {
    // Says that there is no such source, instead of nothing.
    ledger.balance(source, now())?;
    let entries = ledger.entries(source)?;
    let row = |entry: &Entry| {
        let (what, loss, about) = told(&entry.event);
        [entry.number.to_string(), moment(entry.at), what.to_owned(), loss, about]
    };
    let text = aligned(&["entry", "at", "what", "loss", ""], entries.iter().map(row), color);
    Ok(Answer { text, json: json!(entries) })
}

/// What happened, how much, and more about it.
fn told(event: &Event) -> (&'static str, String, String) {
    match event {
        Event::Total(total) => {
            ("total", total.loss().to_string(), format!("ε {} at δ {:e}", total.epsilon(), total.delta()))
        }
        Event::Reserved { loss, expires, about } => {
            ("reserved", loss.to_string(), format!("{about} (until {})", moment(*expires)))
        }
        Event::Charged { reservation } => ("charged", String::new(), format!("reservation {reservation}")),
        Event::Released { reservation } => ("released", String::new(), format!("reservation {reservation}")),
        Event::Expired { reservation } => ("expired", String::new(), format!("reservation {reservation}")),
        Event::Records(_) => ("records", String::new(), "seen for the first time".to_owned()),
        Event::Distinct { other } => ("distinct", String::new(), format!("holds other people than {other}")),
    }
}

fn moment(at: UnixSeconds) -> String {
    let micros = at.0.checked_mul(1_000_000).and_then(calendar::moment_in_range);
    micros.map_or_else(|| at.0.to_string(), |micros| format!("{}Z", calendar::datetime_text(micros, 'T')))
}

fn set_aside(ledger: &mut Ledger, asked: &BudgetReserve) -> Result<Answer, Failure> {
    let at = now();
    let balance = ledger.balance(&asked.source, at)?;
    let loss = loss_of(&asked.amount, asked.delta_for_thresholds, &balance)?;
    let expires = at.plus(i64::from(asked.hours) * 3600);
    let reservation = ledger.reserve(&asked.source, loss, &asked.about, at, expires)?;
    let number = reservation.number();
    let text = format!("{number}\n");
    let json = json!({"reservation": number, "source": asked.source, "loss": loss, "expires": expires});
    Ok(Answer { text, json })
}

/// What `--epsilon` or `--rho` asks for. An ε is the one that the loss would have by itself at the source's own δ.
fn loss_of(amount: &Amount, delta_for_thresholds: f64, balance: &Balance) -> Result<Loss, Failure> {
    let refused = |message: &str, help: &str| Failure::of(Diagnostic::error(codes::BAD_BUDGET, message).help(help));
    let rho = match (amount.epsilon, amount.rho) {
        (Some(epsilon), _) if epsilon > 0.0 && epsilon.is_finite() => Some(rho_for(epsilon, balance.delta)),
        (None, Some(rho)) => Rho::cost(rho),
        _ => None,
    };
    let rho = rho.ok_or_else(|| refused("the amount is no positive number", "write it as --epsilon 0.5"))?;
    let delta = Delta::cost(delta_for_thresholds)
        .ok_or_else(|| refused("--delta-for-thresholds is no probability", "write it as 1e-10"))?;
    Ok(Loss { rho, delta })
}

fn release(ledger: &mut Ledger, number: i64) -> Result<Answer, Failure> {
    let reservation = ledger.reservation(number)?;
    let (source, loss) = (reservation.source().to_owned(), reservation.loss());
    ledger.release(reservation, now())?;
    let left = ledger.balance(&source, now())?.left;
    let text = format!("{loss} given back to {source}, which has {left} left\n");
    Ok(Answer { text, json: json!({"released": number, "source": source, "loss": loss, "left": left}) })
}

fn distinct(ledger: &mut Ledger, source: &str, other: &str) -> Result<Answer, Failure> {
    if source == other {
        let diagnostic = Diagnostic::error(codes::BAD_BUDGET, format!("`{source}` is not another source than itself"));
        return Err(diagnostic.help("name two sources").into());
    }
    ledger.declare_distinct(source, other, now())?;
    let text = format!("{source} and {other} are taken to hold different people\n");
    Ok(Answer { text, json: json!({"source": source, "distinct_from": other}) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epsilon_is_never_shown_too_small() {
        assert_eq!(rounded_up(0.0), "0");
        assert_eq!(rounded_up(1.0), "1");
        assert_eq!(rounded_up(0.100_01), "0.1001");
        assert_eq!(rounded_up(f64::INFINITY), "inf");
    }
}
