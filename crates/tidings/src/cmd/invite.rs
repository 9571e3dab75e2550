//! `tidings node invite`, and `tidings invite` where nobody has an account.

use super::pretty;
use crate::cli::NodeInvite;
use crate::control::{self, Request};
use crate::failure::Failure;
use crate::output::Output;
use crate::settings::InForce;
use crate::welcome::Invitation;

/// Makes an invitation, at the running node if there is one, and shows it.
pub(super) fn run(arguments: NodeInvite, found: InForce, output: &Output) -> Result<(), Failure> {
    let invitation: Invitation = control::read(control::ask(found, Request::Invite, |_| {})?)?;
    if arguments.json {
        output.line(pretty(&invitation)?);
    } else {
        invitation.show(output, !arguments.no_qr);
    }
    Ok(())
}
