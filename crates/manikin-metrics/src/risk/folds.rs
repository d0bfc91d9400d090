//! Train, holdout and synthetic rows, with the distances between them that several measures share.

use std::sync::OnceLock;

use super::coding::{Coded, code, stack};
use super::nearest::{Index, Neighbours, Search, Weigh};
use super::roles::Roles;
use super::ruler::Ruler;
use crate::{Table, stats};

/// How many neighbours attacks look at.
///
/// ASSUMED: 5, as many as distance ratios of the field commonly look at.
pub(crate) const NEIGHBOURS: usize = 5;

/// The choices of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// The seed of everything that is sampled.
    pub seed: u64,
    /// The level of intervals.
    pub level: f64,
    /// How many times labels are permuted for the null of the greatest attack.
    pub permutations: usize,
    /// How many pairs of rows one pass over nearest neighbours may compare before it settles for an approximation.
    pub pairs: f64,
    /// What share of the population the train rows are, for population uniqueness; `None` when it is not known.
    pub fraction: Option<f64>,
}

impl Default for Settings {
    /// Seed 0, level .95, 1,999 permutations (so that p can fall below .001), 1.5e9 pairs a pass.
    ///
    /// # Source
    /// Own measurement: with a tree to go down for every box, 1.5e9 pairs of 20 columns take a core about half a minute;
    /// a million rows against a million take a dozen such passes. Up to 38,000 rows a side every pass is exact.
    fn default() -> Self {
        Self { seed: 0, level: 0.95, permutations: 1999, pairs: 1.5e9, fraction: None }
    }
}

/// A pass over nearest neighbours, or why there is none.
type Pass = OnceLock<Result<Neighbours, String>>;

/// Three tables of the same columns, encoded together.
///
/// `train` made the synthetic rows and `holdout` did not; both were drawn alike from one population, at random and by
/// patient. That is what makes a difference between them evidence of a leak.
#[derive(Debug)]
pub struct Folds<'a> {
    /// The rows that the synthetic ones were made from.
    pub train: &'a Table,
    /// Rows of the same population that they were not made from.
    pub holdout: &'a Table,
    /// The synthetic rows.
    pub synthetic: &'a Table,
    /// The choices of the evaluation.
    pub settings: Settings,
    /// Which columns are known and which are secret.
    pub roles: Roles,
    ruler: Ruler,
    pool: Table,
    coded: OnceLock<[Coded; 3]>,
    pool_to_synthetic: Pass,
    pool_to_others: Pass,
    synthetic_to_train: Pass,
    synthetic_to_holdout: Pass,
}

impl<'a> Folds<'a> {
    /// Three tables to be compared.
    ///
    /// # Errors
    /// - A table has no rows.
    /// - The sampling fraction is not above 0 and at most 1.
    /// - The columns differ in number, or one holds numbers in one table and categories in another.
    pub fn new(train: &'a Table, holdout: &'a Table, synthetic: &'a Table, settings: Settings) -> Result<Self, String> {
        for (name, table) in [("train", train), ("holdout", holdout), ("synthetic", synthetic)] {
            if table.rows == 0 {
                return Err(format!("the {name} table has no rows"));
            }
        }
        if let Some(fraction) = settings.fraction.filter(|fraction| !(0.0 < *fraction && *fraction <= 1.0)) {
            return Err(format!("the sampling fraction must be above 0 and at most 1, {fraction} was given"));
        }
        let ruler = Ruler::new(&[train, holdout])?;
        for table in [train, holdout, synthetic] {
            ruler.check(table)?;
        }
        Ok(Self {
            train,
            holdout,
            synthetic,
            settings,
            roles: Roles::default(),
            ruler,
            pool: stack(train, holdout),
            coded: OnceLock::new(),
            pool_to_synthetic: Pass::new(),
            pool_to_others: Pass::new(),
            synthetic_to_train: Pass::new(),
            synthetic_to_holdout: Pass::new(),
        })
    }

    /// The same with declared roles of columns; columns that do not exist are left out.
    #[must_use]
    pub fn with_roles(mut self, roles: Roles) -> Self {
        self.roles = roles.within(self.train.columns.len());
        self
    }

    /// The ruler of all distances: ranges of train and holdout together.
    #[must_use]
    pub fn ruler(&self) -> &Ruler {
        &self.ruler
    }

    /// The real rows: those of train, then those of holdout.
    #[must_use]
    pub fn pool(&self) -> &Table {
        &self.pool
    }

    /// Train, holdout and synthetic rows as codes.
    pub(crate) fn coded(&self) -> &[Coded; 3] {
        self.coded.get_or_init(|| {
            let mut coded = code(&[self.train, self.holdout, self.synthetic]).into_iter();
            std::array::from_fn(|_| coded.next().unwrap_or(Coded { columns: Vec::new(), sizes: Vec::new(), rows: 0 }))
        })
    }

