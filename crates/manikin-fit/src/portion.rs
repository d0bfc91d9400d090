//! [`Portion`]: part of a curator's budget, for one level of the cascade.

use manikin_privacy::{Curator, Loss, PrivacyError, Rho, gaussian_cost, laplace_cost, selection_cost};

use crate::Progress;

/// A curator that has only part of another one's budget, and says what is spent.
///
/// The part is enforced here; what is spent is enforced and recorded by the curator behind it.
pub(crate) struct Portion<'a> {
    inner: &'a mut dyn Curator,
    left: Rho,
    all: Rho,
    progress: &'a dyn Progress,
}

impl<'a> Portion<'a> {
    /// `share` of what `inner` has left, 0 to 1, rounded down; `all` is what it had at first.
    pub(crate) fn of(inner: &'a mut dyn Curator, share: f64, all: Rho, progress: &'a dyn Progress) -> Self {
        let left = inner.remaining().share(share);
        Self { inner, left, all, progress }
    }

    fn tell(&self, about: &str) {
        let (all, left) = (self.all.value(), self.inner.remaining().value());
        self.progress.measured(about, if all > 0.0 { 1.0 - left / all } else { 1.0 });
    }

    /// Takes a cost before it is spent. A cost that cannot be told is left to the curator, which refuses it.
    fn take(&mut self, about: &str, cost: Option<Rho>) -> Result<(), PrivacyError> {
        let Some(cost) = cost else { return Ok(()) };
        self.left = self.left.minus(cost).ok_or_else(|| PrivacyError::Exceeded {
            about: about.to_owned(),
            cost: Loss::of_rho(cost),
            left: Loss::of_rho(self.left),
        })?;
        Ok(())
    }
}

impl Curator for Portion<'_> {
    fn gaussian(
        &mut self,
        about: &str,
        exact: &[i64],
        l2_sensitivity: i64,
        sigma: f64,
    ) -> Result<Vec<f64>, PrivacyError> {
        self.take(about, gaussian_cost(l2_sensitivity, sigma))?;
        let noisy = self.inner.gaussian(about, exact, l2_sensitivity, sigma)?;
        self.tell(about);
        Ok(noisy)
    }

    fn laplace(
        &mut self,
        about: &str,
        exact: &[i64],
        l1_sensitivity: i64,
        scale: f64,
    ) -> Result<Vec<f64>, PrivacyError> {
        self.take(about, laplace_cost(l1_sensitivity, scale))?;
        let noisy = self.inner.laplace(about, exact, l1_sensitivity, scale)?;
        self.tell(about);
        Ok(noisy)
    }

    fn select(&mut self, about: &str, scores: &[f64], sensitivity: f64, epsilon: f64) -> Result<usize, PrivacyError> {
        self.take(about, selection_cost(epsilon))?;
        let chosen = self.inner.select(about, scores, sensitivity, epsilon)?;
        self.tell(about);
        Ok(chosen)
    }

    fn remaining(&self) -> Rho {
        self.left.min(self.inner.remaining())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Silent;
    use manikin_privacy::{ExactSession, UNITS_PER_ROW};

    #[test]
    fn a_portion_spends_no_more_than_its_share_and_leaves_the_rest() {
        let mut whole = ExactSession::without_privacy(Rho::budget(1.0).unwrap());
        let mut part = Portion::of(&mut whole, 0.25, Rho::ZERO, &Silent);
        assert_eq!(part.remaining().value(), 0.25);
        part.gaussian("a", &[0], UNITS_PER_ROW, 2.0).unwrap();
        assert!(matches!(part.gaussian("b", &[0], UNITS_PER_ROW, 1.5), Err(PrivacyError::Exceeded { .. })));
        part.select("c", &[0.0, 1.0], 1.0, 0.5).unwrap();
        assert!((part.remaining().value() - 0.09375).abs() < 1e-9);
        assert!((whole.remaining().value() - 0.84375).abs() < 1e-9);
        assert_eq!(Portion::of(&mut whole, 1.0, Rho::ZERO, &Silent).remaining(), whole.remaining());
    }
}
