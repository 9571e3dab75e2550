//! The input line and what is being written in it.

use super::editor::Editor;
use super::slash::{Completion, complete};
use super::world::World;
use tidings_client::view::MessageId;

/// What Enter does with the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It is sent.
    New,
    /// It answers this message, of which this is a line.
    Reply(MessageId, String),
    /// It takes the place of this one.
    Edit(MessageId),
}

/// The input line.
pub(crate) struct Composer {
    /// The text.
    pub(crate) editor: Editor,
    /// What Enter does.
    pub(crate) mode: Mode,
    /// Suggestions, and which one is chosen.
    pub(crate) completion: Option<(Completion, usize)>,
    /// Whether the person has chosen it.
    turned: bool,
    /// Suggestions are not wanted until the text changes.
    dismissed: bool,
    /// What was sent before, newest last; commands only, to be called back.
    history: Vec<String>,
    back: usize,
}

/// Commands that are kept to be called back, until the client ends.
const MAX_HISTORY: usize = 50;

impl Composer {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self {
            editor: Editor::default(),
            mode: Mode::New,
            completion: None,
            turned: false,
            dismissed: false,
            history: Vec::new(),
            back: 0,
        }
    }

    /// The text has changed: what could it become?
    pub(crate) fn changed(&mut self, world: &World) {
        self.dismissed = false;
        self.suggest(world);
    }

    fn suggest(&mut self, world: &World) {
        let found = if self.dismissed { None } else { complete(self.editor.text(), self.editor.cursor(), world) };
        // What is written out already needs no suggestion.
        let found = found.filter(|found| {
            let typed = self.editor.text().get(found.range.clone()).unwrap_or_default().trim();
            !(found.choices.len() == 1 && found.choices.iter().all(|(text, _)| text.trim() == typed))
        });
        self.completion = found.map(|found| (found, 0));
        self.turned = false;
    }

    /// Goes to another suggestion. False if there are none.
    pub(crate) fn turn(&mut self, down: bool) -> bool {
        let Some((completion, chosen)) = &mut self.completion else { return false };
        let count = completion.choices.len().max(1);
        *chosen = (*chosen + if down { 1 } else { count - 1 }) % count;
        self.turned = true;
        true
    }

    /// Takes a suggestion. False if there are none.
    pub(crate) fn accept(&mut self, choice: Option<usize>, world: &World) -> bool {
        let Some((completion, chosen)) = self.completion.take() else { return false };
        let Some((text, _)) = completion.choices.get(choice.unwrap_or(chosen)) else { return false };
        self.editor.replace(completion.range, text);
        self.suggest(world);
        true
    }

    /// Puts the suggestions away. False if there are none.
    pub(crate) fn dismiss(&mut self) -> bool {
        self.dismissed = true;
        self.completion.take().is_some()
    }

    /// Whether Enter takes the suggestion: when the command that is written is not complete. Of several names none is taken that the
    /// person has not chosen.
    pub(crate) fn enter_accepts(&self) -> bool {
        let Some((completion, chosen)) = &self.completion else { return false };
        let typed = self.editor.text().get(completion.range.clone()).unwrap_or_default().trim().to_lowercase();
        let is_whole = |(text, _): &(String, String)| text.trim().trim_matches('"').to_lowercase() == typed;
        let guessed = completion.names
            && !self.turned
            && (completion.choices.len() > 1 || completion.choices.iter().any(is_whole));
        completion.choices.get(*chosen).is_some_and(|choice| choice.0.trim() != typed && !typed.is_empty())
            && !guessed
            && super::slash::find(typed.trim_start_matches('/')).is_none()
    }

    /// Whether the suggestion that Enter takes is all that is left to write: a command without arguments, or the only argument of one.
    pub(crate) fn suggests_all(&self) -> bool {
        let Some((completion, chosen)) = &self.completion else { return false };
        if completion.range.start == 0 {
            let meant = completion.choices.get(*chosen).filter(|_| self.turned || completion.choices.len() == 1);
            let entry = meant.and_then(|(text, _)| super::slash::find(text.trim().trim_start_matches('/')));
            return entry.is_some_and(|entry| entry.arguments.is_empty());
        }
        let name = self.editor.text().split_whitespace().next().and_then(|name| name.strip_prefix('/'));
        name.and_then(super::slash::find).is_some_and(super::slash::takes_whole_name)
    }

    /// Takes the text out.
    pub(crate) fn take(&mut self) -> String {
        self.completion = None;
        let text = self.editor.take();
        if super::slash::is_command(&text) {
            self.history.push(text.clone());
            if self.history.len() > MAX_HISTORY {
                self.history.remove(0);
            }
        }
        self.back = 0;
        text
    }

    /// Calls an earlier command back into the empty line. False if there is none.
    pub(crate) fn recall(&mut self) -> bool {
        let Some(text) = self.history.iter().rev().nth(self.back).cloned() else { return false };
        self.back += 1;
        self.editor.set(&text);
        true
    }

    /// Puts a text that could not be sent back, if nothing was begun meanwhile.
    pub(crate) fn put_back(&mut self, text: &str) {
        if self.editor.is_blank() {
            self.editor.set(text);
        }
    }

    /// Neither answers nor changes anything. False if it did not.
    pub(crate) fn cancel(&mut self) -> bool {
        let was = std::mem::replace(&mut self.mode, Mode::New);
        if matches!(was, Mode::Edit(_)) {
            self.editor.take();
        }
        was != Mode::New
    }
}