    /// The synthetic rows nearest to every real row.
    ///
    /// # Errors
    /// - The tables cannot be compared.
    pub fn pool_to_synthetic(&self) -> Result<&Neighbours, String> {
        pass(&self.pool_to_synthetic, || {
            self.settings.nearest(&self.ruler, self.synthetic, &self.pool, NEIGHBOURS, Among::All)
        })
    }

    /// The other real rows nearest to every real row.
    ///
    /// # Errors
    /// - The tables cannot be compared.
    pub fn pool_to_others(&self) -> Result<&Neighbours, String> {
        pass(&self.pool_to_others, || {
            self.settings.nearest(&self.ruler, &self.pool, &self.pool, NEIGHBOURS, Among::Others)
        })
    }

    /// The two train rows nearest to every synthetic row.
    ///
    /// # Errors
    /// - The tables cannot be compared.
    pub fn synthetic_to_train(&self) -> Result<&Neighbours, String> {
        pass(&self.synthetic_to_train, || self.settings.nearest(&self.ruler, self.train, self.synthetic, 2, Among::All))
    }

    /// The two holdout rows nearest to every synthetic row.
    ///
    /// # Errors
    /// - The tables cannot be compared.
    pub fn synthetic_to_holdout(&self) -> Result<&Neighbours, String> {
        pass(&self.synthetic_to_holdout, || {
            self.settings.nearest(&self.ruler, self.holdout, self.synthetic, 2, Among::All)
        })
    }
}

/// Whether a row may be its own neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Among {
    /// The queries are other rows than those searched.
    All,
    /// The queries are the rows searched, and none is its own neighbour.
    Others,
}

impl Settings {
    /// The `k` nearest rows of `table`: exact if a look at some queries says that it fits the number of pairs,
    /// approximate otherwise, with the error measured.
    pub(crate) fn nearest(
        &self,
        ruler: &Ruler,
        table: &Table,
        queries: &Table,
        k: usize,
        among: Among,
    ) -> Result<Neighbours, String> {
        let index = Index::new(ruler, table)?;
        let run = |search| match among {
            Among::All => index.nearest(queries, search),
            Among::Others => index.nearest_others(queries, search),
        };
        if table.rows as f64 * queries.rows as f64 <= self.pairs {
            return run(Search::exact(k));
        }
        let looked = stats::sample_rows(queries.rows, LOOKED, &mut stats::draws(self.seed, "neighbours", 0));
        let looked: Vec<usize> = looked.into_iter().map(|row| row as usize).collect();
        let sample = super::coding::take(queries, &looked);
        let exact = index.nearest(&sample, Search::exact(k + usize::from(among == Among::Others)))?;
        let compared = exact.compared as f64 / looked.len() as f64 * queries.rows as f64;
        if compared <= self.pairs {
            return run(Search::exact(k));
        }
        let limit = (self.pairs / (queries.rows as f64 * super::boxes::LEAF as f64)).max(1.0) as usize;
        let mut rough = run(Search { k, limit: Some(limit) })?;
        let errors: Vec<f64> = looked
            .iter()
            .enumerate()
            .filter_map(|(place, &query)| {
                let own = |row: &u32| among == Among::Others && *row as usize == query;
                let truth = exact.rows(place).iter().zip(exact.distances(place)).find(|(row, _)| !own(row))?.1;
                Some((rough.distances(query).first()? - truth).max(0.0))
            })
            .collect();
        rough.mean_error = errors.iter().sum::<f64>() / errors.len().max(1) as f64;
        Ok(rough)
    }
}

impl Settings {
    /// The weighted distance to the nearest row; exact, or after as many boxes as the number of pairs allows.
    pub(crate) fn nearest_weighted(
        &self,
        ruler: &Ruler,
        table: &Table,
        queries: &Table,
        among: Among,
        weigh: Weigh<'_>,
    ) -> Result<Neighbours, String> {
        let index = Index::new(ruler, table)?;
        let limit = (self.pairs / (queries.rows as f64 * super::boxes::LEAF as f64)).max(1.0) as usize;
        let search = Search { k: 1, limit: Some(limit) };
        index.nearest_weighted(queries, search, among == Among::Others, weigh)
    }
}

/// How many queries are answered exactly to foresee the cost of a pass, and to measure the error of a rough one.
const LOOKED: usize = 500;

fn pass(cell: &Pass, make: impl FnOnce() -> Result<Neighbours, String>) -> Result<&Neighbours, String> {
    cell.get_or_init(make).as_ref().map_err(Clone::clone)
}
