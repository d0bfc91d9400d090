//! A stream of random draws at one address.

use core::convert::Infallible;

use rand::{Rng, TryRng};
use rand_pcg::Pcg64Dxsm;

/// A sequence of random draws, owned by one address and never shared.
///
/// The generator is PCG64-DXSM (`rand_pcg::Pcg64Dxsm`), which is documented as portable. It implements rand's traits,
/// so any sampler of that family can draw from it, but samplers outside this crate may not give the same bytes on
/// every machine.
///
/// ```
/// use manikin_random::{Name, RunKey};
/// let mut stream = RunKey::new(7).subject(Name::of("patient"), 0).stream(Name::of("sex"));
/// let u = stream.uniform();
/// assert!(0.0 < u && u < 1.0);
/// assert!(stream.below(6) < 6);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream(Pcg64Dxsm);

impl Stream {
    #[inline]
    pub(crate) fn seeded(state: u128, stream: u128) -> Self {
        Self(Pcg64Dxsm::new(state, stream))
    }

    /// The next 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// The next uniform draw in the open interval (0, 1): `(k + 1/2) / 2^52` for 52 random bits `k`.
    ///
    /// Neither 0 nor 1 can occur, `1 - u` is exact, and the distribution is symmetric about 1/2. (With 53 bits the
    /// largest `k + 1/2` would round to 2^53, which is a draw of exactly 1.)
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        open_unit(self.bits())
    }

    /// A whole number in `0..n`, without bias; 0 when `n` is 0.
    ///
    /// # Source
    /// Lemire, Fast Random Integer Generation in an Interval, ACM TOMACS 29(1), 2019.
    #[inline]
    pub fn below(&mut self, n: u64) -> u64 {
        let mut product = self.bits() as u128 * n as u128;
        if (product as u64) < n {
            let threshold = n.wrapping_neg() % n;
            while (product as u64) < threshold {
                product = self.bits() as u128 * n as u128;
            }
        }
        (product >> 64) as u64
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0.try_next_u32()
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0.try_next_u64()
    }

    #[inline]
    fn try_fill_bytes(&mut self, destination: &mut [u8]) -> Result<(), Infallible> {
        self.0.try_fill_bytes(destination)
    }
}

/// The middle of one of 2^52 equal cells of (0, 1), by the upper 52 bits.
#[inline]
pub(crate) const fn open_unit(bits: u64) -> f64 {
    const CELL: f64 = 1.0 / (1u64 << 52) as f64;
    ((bits >> 12) as f64 + 0.5) * CELL
}
