//! Every method, end to end, with a seeded curator in place of a private session.

use manikin_marginals::{
    AttributeSet, Domain, FitOptions, JunctionTree, LearnError, Measurement, Method, ModelError, Request, Rows,
    Sensitivity, StructuralZeros, Workload, fit, learn,
};
use manikin_privacy::{Curator, PrivacyError, Rho, UNITS_PER_ROW};
use manikin_random::{Name, RunKey, Stream, normal_quantile};

/// Every method; clipped means once with one-hot columns only, once with all but the second column as numbers.
fn methods() -> [Method; 7] {
    [
        Method::Adaptive,
        Method::OneShot,
        Method::Aim,
        Method::Mst,
        Method::Independent,
        Method::ClippedMeans { ordinal: AttributeSet::EMPTY },
        Method::ClippedMeans { ordinal: AttributeSet::of(&[0, 2, 3, 4, 5]) },
    ]
}

/// Noise from a seed, with the accounts of a session. For tests only: it is not private.
struct Seeded {
    left: f64,
    stream: Stream,
    /// What was asked, with all that it depends on.
    asked: Vec<(String, Vec<i64>, i64, f64)>,
}

impl Seeded {
    fn new(rho: f64, seed: u64) -> Self {
        Self { left: rho, stream: RunKey::new(seed).address().stream(Name::of("noise")), asked: Vec::new() }
    }
}

/// What sums of costs in floating point may be off by; the ledger itself counts in integers.
const ROUNDING: f64 = 1e-12;

impl Curator for Seeded {
    fn gaussian(&mut self, about: &str, exact: &[i64], l2: i64, sigma: f64) -> Result<Vec<f64>, PrivacyError> {
        let units = UNITS_PER_ROW as f64;
        self.left -= (l2 as f64 / units / sigma) * (l2 as f64 / units / sigma) / 2.0;
        assert!(self.left >= -ROUNDING, "`{about}` overspends");
        self.asked.push((about.to_owned(), exact.to_vec(), l2, sigma));
        Ok(exact.iter().map(|x| *x as f64 / units + sigma * normal_quantile(self.stream.uniform())).collect())
    }

    fn laplace(&mut self, about: &str, exact: &[i64], l1: i64, scale: f64) -> Result<Vec<f64>, PrivacyError> {
        let units = UNITS_PER_ROW as f64;
        self.left -= (l1 as f64 / units / scale) * (l1 as f64 / units / scale) / 2.0;
        assert!(self.left >= -ROUNDING, "`{about}` overspends");
        self.asked.push((about.to_owned(), exact.to_vec(), l1, scale));
        let mut noise = || libm::log(self.stream.uniform() / self.stream.uniform());
        Ok(exact.iter().map(|x| *x as f64 / units + scale * noise()).collect())
    }

    fn select(&mut self, about: &str, scores: &[f64], sensitivity: f64, epsilon: f64) -> Result<usize, PrivacyError> {
        self.left -= epsilon * epsilon / 8.0;
        assert!(self.left >= -ROUNDING, "`{about}` overspends");
        let gumbel = |stream: &mut Stream| -libm::log(-libm::log(stream.uniform()));
        let noisy: Vec<f64> =
            scores.iter().map(|s| epsilon * s / (2.0 * sensitivity) + gumbel(&mut self.stream)).collect();
        Ok((0..noisy.len()).max_by(|a, b| noisy[*a].total_cmp(&noisy[*b])).unwrap_or(0))
    }

    fn remaining(&self) -> Rho {
        Rho::budget(self.left.max(0.0)).unwrap()
    }
}

/// 4,000 rows of six columns: a chain of strong dependences, and two columns on their own.
fn records() -> (Domain, Vec<Vec<u16>>) {
    let sizes = [3u32, 4, 2, 5, 3, 2];
    let domain = Domain::new(sizes.iter().enumerate().map(|(i, size)| (format!("c{i}"), *size))).unwrap();
    let mut stream = RunKey::new(11).address().stream(Name::of("records"));
    let mut columns = vec![Vec::new(); sizes.len()];
    for _ in 0..4_000 {
        let mut last = 0;
        for (i, size) in sizes.iter().enumerate() {
            let follows = (1..4).contains(&i) && stream.uniform() < 0.8;
            last = if follows { last % u64::from(*size) } else { stream.below(u64::from(*size)) };
            columns[i].push(last as u16);
        }
    }
    (domain, columns)
}

