//! Claims about the randomness, one module per source module.
//!
//! Every test has a fixed seed, so it always gives the same answer. A statistical one states its alpha: the chance
//! that a correct implementation would have failed when the seed was chosen.

mod address;
mod alias;
mod copula;
mod distribution;
mod quantile_grid;
mod split;
mod statistics;
