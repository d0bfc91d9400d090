use std::collections::BTreeSet;

use manikin_random::{Name, RunKey};

use crate::statistics::chi_square_p;

const CLAIM: Name = Name::of("claim");
const BILLED: Name = Name::of("claim.billed");

#[test]
fn names_addresses_and_draws_are_the_same_on_every_machine() {
    // Golden values: a change here changes every data set ever generated.
    assert_eq!(Name::of("").value(), 0xefd0_1f60_ba99_2926);
    let place = RunKey::new(7).subject(CLAIM, 3).child(BILLED, 1);
    let mut stream = place.stream(BILLED);
    let seen = format!(
        "{:016x} {:032x} {:016x} {:016x} {} {}",
        BILLED.value(),
        place.bits(BILLED),
        place.uniform(BILLED).to_bits(),
        stream.bits(),
        stream.uniform(),
        stream.below(1000)
    );
    assert_eq!(
        seen,
        "8c5b489eb916f314 e028f6feacc5891dd056ae323afc423d 3fec051edfd598b1 46939b7fbb330766 0.31088046380597445 259"
    );
}

#[test]
fn streams_are_pcg64_dxsm_of_the_bits_and_the_address() {
    // Two streams of one field differ, and reopening one repeats it.
    let (a, b) = (RunKey::new(1).subject(CLAIM, 0), RunKey::new(1).subject(CLAIM, 1));
    let draw = |place: manikin_random::Address| {
        let mut stream = place.stream(BILLED);
        [stream.bits(), stream.bits(), stream.bits()]
    };
    assert_eq!(draw(a), draw(a));
    assert_ne!(draw(a), draw(b));
}

#[test]
fn flipping_any_input_bit_flips_each_output_bit_half_the_time() {
    // 192 input bits (index, name, seed) by 128 output bits, over 2,000 low-entropy addresses. The worst of the 24,576
    // frequencies stays within 5.7 standard errors of 1/2: alpha = 3e-4 by the union bound.
    const TRIALS: u64 = 2_000;
    let limit = 5.7 * 0.5 * (TRIALS as f64).sqrt();
    let address = |seed: u64, name: u64, index: u64| {
        // `numbered` is a xor with a multiple of an odd constant, so `name` reaches every name.
        RunKey::new(seed).subject(CLAIM.numbered(name), index)
    };
    const INVERSE: u64 = 0xf1de_83e1_9937_733d;
    let mut worst = 0.0_f64;
    for input in 0..192 {
        let mut flips = [0u32; 128];
        for trial in 0..TRIALS {
            let flip = |which: u64| if input / 64 == which { 1u64 << (input % 64) } else { 0 };
            let base = address(7, 0, trial).bits(BILLED);
            let changed = address(7 ^ flip(2), flip(1).wrapping_mul(INVERSE), trial ^ flip(0)).bits(BILLED);
            let difference = base ^ changed;
            for (bit, flips) in flips.iter_mut().enumerate() {
                *flips += (difference >> bit & 1) as u32;
            }
        }
        for flips in flips {
            worst = worst.max((f64::from(flips) - TRIALS as f64 / 2.0).abs());
        }
    }
    assert!(worst < limit, "worst deviation {worst} of {limit}");
}

#[test]
fn the_same_avalanche_holds_for_a_single_hash_of_a_field() {
    // 64 field bits by 128 output bits over 4,000 addresses; limit 5.5 standard errors, alpha = 4e-4.
    const TRIALS: u64 = 4_000;
    const INVERSE: u64 = 0xf1de_83e1_9937_733d;
    let limit = 5.5 * 0.5 * (TRIALS as f64).sqrt();
    for input in 0..64 {
        let mut flips = [0u32; 128];
        for trial in 0..TRIALS {
            let place = RunKey::new(trial).subject(CLAIM, trial);
            let difference = place.bits(BILLED) ^ place.bits(BILLED.numbered((1u64 << input).wrapping_mul(INVERSE)));
            for (bit, flips) in flips.iter_mut().enumerate() {
                *flips += (difference >> bit & 1) as u32;
            }
        }
        for (bit, flips) in flips.iter().enumerate() {
            let deviation = (f64::from(*flips) - TRIALS as f64 / 2.0).abs();
            assert!(deviation < limit, "input bit {input}, output bit {bit}: {deviation} of {limit}");
        }
    }
}

#[test]
fn hashed_uniforms_of_consecutive_rows_are_uniform_and_uncorrelated() {
    // Chi-square over 1,000 cells, and over 32 x 32 cells of neighbouring pairs, for four fields. alpha = 8 * 1e-4.
    const ROWS: u64 = 200_000;
    for field in ["a", "b", "claim.billed", "patient.birth_date"].map(Name::of) {
        let uniform: Vec<f64> = (0..ROWS).map(|i| RunKey::new(7).subject(CLAIM, i).uniform(field)).collect();
        let mut single = vec![0u64; 1000];
        let mut pairs = vec![0u64; 1024];
        for u in &uniform {
            single[(u * 1000.0) as usize] += 1;
        }
        for pair in uniform.chunks(2) {
            pairs[(pair[0] * 32.0) as usize * 32 + (pair[1] * 32.0) as usize] += 1;
        }
        assert!(chi_square_p(&single, &[1e-3; 1000]) > 1e-4);
        assert!(chi_square_p(&pairs, &[1.0 / 1024.0; 1024]) > 1e-4);
    }
}

#[test]
fn first_draws_of_consecutive_streams_are_uniform_in_every_byte() {
    // Chi-square over 256 cells of each of the 8 bytes of the first draw. alpha = 8 * 1e-4.
    let mut counts = vec![[0u64; 256]; 8];
    for row in 0..100_000 {
        let bits = RunKey::new(1).subject(CLAIM, row).stream(BILLED).bits();
        for (byte, counts) in bits.to_le_bytes().iter().zip(&mut counts) {
            counts[usize::from(*byte)] += 1;
        }
    }
    for counts in counts {
        assert!(chi_square_p(&counts, &[1.0 / 256.0; 256]) > 1e-4);
    }
}

#[test]
fn siblings_never_collide() {
    let patient = RunKey::new(7).subject(Name::of("patient"), 0);
    let names = ["claim", "encounter", "lab"].map(Name::of);
    let addresses: BTreeSet<_> = names.iter().flat_map(|n| (0..10_000).map(|i| patient.child(*n, i))).collect();
    assert_eq!(addresses.len(), 30_000);
}

#[test]
fn uniforms_stay_inside_the_open_interval_and_below_is_unbiased() {
    let mut stream = RunKey::new(9).address().stream(BILLED);
    assert!((0..100_000).map(|_| stream.uniform()).all(|u| 0.0 < u && u < 1.0));
    assert_eq!(stream.below(0), 0);
    assert_eq!(stream.below(1), 0);
    // Chi-square over 6 faces, alpha = 1e-4.
    let mut faces = [0u64; 6];
    (0..60_000).for_each(|_| faces[stream.below(6) as usize] += 1);
    assert!(chi_square_p(&faces, &[1.0 / 6.0; 6]) > 1e-4);
    // The largest n, where a biased method shows most: half of 3 * 2^62 lies below 3 * 2^61.
    let low = (0..60_000).filter(|_| stream.below(3 << 62) < 3 << 61).count() as f64;
    assert!((low - 30_000.0).abs() < 4.0 * 15_000_f64.sqrt(), "{low}");
}
