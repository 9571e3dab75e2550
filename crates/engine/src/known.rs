//! Ids that are stored.

use tidings_core::EnvelopeId;

#[derive(Default)]
pub(crate) struct Known;

impl Known {
    pub(crate) fn novel(&self, _id: EnvelopeId) -> bool {
        false
    }

    pub(crate) fn was_false(&self) {}

    pub(crate) async fn run(&self, _store: &std::sync::Arc<dyn tidings_core::Store>) {
        std::future::pending().await
    }
}
