//! `tidings rooms`: groups and rooms.

use super::adding;
use super::asking;
use super::context::{Common, Context};
use super::json;
use super::outcome::Failure;
use crate::media;
use crate::names::{self, Miss};
use crate::show;
use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::PathBuf;
use tidings_client::command::{Command, Done, Secret};
use tidings_client::view::{ConversationKind, ConversationView, GroupId, Identity, MemberView, Standing};

/// Arguments of `rooms`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub struct Rooms {
    #[command(subcommand)]
    #[allow(missing_docs, reason = "clap would show it")]
    pub action: Option<RoomAction>,
    /// Print a JSON object for each.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it")]
    pub common: Common,
}

/// What somebody may do in a group.
#[derive(Clone, Copy, Debug, ValueEnum, Serialize, Deserialize)]
pub enum Role {
    /// Everything.
    Owner,
    /// Add and remove members, change the name and picture.
    Moderator,
    /// Write.
    Member,
}

/// What can be done with groups and rooms.
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub enum RoomAction {
    /// List all conversations. The same as without a word.
    List,
    /// Make a group of contacts, or a room that whoever has its link joins anonymously.
    Create {
        /// Its name.
        name: String,
        /// Contacts who are in it from the beginning.
        members: Vec<String>,
        /// Make an anonymous room instead of a group.
        #[arg(long, conflicts_with = "members")]
        anonymous: bool,
        /// Lock the room by a passphrase: in this file, or - for standard input.
        #[arg(long, value_name = "FILE", requires = "anonymous")]
        room_passphrase_file: Option<PathBuf>,
    },
    /// Join a room by its link.
    Join {
        /// The link.
        link: String,
        /// The file with the passphrase of a locked room, or - for standard input; asked for if it is needed.
        #[arg(long, value_name = "FILE")]
        room_passphrase_file: Option<PathBuf>,
    },
    /// Show the link of a room that you are in.
    Link {
        /// Which.
        room: String,
        /// Leave the QR code out.
        #[arg(long)]
        no_qr: bool,
    },
    /// Leave a group or room.
    Leave {
        /// Which.
        room: String,
        /// Don't ask.
        #[arg(long)]
        yes: bool,
    },
    /// Delete a conversation here, after leaving it.
    Forget {
        /// Which.
        room: String,
        /// Don't ask.
        #[arg(long)]
        yes: bool,
    },
    /// List who is in a group or room.
    Members {
        /// Which.
        room: String,
    },
    /// Add contacts to a group.
    Add {
        /// Which.
        room: String,
        /// Whom.
        #[arg(required = true)]
        members: Vec<String>,
    },
    /// Remove somebody from a group.
    Remove {
        /// Which.
        room: String,
        /// Whom.
        member: String,
        /// Don't ask.
        #[arg(long)]
        yes: bool,
    },
    /// Change the name of a group.
    Rename {
        /// Which.
        room: String,
        /// The new name.
        name: String,
    },
    /// Give a group a picture; without a file none.
    Picture {
        /// Which.
        room: String,
        /// An image.
        file: Option<PathBuf>,
    },
    /// Change what somebody may do in a group.
    Role {
        /// Which.
        room: String,
        /// Whose.
        member: String,
        /// To what.
        role: Role,
    },
    /// Let messages disappear some time after they were read.
    Expire {
        /// Which.
        room: String,
        /// After how long, a year at most: 90 (seconds), 10m, 1h, 7d; 0 for never.
        #[arg(value_name = "TIME", value_parser = read_seconds)]
        seconds: u32,
    },
    /// Open a locked room on this device.
    Unlock {
        /// Which.
        room: String,
        /// The file with its passphrase, or - for standard input; asked for if it is not given.
        #[arg(long, value_name = "FILE")]
        room_passphrase_file: Option<PathBuf>,
    },
    /// Don't be told of new messages in a conversation.
    Mute {
        /// Which.
        room: String,
    },
    /// Be told of new messages again.
    Unmute {
        /// Which.
        room: String,
    },
    /// Put a conversation out of sight.
    Archive {
        /// Which.
        room: String,
    },
    /// Bring a conversation back into sight.
    Unarchive {
        /// Which.
        room: String,
    },
}