fn request<'a>(
    domain: &'a Domain,
    records: &'a Vec<Vec<u16>>,
    workload: &'a Workload,
    most_cells: u64,
) -> Request<'a, Vec<Vec<u16>>> {
    Request {
        records,
        domain,
        workload,
        sensitivity: Sensitivity::ROW,
        most_cells,
        zeros: &[],
        forced: &[],
        fit: FitOptions::default(),
    }
}

fn mean_l1(domain: &Domain, a: &Vec<Vec<u16>>, b: &Vec<Vec<u16>>, size: usize) -> f64 {
    let sets: Vec<AttributeSet> = Workload::all(domain, size, u64::MAX).sets().iter().map(|(set, _)| *set).collect();
    let count = |rows| manikin_marginals::Counter::count(domain, &sets, rows).unwrap();
    let rows = |rows: &Vec<Vec<u16>>| (rows[0].len() as i64 * UNITS_PER_ROW) as f64;
    let (x, y) = (count(a), count(b));
    let distance = |x: &Vec<i64>, y: &Vec<i64>| -> f64 {
        x.iter().zip(y).map(|(x, y)| (*x as f64 / rows(a) - *y as f64 / rows(b)).abs()).sum()
    };
    x.iter().zip(&y).map(|(x, y)| distance(x, y)).sum::<f64>() / sets.len() as f64
}

#[test]
fn every_method_spends_its_budget_and_no_more_and_stays_within_its_size() {
    let (domain, records) = records();
    let workload = Workload::all(&domain, 3, 1_000);
    for method in methods() {
        for most_cells in [40, 100, 100_000] {
            let mut curator = Seeded::new(0.1, 3);
            let (model, _) = learn(&request(&domain, &records, &workload, most_cells), method, &mut curator).unwrap();
            assert!(curator.left < 1e-3 || method == Method::Aim, "{method:?} leaves {}", curator.left);
            let cells: u64 = model.cliques.iter().map(|clique| domain.cells(clique)).sum();
            assert!(cells <= most_cells, "{method:?}: {cells} cells of {most_cells}");
            assert!((model.total - 4_000.0).abs() < 200.0);
        }
    }
}

#[test]
fn aim_keeps_what_it_measured_inside_the_tree_as_the_tree_changes() {
    let sizes = [2u32; 10];
    let domain = Domain::new(sizes.iter().enumerate().map(|(i, size)| (format!("c{i}"), *size))).unwrap();
    let mut stream = RunKey::new(5).address().stream(Name::of("chain"));
    let mut columns = vec![Vec::new(); sizes.len()];
    for _ in 0..3_000 {
        let mut last = stream.below(2);
        for column in &mut columns {
            last = if stream.uniform() < 0.7 { last } else { stream.below(2) };
            column.push(last as u16);
        }
    }
    let workload = Workload::all(&domain, 3, 1_000);
    for seed in 0..5 {
        let mut curator = Seeded::new(2.0, seed);
        let (model, _) = learn(&request(&domain, &columns, &workload, 150), Method::Aim, &mut curator).unwrap();
        let tree = JunctionTree::over(&domain, &model.cliques).unwrap();
        assert!(model.measurements.iter().all(|m| tree.host(&domain, &m.clique).is_some()));
    }
}

#[test]
fn methods_that_model_dependence_beat_independent_columns() {
    let (domain, records) = records();
    let workload = Workload::all(&domain, 3, 1_000);
    let error = |method: Method| {
        let mut curator = Seeded::new(0.2, 5);
        let (model, _) = learn(&request(&domain, &records, &workload, 1_000), method, &mut curator).unwrap();
        let calibrated = model.calibrate().unwrap();
        let sets: Vec<_> = model.measurements.iter().map(|m| m.clique).collect();
        let rows = Rows::new(&calibrated, 4_000, RunKey::new(1).address()).refined(&calibrated, &sets).all();
        mean_l1(&domain, &records, &rows, 2)
    };
    let independent = error(Method::Independent);
    for method in [Method::Adaptive, Method::OneShot, Method::Aim, Method::Mst] {
        let found = error(method);
        assert!(found < 0.5 * independent, "{method:?}: {found} against {independent}");
    }
}

