//! `tidings invite`, `accept`, `contacts` and `verify`.

use super::asking;
use super::context::{Common, Context};
use super::json;
use super::outcome::Failure;
use super::{links, locked};
use crate::names;
use crate::show;
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tidings_client::command::{Command, Done, Secret};
use tidings_client::invitation::Link;
use tidings_client::safety;
use tidings_client::view::{ContactView, GroupId, Standing};
use tidings_wire::bytes;
use zeroize::Zeroizing;

/// Days that an invitation lasts if nothing else is said.
const DAYS: u64 = 7;

/// What `invite` is asked of a person.
#[derive(Clone, Debug, Default, Args, Serialize, Deserialize)]
pub struct InvitePerson {
    /// For yourself: whom it is for.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
    /// How many days it is good for, 30 at most.
    #[arg(long, value_name = "DAYS", default_value_t = DAYS, value_parser = clap::value_parser!(u64).range(1..=30))]
    pub days: u64,
    /// Let it make no account at your node: for somebody who has one already.
    #[arg(long)]
    pub no_account: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it")]
    pub common: Common,
}

/// What else can be done with one's invitations.
#[derive(Clone, Debug, Subcommand, Serialize, Deserialize)]
pub enum Invitations {
    /// List your invitations that are open.
    List,
    /// Revoke an invitation.
    Cancel {
        /// Its id, as the list shows it.
        id: String,
    },
}

/// Arguments of `accept`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub struct Accept {
    /// The invitation, or the link of a room.
    pub link: String,
    /// The file with the passphrase of a locked room, or - for standard input; asked for if it is needed.
    #[arg(long, value_name = "FILE")]
    pub room_passphrase_file: Option<std::path::PathBuf>,
    /// Print one JSON object: conversation, title.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it")]
    pub common: Common,
}

/// Arguments of `contacts`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub struct Contacts {
    #[command(subcommand)]
    #[allow(missing_docs, reason = "clap would show it")]
    pub action: Option<ContactAction>,
    /// Print a JSON object for each.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it")]
    pub common: Common,
}

/// What can be done with contacts.
#[derive(Debug, Subcommand, Serialize, Deserialize)]
pub enum ContactAction {
    /// List them. The same as without a word.
    List,
    /// Drop silently what somebody sends; they are not told.
    Block {
        /// Whom.
        whom: String,
    },
    /// Listen to somebody again.
    Unblock {
        /// Whom.
        whom: String,
    },
    /// Call somebody by another name, here only; without a name by their own.
    Rename {
        /// Whom.
        whom: String,
        /// The name.
        name: Option<String>,
    },
    /// Have nothing to do with somebody any more.
    Remove {
        /// Whom.
        whom: String,
        /// Don't ask.
        #[arg(long)]
        yes: bool,
    },
    /// Suggest two contacts to each other.
    Introduce {
        /// One.
        first: String,
        /// The other.
        second: String,
    },
    /// List the contacts that others suggested to you.
    Suggestions,
    /// Follow a suggestion: you are contacts once the other follows it, too.
    Follow {
        /// The name or id in the list of suggestions.
        whom: String,
    },
    /// Don't follow a suggestion.
    Decline {
        /// The name or id in the list of suggestions.
        whom: String,
    },
}

/// Arguments of `verify`.
#[derive(Debug, Args, Serialize, Deserialize)]
pub struct Verify {
    /// Whom; or a node's address (https://…), to compare the web app that it serves with the one in this program.
    pub whom: String,
    /// Take it as compared and fitting.
    #[arg(long)]
    pub yes: bool,
    /// Take a comparison back.
    #[arg(long, conflicts_with = "yes")]
    pub no: bool,
    /// The text of the QR code that the other shows, to be compared here.
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["yes", "no"])]
    pub scanned: Option<String>,
    /// Leave the QR code out.
    #[arg(long)]
    pub no_qr: bool,
    /// Print one JSON object: identity, name, safety_number, code, verified, key_changed. Of a node: url, same, app, own_app, version,
    /// own_version, files, different, missing, extra.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it")]
    pub common: Common,
}