/// Reads after how many seconds messages disappear.
fn read_seconds(text: &str) -> Result<u32, String> {
    let seconds = crate::screen::read_lasting(text);
    seconds.ok_or_else(|| "expected a time up to a year, such as 90 (seconds), 10m, 1h or 7d; 0 for never".to_owned())
}

/// What is said to who leaves.
const LEFT: &str =
    "You have left: nothing of it comes any more. The others' lists show it as soon as one of them is online.";

/// Lists or changes.
pub(super) async fn run(action: Option<&RoomAction>, context: &Context) -> Result<(), Failure> {
    use RoomAction as Do;
    // Others may have changed who is where.
    context.freshen().await;
    match action {
        None | Some(Do::List) => list(context).await,
        Some(Do::Members { room }) => members(room, context).await,
        Some(Do::Link { room, no_qr }) => link(room, !no_qr, context).await,
        Some(Do::Create { name, members, anonymous, room_passphrase_file }) => {
            let command = create(name, members, *anonymous, room_passphrase_file.as_ref(), context).await?;
            let wanted = if let Command::CreateGroup { members, .. } = &command { members.clone() } else { Vec::new() };
            made(context.command(command).await?, &wanted, context).await
        }
        Some(Do::Join { link, room_passphrase_file }) => {
            let asked = super::people::Accept {
                link: link.clone(),
                room_passphrase_file: room_passphrase_file.clone(),
                json: context.output.json(),
                common: Common::default(),
            };
            super::people::accept(&asked, context).await
        }
        Some(Do::Add { room, members }) => adding::add(room, members, context).await,
        Some(Do::Unlock { room, room_passphrase_file }) => {
            let group = context.conversation(room).await?.0;
            super::locked::unlock(group, room_passphrase_file.as_deref(), context).await?;
            context.done("Unlocked.")
        }
        Some(other) => {
            let Some((command, text)) = change(other, context).await? else { return Ok(()) };
            context.command_and_tell(command, &json!({ "done": true }), text).await
        }
    }
}

async fn create(
    name: &str,
    members: &[String],
    anonymous: bool,
    passphrase: Option<&PathBuf>,
    context: &Context,
) -> Result<Command, Failure> {
    let name = asking::name(name)?;
    if !anonymous {
        return Ok(Command::CreateGroup { name, members: adding::contacts(members, context).await? });
    }
    let passphrase = passphrase.map(|path| asking::secret_from(path, context.output.desk())).transpose()?;
    Ok(Command::CreateRoom { name, passphrase: passphrase.map(|text| Secret(text.to_string())) })
}

async fn made(done: Done, wanted: &[Identity], context: &Context) -> Result<(), Failure> {
    let Done::Conversation(group) = done else { return context.done("Done.") };
    let settled = context.settled().await;
    let view = context.session.conversation(group).await;
    let title = view.as_ref().map(|view| view.title.clone()).unwrap_or_default();
    let (id, text) =
        (group.to_string(), format!("{} is there: tidings send {} hello", show::line(&title), show::word(&title)));
    if view.is_none_or(|view| view.kind != ConversationKind::Room) {
        context.output.say(&json!({ "conversation": id, "title": title }), text)?;
        return if settled { adding::all_in(group, &title, wanted, context).await } else { Ok(()) };
    }
    let link = link_of(group, context).await?;
    let object = json!({ "conversation": id, "title": title, "link": link });
    context.output.say(&object, format_args!("{text}\nWhoever has this link can join: {link}"))
}

async fn change(action: &RoomAction, context: &Context) -> Result<Option<(Command, &'static str)>, Failure> {
    use RoomAction as Do;
    Ok(Some(match action {
        Do::Remove { room, member, yes } => {
            let (view, found) = find_member(room, member, context).await?;
            if found.me {
                let room = show::word(&view.title);
                return Err(Failure::Usage(format!("this is you: `tidings rooms leave {room}` leaves")));
            }
            if !asking::sure(
                &format!("Remove {} from {}?", show::line(&found.name), show::line(&view.title)),
                *yes,
                context.output.desk(),
            )? {
                return Ok(None);
            }
            (
                Command::RemoveMember { group: view.id, member: found.identity },
                "Removed: what is written from now on, they can't read.",
            )
        }
        Do::Role { room, member, role } => {
            let (view, found) = find_member(room, member, context).await?;
            if found.role == *role as u8 {
                return Err(Failure::Usage(has_role(&found)));
            }
            (Command::SetRole { group: view.id, member: found.identity, role: *role as u8 }, "Changed.")
        }
        Do::Leave { room, yes } => match departure(room, *yes, context).await? {
            Some(group) => (Command::Leave { group }, LEFT),
            None => return Ok(None),
        },
        Do::Forget { room, yes } => match leaving(room, "Delete everything here of", *yes, context).await? {
            Some(group) => (Command::Forget { group }, "It is gone from here."),
            None => return Ok(None),
        },
        other => settings(other, context).await?,
    }))
}

