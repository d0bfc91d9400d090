//! What a table's columns can hold, and sets of columns.

use core::fmt;
use serde::{Deserialize, Serialize};

/// The most attributes that a domain may have: a set of them is then four machine words.
pub const MAX_ATTRIBUTES: usize = 256;

/// One column: its name, and the number of codes `0..size` that it can hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    /// The column's name, unique in its domain.
    pub name: String,
    /// How many values there are; a cell holds a code below it.
    pub size: u32,
}

/// Why a list of attributes is no domain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    /// No attribute was given.
    #[error("a domain needs at least one attribute")]
    Empty,
    /// More attributes than [`MAX_ATTRIBUTES`].
    #[error("{found} attributes, at most {MAX_ATTRIBUTES} can be learned together; split the table")]
    TooMany {
        /// How many there were.
        found: usize,
    },
    /// An attribute without values, or with more than 65,536.
    #[error("attribute `{name}` has {size} values, expected 1 to 65536; group its values")]
    Size {
        /// The attribute.
        name: String,
        /// Its size.
        size: u32,
    },
    /// Two attributes of one name.
    #[error("attribute `{name}` is listed twice")]
    Duplicate {
        /// The name.
        name: String,
    },
}

/// The attributes of a table, in column order.
///
/// ```
/// use manikin_marginals::{AttributeSet, Domain};
/// let domain = Domain::new([("sex", 2), ("age_band", 8), ("smoker", 3)])?;
/// assert_eq!(domain.cells(&AttributeSet::of(&[0, 2])), 6);
/// # Ok::<(), manikin_marginals::DomainError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Domain {
    attributes: Vec<Attribute>,
}

impl Domain {
    /// A domain of these names and sizes.
    ///
    /// # Errors
    /// [`DomainError`] when there are none or more than [`MAX_ATTRIBUTES`], when a size is 0 or above 65,536, or when
    /// a name repeats.
    pub fn new<N: Into<String>>(attributes: impl IntoIterator<Item = (N, u32)>) -> Result<Self, DomainError> {
        let attributes: Vec<_> =
            attributes.into_iter().map(|(name, size)| Attribute { name: name.into(), size }).collect();
        if attributes.is_empty() {
            return Err(DomainError::Empty);
        }
        if attributes.len() > MAX_ATTRIBUTES {
            return Err(DomainError::TooMany { found: attributes.len() });
        }
        for (index, attribute) in attributes.iter().enumerate() {
            if !(1..=65_536).contains(&attribute.size) {
                return Err(DomainError::Size { name: attribute.name.clone(), size: attribute.size });
            }
            if attributes[..index].iter().any(|earlier| earlier.name == attribute.name) {
                return Err(DomainError::Duplicate { name: attribute.name.clone() });
            }
        }
        Ok(Self { attributes })
    }

    /// The number of attributes.
    pub fn len(&self) -> usize {
        self.attributes.len()
    }

    /// Always false: a domain has at least one attribute.
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty()
    }

    /// The attributes, in column order.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The number of values of attribute `index`; 1 when there is no such attribute.
    pub fn size(&self, index: usize) -> usize {
        self.attributes.get(index).map_or(1, |attribute| attribute.size as usize)
    }

    /// The index of the attribute of this name.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.attributes.iter().position(|attribute| attribute.name == name)
    }

    /// How many cells a marginal over `set` has; stays at `u64::MAX` when there are more.
    pub fn cells(&self, set: &AttributeSet) -> u64 {
        set.iter().fold(1u64, |cells, attribute| cells.saturating_mul(self.size(attribute) as u64))
    }

    /// All attributes.
    pub fn all(&self) -> AttributeSet {
        (0..self.len()).collect()
    }
}

impl<'de> Deserialize<'de> for Domain {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Plain {
            attributes: Vec<Attribute>,
        }
        let plain = Plain::deserialize(deserializer)?;
        Self::new(plain.attributes.into_iter().map(|a| (a.name, a.size))).map_err(serde::de::Error::custom)
    }
}

