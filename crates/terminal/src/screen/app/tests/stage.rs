//! A person at a screen.

use super::super::*;
use crate::screen::effect::Arrival;
use crate::screen::fixture::{self, NOW};
use crate::screen::target::Target;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use tidings_client::command::Command;
use tidings_client::view::*;

/// A screen in a terminal made of memory.
pub(super) struct Stage {
    pub(super) app: App,
    pub(super) terminal: Terminal<TestBackend>,
    pub(super) effects: Vec<Effect>,
}

impl Stage {
    pub(super) fn with(width: u16, height: u16, options: Options, world: World) -> Self {
        let app = App::new(options, Clock::utc(), NOW);
        let mut stage =
            Self { app, terminal: Terminal::new(TestBackend::new(width, height)).unwrap(), effects: Vec::new() };
        stage.effects();
        stage.app.arrive(Arrival::Overview(Box::new(world)));
        stage.draw();
        stage
    }

    pub(super) fn new(width: u16, height: u16) -> Self {
        Self::with(width, height, Options::default(), fixture::world())
    }

    /// With Alice's conversation open.
    pub(super) fn talking(width: u16, height: u16) -> Self {
        let mut stage = Self::new(width, height);
        stage.app.go(Place::Conversation(fixture::group(1)));
        stage.page(fixture::talk());
        stage
    }

    pub(super) fn page(&mut self, messages: Vec<MessageView>) {
        let group = self.app.group().unwrap();
        self.app.arrive(Arrival::Page { group, before: None, limit: 60, messages });
        self.draw();
    }

    pub(super) fn draw(&mut self) -> String {
        self.terminal.draw(|frame| self.app.draw(frame)).unwrap();
        let buffer = self.terminal.backend().buffer();
        let width = usize::from(buffer.area.width);
        let mut lines = Vec::new();
        for row in buffer.content.chunks(width) {
            let mut line = String::new();
            let mut skip = 0;
            for cell in row {
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                skip = crate::screen::text::width(cell.symbol()).saturating_sub(1);
                line.push_str(cell.symbol());
            }
            lines.push(line.trim_end().to_owned());
        }
        lines.join("\n")
    }

    pub(super) fn effects(&mut self) -> Vec<Effect> {
        let effects = self.app.take_effects();
        self.effects.extend(effects.iter().cloned());
        effects
    }

    pub(super) fn commands(&mut self) -> Vec<Command> {
        let only = |effect| match effect {
            Effect::Command(_, command) => Some(command),
            _ => None,
        };
        self.effects().into_iter().filter_map(only).collect()
    }

    pub(super) fn press(&mut self, keys: &str) -> &mut Self {
        for word in keys.split(' ') {
            let (code, modifiers) = key(word);
            self.app.key(KeyEvent::new(code, modifiers));
            self.draw();
        }
        self
    }

    pub(super) fn write(&mut self, text: &str) -> &mut Self {
        for letter in text.chars() {
            self.app.key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE));
        }
        self.draw();
        self
    }

    pub(super) fn click(&mut self, wanted: impl Fn(&Target) -> bool) -> &mut Self {
        let area = self.app.targets.find(wanted).expect("it can be clicked");
        self.mouse(MouseEventKind::Down(MouseButton::Left), area.x, area.y)
    }

    pub(super) fn mouse(&mut self, kind: MouseEventKind, column: u16, row: u16) -> &mut Self {
        self.app.mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
        self.draw();
        self
    }

    pub(super) fn event(&mut self, event: Event) -> &mut Self {
        self.app.arrive(Arrival::Event(event));
        self.draw();
        self
    }
}

pub(super) fn key(word: &str) -> (KeyCode, KeyModifiers) {
    let (modifiers, name) =
        match word.split_once('+').filter(|(modifier, name)| !modifier.is_empty() && !name.is_empty()) {
            Some(("ctrl", name)) => (KeyModifiers::CONTROL, name),
            Some(("alt", name)) => (KeyModifiers::ALT, name),
            _ => (KeyModifiers::NONE, word),
        };
    let code = match name {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "backtab" => KeyCode::BackTab,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "end" => KeyCode::End,
        "pageup" => KeyCode::PageUp,
        "pagedown" => KeyCode::PageDown,
        "space" => KeyCode::Char(' '),
        "f1" => KeyCode::F(1),
        letter => KeyCode::Char(letter.chars().next().unwrap()),
    };
    (code, modifiers)
}

/// Compares with what is kept in `screens/`. If a file is missing and there is one called `KEEP`, it is written.
pub(super) fn same(name: &str, screen: &str) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/screen/app/tests/screens");
    let path = folder.join(format!("{name}.txt"));
    if !path.exists() && folder.join("KEEP").exists() {
        std::fs::write(&path, format!("{screen}\n")).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(kept.trim_end_matches('\n'), screen.trim_end_matches('\n'), "{name}:\n{screen}\n");
}
