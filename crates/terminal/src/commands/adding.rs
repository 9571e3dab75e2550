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
    if context.settled().await
        && let Some(view) = context.session.conversation(group).await
        && added.iter().any(|who| view.members.iter().all(|member| member.identity != *who))
    {
        let word = show::word(&title);
        return Err(Failure::Failed(format!(
            "not everybody is in {title} now: `tidings rooms members {word}` shows who is, and the same command tries again"
        )));
    }
    context.output.say(&json!({ "done": true }), "Added.")
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
