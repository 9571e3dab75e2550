//! `tidings rooms add`: who comes into a group, and whether they did.

use super::context::Context;
use super::outcome::Failure;
use crate::show;
use serde_json::json;
use tidings_client::command::Command;
use tidings_client::view::{GroupId, Identity};

/// Adds contacts to a group, and looks whether they are in it then.
pub(super) async fn add(room: &str, members: &[String], context: &Context) -> Result<(), Failure> {
    let (group, title) = context.conversation(room).await?;
    let added = newcomers(group, contacts(members, context).await?, context).await?;
    context.command(Command::AddMembers { group, members: added.clone() }).await?;
    if context.settled().await {
        all_in(group, &title, &added, context).await?;
    }
    context.output.say(&json!({ "done": true }), "Added.")
}

/// Fails if somebody who was to come into a group is not in it.
pub(super) async fn all_in(group: GroupId, title: &str, added: &[Identity], context: &Context) -> Result<(), Failure> {
    let Some(view) = context.session.conversation(group).await else { return Ok(()) };
    let missing = |who: &Identity| view.members.iter().all(|member| member.identity != *who);
    let contacts = context.session.contacts().await;
    let name = |who: &Identity| contacts.iter().find(|one| one.identity == *who).map(|one| one.name.clone());
    let names: Vec<String> = added.iter().filter(|who| missing(who)).filter_map(name).collect();
    if names.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = names.iter().map(|name| show::line(name)).collect();
    let words: Vec<String> = names.iter().map(|name| show::word(name)).collect();
    Err(Failure::Failed(format!(
        "not in {} now: {}. `tidings rooms add {} {}` tries again",
        show::line(title),
        lines.join(", "),
        show::word(title),
        words.join(" ")
    )))
}

/// Those of the people who are not in the group yet. Fails if that is nobody; who is left out is told.
async fn newcomers(group: GroupId, people: Vec<Identity>, context: &Context) -> Result<Vec<Identity>, Failure> {
    let Some(view) = context.session.conversation(group).await else { return Ok(people) };
    let (there, new): (Vec<Identity>, Vec<Identity>) =
        people.into_iter().partition(|one| view.members.iter().any(|member| member.identity == *one));
    let named = |one: &Identity| view.members.iter().find(|member| member.identity == *one);
    let names: Vec<String> = there.iter().filter_map(named).map(|member| show::line(&member.name)).collect();
    let text = format!("in {} already: {}", show::line(&view.title), names.join(", "));
    if new.is_empty() {
        return Err(Failure::Usage(text));
    }
    if !names.is_empty() {
        context.output.note(text);
    }
    Ok(new)
}

/// Contacts by their names.
pub(super) async fn contacts(names: &[String], context: &Context) -> Result<Vec<Identity>, Failure> {
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        found.push(context.contact(name).await?.0);
    }
    Ok(found)
}