#[test]
fn one_row_less_moves_every_question_by_at_most_its_claimed_sensitivity() {
    // The first questions of each method depend on the records alone, so they can be compared between neighbours; with
    // noise from the same seed and answers replaced below, later ones as well.
    struct Replay<'a> {
        first: &'a [(String, Vec<i64>, i64, f64)],
        answers: &'a [Vec<f64>],
        at: usize,
        selections: &'a [Vec<f64>],
        selected: usize,
    }
    impl Curator for Replay<'_> {
        fn gaussian(&mut self, about: &str, exact: &[i64], l2: i64, sigma: f64) -> Result<Vec<f64>, PrivacyError> {
            let (same, other, claimed, same_sigma) = &self.first[self.at];
            assert_eq!((same.as_str(), *claimed, *same_sigma, other.len()), (about, l2, sigma, exact.len()));
            let squares: i128 = exact.iter().zip(other).map(|(x, y)| i128::from(x - y) * i128::from(x - y)).sum();
            assert!(squares <= i128::from(l2) * i128::from(l2), "`{about}` moved by more than claimed");
            self.at += 1;
            Ok(self.answers[self.at - 1].clone())
        }
        fn laplace(&mut self, about: &str, exact: &[i64], l1: i64, scale: f64) -> Result<Vec<f64>, PrivacyError> {
            let (same, other, claimed, same_scale) = &self.first[self.at];
            assert_eq!((same.as_str(), *claimed, *same_scale, other.len()), (about, l1, scale, exact.len()));
            let moved: i64 = exact.iter().zip(other).map(|(x, y)| (x - y).abs()).sum();
            assert!(moved <= l1, "`{about}` moved by more than claimed");
            self.at += 1;
            Ok(self.answers[self.at - 1].clone())
        }
        fn select(&mut self, about: &str, scores: &[f64], sensitivity: f64, _: f64) -> Result<usize, PrivacyError> {
            for (x, y) in scores.iter().zip(&self.selections[self.selected]) {
                assert!((x - y).abs() <= sensitivity * (1.0 + 1e-9), "a score of `{about}` moved by {}", x - y);
            }
            self.selected += 1;
            Ok(self.selected % scores.len())
        }
        fn remaining(&self) -> Rho {
            let spent: f64 = self.first[..self.at]
                .iter()
                .map(|(_, _, l2, sigma)| {
                    let ratio = *l2 as f64 / UNITS_PER_ROW as f64 / sigma;
                    ratio * ratio / 2.0
                })
                .sum();
            Rho::budget((0.1 - spent).max(0.0)).unwrap()
        }
    }
    /// Records the answers of a seeded curator.
    struct Recording(Seeded, Vec<Vec<f64>>, Vec<Vec<f64>>);
    impl Curator for Recording {
        fn gaussian(&mut self, about: &str, exact: &[i64], l2: i64, sigma: f64) -> Result<Vec<f64>, PrivacyError> {
            let answer = self.0.gaussian(about, exact, l2, sigma)?;
            self.1.push(answer.clone());
            Ok(answer)
        }
        fn laplace(&mut self, about: &str, exact: &[i64], l1: i64, scale: f64) -> Result<Vec<f64>, PrivacyError> {
            let answer = self.0.laplace(about, exact, l1, scale)?;
            self.1.push(answer.clone());
            Ok(answer)
        }
        // What is left here is counted from the noisy counts alone, as in the replay.
        fn select(&mut self, _: &str, scores: &[f64], _: f64, _: f64) -> Result<usize, PrivacyError> {
            self.2.push(scores.to_vec());
            Ok(self.2.len() % scores.len())
        }
        fn remaining(&self) -> Rho {
            let at = self.0.asked.len();
            Replay { first: &self.0.asked, answers: &[], at, selections: &[], selected: 0 }.remaining()
        }
    }
    let (domain, records) = records();
    let workload = Workload::all(&domain, 3, 1_000);
    for method in methods() {
        for most_cells in [100, 100_000] {
            let mut recording = Recording(Seeded::new(1.0, 9), Vec::new(), Vec::new());
            learn(&request(&domain, &records, &workload, most_cells), method, &mut recording).unwrap();
            for left_out in [0, 17, 3_999] {
                let mut fewer = records.clone();
                fewer.iter_mut().for_each(|column| {
                    column.remove(left_out);
                });
                let Recording(seeded, answers, selections) = &recording;
                let mut replay = Replay { first: &seeded.asked, answers, at: 0, selections, selected: 0 };
                learn(&request(&domain, &fewer, &workload, most_cells), method, &mut replay).unwrap();
                assert_eq!(replay.at, recording.0.asked.len());
            }
        }
    }
}

#[test]
fn the_same_answers_give_the_same_model_on_any_number_of_threads() {
    let (domain, records) = records();
    let workload = Workload::all(&domain, 3, 1_000);
    let made = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut curator = Seeded::new(0.1, 7);
            let (model, _) =
                learn(&request(&domain, &records, &workload, 100), Method::default(), &mut curator).unwrap();
            let calibrated = model.calibrate().unwrap();
            let sets: Vec<_> = model.measurements.iter().map(|m| m.clique).collect();
            let rows = Rows::new(&calibrated, 70_000, RunKey::new(1).address()).refined(&calibrated, &sets).all();
            (model, rows)
        })
    };
    let one = made(1);
    assert_eq!(one, made(2));
    assert_eq!(one, made(5));
}