async fn settings(action: &RoomAction, context: &Context) -> Result<(Command, &'static str), Failure> {
    use RoomAction as Do;
    let group = |room: &str| {
        let room = room.to_owned();
        async move { Ok::<GroupId, Failure>(context.conversation(&room).await?.0) }
    };
    let see = |group, muted, archived| Command::SetConversation { group, muted, archived };
    let set = |group, name, picture, expire| Command::SetGroup { group, name, picture, expire };
    Ok(match action {
        Do::Rename { room, name } => {
            let name = asking::name(name)?;
            (set(group(room).await?, Some(name), None, None), "Renamed.")
        }
        Do::Picture { room, file } => {
            let picture = file
                .as_ref()
                .map_or_else(|| Ok(Vec::new()), |file| media::portrait(&context.output.desk().path(file)))?;
            (set(group(room).await?, None, Some(picture), None), "Changed.")
        }
        Do::Expire { room, seconds } => (set(group(room).await?, None, None, Some(*seconds)), "Changed."),
        Do::Mute { room } => (see(group(room).await?, Some(true), None), "Muted."),
        Do::Unmute { room } => (see(group(room).await?, Some(false), None), "You are told of new messages again."),
        Do::Archive { room } => (see(group(room).await?, None, Some(true)), "Out of sight."),
        Do::Unarchive { room } => (see(group(room).await?, None, Some(false)), "Back in sight."),
        _ => return Err(Failure::Usage("there is nothing to change".to_owned())),
    })
}

async fn leaving(room: &str, what: &str, yes: bool, context: &Context) -> Result<Option<GroupId>, Failure> {
    let (group, name) = context.conversation(room).await?;
    Ok(asking::sure(&format!("{what} {name}?"), yes, context.output.desk())?.then_some(group))
}

/// The same for leaving, with a word to the only owner of a group.
async fn departure(room: &str, yes: bool, context: &Context) -> Result<Option<GroupId>, Failure> {
    let (group, name) = context.conversation(room).await?;
    let view = context.session.conversation(group).await;
    if view.as_ref().is_some_and(|view| view.kind == ConversationKind::Pair) {
        return Err(Failure::Usage(no_room(&name)));
    }
    let warning = view.as_ref().filter(|view| leaves_no_owner(view)).map(|_| {
        format!(
            "You are the only owner of {name}: a moderator, or else a member, becomes owner in your place (`tidings rooms role` \
             chooses whom before). "
        )
    });
    if yes && let Some(warning) = &warning {
        context.output.note(warning.trim_end());
    }
    let question = format!("{}Leave {name}?", warning.unwrap_or_default());
    Ok(asking::sure(&question, yes, context.output.desk())?.then_some(group))
}

/// That two people stay two, and what there is instead.
fn no_room(name: &str) -> String {
    let word = show::word(name);
    format!(
        "{name} is a contact, no group or room: `tidings contacts remove {word}` ends the conversation for both, `tidings contacts \
         block {word}` drops what they send, `tidings rooms archive {word}` puts it out of sight"
    )
}

/// Whether one is the only owner of a group in which others stay.
fn leaves_no_owner(view: &ConversationView) -> bool {
    let owner = |member: &&MemberView| member.role == Role::Owner as u8;
    let mine = view.members.iter().filter(owner).any(|member| member.me);
    let others = view.members.iter().filter(owner).any(|member| !member.me);
    view.kind == ConversationKind::Group && mine && !others && view.members.len() > 1
}

