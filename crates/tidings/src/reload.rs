//! SIGHUP: reading the settings again while the node runs.

use crate::doors::Doors;
use crate::logs::Logs;
use crate::ports::Serving;
use crate::settings::{Given, InForce, changes, load};
use crate::tls::Certificates;
use arc_swap::ArcSwap;
use std::sync::Arc;

/// What of a running node can change.
pub struct Live {
    /// What the settings were read from.
    pub given: Given,
    /// The settings that the node was started with.
    pub started: Arc<InForce>,
    /// The settings in force.
    pub found: Arc<ArcSwap<InForce>>,
    /// How HTTP is served.
    pub serving: Serving,
    /// The doors.
    pub doors: Doors,
    /// The log.
    pub logs: Logs,
    /// The owner's certificate files, if the node uses them.
    pub certificates: Option<Certificates>,
}

impl Live {
    /// Reads the settings and takes up what can change. Settings that are wrong are named, and all stays as it was. The
    /// certificate files are read again in any case.
    pub fn reload(&mut self) {
        match load(&self.given) {
            Ok(found) => self.take_up(found),
            Err(problems) => {
                for problem in &problems.0 {
                    tracing::error!("{}", problem.0);
                }
                tracing::error!("the settings are wrong; all stays as it was");
            }
        }
        if let Some(certificates) = &mut self.certificates {
            certificates.reload();
        }
    }

    /// Reads certificate files again if they were changed.
    pub fn look_at_certificates(&mut self) {
        if let Some(certificates) = self.certificates.as_mut().filter(|certificates| certificates.changed()) {
            certificates.reload();
        }
    }

    fn take_up(&mut self, found: InForce) {
        if let Some(certificates) = &mut self.certificates
            && let Err(failure) = certificates.move_to(&found.settings)
        {
            tracing::error!("{failure}; all settings stay as they were");
            return;
        }
        let (taken, waiting) = (names(&self.found.load(), &found, true), names(&self.started, &found, false));
        if let Err(failure) = self.logs.set_level(&found.settings.log_level) {
            tracing::warn!("{failure}");
        }
        self.serving.reload(&found.settings);
        self.doors.reload(&found.settings);
        self.found.store(Arc::new(found));
        tracing::info!(changed = taken, "settings were read again");
        if !waiting.is_empty() {
            tracing::warn!(settings = waiting, "these changes need a restart");
        }
    }
}

/// The names of settings that changed and that a running node takes up, or those that it does not.
fn names(before: &InForce, after: &InForce, reload: bool) -> String {
    let changed = changes(before, after);
    let chosen = changed.iter().filter(|definition| definition.reload == reload).map(|definition| definition.name);
    chosen.collect::<Vec<_>>().join(", ")
}
