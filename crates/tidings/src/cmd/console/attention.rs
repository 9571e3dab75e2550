//! What may happen while somebody sits at the prompt: Ctrl-C, and the end of the node.

use crate::control::Attendance;
use crate::failure::Failure;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How often the prompt is told that the node ended, until it listens.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// Ears for both. While the prompt is shown, the line editor hears Ctrl-C; at other times this does, so that it ends what is
/// under way and never the console.
pub(super) struct Attention {
    runtime: Option<Runtime>,
    interrupts: Signal,
    gone: Arc<AtomicBool>,
}

impl Attention {
    /// Begins to listen. The end of the node interrupts the prompt as Ctrl-C would.
    pub(super) fn open(attendance: Attendance) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let interrupts = {
            let _guard = runtime.enter();
            signal(SignalKind::interrupt())?
        };
        let gone = Arc::new(AtomicBool::new(false));
        let noticed = Arc::clone(&gone);
        std::thread::spawn(move || {
            attendance.wait();
            noticed.store(true, Ordering::Release);
            loop {
                let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::INT);
                // Nobody unparks it: this is a pause.
                std::thread::park_timeout(TELL_EVERY);
            }
        });
        Ok(Self { runtime: Some(runtime), interrupts, gone })
    }

    /// Whether the node has ended.
    pub(super) fn node_is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// Does work, but waits for it only until Ctrl-C: then gives `None`, and the work goes on behind.
    pub(super) fn unless_interrupted<T: Send + 'static>(
        &mut self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (runtime, interrupts) = (self.runtime.as_ref()?, &mut self.interrupts);
        let done = runtime.spawn_blocking(work);
        runtime.block_on(async {
            tokio::select! {
                done = done => done.ok(),
                _ = interrupts.recv() => None,
            }
        })
    }
}

impl Drop for Attention {
    fn drop(&mut self) {
        // Work that nobody waits for any more must not hold up the end.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