async fn find_member(room: &str, member: &str, context: &Context) -> Result<(ConversationView, MemberView), Failure> {
    let (group, name) = context.conversation(room).await?;
    let gone = || Failure::Usage(format!("{name} is gone"));
    let view = context.session.conversation(group).await.ok_or_else(gone)?;
    let me = context.session.me().await.map(|me| (me.identity, me.name));
    let found = member_of(member, &view.members, me.as_ref()).map_err(|miss| match miss {
        Miss::Unknown(..) => Failure::Usage(format!(
            "{} is not in {name}: `tidings rooms members {}` lists who is",
            show::word(member),
            show::word(&name)
        )),
        several => several.into(),
    })?;
    let found = found.clone();
    Ok((view, found))
}

/// A member by name, oneself by one's own, too: the list calls oneself "You".
fn member_of<'a>(
    text: &str,
    members: &'a [MemberView],
    me: Option<&(Identity, String)>,
) -> Result<&'a MemberView, Miss> {
    let own = me.filter(|(_, name)| names::is_same(name, text)).map(|(identity, _)| *identity);
    names::resolve_member(text, members).or_else(|miss| match miss {
        Miss::Unknown(..) => members.iter().find(|one| Some(one.identity) == own).ok_or(miss),
        Miss::Several(..) => Err(miss),
    })
}

/// That there is nothing to change.
fn has_role(member: &MemberView) -> String {
    let role = json::role(member.role);
    match member.me {
        true => format!("you are {role} there already"),
        false => format!("{} is {role} there already", show::line(&member.name)),
    }
}

async fn list(context: &Context) -> Result<(), Failure> {
    let all = context.session.conversations().await;
    if all.is_empty() {
        context.output.note(
            "There are no conversations yet: `tidings invite` begins one, `tidings rooms create NAME` makes a group.",
        );
    }
    let now = context.session.now();
    let width = all.iter().map(|one| show::line(&one.title).chars().count()).max().unwrap_or(0);
    for one in &all {
        let kind = match one.kind {
            ConversationKind::Pair => "contact".to_owned(),
            ConversationKind::Group => format!("group of {}", show::inside(one).len()),
            ConversationKind::Room => "anonymous room".to_owned(),
        };
        let mut text = format!("{:width$}  {kind}  {}", show::line(&one.title), show::when(one.last_at, now));
        if one.unread > 0 {
            text.push_str(&format!("  {} unread", one.unread));
        }
        for (is, mark) in [(one.archived, "archived"), (one.muted, "muted"), (one.verified, "verified")] {
            text.push_str(&if is { format!("  ({mark})") } else { String::new() });
        }
        if one.standing != Standing::Ready {
            text.push_str(&format!("  ({})", json::standing(&one.standing).replace('_', " ")));
        }
        context.output.say(&json::conversation(one), text)?;
    }
    Ok(())
}

async fn members(room: &str, context: &Context) -> Result<(), Failure> {
    let (group, name) = context.conversation(room).await?;
    let view = context.session.conversation(group).await.ok_or_else(|| Failure::Usage(format!("{name} is gone")))?;
    if view.standing == Standing::Out {
        context.output.note(format_args!("You are not in {name} any more; so far as is known here, these are:"));
    }
    for member in show::inside(&view) {
        let me = if member.me { "  (you)" } else { "" };
        let role = if view.kind == ConversationKind::Pair { "" } else { json::role(member.role) };
        let text = format!("{}  {role}{me}", show::line(&member.name));
        context.output.say(&json::member(member), text)?;
    }
    Ok(())
}

async fn link(room: &str, qr: bool, context: &Context) -> Result<(), Failure> {
    let (group, name) = context.conversation(room).await?;
    let is_room = |view: ConversationView| view.kind == ConversationKind::Room;
    if !context.session.conversation(group).await.is_none_or(is_room) {
        return Err(Failure::Usage(format!(
            "{name} has no link, only anonymous rooms have one: `tidings rooms add` brings contacts into a group"
        )));
    }
    let link = link_of(group, context).await?;
    context.output.say(&json!({ "link": link }), &link)?;
    match show::qr(&link).filter(|_| qr && !context.output.json()) {
        Some(code) => context.output.line(format_args!("\n{code}")),
        None => Ok(()),
    }
}

async fn link_of(group: GroupId, context: &Context) -> Result<String, Failure> {
    match context.command(Command::RoomLink { group }).await? {
        Done::Link(link) => Ok(link.0.clone()),
        _ => Err(Failure::Failed("there is no link".to_owned())),
    }
}

#[cfg(test)]
#[path = "rooms_tests.rs"]
mod tests;
