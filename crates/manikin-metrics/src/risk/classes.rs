//! Classical disclosure control: equivalence classes of quasi-identifiers, what they leave open, and how likely a
//! person is to be found in them.

use super::coding::{Coded, code};
use super::folds::Folds;
use super::population::{Sample, uniqueness};
use crate::score::{Definition, Direction, Score};
use crate::stats::wilson;
use crate::{Table, Values};

macro_rules! figure {
    ($(#[$doc:meta])* $constant:ident, $name:literal, $means:literal, $direction:ident, $range:expr, $reference:literal) => {
        $(#[$doc])*
        pub const $constant: Definition = Definition {
            name: $name,
            means: $means,
            direction: Direction::$direction,
            range: $range,
            reference: $reference,
        };
    };
}

figure!(
    /// k-anonymity.
    K_ANONYMITY, "k_anonymity", "the fewest rows that share their quasi-identifiers; good is 11 or more",
    Higher, (0.0, f64::MAX), "Sweeney, k-Anonymity, IJUFKS 10(5), 2002"
);
figure!(
    /// Prosecutor risk.
    PROSECUTOR, "prosecutor_risk",
    "the highest chance of finding a person who is known to be among the rows: one over the smallest class",
    Lower, (0.0, 1.0), "El Emam, Guide to the De-Identification of Personal Health Information, 2013; limit .09 of EMA Policy 0070"
);
figure!(
    /// Marketer risk.
    MARKETER, "marketer_risk", "the share of people found when all are looked for: classes over rows",
    Lower, (0.0, 1.0), "Dankar and El Emam, A Method for Evaluating Marketer Re-identification Risk, EDBT 2010"
);
figure!(
    /// Sample uniqueness.
    UNIQUE, "sample_uniqueness", "the share of rows that are alone with their quasi-identifiers",
    Lower, (0.0, 1.0), "Skinner and Elliot, A Measure of Disclosure Risk for Microdata, JRSS B 64(4), 2002"
);
figure!(
    /// The share of rows at risk.
    AT_RISK, "records_at_risk", "the share of rows in classes smaller than 11, whose risk exceeds .09",
    Lower, (0.0, 1.0), "EMA Policy 0070; CMS cell size suppression policy"
);
figure!(
    /// Population uniqueness.
    POPULATION_UNIQUE, "population_uniqueness",
    "the estimated share of rows that are alone with their quasi-identifiers in the whole population",
    Lower, (0.0, 1.0), "Dankar et al., Estimating the Re-identification Risk of Clinical Data Sets, BMC MIDM 12, 2012"
);
figure!(
    /// Journalist risk.
    JOURNALIST, "journalist_risk",
    "the highest chance of finding a row's person in the population table: one over the smallest class there",
    Lower, (0.0, 1.0), "El Emam, Guide to the De-Identification of Personal Health Information, 2013"
);
figure!(
    /// k-map.
    K_MAP, "k_map", "the fewest rows of the population table that share the quasi-identifiers of some row",
    Higher, (0.0, f64::MAX), "Sweeney, Computational Disclosure Control, PhD thesis, 2001"
);
figure!(
    /// δ-presence.
    DELTA_PRESENCE, "delta_presence",
    "the highest chance that a person of the population table is among the rows, given the quasi-identifiers",
    Lower, (0.0, 1.0), "Nergiz, Atzori and Clifton, Hiding the Presence of Individuals, SIGMOD 2007"
);
figure!(
    /// Distinct l-diversity.
    L_DISTINCT, "l_diversity_distinct", "the fewest different sensitive values in a class",
    Higher, (0.0, f64::MAX), "Machanavajjhala et al., l-Diversity, ACM TKDD 1(1), 2007"
);
figure!(
    /// Entropy l-diversity.
    L_ENTROPY, "l_diversity_entropy", "the exponential of the least entropy of sensitive values in a class",
    Higher, (0.0, f64::MAX), "Machanavajjhala et al., l-Diversity, ACM TKDD 1(1), 2007"
);
figure!(
    /// Recursive (c, 2)-diversity.
    L_RECURSIVE, "l_diversity_recursive_c",
    "the least c of recursive (c, 2)-diversity: the most common value of a class over all others, at its worst class",
    Lower, (0.0, f64::MAX), "Machanavajjhala et al., l-Diversity, ACM TKDD 1(1), 2007"
);
figure!(
    /// t-closeness.
    T_CLOSENESS, "t_closeness",
    "the furthest distance of a class's sensitive values from those of all rows (earth mover's; equal for categories)",
    Lower, (0.0, 1.0), "Li, Li and Venkatasubramanian, t-Closeness, ICDE 2007"
);

/// The definitions of its scores.
pub(crate) const DEFINITIONS: &[&Definition] = &[
    &K_ANONYMITY,
    &PROSECUTOR,
    &MARKETER,
    &UNIQUE,
    &AT_RISK,
    &POPULATION_UNIQUE,
    &JOURNALIST,
    &K_MAP,
    &DELTA_PRESENCE,
    &L_DISTINCT,
    &L_ENTROPY,
    &L_RECURSIVE,
    &T_CLOSENESS,
];

/// Rows of a class smaller than this are at risk.
///
/// # Source
/// CMS cell suppression: cells of 1 to 10 are not published; 1/11 is the .09 of EMA Policy 0070.
const SMALL: usize = 11;

/// The classical figures of train and synthetic rows, on the declared quasi-identifiers and sensitive columns.
#[must_use]
pub fn classes(folds: &Folds<'_>) -> Vec<Score> {
    let keys = &folds.roles.quasi_identifiers;
    if keys.is_empty() {
        let reason = "no quasi-identifiers are declared; declare the columns that others may know about a person";
        return vec![K_ANONYMITY.incomplete(Vec::new(), 0, "classes", reason)];
    }
    let mut scores = Vec::new();
    for (name, table) in [("train", folds.train), ("synthetic", folds.synthetic)] {
        scores.extend(of_table(name, table, keys, &folds.roles.sensitive, folds.settings.level));
        scores.extend(population(name, table, keys, folds.settings.fraction));
    }
    // Train and holdout together are the nearest that there is to a population that train was drawn from.
    scores.extend(against("train", folds.train, folds.pool(), keys));
    scores
}

/// k-anonymity, prosecutor and marketer risk, uniqueness, and diversity and closeness of every sensitive column.
#[must_use]
pub fn of_table(name: &str, table: &Table, keys: &[usize], sensitive: &[usize], level: f64) -> Vec<Score> {
    let n = table.rows;
    let Some(coded) = code(&[table]).into_iter().next().filter(|_| n > 0) else {
        return vec![K_ANONYMITY.incomplete(vec![name.to_owned()], 0, "classes", "there are no rows")];
    };
    let (groups, _) = Coded::group(&[&coded.select(keys)]);
    let sizes: Vec<usize> = groups.sizes().collect();
    let least = sizes.iter().copied().min().unwrap_or(0);
    let alone = sizes.iter().filter(|&&size| size == 1).count();
    let small: usize = sizes.iter().filter(|&&size| size < SMALL).sum();
    let about = || vec![name.to_owned()];
    let method = format!("{} classes of {} quasi-identifiers; nulls are a value", sizes.len(), keys.len());
    let share = |definition: &Definition, hits: usize| {
        let interval = wilson(hits as u64, n as u64, level).map(|rate| rate.interval(level));
        definition.score(about(), hits as f64 / n as f64, n, method.clone()).with_interval(interval)
    };
    let mut scores = vec![
        K_ANONYMITY.score(about(), least as f64, n, method.clone()),
        PROSECUTOR.score(about(), 1.0 / least as f64, n, method.clone()),
        MARKETER.score(about(), sizes.len() as f64 / n as f64, n, method.clone()),
        share(&UNIQUE, alone),
        share(&AT_RISK, small),
    ];
    for &column in sensitive.iter().filter(|column| !keys.contains(column)) {
        let about = vec![name.to_owned(), table.columns[column].name.clone()];
        let classes: Vec<&[u32]> = (0..groups.len() as u32).map(|group| groups.members(group)).collect();
        scores.extend(open(
            &about,
            &coded.columns[column],
            coded.sizes[column],
            &table.columns[column].values,
            &classes,
        ));
    }
    scores
}

/// Journalist risk, k-map and δ-presence of a sample within a population table that holds it.
#[must_use]
pub fn against(name: &str, sample: &Table, population: &Table, keys: &[usize]) -> Vec<Score> {
    let coded = code(&[sample, population]);
    let [sample, population] = &coded[..] else { return Vec::new() };
    let (groups, ranges) = Coded::group(&[&sample.select(keys), &population.select(keys)]);
    let mut counts = vec![[0usize; 2]; groups.len()];
    for (side, range) in ranges.iter().enumerate() {
        for &group in &groups.groups()[range.clone()] {
            counts[group as usize][side] += 1;
        }
    }
    let present = || counts.iter().filter(|[sample, _]| *sample > 0);
    let least = present().map(|[_, population]| *population).min().unwrap_or(0);
    let delta =
        present().map(|[sample, population]| *sample as f64 / (*population).max(*sample) as f64).fold(0.0, f64::max);
    let (n, about) = (sample.rows, || vec![name.to_owned()]);
    let method = format!("a population table of {} rows: train and holdout together", population.rows);
    if least == 0 {
        let reason =
            "some row's quasi-identifiers do not occur in the population table, so it is not one of these rows";
        return vec![K_MAP.incomplete(about(), n, method, reason)];
    }
    vec![
        JOURNALIST.score(about(), 1.0 / least as f64, n, method.clone()),
        K_MAP.score(about(), least as f64, n, method.clone()),
        DELTA_PRESENCE.score(about(), delta, n, method),
    ]
}

fn population(name: &str, table: &Table, keys: &[usize], fraction: Option<f64>) -> Vec<Score> {
    let about = |model: &str| vec![name.to_owned(), model.to_owned()];
    let Some(fraction) = fraction else {
        let reason = "the share of the population that the rows are is not declared";
        return vec![POPULATION_UNIQUE.incomplete(about("dankar"), table.rows, "population models", reason)];
    };
    let sizes: Vec<usize> = code(&[table])
        .iter()
        .flat_map(|coded| Coded::group(&[&coded.select(keys)]).0.sizes().collect::<Vec<_>>())
        .collect();
    let sample = Sample::new(&sizes, fraction);
    let found = uniqueness(&sample);
    let method = format!("sampling fraction {fraction}");
    found
        .into_iter()
        .map(|(model, value)| match value {
            Some(value) => POPULATION_UNIQUE.score(about(model), value, table.rows, method.clone()),
            None => {
                let reason = "the model has no solution for these class sizes";
                POPULATION_UNIQUE.incomplete(about(model), table.rows, method.clone(), reason)
            }
        })
        .collect()
}

/// Diversity and closeness of one sensitive column.
fn open(about: &[String], codes: &[u32], size: usize, values: &Values, classes: &[&[u32]]) -> Vec<Score> {
    let n = codes.len();
    // Numbers are ordered by value, so that closeness knows how far apart they are.
    let rank = ranks(codes, size, values);
    let mut whole = vec![0usize; size];
    codes.iter().for_each(|&code| whole[rank[code as usize]] += 1);
    let ordered = matches!(values, Values::Numbers(_));
    let (mut distinct, mut entropy, mut recursive, mut far) = (usize::MAX, f64::INFINITY, 0.0f64, 0.0f64);
    let mut counts = vec![0usize; size];
    for class in classes {
        for &row in *class {
            counts[rank[codes[row as usize] as usize]] += 1;
        }
        let m = class.len() as f64;
        let mut kinds: Vec<usize> = class.iter().map(|&row| rank[codes[row as usize] as usize]).collect();
        kinds.sort_unstable();
        kinds.dedup();
        distinct = distinct.min(kinds.len());
        let h: f64 = kinds.iter().map(|&kind| counts[kind] as f64 / m).map(|p| -p * libm::log(p)).sum();
        entropy = entropy.min(h);
        let most = kinds.iter().map(|&kind| counts[kind]).max().unwrap_or(0) as f64;
        recursive = recursive.max(if m > most { most / (m - most) } else { f64::INFINITY });
        far = far.max(if ordered {
            moved(&counts, m, &whole, n as f64)
        } else {
            apart(&kinds, &counts, m, &whole, n as f64)
        });
        kinds.iter().for_each(|&kind| counts[kind] = 0);
    }
    if classes.is_empty() {
        return vec![L_DISTINCT.incomplete(about.to_vec(), n, "classes", "there are no rows")];
    }
    let method = format!("{} classes; nulls are a value", classes.len());
    let c = if recursive.is_finite() {
        L_RECURSIVE.score(about.to_vec(), recursive, n, method.clone())
    } else {
        L_RECURSIVE.incomplete(about.to_vec(), n, method.clone(), "a class has one value only: no c is enough")
    };
    vec![
        L_DISTINCT.score(about.to_vec(), distinct as f64, n, method.clone()),
        L_ENTROPY.score(about.to_vec(), libm::exp(entropy), n, method.clone()),
        c,
        T_CLOSENESS.score(about.to_vec(), far.min(1.0), n, method),
    ]
}

/// The place of each code among the values in order; codes of categories keep theirs.
fn ranks(codes: &[u32], size: usize, values: &Values) -> Vec<usize> {
    let Values::Numbers(numbers) = values else { return (0..size).collect() };
    let mut value_of = vec![f64::NAN; size];
    codes.iter().zip(numbers).for_each(|(&code, &number)| value_of[code as usize] = number);
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|&a, &b| value_of[a].total_cmp(&value_of[b]));
    let mut rank = vec![0; size];
    order.into_iter().enumerate().for_each(|(place, code)| rank[code] = place);
    rank
}

/// Earth mover's distance with equal distances: half of the sum of differences.
fn apart(kinds: &[usize], counts: &[usize], m: f64, whole: &[usize], n: f64) -> f64 {
    kinds.iter().map(|&kind| (counts[kind] as f64 / m - whole[kind] as f64 / n).max(0.0)).sum()
}

/// Earth mover's distance of ordered values.
fn moved(counts: &[usize], m: f64, whole: &[usize], n: f64) -> f64 {
    let (mut carried, mut sum) = (0.0, 0.0);
    for (&count, &all) in counts.iter().zip(whole) {
        carried += count as f64 / m - all as f64 / n;
        sum += f64::abs(carried);
    }
    sum / (counts.len().max(2) - 1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::toy::{codes, gunzip, numbers, read, shared, table};

    fn value(scores: &[Score], metric: &str) -> f64 {
        scores.iter().find(|score| score.metric == metric).and_then(|score| score.value).expect(metric)
    }

    #[test]
    fn figures_are_those_counted_by_hand() {
        let table = table([
            codes("zip", ["a", "a", "a", "b", "b", "c"]),
            codes("diagnosis", ["x", "x", "y", "x", "y", "z"]),
            numbers("income", [3.0, 4.0, 5.0, 6.0, 11.0, 8.0]),
        ]);
        let scores = of_table("real", &table, &[0], &[1], 0.95);
        assert_eq!(value(&scores, "k_anonymity"), 1.0);
        assert!((value(&scores, "marketer_risk") - 0.5).abs() < 1e-12);
        assert!((value(&scores, "sample_uniqueness") - 1.0 / 6.0).abs() < 1e-12);
        assert_eq!(value(&scores, "l_diversity_distinct"), 1.0);
        assert!((value(&scores, "l_diversity_entropy") - 1.0).abs() < 1e-12);
        // Class c is all z, which is a sixth of all: 5/6 apart.
        assert!((value(&scores, "t_closeness") - 5.0 / 6.0).abs() < 1e-12);
        let two = of_table("real", &crate::risk::coding::take(&table, &[0, 1, 2, 3, 4]), &[0], &[1], 0.95);
        // Class a: 2 x, 1 y: entropy ln 3 - 2/3 ln 2 below ln 2; c = 2.
        assert!((value(&two, "l_diversity_entropy") - 3.0 / libm::pow(2.0, 2.0 / 3.0)).abs() < 1e-12);
        assert!((value(&two, "l_diversity_recursive_c") - 2.0).abs() < 1e-12);
    }

    #[test]
    fn closeness_of_numbers_is_that_of_the_paper() {
        // Li et al., example: {3,4,5,6,7,8,9,10,11} k; {3,4,5} is .375 away, {6,8,11} .167.
        let incomes = table([
            codes("class", ["p", "p", "p", "q", "r", "q", "r", "r", "q"]),
            numbers("income", [3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]),
        ]);
        assert!((value(&of_table("t", &incomes, &[0], &[1], 0.95), "t_closeness") - 0.375).abs() < 1e-12);
    }

    #[test]
    fn a_sample_within_its_population_is_found_as_counted_by_hand() {
        let sample = table([codes("k", ["a", "b"])]);
        let population = table([codes("k", ["a", "a", "b", "b", "b", "c"])]);
        let scores = against("s", &sample, &population, &[0]);
        assert_eq!(value(&scores, "k_map"), 2.0);
        assert_eq!(value(&scores, "journalist_risk"), 0.5);
        assert_eq!(value(&scores, "delta_presence"), 0.5);
        let stranger = table([codes("k", ["z"])]);
        assert!(!against("s", &stranger, &population, &[0])[0].is_computed());
    }

    #[test]
    fn figures_of_the_adult_extract_are_those_of_arx() {
        let Some(path) = shared("arx/adult.csv.gz") else { return };
        let table = read(&[gunzip(&path)], b';').remove(0);
        let keys: Vec<usize> = (0..9).collect();
        let scores = of_table("arx", &table, &keys, &[], 0.95);
        assert!((value(&scores, "marketer_risk") - 0.6465751607983555).abs() < 1e-12);
        assert!((value(&scores, "sample_uniqueness") - 0.5142895033485844).abs() < 1e-12);
        let scores = population("arx", &table, &keys, Some(0.1));
        let of = |model: &str| scores.iter().find(|score| score.about[1] == model).and_then(|score| score.value);
        let pitman = of("pitman").expect("a solution");
        assert!((pitman - 0.276849938836).abs() < 1e-9, "{pitman}");
        assert_eq!(of("dankar"), of("pitman"), "at a tenth Pitman is chosen");
    }
}
