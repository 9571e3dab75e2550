//! `tidings login` and `tidings restore`: getting an account onto this machine.

use super::asking;
use super::context::{Account, Caller, Common, Context};
use super::desk::Desk;
use super::outcome::{Failure, account_of, removed};
use super::output::Output;
use super::waiting::Patience;
use super::{json, links};
use crate::driver::{OfferState, Reach, Trust};
use crate::edge;
use crate::place::Place;
use crate::show;
use crate::store::Store;
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tidings_client::command::{Command, Done, Fault, Secret};
use tidings_client::invitation::Link;
use tidings_client::phrase::{Phrase, Words};
use tidings_client::view::{Event, Standing};
use tidings_wire::api::Registration;
use zeroize::Zeroizing;

/// How often words may be typed wrongly.
const ATTEMPTS: usize = 5;

/// How long a new device waits for the yes of the old one: as long as the code is good.
const LINK_TIME: Duration = Duration::from_secs(11 * 60);

/// What a device is called if nobody names it.
const DEVICE: &str = "terminal";

/// What is said of a new phrase when it is not known whether the node made the account.
const LOST_ANSWER: &str = "It is not known whether the account was made. Keep the recovery phrase: the same `tidings login` \
     again, or any other command, goes on making the account with it.";

/// What is said when an account is made that was begun earlier.
const GOES_ON: &str =
    "An account was begun here already: going on with it. Its recovery phrase is the one that was shown then.";

/// Arguments of `login`.
#[derive(Debug, Args)]
pub struct Login {
    /// An invitation link, or the address of a node, such as `https://node.example`.
    #[arg(required_unless_present = "link_code")]
    pub invitation: Option<String>,
    /// Join the account of another device of yours with the code that `tidings devices link` shows there.
    #[arg(long, value_name = "CODE", conflicts_with_all = ["invitation", "token", "name", "words", "phrase_file"])]
    pub link_code: Option<String>,
    /// The name that others see; asked for if it is not given.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// What you call this device.
    #[arg(long, value_name = "NAME", default_value = DEVICE)]
    pub device: String,
    /// Lets you in, where a node's owner gave you a token beside the address.
    #[arg(long, value_name = "TOKEN")]
    pub token: Option<String>,
    /// How many words the new recovery phrase has.
    #[arg(long, value_name = "COUNT", value_parser = ["12", "24"], default_value = "12")]
    pub words: String,
    /// Use the recovery phrase in this file (- for standard input) instead of a new one, such as that of a DeNetwork wallet.
    #[arg(long, value_name = "FILE")]
    pub phrase_file: Option<PathBuf>,
    /// Lock the profile by a passphrase, which is asked for.
    #[arg(long)]
    pub lock: bool,
    /// Don't ask whether the recovery phrase was written down.
    #[arg(long)]
    pub yes: bool,
    /// Print one JSON object: identity, name, node, wallet, phrase (if it is new), contact (if the link was a person's).
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it")]
    pub common: Common,
}

/// What `restore` is asked of a person.
#[derive(Clone, Debug, Default, Args)]
pub struct RestorePerson {
    /// The address of your node; asked for if it is not given.
    #[arg(long, value_name = "URL")]
    pub node: Option<String>,
    /// The file with your recovery phrase, or - for standard input; asked for if it is not given.
    #[arg(long, value_name = "FILE")]
    pub phrase_file: Option<PathBuf>,
    /// What you call this device.
    #[arg(long, value_name = "NAME", default_value = DEVICE)]
    pub device: String,
    /// Lock the profile by a passphrase, which is asked for.
    #[arg(long)]
    pub lock: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it")]
    pub common: Common,
}

/// What an invitation says.
struct Way {
    node: String,
    token: Option<Secret>,
    /// The whole link, if somebody stands behind it.
    person: Option<Secret>,
    /// Where the offer of that somebody lies.
    exchange: Option<[u8; 16]>,
}

/// Makes an account, or joins one.
pub(super) async fn login(arguments: &Login, caller: &Caller) -> Result<(), Failure> {
    let output = caller.output(arguments.json);
    if let Some(code) = &arguments.link_code {
        return join(arguments, code, caller, output).await;
    }
    let way = read_way(arguments)?;
    let entry = Entry::new(&arguments.common, caller)?;
    if entry.fresh {
        entry.check(&way).await?;
    }
    let context = open_new(&arguments.common, arguments.lock, caller, output).await?;
    let made = begin(arguments, way, &entry, &context).await;
    entry.leave(context, made).await
}

