//! Showing how far long work is: a bar on a terminal, a line for every tenth elsewhere, nothing where JSON is wanted.

use crate::control::Step;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal as _, Write as _};

/// How the bar looks.
const TEMPLATE: &str = "{msg:24} {bar:40} {percent:>3} % {eta:>5}";

/// Shows steps on standard error.
pub(super) struct Shown {
    bar: Option<ProgressBar>,
    lines: bool,
    last: (String, u64),
}

impl Shown {
    /// Begins; `quiet` shows nothing.
    pub(super) fn new(quiet: bool) -> Self {
        let terminal = io::stderr().is_terminal();
        let bar = (terminal && !quiet).then(|| {
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(5));
            let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
            bar.set_style(style);
            bar
        });
        Self { bar, lines: !terminal && !quiet, last: (String::new(), 0) }
    }

    /// Shows a step, if it is news.
    pub(super) fn step(&mut self, step: &Step) {
        if let Some(bar) = &self.bar {
            bar.set_length(step.of);
            if self.last.0 != step.what {
                self.last.0.clone_from(&step.what);
                bar.set_message(step.what.clone());
                bar.reset();
            }
            bar.set_position(step.done);
        }
        let tenth = tenth(step.done, step.of);
        if self.lines && (self.last.0 != step.what || self.last.1 != tenth) {
            // That nobody reads any more is no reason to stop.
            let _ = writeln!(io::stderr().lock(), "{}: {} %", step.what, tenth * 10);
            self.last = (step.what.clone(), tenth);
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn tenth(done: u64, of: u64) -> u64 {
    done.min(of).saturating_mul(10).checked_div(of).unwrap_or(10)
}

/// Lets a step pass when the work is another, or a hundredth further.
#[derive(Default)]
pub(super) struct Hundredths {
    what: &'static str,
    last: u64,
}

impl Hundredths {
    /// The step, if it is worth telling.
    pub(super) fn step(&mut self, what: &'static str, done: u64, of: u64) -> Option<Step> {
        let hundredth = done.min(of).saturating_mul(100).checked_div(of).unwrap_or(100);
        let news = self.what != what || self.last != hundredth;
        (self.what, self.last) = (what, hundredth);
        news.then(|| Step { what: what.to_owned(), done, of })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_steps_are_told_however_many_there_are() {
        let mut hundredths = Hundredths::default();
        let told = (0..=1_000_000).filter_map(|done| hundredths.step("copying", done, 1_000_000)).count();
        assert_eq!(told, 101);
        assert!(hundredths.step("checking", 0, 0).is_some());
        assert!(hundredths.step("checking", 0, 0).is_none());
    }
}
