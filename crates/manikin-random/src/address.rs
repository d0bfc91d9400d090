//! Where a random value lives: run, subject, path of siblings, field.
//!
//! # Algorithm
//! All arithmetic is on unsigned integers modulo 2^64 or 2^128, so it is the same on every machine.
//! - [`Name::of`]: 64-bit FNV-1a over the UTF-8 bytes, then the 64-bit finaliser of MurmurHash3.
//! - `permute`, on 128 bits, four rounds of: multiply by an odd 64-bit constant, then xor the upper half into the
//!   lower (`x ^= x >> 64`).
//! - [`RunKey::new`]: `permute(seed ^ RUN)`.
//! - [`RunKey::subject`] and [`Address::child`]: `permute(parent ^ (entity << 64 | index))`.
//! - [`Address::bits`]: `permute(address ^ (field << 64 | DRAW))`.
//!
//! `permute` is a bijection, so siblings never collide: two different (entity, index) pairs under one parent always
//! have different addresses, and two different fields of one address always have different bits.
//!
//! # Source
//! FNV-1a: Fowler, Noll, Vo, Eastlake, RFC 9923, 64-bit offset basis and prime. Finaliser `fmix64`: Appleby,
//! MurmurHash3. The round is the multiply-xorshift construction of both; its multipliers are those of SplitMix64
//! (Steele, Lea, Flood 2014, variant 13 by Stafford), PCG64-DXSM and `fmix64`. Its avalanche is tested, not assumed.

use crate::stream::{Stream, open_unit};

/// The 64-bit portable hash of a name (an entity or a field), computed once and then copied.
///
/// ```
/// use manikin_random::Name;
/// const BILLED: Name = Name::of("claim.billed");
/// assert_ne!(BILLED, Name::of("claim.paid"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(u64);

impl Name {
    /// Hashes a name; usable in constants.
    pub const fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        let mut i = 0;
        while i < bytes.len() {
            hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0000_0100_0000_01b3);
            i += 1;
        }
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        Self(hash ^ (hash >> 33))
    }

    /// The hash itself.
    pub const fn value(self) -> u64 {
        self.0
    }

    /// The same name in the series `number`: for code that needs many names of one family without formatting text.
    pub const fn numbered(self, number: u64) -> Self {
        Self(self.0 ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
}

/// The root of every address of a run: a function of the seed alone, never of the spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunKey(u128);

impl RunKey {
    /// The key of the run with this seed.
    pub const fn new(seed: u64) -> Self {
        Self(permute(seed as u128 ^ RUN))
    }

    /// The address of the top-level row `index` of `entity`.
    #[inline]
    pub const fn subject(&self, entity: Name, index: u64) -> Address {
        Address(self.0).child(entity, index)
    }

    /// The address of the run itself: for choices made once per run, such as how a total is spread.
    #[inline]
    pub const fn address(&self) -> Address {
        Address(self.0)
    }
}

/// A place in a run that owns random values: a row, identified by its path from the run's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(u128);

impl Address {
    /// The address of child row `index` of `entity` under this row.
    #[inline]
    pub const fn child(self, entity: Name, index: u64) -> Self {
        Self(permute(self.0 ^ ((entity.0 as u128) << 64 | index as u128)))
    }

    /// 128 random bits of this row's `field`, in one hash: for UUIDs and for fields that need a single draw.
    ///
    /// The [`stream`](Self::stream) of the same field is seeded with these bits: use one of the two per field.
    #[inline]
    pub const fn bits(self, field: Name) -> u128 {
        permute(self.0 ^ ((field.0 as u128) << 64 | DRAW))
    }

    /// One uniform draw in the open interval (0, 1) of this row's `field`, without opening a stream.
    ///
    /// Equal to the top 52 bits `k` of [`bits`](Self::bits) as `(k + 1/2) / 2^52`.
    #[inline]
    pub const fn uniform(self, field: Name) -> f64 {
        open_unit((self.bits(field) >> 64) as u64)
    }

    /// The stream of this row's `field`: as many draws as needed.
    ///
    /// PCG64-DXSM with [`bits`](Self::bits) as its initial state and the address as its stream number.
    #[inline]
    pub fn stream(self, field: Name) -> Stream {
        Stream::seeded(self.bits(field), self.0)
    }
}

/// Separates run keys from addresses: the first 128 fractional bits of pi.
const RUN: u128 = 0x243f_6a88_85a3_08d3_1319_8a2e_0370_7344;
/// Separates draws from children: a 64-bit word no index reaches (fractional bits 129 to 192 of pi).
const DRAW: u128 = 0xa409_3822_299f_31d0;

#[inline]
const fn permute(mut x: u128) -> u128 {
    x = x.wrapping_mul(0xda94_2042_e4dd_58b5);
    x ^= x >> 64;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^= x >> 64;
    x = x.wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^= x >> 64;
    x = x.wrapping_mul(0xff51_afd7_ed55_8ccd);
    x ^ (x >> 64)
}