/// Goes on with what was begun here, or makes an account.
async fn begin(arguments: &Login, way: Way, entry: &Entry, context: &Context) -> Result<(), Failure> {
    let before = match context.account().await {
        Account::Begun => context.me().await.ok(),
        _ => None,
    };
    if before.is_some_and(|me| me.node == way.node) {
        context.output.note(GOES_ON);
        match context.begun().await {
            Account::Ready => return enter(way.person, None, context).await,
            Account::Begun => return Err(context.unfinished().await),
            // The node refused what was begun.
            Account::Absent | Account::Removed => {}
        }
    }
    if !entry.fresh {
        entry.check(&way).await?;
    }
    create(arguments, way, context).await
}

async fn create(arguments: &Login, way: Way, context: &Context) -> Result<(), Failure> {
    let name = match &arguments.name {
        Some(name) => name.clone(),
        None if context.output.desk().can_ask() => context.output.desk().line("The name that others shall see: ")?,
        None => return Err(Failure::Usage("say by what name others shall know you: --name NAME".to_owned())),
    };
    let name = asking::name(&name)?;
    let output = &context.output;
    let (phrase, new) = phrase(arguments, output.desk())?;
    if new && !output.json() {
        show_phrase(&phrase, arguments.yes, output)?;
    }
    let (device, words) = (arguments.device.clone(), phrase.text());
    let command = Command::CreateAccount { node: way.node, token: way.token, phrase: words, name, device };
    context.command(command).await.inspect_err(|failure| {
        if new {
            output.note(match failure {
                Failure::Offline(_) => LOST_ANSWER,
                _ => "No account was made, so the recovery phrase belongs to nothing: forget it.",
            });
        }
    })?;
    enter(way.person, new.then_some(&phrase), context).await
}

/// Meets who invited, and says how things are.
async fn enter(person: Option<Secret>, phrase: Option<&Phrase>, context: &Context) -> Result<(), Failure> {
    // The account is there whatever becomes of this; the phrase must not be lost over it.
    let contact = match person {
        Some(link) => meet(link, context).await.map(Some),
        None => Ok(None),
    };
    context.settled().await;
    let (contact, failure) = match contact {
        Ok(contact) => (contact, None),
        Err(failure) => (None, Some(failure)),
    };
    tell(context, phrase, contact).await?;
    failure.map_or(Ok(()), |failure| {
        context
            .output
            .note("The account is there, but who invited you is no contact yet: `tidings accept LINK` tries again.");
        Err(failure)
    })
}

/// Becomes a contact of who stands behind the link. Gives the conversation's title.
async fn meet(link: Secret, context: &Context) -> Result<String, Failure> {
    let done = context.command(Command::Accept { link, passphrase: None }).await?;
    let Done::Conversation(group) = done else { return Ok(String::new()) };
    Ok(context.session.conversation(group).await.map(|view| view.title).unwrap_or_default())
}

async fn tell(context: &Context, phrase: Option<&Phrase>, contact: Option<String>) -> Result<(), Failure> {
    let me = context.me().await?;
    let mut object = json::me(&me);
    if let Value::Object(members) = &mut object {
        members.extend(phrase.map(|phrase| ("phrase".to_owned(), json!(phrase.text().0))));
        members.extend(contact.as_ref().map(|name| ("contact".to_owned(), json!(name))));
    }
    let mut text = format!("Welcome, {}. Your account is at {}.", show::line(&me.name), me.node);
    match &contact {
        Some(name) => text.push_str(&format!(
            "\n{} is your contact now: tidings send {} hello",
            show::line(name),
            show::word(name)
        )),
        None => text.push_str("\n`tidings invite` makes a link for somebody to talk to."),
    }
    context.output.say(&object, text)?;
    warn_unlocked(context);
    Ok(())
}

/// Says plainly what an unlocked profile means.
fn warn_unlocked(context: &Context) {
    if Store::is_locked(&context.place) == Ok(false) {
        context.output.note(format_args!(
            "This profile is not locked by a passphrase: whoever can read the files of this user can read your messages \
             ({}). `tidings profile lock` changes that.",
            context.place.folder().display()
        ));
    }
}

/// Joins the account of another device.
async fn join(arguments: &Login, code: &str, caller: &Caller, output: Output) -> Result<(), Failure> {
    let entry = Entry::new(&arguments.common, caller)?;
    let node = links::node_of_code(code)?;
    if entry.fresh {
        entry.reach(&node)?.about().await?;
    }
    let mut context = open_new(&arguments.common, arguments.lock, caller, output).await?;
    let joined = match joined(arguments, code, &mut context).await {
        Ok(()) => arrived(&mut context, arguments.common.timeout).await,
        Err(failure) => Err(failure),
    };
    entry.leave(context, joined).await
}

