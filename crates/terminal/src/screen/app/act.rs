//! What is chosen in dialogs, and what is made of it.

use super::App;
use crate::screen::effect::{Effect, Purpose};
use crate::screen::intent::{Intent, Panel};
use crate::screen::palette::Tone;
use crate::screen::sheet::{Act, Answer, Kind};
use crate::screen::slash::Slash;
use std::path::PathBuf;
use tidings_client::command::{Command, Look, Secret};
use tidings_client::view::{GroupId, Identity, MessageView};

/// What a search gives at most in one dialog.
const MAX_FOUND: usize = 100;

impl App {
    /// Does what a command came to.
    pub(crate) fn do_intent(&mut self, intent: Intent) {
        match intent {
            Intent::Do(effects) => self.effects.extend(effects),
            Intent::Go(place) => self.go(place),
            Intent::Show(panel) => self.show_panel(panel),
        }
    }

    /// A dialog answered a key or a click.
    pub(crate) fn answered(&mut self, answer: Answer) {
        match answer {
            Answer::Stay => {}
            Answer::Changed => self.refilter(),
            Answer::Act(act) => self.act(act),
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Close => self.close_sheet(),
            Act::Do(effects) => {
                self.close_sheet();
                self.effects.extend(effects);
            }
            Act::Go(place) => {
                self.sheets.clear();
                self.go(place);
            }
            Act::Show(panel) => {
                let typed = self.sheets.last().filter(|sheet| matches!(sheet.kind, Kind::Search(_)));
                let panel = match (panel, typed.map(|sheet| sheet.text(0))) {
                    (Panel::Search { everywhere, .. }, Some(text)) => Panel::Search { text, everywhere },
                    (panel, _) => panel,
                };
                self.close_sheet();
                self.show_panel(panel);
            }
            Act::Jump(group, message) => {
                self.sheets.clear();
                self.jump(group, &message);
            }
            Act::Member(group, member) => {
                if let Some(sheet) = self.member_sheet(group, member) {
                    self.show(sheet);
                }
            }
            Act::Copy(text) => {
                self.effects.push(Effect::Copy(text));
                self.say(Tone::Dim, "Copied");
            }
            Act::Letter(id, letter) => {
                self.close_sheet();
                if let Some(thread) = self.thread.as_mut() {
                    thread.select(Some(id));
                    self.focus = super::Focus::Messages;
                    self.message_key(letter);
                }
            }
            Act::Toggle => {}
            Act::Submit => self.submit(),
        }
    }

    /// Takes what stands in the fields of the dialog.
    fn submit(&mut self) {
        let Some(sheet) = self.sheets.last() else { return };
        let (kind, first, second) = (sheet.kind.clone(), sheet.text(0), sheet.text(1));
        let marked: Vec<Identity> = sheet
            .rows
            .iter()
            .filter(|row| row.marked == Some(true))
            .filter_map(|row| row.key.as_slice().try_into().ok().map(Identity))
            .collect();
        let ready = match self.submitted(&kind, first, second, marked) {
            Ok(effects) => effects,
            Err(why) => return self.say(Tone::Warn, why),
        };
        self.close_sheet();
        self.effects.extend(ready);
    }

    fn submitted(
        &mut self,
        kind: &Kind,
        first: String,
        second: String,
        marked: Vec<Identity>,
    ) -> Result<Vec<Effect>, String> {
        let filled = |text: String, what: &str| if text.is_empty() { Err(what.to_owned()) } else { Ok(text) };
        Ok(match kind {
            Kind::Invite => {
                let days = second.parse::<u64>().ok().filter(|days| (1..=30).contains(days)).ok_or("1 to 30 days")?;
                let command = Command::Invite { lasts: days * 86_400, note: first.clone(), token: None, account: true };
                vec![Effect::Command(Purpose::Link(first), command)]
            }
            Kind::Accept => {
                let passphrase = Some(second).filter(|text| !text.is_empty()).map(Secret);
                let link = Secret(filled(first, "paste the link first")?);
                vec![Effect::Command(Purpose::Go, Command::Accept { link, passphrase })]
            }
            Kind::NewGroup => {
                let name = filled(first, "a group needs a name")?;
                vec![Effect::Command(Purpose::Go, Command::CreateGroup { name, members: marked })]
            }
            Kind::Unlock(group) => {
                let passphrase = Secret(filled(first, "the passphrase is missing")?);
                vec![Effect::Command(Purpose::Quiet, Command::Unlock { group: *group, passphrase })]
            }
            Kind::Open(message) => {
                let group = self.group().ok_or("the conversation is gone")?;
                let path = PathBuf::from(filled(first, "where to?")?);
                vec![Effect::Fetch { group, message: *message, path: Some(path) }]
            }
            Kind::File => self.file_to_send(first, second)?,
            Kind::AddMembers(group) => {
                let members = Some(marked).filter(|members| !members.is_empty()).ok_or("nobody is marked")?;
                vec![Effect::Command(Purpose::Say("Added.".to_owned()), Command::AddMembers { group: *group, members })]
            }
            _ => Vec::new(),
        })
    }

