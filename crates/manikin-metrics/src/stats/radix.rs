//! Sorting by the bytes of a key: a few passes for the short numbers that most columns hold.

/// With more bytes to sort by, comparing is as fast.
const PASSES: usize = 6;
/// Fewer values than that are compared.
const LEAST: usize = 256;

/// A number as a word of the same order, as `f64::total_cmp` has it.
pub(crate) fn word(x: f64) -> u64 {
    let bits = x.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// Sorts by `key`; items of equal keys keep their order.
pub(crate) fn sort_by_word<T: Copy>(items: &mut Vec<T>, key: impl Fn(&T) -> u64) {
    let Some(first) = items.first().map(&key) else { return };
    let differing = items.iter().fold(0, |bits, item| bits | (key(item) ^ first));
    let places: Vec<u32> = (0..8).map(|byte| 8 * byte).filter(|&place| differing >> place & 255 != 0).collect();
    if items.len() < LEAST || places.len() > PASSES {
        items.sort_by_key(key);
        return;
    }
    let mut other = items.clone();
    for place in places {
        let byte = |item: &T| usize::from((key(item) >> place) as u8);
        let mut ends = [0usize; 256];
        items.iter().for_each(|item| ends[byte(item)] += 1);
        let mut before = 0;
        for end in &mut ends {
            (*end, before) = (before, before + *end);
        }
        for item in items.iter() {
            let at = &mut ends[byte(item)];
            other[*at] = *item;
            *at += 1;
        }
        std::mem::swap(items, &mut other);
    }
}

/// Sorts numbers as `f64::total_cmp` has it.
pub(crate) fn sort_numbers(numbers: &mut Vec<f64>) {
    sort_by_word(numbers, |&x| word(x));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::draws;

    #[test]
    fn bytes_sort_as_comparisons_do_and_keep_the_order_of_equals() {
        let mut stream = draws(1, "radix", 0);
        for kinds in [3, 2000, u64::MAX] {
            let signed = |stream: &mut manikin_random::Stream| stream.below(kinds) as f64 - (kinds / 2) as f64;
            let mut found: Vec<f64> = (0..3000).map(|_| signed(&mut stream)).collect();
            found.extend([0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, f64::MIN_POSITIVE]);
            let mut expected = found.clone();
            expected.sort_by(f64::total_cmp);
            let mut items: Vec<(f64, usize)> = found.iter().copied().zip(0..).collect();
            sort_by_word(&mut items, |item| word(item.0));
            assert!(items.windows(2).all(|two| word(two[0].0) < word(two[1].0) || two[0].1 < two[1].1));
            sort_numbers(&mut found);
            assert!(found.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits()));
        }
        sort_numbers(&mut Vec::new());
    }
}