/// Waits for the yes of the other device.
async fn joined(arguments: &Login, code: &str, context: &mut Context) -> Result<(), Failure> {
    context.patience = Patience::new(LINK_TIME);
    let (mut events, output) = (context.events(), context.output.clone());
    output.note("Waiting for your other device, for ten minutes at most (Ctrl-C ends it).");
    let watch = async {
        while let Some(event) = events.next().await {
            if let Event::LinkCheck { check } = event {
                let text = format!("Your other device must show the number {check} now. Say yes there if it does.");
                output.say(&json!({ "check": check }), text)?;
            }
        }
        // Ends with the session only.
        std::future::pending::<Result<(), Failure>>().await
    };
    let command = Command::Link { code: Secret(code.to_owned()), device: arguments.device.clone() };
    tokio::select! {
        joined = context.command(command) => joined.map(drop),
        failed = watch => failed,
    }
}

async fn arrived(context: &mut Context, timeout: u64) -> Result<(), Failure> {
    context.patience = Patience::new(Duration::from_secs(timeout));
    // What others write before this device is in a conversation it can't read.
    let joined = async || {
        let conversations = context.session.conversations().await;
        conversations.iter().all(|one| one.standing != Standing::Joining).then_some(())
    };
    if context.until(context.left(), joined).await.is_none() {
        context.output.note("Some conversations are still being joined; that goes on with the next command.");
    }
    context
        .output
        .note("What your other devices have joined in the last moments may come with the next `tidings receive`.");
    // The other devices learn from the profile what this one is called. It goes there by itself later, if not now.
    let _ = context.command(Command::BackUp).await;
    context.settled().await;
    let me = context.me().await?;
    let conversations = context.session.conversations().await.len();
    let contacts = context.session.contacts().await.len();
    let mut object = json::me(&me);
    if let Value::Object(members) = &mut object {
        members.insert("contacts".to_owned(), json!(contacts));
        members.insert("conversations".to_owned(), json!(conversations));
    }
    let counted = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let text = format!(
        "Welcome back, {}. Here: {}, {}.",
        show::line(&me.name),
        counted(contacts, "contact"),
        counted(conversations, "conversation")
    );
    context.output.say(&object, text)?;
    warn_unlocked(context);
    Ok(())
}

/// Comes back with nothing but the phrase.
pub(super) async fn restore(arguments: &RestorePerson, json: bool, caller: &Caller) -> Result<(), Failure> {
    let output = caller.output(json);
    let node = match &arguments.node {
        Some(node) => node.clone(),
        None if output.desk().can_ask() => output.desk().line("The address of your node: ")?,
        None => return Err(Failure::Usage("say where your node is: --node URL".to_owned())),
    };
    let node = links::node(&node)?;
    let entry = Entry::new(&arguments.common, caller)?;
    if entry.fresh {
        entry.reach(&node)?.about().await?;
    }
    let phrase = match &arguments.phrase_file {
        Some(path) => read_phrase(path, output.desk())?,
        None if output.desk().can_ask() => ask_phrase(output.desk())?,
        None => {
            return Err(Failure::Usage(
                "give your recovery phrase with --phrase-file FILE, or - for standard input".to_owned(),
            ));
        }
    };
    let mut context = open_new(&arguments.common, arguments.lock, caller, output).await?;
    let command = Command::Restore { node, phrase: phrase.text(), device: arguments.device.clone() };
    let told = match context.command(command).await {
        Ok(_) => arrived(&mut context, arguments.common.timeout).await,
        Err(failure) => Err(failure),
    };
    entry.leave(context, told).await
}

/// The way into a profile that may be new.
struct Entry {
    place: Place,
    trust: Trust,
    /// Nothing was here before.
    fresh: bool,
    limit: Duration,
}

impl Entry {
    fn new(common: &Common, caller: &Caller) -> Result<Self, Failure> {
        let (place, trust) = (caller.place(common)?, caller.trust(common)?);
        let limit = Duration::from_secs(common.timeout);
        Ok(Self { fresh: !place.is_used(), place, trust, limit })
    }

    fn reach(&self, node: &str) -> Result<Reach, Failure> {
        Ok(Reach::new(node, &self.trust, self.limit)?)
    }

    /// Whether the invitation leads anywhere, as far as that can be seen before it is used: nobody shall write words down for nothing.
    async fn check(&self, way: &Way) -> Result<(), Failure> {
        let reach = self.reach(&way.node)?;
        let about = reach.about().await?;
        if let Some(exchange) = &way.exchange
            && reach.offer(exchange, edge::now()).await == OfferState::Over
        {
            return Err(Fault::Expired.into());
        }
        if about.registration == Registration::Invitation && way.token.is_none() {
            let node = &way.node;
            return Err(Failure::Refused(format!(
                "{node} makes accounts with an invitation only, and this link or address brings none: ask for a link of \
                 `tidings invite`, or for a token (--token)"
            )));
        }
        Ok(())
    }

