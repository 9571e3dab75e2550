//! How long the client takes from nothing to a list of conversations and the newest page of one: the ceiling is 300 ms with 200
//! conversations and 50,000 messages.
//!
//! `cold_start fill FOLDER NODE` makes an account with the link of an invitation (`tidings node invite`), or at the URL of a node where
//! anybody may have one, in a profile in FOLDER and fills it through the node; `cold_start measure FOLDER` opens it eleven times and tells the middle one. Needs a node for filling only.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measuring tool: it prints, and looks at the clock"
)]

use std::error::Error;
use std::time::{Duration, Instant};
use tidings_client::command::{Command, Done};
use tidings_client::invitation::Link;
use tidings_client::phrase::{Phrase, Words};
use tidings_client::view::GroupId;
use tidings_terminal::driver::{Opening, Session, Trust};
use tidings_terminal::edge;
use tidings_terminal::place::Place;

/// Conversations of a person who talks a lot.
const CONVERSATIONS: usize = 200;

/// Messages in each: 50,000 in all.
const MESSAGES: usize = 250;

/// Messages that are sent at once while filling.
const AT_ONCE: usize = 50;

/// From nothing to what a person wanted to see: less than is felt as waiting.
const CEILING: Duration = Duration::from_millis(300);

/// Openings that are measured.
const ROUNDS: usize = 11;

/// Messages of a screen.
const PAGE: usize = 50;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // The only error is that one is there already, which is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["fill", folder, link] => fill(folder, link).await,
        ["measure", folder] => measure(folder).await,
        _ => Err("say `fill FOLDER LINK` or `measure FOLDER`".into()),
    }
}

async fn open(folder: &str) -> Result<Session, Box<dyn Error>> {
    let (place, trust) = (Place::at(folder), Trust::default());
    Ok(Session::open(Opening { place, passphrase: None, new: true, trust, patience: Duration::ZERO }).await?)
}

async fn fill(folder: &str, link: &str) -> Result<(), Box<dyn Error>> {
    let session = open(folder).await?;
    let (node, token) = match Link::parse(link) {
        Ok(Link::Account(link)) => (link.node, Some(link.token)),
        _ => (link.to_owned(), None),
    };
    let phrase = Phrase::generate(Words::Twelve, &mut edge::random())?.text();
    let (name, device) = ("Measured".to_owned(), "bench".to_owned());
    done(session.command(Command::CreateAccount { node, token, phrase, name, device }).await)?;
    for number in 0..CONVERSATIONS {
        let name = format!("Conversation {number}");
        let made = done(session.command(Command::CreateGroup { name, members: Vec::new() }).await)?;
        let Done::Conversation(group) = made else { return Err("no conversation was made".into()) };
        talk(&session, group).await?;
        println!("{} of {CONVERSATIONS}", number + 1);
    }
    while session.busy().await {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    session.close().await;
    Ok(())
}

async fn talk(session: &Session, group: GroupId) -> Result<(), Box<dyn Error>> {
    for from in (0..MESSAGES).step_by(AT_ONCE) {
        let send = |number: usize| {
            let text =
                format!("Message {number}: as long as what people write to each other mostly is, a line or two of it.");
            session.command(Command::SendText { group, text, reply: None, expire: None })
        };
        for outcome in futures_util::future::join_all((from..from + AT_ONCE).map(send)).await {
            done(outcome)?;
        }
    }
    Ok(())
}

fn done(done: Done) -> Result<Done, Box<dyn Error>> {
    match done {
        Done::Failed(fault) => Err(fault.into()),
        done => Ok(done),
    }
}

async fn measure(folder: &str) -> Result<(), Box<dyn Error>> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let session = open(folder).await?;
        let conversations = session.conversations().await;
        let first = conversations.first().ok_or("there is nothing to open")?;
        let messages = session.messages(first.id, None, PAGE).await;
        times.push(begun.elapsed());
        println!("{:?}: {} conversations, {} messages shown", begun.elapsed(), conversations.len(), messages.len());
        session.close().await;
    }
    times.sort();
    let middle = times.get(ROUNDS / 2).ok_or("nothing was measured")?;
    println!("the middle of {ROUNDS}: {middle:?}; the ceiling is {CEILING:?}");
    if *middle <= CEILING || cfg!(debug_assertions) { Ok(()) } else { Err("the ceiling is passed".into()) }
}