#[test]
fn forced_sets_are_measured_zeros_are_kept_and_a_refit_needs_no_records() {
    let (domain, records) = records();
    let workload = Workload::all(&domain, 2, 1_000);
    let forced = [AttributeSet::of(&[0, 4, 5])];
    let zeros = [StructuralZeros { clique: AttributeSet::of(&[4, 5]), cells: vec![0, 3] }];
    for method in methods() {
        let request = Request { forced: &forced, zeros: &zeros, ..request(&domain, &records, &workload, 90) };
        let (model, _) = learn(&request, method, &mut Seeded::new(0.2, 1)).unwrap();
        assert!(model.measurements.iter().any(|m| m.clique == forced[0]), "{method:?}");
        let calibrated = model.calibrate().unwrap();
        let pair = calibrated.marginal(&zeros[0].clique, 100).unwrap();
        assert_eq!((pair[0], pair[3]), (0.0, 0.0));
        let sets: Vec<_> = model.measurements.iter().map(|m| m.clique).collect();
        let rows = Rows::new(&calibrated, 5_000, RunKey::new(4).address()).refined(&calibrated, &sets).all();
        let forbidden = (0..5_000).filter(|&row| [0, 3].contains(&(rows[4][row] * 2 + rows[5][row]))).count();
        assert_eq!(forbidden, 0, "{method:?}");
        let tree = manikin_marginals::JunctionTree::over(&domain, &model.cliques).unwrap();
        let options = FitOptions { noise_share: 0.9, steps: 50 };
        let (again, report) = fit(&domain, &tree, &model.measurements, &zeros, &[], &options).unwrap();
        assert!(report.steps <= 50 && again.measurements == model.measurements);
    }
}

#[test]
fn faults_of_a_request_are_errors() {
    let (domain, records) = records();
    let workload = Workload::all(&domain, 2, 1_000);
    let forced = [domain.all()];
    for method in methods() {
        let large = Request { forced: &forced, ..request(&domain, &records, &workload, 90) };
        let refused = learn(&large, method, &mut Seeded::new(0.2, 1));
        assert!(matches!(refused, Err(LearnError::TooLarge { needed: 720, allowed: 90 })));
        let poor = learn(&request(&domain, &records, &workload, 90), method, &mut Seeded::new(0.0, 1));
        assert!(matches!(poor, Err(LearnError::NoBudget)));
    }
    let tree = manikin_marginals::JunctionTree::containing(&domain, &[]);
    let outside = Measurement { clique: AttributeSet::of(&[0, 1]), values: vec![1.0; 12], sigma: 1.0 };
    let refused = fit(&domain, &tree, &[outside], &[], &[], &FitOptions::default());
    assert!(matches!(refused, Err(ModelError::Outside { .. })));
}

#[test]
fn budgets_that_buy_almost_nothing_still_give_rows_of_the_domain() {
    let (domain, records) = records();
    let workload = Workload::all(&domain, 3, 1_000);
    // (epsilon .01, delta 1e-9), and less.
    for rho in [1.6e-6, 1e-8] {
        for method in methods() {
            for most_cells in [100, 100_000] {
                let request = request(&domain, &records, &workload, most_cells);
                let (model, report) = learn(&request, method, &mut Seeded::new(rho, 8)).unwrap();
                assert!(report.loss.is_finite() && model.total >= 1.0 && model.total.is_finite(), "{method:?}");
                let calibrated = model.calibrate().unwrap();
                for attribute in 0..domain.len() {
                    let found = calibrated.marginal(&AttributeSet::of(&[attribute]), 100).unwrap();
                    assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{method:?}: {found:?}");
                }
                let rows = Rows::new(&calibrated, 500, RunKey::new(2).address()).all();
                for (column, attribute) in rows.iter().zip(domain.attributes()) {
                    assert!(column.len() == 500 && column.iter().all(|code| u32::from(*code) < attribute.size));
                }
            }
        }
    }
}

#[test]
fn empty_records_give_a_model() {
    let (domain, _) = records();
    let empty = vec![Vec::new(); domain.len()];
    let workload = Workload::all(&domain, 3, 1_000);
    for method in methods() {
        let (model, _) = learn(&request(&domain, &empty, &workload, 100), method, &mut Seeded::new(0.1, 2)).unwrap();
        assert!(model.total >= 1.0 && model.calibrate().is_ok());
    }
}