    /// Ends. A profile that was made for an account that is not to be leaves with it, so that one can begin anew.
    async fn leave(self, context: Context, told: Result<(), Failure>) -> Result<(), Failure> {
        let empty = self.fresh && told.is_err() && context.account().await == Account::Absent;
        let output = context.output.clone();
        context.session.close().await;
        if empty && let Err(error) = Store::destroy(&self.place) {
            output.note(format_args!("What was made of a profile could not be deleted: {error}"));
        }
        told
    }
}

/// Opens a profile that may be new. Fails if it has an account.
async fn open_new(common: &Common, lock: bool, caller: &Caller, output: Output) -> Result<Context, Failure> {
    let passphrase = match caller.passphrase(common)? {
        Some(given) => Some(given),
        None if lock && output.desk().can_ask() => Some(asking::new_passphrase(output.desk())?),
        None if lock => {
            let how = "give the passphrase in TIDINGS_CLIENT_PASSPHRASE or with --passphrase-file FILE";
            return Err(Failure::Usage(how.to_owned()));
        }
        None => None,
    };
    let context = Context::open(common, caller, output, Some(passphrase)).await?;
    let failure = match context.account().await {
        Account::Absent | Account::Begun => return Ok(context),
        Account::Ready => match context.me().await {
            Ok(me) => account_of(&me, context.place.folder()),
            Err(failure) => failure,
        },
        Account::Removed => removed(),
    };
    context.session.close().await;
    Err(failure)
}

fn read_way(arguments: &Login) -> Result<Way, Failure> {
    let text = arguments.invitation.as_deref().unwrap_or_default().trim();
    let given = arguments.token.clone().map(Secret);
    if !text.contains('#') {
        return Ok(Way { node: links::node(text)?, token: given, person: None, exchange: None });
    }
    match links::link(text)? {
        Link::Account(link) => {
            let token = given.or(Some(link.token));
            Ok(Way { node: link.node.clone(), token, person: None, exchange: None })
        }
        Link::Contact(link) => {
            let exchange = Some(link.secret.exchange_id());
            let person = Some(Secret(text.to_owned()));
            Ok(Way { node: link.node.clone(), token: given.or(link.token), person, exchange })
        }
        Link::Room(_) => Err(Failure::Usage(
            "this is the link of a room: make an account first, then `tidings rooms join LINK`".to_owned(),
        )),
    }
}

/// The phrase, and whether it is new.
fn phrase(arguments: &Login, desk: &Desk) -> Result<(Phrase, bool), Failure> {
    if let Some(path) = &arguments.phrase_file {
        return Ok((read_phrase(path, desk)?, false));
    }
    let words = if arguments.words == "24" { Words::TwentyFour } else { Words::Twelve };
    let phrase = Phrase::generate(words, &mut edge::random()).map_err(|error| Failure::Failed(error.to_string()))?;
    Ok((phrase, true))
}

fn read_phrase(path: &Path, desk: &Desk) -> Result<Phrase, Failure> {
    Phrase::parse(&asking::secret_from(path, desk)?).map_err(|error| Failure::Usage(error.to_string()))
}

fn ask_phrase(desk: &Desk) -> Result<Phrase, Failure> {
    let mut last = Failure::Failed("nothing was done".to_owned());
    for _ in 0..ATTEMPTS {
        let typed: Zeroizing<String> = desk.secret("Your recovery phrase (it is not shown): ")?;
        match Phrase::parse(&typed) {
            Ok(phrase) => return Ok(phrase),
            Err(error) => {
                last = Failure::Usage(error.to_string());
                asking::tell(&error.to_string(), desk)?;
            }
        }
    }
    Err(last)
}

/// Shows the phrase, and asks for one of its words where somebody can be asked.
fn show_phrase(phrase: &Phrase, yes: bool, output: &Output) -> Result<(), Failure> {
    output.line(
        "Your recovery phrase. It is shown this once; write it down and keep it safe. Whoever has it is you, and",
    )?;
    output.line("without it nobody can bring your account back:\n")?;
    for (number, word) in phrase.words().enumerate() {
        output.line(format_args!("  {:>2}. {word}", number + 1))?;
    }
    output.line("")?;
    if yes || !output.desk().can_ask() {
        return Ok(());
    }
    let words: Vec<&str> = phrase.words().collect();
    let at = usize::from(edge::random_bytes::<1>().iter().copied().sum::<u8>()) % words.len().max(1);
    for _ in 0..ATTEMPTS {
        let typed = output.desk().line(&format!("Written down? Then type word number {}: ", at + 1))?;
        if words.get(at).is_some_and(|word| typed.eq_ignore_ascii_case(word)) {
            return Ok(());
        }
        asking::tell("That is another word; look once more.", output.desk())?;
    }
    Err(Failure::Failed("no account was made, since the recovery phrase was not written down".to_owned()))
}
