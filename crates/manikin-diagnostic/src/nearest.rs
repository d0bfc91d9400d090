//! "Did you mean": the candidate nearest to a misspelt name.

/// The candidate most like `name`, if one is near enough to be worth suggesting.
///
/// Near enough means at most a third of the letters inserted, dropped, changed or swapped (at least one, so that short
/// names get a suggestion too), ignoring case and the difference between `-`, `_` and space. Of equally near ones the
/// first is taken, so the caller's order decides.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Names longer than any we would suggest would only cost time: the distance is quadratic.
    if name.is_empty() || name.len() > 200 {
        return None;
    }
    let wanted = fold(name);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let folded = fold(candidate);
        let length = wanted.chars().count().max(folded.chars().count());
        if length > 200 {
            continue;
        }
        let limit = (length / 3).max(1);
        let mut distance = strsim::damerau_levenshtein(&wanted, &folded);
        // A whole word of a longer name (`amount` for `allowed_amount`) is a common slip that edits overrate.
        let word_of = wanted.chars().count() >= 4 && folded.split('_').any(|word| word == wanted);
        if word_of {
            distance = distance.min(1);
        }
        let changes_everything = distance >= length;
        if distance <= limit && !changes_everything && best.is_none_or(|(nearest, _)| distance < nearest) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn fold(name: &str) -> String {
    name.chars().flat_map(char::to_lowercase).map(|c| if c == '-' || c == ' ' { '_' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_typo_finds_its_name_and_a_stranger_finds_none() {
        let names = ["status", "billed", "allowed_amount", "sd", "count"];
        assert_eq!(nearest("staus", names), Some("status"));
        assert_eq!(nearest("Status", names), Some("status"));
        assert_eq!(nearest("allowed-amount", names), Some("allowed_amount"));
        assert_eq!(nearest("amount", names), Some("allowed_amount"));
        assert_eq!(nearest("ds", names), Some("sd"));
        assert_eq!(nearest("cuont", names), Some("count"));
        assert_eq!(nearest("weather", names), None);
        assert_eq!(nearest("x", names), None);
        assert_eq!(nearest("", names), None);
    }
}