/// Makes an invitation.
pub(super) async fn invite(asked: &InvitePerson, qr: bool, context: &Context) -> Result<(), Failure> {
    let lasts = asked.days.saturating_mul(86_400);
    let command = Command::Invite { lasts, note: asked.note.clone(), token: None, account: !asked.no_account };
    let Done::Link(link) = context.command(command).await? else {
        return Err(Failure::Failed("no link was made".to_owned()));
    };
    context.settled().await;
    let expires = context.session.now().saturating_add(lasts.saturating_mul(1000));
    if context.output.json() {
        return context.output.line(json!({ "link": link.0, "expiresAt": show::instant(expires), "seconds": lasts }));
    }
    let with = if asked.no_account { "" } else { ", who needs no account yet" };
    context
        .output
        .line(format_args!("An invitation from you, good for {} and one person{with}:\n", show::span(lasts)))?;
    context.output.line(&link.0)?;
    context.output.note(
        "\nIn a terminal it is accepted with `tidings login LINK`, or `tidings accept LINK` by who has an account.",
    );
    match show::qr(&link.0).filter(|_| qr) {
        Some(code) => context.output.line(format_args!("\n{code}")),
        None => Ok(()),
    }
}

/// Lists or revokes invitations.
pub(super) async fn invitations(action: &Invitations, context: &Context) -> Result<(), Failure> {
    match action {
        Invitations::List => {
            let (all, now) = (context.session.invitations().await, context.session.now());
            if all.is_empty() {
                context.output.note("No invitation is open.");
            } else {
                context.output.note(format_args!("{:22}  {:16}  FOR WHOM, AND THE LINK", "ID", "GOOD FOR"));
            }
            for one in &all {
                let (id, note) = (bytes::encode(&one.id), show::line(&one.note));
                let text = format!("{id}  {:16}  {note}\n  {}", show::left(one.expires, now), one.link.0);
                context.output.say(&json::invitation(one), text)?;
            }
            Ok(())
        }
        Invitations::Cancel { id } => {
            let read = bytes::decode(id.trim()).and_then(|id| id.try_into().ok());
            let id = read.ok_or_else(|| {
                Failure::Usage("that is no id of an invitation; `tidings invite list` shows them".to_owned())
            })?;
            let object = json!({ "done": true });
            context
                .command_and_tell(Command::CancelInvitation { id }, &object, "The invitation is good for nothing now.")
                .await
        }
    }
}

/// Accepts an invitation, or joins a room.
pub(super) async fn accept(asked: &Accept, context: &Context) -> Result<(), Failure> {
    let passphrase = locked::given(asked.room_passphrase_file.as_deref(), context.output.desk())?;
    let group = match links::link(&asked.link)? {
        Link::Room(link) => join(&asked.link, link.group, passphrase, context).await?,
        Link::Account(_) => {
            return Err(Failure::Usage(
                "this link makes an account, and you have one: give it to somebody else, or use it with `tidings login --profile NAME`"
                    .to_owned(),
            ));
        }
        Link::Contact(link) => {
            let id = link.secret.exchange_id();
            if context.session.invitations().await.iter().any(|one| one.id == id) {
                let own = "this is an invitation of your own: give it to somebody else";
                return Err(Failure::Usage(own.to_owned()));
            }
            let command = Command::Accept { link: Secret(asked.link.trim().to_owned()), passphrase: None };
            let done = match context.command(command).await {
                Err(Failure::Offline(text)) if !context.answers(&link.node).await => {
                    return Err(Failure::Offline(unreached(&link.node, &text)));
                }
                done => done?,
            };
            let Done::Conversation(group) = done else { return context.done("Accepted.") };
            group
        }
    };
    context.settled().await;
    let title = context.session.conversation(group).await.map(|view| view.title).unwrap_or_default();
    let text = format!("You can talk now: tidings send {} hello", show::word(&title));
    context.output.say(&json!({ "conversation": group.to_string(), "title": title }), text)
}

/// That the node to which an invitation leads does not answer.
fn unreached(node: &str, text: &str) -> String {
    format!(
        "the invitation leads to {}, which does not answer ({text}): look at your connection and at the link, then give it once more; \
         or ask who invited you for a new one",
        show::line(node)
    )
}

