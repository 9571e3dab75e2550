//! Takes the terminal and gives it back, whatever happens.

use crate::screen::options::Options;
use ratatui::crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
    KeyboardEnhancementFlags, PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::crossterm::{cursor, execute};
use std::io::{self, Write as _, stderr, stdout};
use std::panic::{PanicHookInfo, set_hook, take_hook};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Buttons and the wheel, in SGR's form; not every movement, or each would wake us.
const BUTTONS: &[u8] = b"\x1b[?1000h\x1b[?1006h";

/// Has the terminal. Gives it back when it is dropped.
pub(crate) struct Guard {
    how: How,
    /// Whether the terminal is ours now.
    taken: Arc<AtomicBool>,
}

/// What was switched on.
#[derive(Clone, Copy)]
struct How {
    mouse: bool,
    keyboard: bool,
    title: bool,
}

impl Guard {
    /// Takes the terminal.
    pub(crate) fn enter(options: &Options) -> io::Result<Self> {
        let how = How { mouse: options.mouse, keyboard: options.keyboard, title: options.title };
        let guard = Self { how, taken: Arc::new(AtomicBool::new(false)) };
        guard.take()?;
        guard.mind_panics();
        Ok(guard)
    }

    fn take(&self) -> io::Result<()> {
        enable_raw_mode()?;
        self.taken.store(true, Ordering::SeqCst);
        let mut out = stdout();
        if self.how.title {
            // The title is put on the terminal's stack, where there is one.
            out.write_all(b"\x1b[22;2t")?;
        }
        execute!(out, EnterAlternateScreen, EnableBracketedPaste, EnableFocusChange)?;
        if self.how.mouse {
            out.write_all(BUTTONS)?;
        }
        if self.how.keyboard {
            execute!(out, PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES))?;
        }
        out.flush()
    }

    /// A panic gives the terminal back before it is told.
    fn mind_panics(&self) {
        let (how, taken, before) = (self.how, Arc::clone(&self.taken), take_hook());
        set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            give_back(how, &taken);
            before(info);
        }));
    }

    /// Stops the process until the shell brings it back.
    pub(crate) fn suspend(&self) -> io::Result<()> {
        give_back(self.how, &self.taken);
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TSTP)?;
        self.take()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back(self.how, &self.taken);
    }
}

/// Gives the terminal back, once. What fails is left: there is nobody to tell.
fn give_back(how: How, taken: &AtomicBool) {
    if !taken.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = stdout();
    if how.keyboard {
        let _ = execute!(out, PopKeyboardEnhancementFlags);
    }
    if how.mouse {
        let _ = execute!(out, DisableMouseCapture);
    }
    let _ = execute!(out, DisableFocusChange, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
    if how.title {
        let _ = out.write_all(b"\x1b[23;2t");
    }
    let _ = out.flush();
    let _ = disable_raw_mode();
    let _ = stderr().flush();
}

/// Waits until the system wants the process to end.
pub(crate) async fn ended() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut hang_up)) = (signal(SignalKind::terminate()), signal(SignalKind::hangup())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
}
