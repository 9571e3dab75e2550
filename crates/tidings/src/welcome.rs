//! Invitations: making one, and showing it as a link and a QR code.

use crate::failure::Failure;
use crate::node::Node;
use crate::output::{Output, counted};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use serde::{Deserialize, Serialize};
use tidings_core::Timestamp;
use tidings_core::ports::Accounts as _;
use tidings_doors::native;
use tidings_doors::piqchat::{PLACEHOLDER_HOST, invitation_link};

/// An invitation as it is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// What the guest gives to a Tidings client. Whoever has it may use it, once; this and the other are one invitation.
    pub tidings: String,
    /// What the guest opens to use piqchat's app instead.
    pub link: String,
    /// Until when it can be accepted, in ISO 8601.
    pub expires_at: String,
    /// The same in seconds from its making.
    pub seconds: u64,
}

impl Invitation {
    /// Makes an invitation of the owner's. The link is kept nowhere.
    pub async fn make(node: &Node) -> Result<Self, tidings_engine::Error> {
        let now = node.engine.now();
        // The reference's own invitations carry the empty text (wire/piqchat.md, section 4.2).
        let (token, expires_at) = node.engine.create_exchange(None, Some(String::new()), now).await?;
        let found = node.found.load();
        let public = found.settings.public_url.as_ref();
        let here = public.map(ToString::to_string).or_else(|| node.front.get().cloned());
        let here = here.unwrap_or_else(|| UNKNOWN_NODE.to_owned());
        Ok(Self {
            tidings: native::invitation_link(&here, &token),
            link: invitation_link(public.map(|url| url.authority()), &token),
            expires_at: expires_at.to_string(),
            seconds: expires_at.since(now).as_secs(),
        })
    }

    /// Whether the guest must give the node's address: it was not known when the link was made.
    fn is_nameless(&self) -> bool {
        self.link.contains(PLACEHOLDER_HOST)
    }

    /// What the QR code is for.
    fn code_caption(&self) -> &'static str {
        if self.tidings.starts_with("https://") {
            "The same link for the camera of a phone or another machine"
        } else if self.is_nameless() {
            "The same link as a code; it leads to this very machine, and others can use it once public-url is set"
        } else {
            "The same link as a code; it is for this very machine, and others can use it once public-url begins with https://"
        }
    }

    /// Shows it: how long it is good for, its links each on a line of its own, and, if wanted, that of Tidings as a QR code.
    pub fn show(&self, output: &Output, qr_code: bool) {
        output.line(format_args!("An invitation, good for {} and one person:\n", span(self.seconds)));
        output.line(&self.tidings);
        output.line(HOW);
        if let Some(code) = qr_code.then(|| draw(&self.tidings)).flatten() {
            output.line(format_args!("\n{}:\n\n{code}", self.code_caption()));
        }
        output.line("\nThe same person can use piqchat's app instead, with this link:\n");
        output.line(&self.link);
        if self.is_nameless() {
            output.line(NAMELESS);
        }
    }
}

/// What to do with an invitation.
const HOW: &str = "\nGive it to whom you invite, or use it yourself: tidings login 'THAT LINK'";

/// What stands for the node in a link that is made while it does not run and has no public name.
const UNKNOWN_NODE: &str = "http://localhost:8080";

/// What to say of a link that does not lead to this node by itself.
const NAMELESS: &str = "\nThe app asks for this node's address, since public-url is not set (`tidings doctor` says how), and takes https only.";

/// A span of time in the largest unit that leaves no rest.
fn span(seconds: u64) -> String {
    let units = [(86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
    let (each, unit) = units.into_iter().find(|(each, _)| seconds.is_multiple_of(*each)).unwrap_or((1, "second"));
    counted(seconds / each, unit)
}

/// Draws the text with half blocks, light on dark terminals and dark on light ones alike: most readers take both.
fn draw(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, qrcode::EcLevel::L).ok()?;
    Some(code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).quiet_zone(true).build())
}

/// What a node does about invitations when it starts.
pub enum First {
    /// Here is one.
    Made(Invitation),
    /// Nobody has an account yet, and an invitation made earlier is still good.
    StillOpen,
    /// There are people already.
    NotNeeded,
}

impl First {
    /// Makes an invitation if nobody could come in otherwise, or if the settings ask for one.
    pub async fn find(node: &Node, now: Timestamp) -> Result<Self, Failure> {
        if node.found.load().settings.create_invitation || node.engine.wants_first_invitation(now).await? {
            return Ok(Self::Made(Invitation::make(node).await?));
        }
        let nobody = node.engine.statistics(now).await?.accounts == 0;
        let never = nobody && node.store.invited(None).await?.is_empty();
        Ok(if never { Self::StillOpen } else { Self::NotNeeded })
    }

    /// Shows it.
    pub fn show(&self, output: &Output) {
        match self {
            Self::Made(invitation) => {
                output.line("");
                invitation.show(output, true);
            }
            Self::StillOpen => output.line(
                "\nNobody has an account yet. An invitation from an earlier start is still good; \
                 `tidings invite` makes another.",
            ),
            Self::NotNeeded => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_as_people_tell_them() {
        for (seconds, told) in
            [(3600, "1 hour"), (5400, "90 minutes"), (30, "30 seconds"), (1, "1 second"), (172_800, "2 days")]
        {
            assert_eq!(span(seconds), told);
        }
    }

    #[test]
    fn a_code_says_who_can_use_it() {
        let token = tidings_core::Token::from_random([1; 16]);
        let caption = |node: &str, public: Option<&str>| {
            let (tidings, link) = (native::invitation_link(node, &token), invitation_link(public, &token));
            Invitation { tidings, link, expires_at: String::new(), seconds: 3600 }.code_caption()
        };
        assert!(caption("https://a.example", Some("a.example")).contains("another machine"));
        assert!(caption("http://localhost:8080", None).ends_with("once public-url is set"));
        assert!(
            caption("http://localhost:8080", Some("localhost:8080")).ends_with("once public-url begins with https://")
        );
    }

    #[test]
    fn links_fit_into_a_code_for_terminals() {
        let node = "https://a-rather-long-name.example.org:8443";
        let link = native::invitation_link(node, &tidings_core::Token::from_random([1; 16]));
        let code = draw(&link).unwrap();
        assert!(
            code.lines().all(|line| line.chars().count() <= 76),
            "{}",
            code.lines().next().unwrap().chars().count()
        );
    }
}