/// Comes into a room. If that does not work for good, nothing of it stays, so that it can be tried again.
async fn join(
    link: &str,
    group: GroupId,
    passphrase: Option<Zeroizing<String>>,
    context: &Context,
) -> Result<GroupId, Failure> {
    let known = context.session.conversation(group).await;
    if known.as_ref().is_some_and(|one| one.standing == Standing::Out) {
        // What is left of an earlier stay is in the way.
        context.command(Command::Forget { group }).await?;
    }
    let link = Secret(link.trim().to_owned());
    let command = |passphrase| Command::Accept { link: link.clone(), passphrase };
    let entered = locked::enter(group, passphrase, command, context).await;
    if matches!(entered, Err(Failure::Refused(_) | Failure::Locked(_))) && known.is_none() {
        let left = context.command(Command::Leave { group }).await;
        let _ = left.and(context.command(Command::Forget { group }).await);
    }
    entered.map(|()| group)
}

/// Lists or changes contacts.
pub(super) async fn contacts(action: Option<&ContactAction>, context: &Context) -> Result<(), Failure> {
    let object = json!({ "done": true });
    let (command, text) = match action {
        None | Some(ContactAction::List) => return list(context).await,
        Some(ContactAction::Suggestions) => return suggestions(context).await,
        Some(ContactAction::Follow { whom }) => {
            let (command, name) = answer(whom, true, context).await?;
            let Some(command) = command else {
                return context.done(&format!("You follow it already; {name} is your contact once {name} does, too."));
            };
            let text = format!(
                "You follow the suggestion. {name} is your contact once {name} follows it, too; `tidings receive` looks for that, as \
                 does `tidings chat` while it runs."
            );
            return context.command_and_tell(command, &object, &text).await;
        }
        Some(ContactAction::Decline { whom }) => match answer(whom, false, context).await?.0 {
            Some(command) => (command, "The suggestion is gone."),
            None => return Ok(()),
        },
        Some(ContactAction::Block { whom }) => {
            let contact = context.contact(whom).await?.0;
            (
                Command::SetBlocked { contact, blocked: true },
                "What they send is dropped from now on. They are not told.",
            )
        }
        Some(ContactAction::Unblock { whom }) => {
            let contact = context.contact(whom).await?.0;
            (Command::SetBlocked { contact, blocked: false }, "You hear them again.")
        }
        Some(ContactAction::Rename { whom, name }) => {
            let (contact, name) = (context.contact(whom).await?.0, name.clone().unwrap_or_default());
            (Command::RenameContact { contact, name }, "Renamed, for you alone.")
        }
        Some(ContactAction::Remove { whom, yes }) => {
            let (contact, name) = context.contact(whom).await?;
            if !asking::sure(&format!("Remove {name} from your contacts?"), *yes, context.output.desk())? {
                return Ok(());
            }
            // Done here at once; the end of the conversation needs a device of the other.
            context.command(Command::RemoveContact { contact }).await?;
            context.settled().await;
            return context.output.say(&object, "Removed.");
        }
        Some(ContactAction::Introduce { first, second }) => {
            let (first, second) = (context.contact(first).await?.0, context.contact(second).await?.0);
            if first == second {
                return Err(Failure::Usage("these are the same person: name two".to_owned()));
            }
            (Command::Introduce { first, second }, "Both are asked whether they want to know each other.")
        }
    };
    context.command_and_tell(command, &object, text).await
}

async fn list(context: &Context) -> Result<(), Failure> {
    let all = context.session.contacts().await;
    if all.is_empty() {
        context.output.note(
            "You have no contacts yet: `tidings invite` makes a link for somebody, `tidings accept LINK` takes one.",
        );
    }
    let width = all.iter().map(|contact| show::line(&contact.name).chars().count()).max().unwrap_or(0);
    for contact in &all {
        let text = format!("{:width$}  {}{}", show::line(&contact.name), contact.node, marks(contact));
        context.output.say(&json::contact(contact), text.trim_end())?;
    }
    Ok(())
}

