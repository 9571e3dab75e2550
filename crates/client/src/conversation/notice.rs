//! Lines about the conversation, in words.

use super::history::Notice;
use super::scene::People;
use crate::view::Identity;

/// How somebody is called: by name, or by the beginning of the key.
pub(super) fn name_of(people: &dyn People, me: &Identity, who: &Identity) -> String {
    if who == me {
        return "You".to_owned();
    }
    people.name(who).unwrap_or_else(|| who.to_string().chars().take(8).collect())
}

fn names(people: &dyn People, me: &Identity, who: &[Identity]) -> String {
    who.iter().map(|who| name_of(people, me, who)).collect::<Vec<_>>().join(", ")
}

/// The same of those to whom something is done.
fn objects(people: &dyn People, me: &Identity, who: &[Identity]) -> String {
    let name = |who| if who == me { "you".to_owned() } else { name_of(people, me, who) };
    who.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// What a notice says.
pub(super) fn text(people: &dyn People, me: &Identity, by: &Identity, notice: &Notice) -> String {
    let name = name_of(people, me, by);
    match notice {
        Notice::Added(who) => format!("{name} added {}", objects(people, me, who)),
        Notice::Removed(who) => format!("{name} removed {}", objects(people, me, who)),
        Notice::Left(who) => format!("{} left", names(people, me, who)),
        Notice::Role(who, role) => {
            let role = ["an owner", "a moderator", "a member"].get(usize::from(*role)).copied().unwrap_or("a member");
            format!("{name} made {} {role}", objects(people, me, std::slice::from_ref(who)))
        }
        Notice::Name(new) => format!("{name} named the conversation \"{new}\""),
        Notice::Picture => format!("{name} changed the picture"),
        Notice::Expire(0) => format!("{name} let messages stay"),
        Notice::Expire(seconds) => {
            let lets = if by == me { "let" } else { "lets" };
            format!("{name} {lets} messages disappear after {}", span(*seconds))
        }
        Notice::Came(who) => format!("{} came in meanwhile", names(people, me, who)),
        Notice::Gone(who) => format!("{} went meanwhile", names(people, me, who)),
        Notice::Refused => {
            "The node shows a state of this conversation that can't be right. Nothing is sent until it shows another"
                .to_owned()
        }
        Notice::RemovedYou => format!("{name} removed you"),
        Notice::NotLetIn => {
            "You are not in this conversation any more: somebody removed you, or its hub has lost you".to_owned()
        }
        Notice::LostMemory => format!("A device of {name} has lost its memory"),
    }
}

/// A time in words.
fn span(seconds: u32) -> String {
    let unit = |count: u32, name: &str| format!("{count} {name}{}", if count == 1 { "" } else { "s" });
    match seconds {
        0..60 => unit(seconds, "second"),
        60..3600 => unit(seconds / 60, "minute"),
        3600..86_400 => unit(seconds / 3600, "hour"),
        _ => unit(seconds / 86_400, "day"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_in_the_unit_that_fits() {
        assert_eq!(
            [span(1), span(59), span(60), span(7_200), span(86_400 * 3)],
            ["1 second", "59 seconds", "1 minute", "2 hours", "3 days"]
        );
    }
}
