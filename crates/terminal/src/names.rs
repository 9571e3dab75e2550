//! Finding whom a person means by what was typed.

use crate::show;
use tidings_client::view::{
    ContactView, ConversationKind, ConversationView, GroupId, Identity, IntroductionView, MemberView, Standing,
};

/// How alike a name must be to be suggested, of 1.
const ALIKE: f64 = 0.72;

/// Suggestions at most.
const SUGGESTIONS: usize = 3;

/// Whom or what somebody means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The name to show.
    pub name: String,
    /// The conversation, if there is one.
    pub conversation: Option<GroupId>,
    /// The person, unless it is a group or a room.
    pub contact: Option<Identity>,
}

/// Why it is not clear who is meant. The text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Miss {
    /// Nobody is called so.
    #[error("nobody and nothing here is called {word}{1}", word = show::word(.0))]
    Unknown(String, String),
    /// Several are.
    #[error("{word} may be {1}: say more of the name, or give the id", word = show::word(.0))]
    Several(String, String),
}

/// Finds a person or a conversation: by its id, its name, or the beginning of its name if no other begins so. Capitals don't
/// matter.
pub fn resolve(text: &str, contacts: &[ContactView], conversations: &[ConversationView]) -> Result<Target, Miss> {
    find(text, &candidates(contacts, conversations))
}

fn find(text: &str, all: &[Candidate]) -> Result<Target, Miss> {
    let wanted = fold(text);
    let exact: Vec<&Candidate> = all.iter().filter(|one| one.ids.iter().any(|id| id == text.trim())).collect();
    if let [one] = exact.as_slice() {
        return Ok(one.target.clone());
    }
    let named = |matches: &dyn Fn(&str) -> bool| -> Vec<&Candidate> {
        all.iter().filter(|one| one.names.iter().any(|name| matches(name))).collect()
    };
    for found in [named(&|name| name == wanted), named(&|name| !wanted.is_empty() && name.starts_with(&wanted))] {
        match found.as_slice() {
            [] => {}
            [one] => return Ok(one.target.clone()),
            several => return Err(Miss::Several(show::line(text), listed(several))),
        }
    }
    Err(Miss::Unknown(show::line(text), suggestions(&wanted, all)))
}

/// Whether both are the same name. Capitals don't matter.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    fold(one) == fold(other)
}

/// Finds a contact.
pub fn resolve_contact(text: &str, contacts: &[ContactView]) -> Result<(Identity, String), Miss> {
    let target = resolve(text, contacts, &[])?;
    let unknown = || Miss::Unknown(show::line(text), String::new());
    Ok((target.contact.ok_or_else(unknown)?, target.name))
}

/// Finds a group or room; a contact's name stands for the conversation with them.
pub fn resolve_conversation(
    text: &str,
    contacts: &[ContactView],
    conversations: &[ConversationView],
) -> Result<(GroupId, String), Miss> {
    let target = resolve(text, contacts, conversations)?;
    let none = || Miss::Unknown(show::line(text), format!(": there is no conversation with {} yet", target.name));
    Ok((target.conversation.ok_or_else(none)?, target.name.clone()))
}

/// Finds a member of a group or room, by what finds a contact.
pub fn resolve_member<'a>(text: &str, members: &'a [MemberView]) -> Result<&'a MemberView, Miss> {
    let all: Vec<Candidate> = members.iter().map(|one| person(one.identity, &[&one.name])).collect();
    let found = find(text, &all)?.contact;
    let unknown = || Miss::Unknown(show::line(text), String::new());
    members.iter().find(|one| Some(one.identity) == found).ok_or_else(unknown)
}