fn marks(contact: &ContactView) -> String {
    let marks = [
        (contact.verified && !contact.key_changed, "verified"),
        (contact.key_changed, "another key than the verified one"),
        (contact.blocked, "blocked"),
    ];
    marks.iter().filter(|(on, _)| *on).map(|(_, mark)| format!("  ({mark})")).collect()
}

async fn suggestions(context: &Context) -> Result<(), Failure> {
    let all = context.session.introductions().await;
    if all.is_empty() {
        context.output.note("Nobody suggested a contact.");
    }
    for one in &all {
        let mark = if one.followed { "  (you follow it; the other has not been met yet)" } else { "" };
        let text = format!("{}  {}{mark}", one.introduction, show::line(&one.name));
        context.output.say(&json::introduction(one), text)?;
    }
    Ok(())
}

/// The answer to a suggestion, and whose it is; none to what is followed already.
async fn answer(whom: &str, accept: bool, context: &Context) -> Result<(Option<Command>, String), Failure> {
    let all = context.session.introductions().await;
    let one = names::resolve_introduction(whom, &all).map_err(|miss| match miss {
        names::Miss::Unknown(..) => {
            Failure::Usage("which suggestion? `tidings contacts suggestions` lists them with their ids".to_owned())
        }
        several => several.into(),
    })?;
    let command = Command::AnswerIntroduction { introduction: one.introduction, accept };
    Ok((Some(command).filter(|_| !(accept && one.followed)), show::line(&one.name)))
}

/// Shows the safety number and takes the answer.
pub(super) async fn verify(asked: &Verify, context: &Context) -> Result<(), Failure> {
    let (identity, name) = context.contact(&asked.whom).await?;
    let contacts = context.session.contacts().await;
    let shown = contacts.iter().find(|contact| contact.identity == identity);
    let contact = shown.ok_or_else(|| Failure::Usage(format!("{name} is no contact")))?;
    let verified = match &asked.scanned {
        Some(scanned) => Some(compare(scanned, contact, context).await?),
        None if asked.yes || asked.no => Some(asked.yes),
        None if context.output.json() => None,
        None => ask(contact, &name, !asked.no_qr, context)?,
    };
    if let Some(verified) = verified {
        context.command(Command::SetVerified { contact: identity, verified }).await?;
        context.settled().await;
    }
    let contact = context.session.contacts().await.into_iter().find(|contact| contact.identity == identity);
    let Some(contact) = contact else { return Ok(()) };
    let object = json!({
        "identity": identity.to_string(), "name": contact.name, "safety_number": contact.safety_number,
        "code": contact.safety_code, "verified": contact.verified, "key_changed": contact.key_changed,
    });
    let standing = if contact.verified { "is verified" } else { "is not verified" };
    context.output.say(&object, format_args!("{name} {standing}."))
}

fn ask(contact: &ContactView, name: &str, qr: bool, context: &Context) -> Result<Option<bool>, Failure> {
    if contact.key_changed {
        context.output.line(format_args!(
            "The key of {name} is another one than you verified. Nothing is sent until you have looked."
        ))?;
    }
    context.output.line(format_args!("The safety number of you and {name}. Compare it by voice or face to face:\n"))?;
    for row in show::safety_rows(contact) {
        context.output.line(format_args!("  {row}"))?;
    }
    if let Some(code) = show::qr(&contact.safety_code).filter(|_| qr) {
        context.output.line(format_args!("\n{code}"))?;
    }
    let desk = context.output.desk();
    if desk.can_ask() { asking::confirm("Does it fit?", desk).map(Some) } else { Ok(None) }
}

async fn compare(scanned: &str, contact: &ContactView, context: &Context) -> Result<bool, Failure> {
    let me = context.me().await?;
    if safety::fits(scanned.trim(), &me.identity, &contact.identity) {
        return Ok(true);
    }
    if !safety::is_code(scanned) {
        return Err(Failure::Usage(
            "this is no safety code: scan it once more, or give all of it, as `tidings verify` shows it there. Nothing was \
             compared"
                .to_owned(),
        ));
    }
    Err(Failure::Refused(format!(
        "this is not the code of you and {}: unless it is somebody else's, somebody may stand between you. Nothing was marked",
        show::line(&contact.name)
    )))
}
