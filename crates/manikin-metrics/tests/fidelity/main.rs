//! Fidelity and utility: known answers of other tools, what every metric does on data whose answer is known, and
//! input that no metric may stumble over.

mod adult;
mod behaviour;
mod degenerate;
mod known_answers;
mod support;