/// Finds a suggested contact by name or by the suggestion's id.
pub fn resolve_introduction<'a>(text: &str, all: &'a [IntroductionView]) -> Result<&'a IntroductionView, Miss> {
    if let Some(one) = all.iter().find(|one| one.introduction.to_string() == text.trim()) {
        return Ok(one);
    }
    let people: Vec<Candidate> = all.iter().map(|one| person(one.identity, &[&one.name])).collect();
    let found = find(text, &people)?.contact;
    let unknown = || Miss::Unknown(show::line(text), String::new());
    all.iter().find(|one| Some(one.identity) == found).ok_or_else(unknown)
}

/// That somebody was suggested and is no contact yet, and what to do.
pub(crate) fn only_suggested(one: &IntroductionView) -> String {
    let name = show::line(&one.name);
    match one.followed {
        true => format!("{name} was suggested to you, and becomes a contact once both of you followed the suggestion"),
        false => {
            let follow = show::word(&one.name);
            format!("{name} was suggested to you, and is no contact yet: `tidings contacts follow {follow}`")
        }
    }
}

fn person(identity: Identity, names: &[&str]) -> Candidate {
    Candidate {
        ids: vec![identity.to_string()],
        names: names.iter().map(|name| fold(name)).collect(),
        target: Target {
            name: names.first().map(|name| show::line(name)).unwrap_or_default(),
            conversation: None,
            contact: Some(identity),
        },
    }
}

struct Candidate {
    ids: Vec<String>,
    /// Folded.
    names: Vec<String>,
    target: Target,
}

fn candidates(contacts: &[ContactView], conversations: &[ConversationView]) -> Vec<Candidate> {
    let people = contacts.iter().map(|contact| Candidate {
        ids: std::iter::once(contact.identity.to_string())
            .chain(contact.conversation.map(|id| id.to_string()))
            .collect(),
        names: vec![fold(&contact.name), fold(&contact.own_name)],
        target: Target {
            name: show::line(&contact.name),
            conversation: contact.conversation,
            contact: Some(contact.identity),
        },
    });
    let known = |one: &&ConversationView| {
        one.kind == ConversationKind::Pair && contacts.iter().any(|contact| contact.conversation == Some(one.id))
    };
    let others = conversations.iter().filter(|one| !known(one)).map(|one| Candidate {
        ids: vec![one.id.to_string()],
        // What is over gives its name to what was begun anew with the same person.
        names: if is_replaced(one, contacts) { Vec::new() } else { vec![fold(&one.title)] },
        target: Target { name: show::line(&one.title), conversation: Some(one.id), contact: one.contact },
    });
    people.chain(others).collect()
}

/// Whether this conversation of two is over, and there is another one with the same contact.
fn is_replaced(one: &ConversationView, contacts: &[ContactView]) -> bool {
    let anew = |contact: &ContactView| Some(contact.identity) == one.contact && contact.conversation.is_some();
    one.kind == ConversationKind::Pair && one.standing == Standing::Out && contacts.iter().any(anew)
}

fn fold(name: &str) -> String {
    show::line(name).to_lowercase()
}

fn listed(several: &[&Candidate]) -> String {
    let one = |candidate: &&Candidate| {
        let id = candidate.ids.first().map(String::as_str).unwrap_or_default();
        format!("{} ({id})", candidate.target.name)
    };
    several.iter().map(one).collect::<Vec<_>>().join(" or ")
}

