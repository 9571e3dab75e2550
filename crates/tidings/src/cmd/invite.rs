//! `tidings node invite`, and `tidings invite` where nobody has an account.

use super::pretty;
use crate::cli::NodeInvite;
use crate::control::{self, Request};
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::InForce;
use crate::welcome::Invitation;

/// Fails if no node was ever in the folder: an invitation to it would lead nowhere.
fn refuse_without_node(found: &InForce) -> Result<(), Failure> {
    if found.settings.database().exists() {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "there is no node in {}: name its folder with --data-dir, or begin one there with `tidings serve`. To invite as a person, \
         log in first: `tidings login LINK`",
        found.settings.data_dir().display()
    )))
}

/// Makes an invitation, at the running node if there is one, and shows it.
pub(super) fn run(arguments: NodeInvite, found: InForce, output: &Output) -> Result<(), Failure> {
    refuse_without_node(&found)?;
    let invitation: Invitation = control::read(control::ask(found, Request::Invite, |_| {})?)?;
    if arguments.json {
        output.line(pretty(&invitation)?);
    } else {
        invitation.show(output, !arguments.no_qr);
    }
    Ok(())
}
