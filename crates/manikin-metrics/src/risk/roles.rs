//! Which columns an attacker knows, and which are secret.

/// Columns by their place in the tables.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roles {
    /// What may be known about a person from elsewhere; empty when none is declared.
    pub quasi_identifiers: Vec<usize>,
    /// What must not be learned; empty when none is declared.
    pub sensitive: Vec<usize>,
    /// Two disjoint sets of columns that different sources may know; empty to take the two halves of all columns.
    pub sources: [Vec<usize>; 2],
}

impl Roles {
    /// The declared roles, without columns that do not exist or are named twice.
    pub(crate) fn within(mut self, width: usize) -> Self {
        let tidy = |columns: &mut Vec<usize>| {
            columns.sort_unstable();
            columns.dedup();
            columns.retain(|&column| column < width);
        };
        tidy(&mut self.quasi_identifiers);
        tidy(&mut self.sensitive);
        self.sources.iter_mut().for_each(tidy);
        let [first, second] = &mut self.sources;
        second.retain(|column| !first.contains(column));
        self
    }

    /// The two sets of columns to be linked: those declared, or the first and the second half.
    pub(crate) fn linked(&self, width: usize) -> [Vec<usize>; 2] {
        if self.sources.iter().all(|set| !set.is_empty()) {
            return self.sources.clone();
        }
        [(0..width.div_ceil(2)).collect(), (width.div_ceil(2)..width).collect()]
    }

    /// The columns to be guessed: the sensitive ones, or all.
    pub(crate) fn secrets(&self, width: usize) -> Vec<usize> {
        if self.sensitive.is_empty() { (0..width).collect() } else { self.sensitive.clone() }
    }

    /// What is known when `secret` is guessed: the quasi-identifiers, or all other columns.
    pub(crate) fn known(&self, width: usize, secret: usize) -> Vec<usize> {
        let known =
            if self.quasi_identifiers.is_empty() { (0..width).collect() } else { self.quasi_identifiers.clone() };
        known.into_iter().filter(|&column| column != secret).collect()
    }
}