fn suggestions(wanted: &str, all: &[Candidate]) -> String {
    let mut near: Vec<(f64, &str)> = Vec::new();
    for candidate in all {
        let best = candidate.names.iter().map(|name| strsim::jaro_winkler(wanted, name)).fold(0.0, f64::max);
        near.push((best, &candidate.target.name));
    }
    near.retain(|(alike, _)| *alike >= ALIKE);
    near.sort_by(|one, other| other.0.total_cmp(&one.0));
    let names: Vec<String> = near.into_iter().take(SUGGESTIONS).map(|(_, name)| show::word(name)).collect();
    if names.is_empty() {
        "; `tidings contacts` and `tidings rooms` list all".to_owned()
    } else {
        format!("; did you mean {}?", names.join(" or "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_only_suggested_is_told_apart() {
        let mut one = IntroductionView {
            introduction: tidings_client::view::Introduction([1; 16]),
            identity: Identity([2; 32]),
            name: "Carol C".to_owned(),
            by: Identity([3; 32]),
            followed: false,
        };
        assert!(resolve_introduction("carol", std::slice::from_ref(&one)).is_ok());
        assert!(only_suggested(&one).contains("`tidings contacts follow 'Carol C'`"));
        one.followed = true;
        assert!(!only_suggested(&one).contains("contacts follow"));
    }

    fn contact(name: &str, own_name: &str, byte: u8) -> ContactView {
        ContactView {
            identity: Identity([byte; 32]),
            name: name.to_owned(),
            own_name: own_name.to_owned(),
            picture: None,
            node: String::new(),
            conversation: Some(GroupId([byte; 16])),
            verified: false,
            key_changed: false,
            blocked: false,
            safety_number: String::new(),
            safety_code: String::new(),
        }
    }

    fn found(text: &str, contacts: &[ContactView]) -> Result<String, String> {
        resolve(text, contacts, &[]).map(|target| target.name).map_err(|miss| miss.to_string())
    }

    #[test]
    fn names_are_found_unless_they_may_be_two() {
        let contacts = [
            contact("Alice", "Alice", 1),
            contact("Alicia", "Al", 2),
            contact("Bob", "Robert", 3),
            contact("Bob B", "x", 4),
        ];
        assert_eq!(found("alice", &contacts).unwrap(), "Alice");
        assert_eq!(found("ALICI", &contacts).unwrap(), "Alicia");
        assert_eq!(found("rob", &contacts).unwrap(), "Bob");
        assert_eq!(found("bob", &contacts).unwrap(), "Bob");
        assert_eq!(found(&Identity([4; 32]).to_string(), &contacts).unwrap(), "Bob B");
        assert!(found("ali", &contacts).unwrap_err().contains("Alice ("));
        assert!(found("bpb", &contacts).unwrap_err().contains("did you mean Bob"));
        assert!(found("zzz", &contacts).unwrap_err().contains("tidings contacts"));
        assert!(found("", &contacts).is_err());
        let twins = [contact("Sam", "Sam", 1), contact("Sam", "Sam", 2)];
        assert!(found("sam", &twins).unwrap_err().contains("give the id"));
    }

    #[test]
    fn what_is_over_gives_its_name_to_what_is_new() {
        let contact = ContactView { conversation: Some(GroupId([9; 16])), ..contact("Bob", "Bob", 1) };
        let mut old = crate::screen::fixture::conversation(3, "Bob");
        old.contact = Some(contact.identity);
        let found = |one: &ConversationView, text: &str| {
            resolve(text, std::slice::from_ref(&contact), std::slice::from_ref(one)).map(|target| target.conversation)
        };
        assert!(matches!(found(&old, "bob"), Err(Miss::Several(..))));
        old.standing = Standing::Out;
        assert_eq!(found(&old, "bob"), Ok(contact.conversation));
        assert_eq!(found(&old, &old.id.to_string()), Ok(Some(old.id)));
    }

    #[test]
    fn members_are_found_by_the_beginning_of_their_names() {
        let member = |name: &str, byte: u8| MemberView {
            identity: Identity([byte; 32]),
            name: name.to_owned(),
            role: 2,
            me: false,
            devices: 1,
        };
        let members = [member("Bob Builder", 1), member("Bert", 2), member("Bert", 3)];
        let found = |text: &str| resolve_member(text, &members).map(|one| one.identity);
        assert_eq!(found("bob"), Ok(Identity([1; 32])));
        assert_eq!(found(&Identity([3; 32]).to_string()), Ok(Identity([3; 32])));
        assert!(matches!(found("bert"), Err(Miss::Several(..))));
        assert!(matches!(found("Carol"), Err(Miss::Unknown(..))));
    }
}
