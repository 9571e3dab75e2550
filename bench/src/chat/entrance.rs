//! How a client comes in: Engine.IO, Socket.IO and a join for rooms (wire/denetwork.md, section 1), a signed challenge and a
//! join for channels (wire/darkchat.md, sections 5 and 6, as clients of 0.3 do it).

use serde_json::{Value, json};

use super::crowd::Enter;
use super::frame;
use super::wallet::{Wallet, find};

/// Which protocol is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// DeNetwork's chat.
    Rooms,
    /// darkchat.
    Channels,
}

/// What a client does next on its way in.
pub(crate) enum Step {
    /// It sends these frames.
    Say(Vec<u8>),
    /// It waits for something else.
    Wait,
    /// It is in.
    Ready,
}

/// What a client still has to hear before the next step.
enum Stage {
    /// `0{…}`, the handshake of Engine.IO.
    Open,
    /// `40{…}`, the namespace.
    Namespace,
    /// `430[…]`, the answer to the join.
    RoomJoined,
    Challenge,
    LoggedIn,
    ChannelJoined,
    In,
}

/// One client on its way in.
pub(crate) struct Entrance {
    door: Door,
    stage: Stage,
    wallet: Wallet,
    place: String,
    joins: bool,
}

impl Entrance {
    /// A client of this door for a room or channel. For rooms it may leave out the join: one may write without.
    pub(crate) fn new(door: Door, wallet: Wallet, place: &str, joins: bool) -> Self {
        let stage = match door {
            Door::Rooms => Stage::Open,
            Door::Channels => Stage::Challenge,
        };
        Self { door, stage, wallet, place: place.to_owned(), joins }
    }

    fn say(&mut self, text: String, stage: Stage) -> Step {
        self.stage = stage;
        Step::Say(frame::text(&text))
    }

    fn arrive(&mut self) -> Step {
        self.stage = Stage::In;
        Step::Ready
    }

    /// The signature that a challenge asks for.
    fn answer(&self, payload: &[u8]) -> Option<String> {
        let verify: Value = serde_json::from_slice(payload).ok()?;
        verify.get("type").filter(|kind| *kind == "verify")?;
        let challenge = verify.get("msg")?.as_str()?.as_bytes().try_into().ok()?;
        Some(self.request("verify", None, &self.wallet.sign_challenge(challenge).into()))
    }

    /// A request with the members that clients of 0.3 send: absent ones are null, names come twice.
    fn request(&self, kind: &str, channel: Option<&str>, msg: &Value) -> String {
        let key = self.wallet.public_key();
        let name = if channel.is_some() { Some("bench") } else { None };
        let twice = channel
            .map_or(String::new(), |channel| format!(r#""userName":"bench","channelName":{},"#, Value::from(channel)));
        format!(
            r#"{{"type":"{kind}",{twice}"fromPublicKey":"{key}","msg":{msg},"uname":{},"toPublicKey":null,"cname":{}}}"#,
            Value::from(name),
            Value::from(channel)
        )
    }
}

impl Enter for Entrance {
    fn path(&self) -> &'static str {
        match self.door {
            Door::Rooms => "/socket.io/?EIO=4&transport=websocket",
            Door::Channels => "/",
        }
    }

    fn opened(&self) -> Option<Vec<u8>> {
        let is_first = self.door == Door::Channels;
        is_first.then(|| frame::text(&self.request("connect", None, &Value::Null)))
    }

    fn frame(&mut self, payload: &[u8]) -> Result<Step, String> {
        let refused = || Err(String::from_utf8_lossy(payload).into_owned());
        match self.stage {
            Stage::Open if payload.starts_with(b"0{") => Ok(self.say("40".to_owned(), Stage::Namespace)),
            Stage::Namespace if payload.starts_with(b"40{") && self.joins => {
                let join = json!(["room-join", {"roomId": self.place}]);
                Ok(self.say(format!("420{join}"), Stage::RoomJoined))
            }
            Stage::Namespace if payload.starts_with(b"40{") => Ok(self.arrive()),
            Stage::RoomJoined if payload.starts_with(b"430[") && find(payload, b"\"success\":true").is_some() => {
                Ok(self.arrive())
            }
            Stage::Challenge => match self.answer(payload) {
                Some(answer) => Ok(self.say(answer, Stage::LoggedIn)),
                None => refused(),
            },
            Stage::LoggedIn if is_success(payload) => {
                let join = self.request("join", Some(&self.place), &Value::Null);
                Ok(self.say(join, Stage::ChannelJoined))
            }
            Stage::ChannelJoined if is_success(payload) => Ok(self.arrive()),
            Stage::In => Ok(Step::Wait),
            _ => refused(),
        }
    }
}

/// Whether this is a darkchat server's yes.
pub(crate) fn is_success(payload: &[u8]) -> bool {
    payload.starts_with(br#"{"type":"success""#)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(step: Result<Step, String>) -> String {
        let Ok(Step::Say(bytes)) = step else { panic!("nothing said") };
        let (frame, rest) = frame::split(&bytes, true).unwrap().unwrap();
        assert!(rest.is_empty());
        String::from_utf8(frame.payload.to_vec()).unwrap()
    }

    fn alice() -> Wallet {
        Wallet::new([0x11; 32]).unwrap()
    }

    #[test]
    fn comes_into_a_channel_as_the_real_client_does() {
        let mut entrance = Entrance::new(Door::Channels, alice(), "room", true);
        let key = "034f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa";
        let connect = entrance.opened().map(|bytes| said(Ok(Step::Say(bytes)))).unwrap();
        assert_eq!(
            connect,
            format!(
                r#"{{"type":"connect","fromPublicKey":"{key}","msg":null,"uname":null,"toPublicKey":null,"cname":null}}"#
            )
        );
        let verify = said(entrance.frame(br#"{"type":"verify","msg":"a1b2c3d4e5f6-4a7b-8c9d-0e1f2a3b4"}"#));
        let signature = "18ab52cbb7d9fd565f1c4ab9dcf5038f92f0c3abe55b9d459965bcb270c4adf6\
                         1e04b6169863154c5819ee65bc419bb710302ad843cc7e42320d051df2174293";
        assert!(verify.contains(&format!(r#""msg":"{signature}","uname":null"#)), "{verify}");
        let join = said(entrance.frame(br#"{"type":"success","msg":"Connected to Network"}"#));
        assert!(join.ends_with(r#""msg":null,"uname":"bench","toPublicKey":null,"cname":"room"}"#), "{join}");
        assert!(join.starts_with(r#"{"type":"join","userName":"bench","channelName":"room","fromPublicKey":"#));
        assert!(matches!(entrance.frame(br#"{"type":"success","msg":"x"}"#), Ok(Step::Ready)));
    }

    #[test]
    fn comes_into_a_room() {
        let mut entrance = Entrance::new(Door::Rooms, alice(), "g0x1", true);
        assert!(entrance.opened().is_none());
        assert_eq!(said(entrance.frame(br#"0{"sid":"a"}"#)), "40");
        assert_eq!(said(entrance.frame(br#"40{"sid":"b"}"#)), r#"420["room-join",{"roomId":"g0x1"}]"#);
        assert!(matches!(entrance.frame(br#"430[{"status":200,"success":true}]"#), Ok(Step::Ready)));
    }

    #[test]
    fn a_refusal_is_told() {
        let mut entrance = Entrance::new(Door::Rooms, alice(), "g0x1", true);
        assert!(matches!(entrance.frame(b"44{}"), Err(words) if words == "44{}"));
    }
}
