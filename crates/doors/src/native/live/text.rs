//! What clients say on a live connection, read within bounds.

use tidings_wire::live::{CLIENT_TEXT_MAX, FromClient};

/// Most bytes of the name of a channel.
pub(super) const CHANNEL_MAX: usize = 256;

/// Most bytes of what is said in a channel at a time.
pub(super) const SAID_MAX: usize = 64 * 1024;

/// A text of a client that was understood.
pub type ClientText = FromClient;

/// Reads a text. Fails with what is wrong, for a person.
pub fn read_text(text: &str) -> Result<ClientText, String> {
    if text.len() > CLIENT_TEXT_MAX {
        return Err(format!("a text may have {CLIENT_TEXT_MAX} bytes at most"));
    }
    let read: FromClient =
        serde_json::from_str(text).map_err(|error| format!("not a text of the protocol: {error}"))?;
    match &read {
        FromClient::Join { channel } | FromClient::Leave { channel } => fits(channel, CHANNEL_MAX, "channel")?,
        FromClient::Say { channel, text } => {
            fits(channel, CHANNEL_MAX, "channel")?;
            fits(text, SAID_MAX, "text")?;
        }
        FromClient::Follow { .. } | FromClient::Unfollow(_) => {}
    }
    Ok(read)
}

fn fits(text: &str, max: usize, name: &str) -> Result<(), String> {
    if (1..=max).contains(&text.len()) { Ok(()) } else { Err(format!("`{name}` needs 1 to {max} bytes")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_meant_is_understood() {
        for (text, good) in [
            (r#"{"join":{"channel":"a"}}"#, true),
            (r#"{"join":{"channel":""}}"#, false),
            (r#"{"say":{"channel":"a","text":"b","new":1}}"#, true),
            (r#"{"say":{"channel":"a","text":""}}"#, false),
            (r#"{"unfollow":{"inbox":true}}"#, true),
            (r#"{"unfollow":{"group":"AwMDAwMDAwMDAwMDAwMDAw"}}"#, true),
            (r#"{"dance":{}}"#, false),
            ("[", false),
        ] {
            assert_eq!(read_text(text).is_ok(), good, "{text}");
        }
        assert!(read_text(&format!("{}{{}}", " ".repeat(CLIENT_TEXT_MAX))).is_err());
    }
}