/// A set of attributes, by index: what a marginal ranges over (a *clique*).
///
/// A marginal's cells are in row-major order of its attributes in column order: the last one changes fastest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct AttributeSet([u64; MAX_ATTRIBUTES / 64]);

impl AttributeSet {
    /// The empty set.
    pub const EMPTY: Self = Self([0; MAX_ATTRIBUTES / 64]);

    /// The set of these indices; those at or above [`MAX_ATTRIBUTES`] are left out, since no domain has them.
    pub fn of(attributes: &[usize]) -> Self {
        attributes.iter().copied().collect()
    }

    /// This set with `attribute` in it.
    #[must_use]
    pub fn with(mut self, attribute: usize) -> Self {
        if attribute < MAX_ATTRIBUTES {
            self.0[attribute / 64] |= 1 << (attribute % 64);
        }
        self
    }

    /// This set without `attribute`.
    #[must_use]
    pub fn without(mut self, attribute: usize) -> Self {
        if attribute < MAX_ATTRIBUTES {
            self.0[attribute / 64] &= !(1 << (attribute % 64));
        }
        self
    }

    /// Whether `attribute` is in it.
    pub fn contains(&self, attribute: usize) -> bool {
        attribute < MAX_ATTRIBUTES && self.0[attribute / 64] >> (attribute % 64) & 1 == 1
    }

    /// How many attributes it has.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.0 == [0; MAX_ATTRIBUTES / 64]
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(core::array::from_fn(|i| self.0[i] | other.0[i]))
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(core::array::from_fn(|i| self.0[i] & other.0[i]))
    }

    /// What is in this and not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self(core::array::from_fn(|i| self.0[i] & !other.0[i]))
    }

    /// Whether every attribute of this set is in `other`.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a & !b == 0)
    }

    /// The attributes, in column order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + use<> {
        let words = self.0;
        (0..words.len()).flat_map(move |i| {
            let mut word = words[i];
            core::iter::from_fn(move || {
                (word != 0).then(|| {
                    let bit = word.trailing_zeros() as usize;
                    word &= word - 1;
                    i * 64 + bit
                })
            })
        })
    }

    /// Every subset, the empty one and the set itself included, by growing size and then column order.
    pub(crate) fn subsets(&self) -> Vec<Self> {
        let mut subsets = vec![Self::EMPTY];
        for attribute in self.iter() {
            for i in 0..subsets.len() {
                subsets.push(subsets[i].with(attribute));
            }
        }
        subsets.sort_by_key(|set| (set.len(), set.iter().collect::<Vec<_>>()));
        subsets
    }
}

impl FromIterator<usize> for AttributeSet {
    fn from_iter<I: IntoIterator<Item = usize>>(attributes: I) -> Self {
        attributes.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl fmt::Debug for AttributeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Serialize for AttributeSet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for AttributeSet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let attributes = Vec::<usize>::deserialize(deserializer)?;
        match attributes.iter().find(|attribute| **attribute >= MAX_ATTRIBUTES) {
            Some(attribute) => Err(serde::de::Error::custom(format!("attribute {attribute} of at most 255"))),
            None => Ok(attributes.into_iter().collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_iterate_in_column_order_across_words() {
        let set = AttributeSet::of(&[200, 3, 64, 63]);
        assert_eq!(set.iter().collect::<Vec<_>>(), [3, 63, 64, 200]);
        assert_eq!((set.len(), set.without(64).len()), (4, 3));
        assert!(AttributeSet::of(&[3, 200]).is_subset(&set));
        assert_eq!(set.subsets().len(), 16);
    }

    #[test]
    fn faulty_domains_are_refused() {
        assert_eq!(Domain::new(Vec::<(String, u32)>::new()), Err(DomainError::Empty));
        assert!(matches!(Domain::new([("a", 0)]), Err(DomainError::Size { .. })));
        assert!(matches!(Domain::new([("a", 2), ("a", 2)]), Err(DomainError::Duplicate { .. })));
        assert!(matches!(Domain::new((0..257).map(|i| (i.to_string(), 2))), Err(DomainError::TooMany { .. })));
    }
}