    fn file_to_send(&mut self, path: String, caption: String) -> Result<Vec<Effect>, String> {
        let group = self.group().ok_or("go to a conversation first")?;
        let look = match self.sheets.last().map(|sheet| sheet.row) {
            Some(1) => Look::Once,
            Some(2) => Look::Seconds(10),
            _ => Look::Keep,
        };
        // What a terminal writes when a file is dropped on it is quoted.
        let line = format!("/send {path}");
        let path = match crate::screen::slash::parse(&line) {
            Ok(Slash::Send { path, caption, .. }) if caption.is_empty() => path,
            Ok(_) => PathBuf::from(path),
            Err(_) => return Err("which file?".to_owned()),
        };
        Ok(vec![Effect::Attach { group, path, look, caption, reply: None }])
    }

    /// What is written in a dialog has changed: its rows follow.
    fn refilter(&mut self) {
        let Some(sheet) = self.sheets.last() else { return };
        let (kind, text) = (sheet.kind.clone(), sheet.text(0));
        let rows = match &kind {
            Kind::Go => self.go_rows(&text),
            Kind::Contacts => self.contact_rows(&text),
            Kind::React(message) => self.reaction_rows(*message, &text),
            Kind::Search(_) => return self.begin_search(text),
            _ => return,
        };
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.row = 0;
            sheet.replace_rows(rows);
        }
    }

    /// Searches, if there is enough to search for.
    pub(crate) fn begin_search(&mut self, text: String) {
        self.search += 1;
        if text.chars().count() >= 2 {
            self.effects.push(Effect::Search(self.search, text));
        } else if let Some(sheet) = self.sheets.last_mut().filter(|sheet| matches!(sheet.kind, Kind::Search(_))) {
            sheet.rows.clear();
        }
    }

    /// A search has found something.
    pub(crate) fn found(&mut self, found: Vec<(GroupId, MessageView)>) {
        let Some(Kind::Search(within)) = self.sheets.last().map(|sheet| sheet.kind.clone()) else { return };
        let rows: Vec<_> = found
            .into_iter()
            .filter(|(group, _)| within.is_none_or(|within| within == *group))
            .take(MAX_FOUND)
            .map(|(group, message)| self.found_row(group, message, within.is_none()))
            .collect();
        let text = match rows.len() {
            0 => "Nothing was found.".to_owned(),
            1 => "One message.".to_owned(),
            MAX_FOUND => format!("The newest {MAX_FOUND} messages."),
            count => format!("{count} messages."),
        };
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.body = vec![(Tone::Dim, text)];
            sheet.row = 0;
            sheet.replace_rows(rows);
        }
    }

    /// Dialogs that show what has changed are made anew.
    pub(crate) fn refresh_sheets(&mut self) {
        for index in 0..self.sheets.len() {
            let Some(kind) = self.sheets.get(index).map(|sheet| sheet.kind.clone()) else { continue };
            let panel = match kind {
                Kind::Members(group) => Panel::Members(group),
                Kind::Devices => Panel::Devices,
                Kind::Invitations => Panel::Invitations,
                Kind::Contact(who) => Panel::Contact(who),
                _ => continue,
            };
            let Some(mut sheet) = self.sheet(panel) else { continue };
            if let Some(old) = self.sheets.get_mut(index) {
                sheet.row = old.row.min(sheet.rows.len().saturating_sub(1));
                (sheet.focus, sheet.scroll) = (old.focus, old.scroll);
                let rows = std::mem::take(&mut sheet.rows);
                sheet.rows = std::mem::take(&mut old.rows);
                sheet.replace_rows(rows);
                *old = sheet;
            }
        }
    }
}
