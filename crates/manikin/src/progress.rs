//! Progress on a terminal: rows, rate and time left.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use manikin_evaluate::Watch;
use manikin_workflow::Progress;

/// A bar on standard error; nothing where there is no terminal.
pub(crate) struct Bar {
    bar: ProgressBar,
}

impl Bar {
    pub(crate) fn new(is_shown: bool) -> Self {
        if !is_shown {
            return Self { bar: ProgressBar::hidden() };
        }
        let bar = ProgressBar::new(0);
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar }
    }

    fn begin(&self, blocks: u64, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style.progress_chars("━╸ "));
        }
        self.bar.reset();
        self.bar.set_length(blocks);
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Bar {
    fn passing(&self, blocks: u64) {
        self.begin(blocks, "{spinner} deciding totals and quotas  {elapsed}");
    }

    fn making(&self, blocks: u64) {
        self.begin(blocks, "{bar:40} {percent:>3} %  {msg}  {elapsed} elapsed, {eta} left");
        self.bar.set_message("");
    }

    fn made(&self, rows: u64) {
        if self.bar.is_hidden() {
            return;
        }
        self.bar.inc(1);
        // The bar counts blocks; the rows so far are kept in its message.
        let before: u64 =
            self.bar.message().split(' ').next().and_then(|text| text.replace(',', "").parse().ok()).unwrap_or(0);
        let total = before + rows;
        let seconds = self.bar.elapsed().as_secs_f64().max(0.001);
        let rate = (total as f64 / seconds) as u64;
        self.bar.set_message(format!("{} rows, {}/s", grouped(total), grouped(rate)));
    }
}

impl Watch for Bar {
    fn begins(&self, what: &str, at: usize, of: usize) {
        if self.bar.is_hidden() {
            return;
        }
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} {msg}  {elapsed}") {
            self.bar.set_style(style);
        }
        self.bar.set_length(of as u64);
        self.bar.set_position(at as u64);
        self.bar.set_message(what.to_owned());
    }
}

/// A number with commas between thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
