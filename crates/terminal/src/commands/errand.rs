//! A command with all that it was asked: done in this process, or handed to the one that has the profile.

use super::account::ProfileAction;
use super::context::{Common, Context};
use super::outcome::Failure;
use super::{
    ChannelAction, ContactAction, DeviceAction, Personal, RoomAction, Shared, account, channels, devices, people,
    receive, rooms, send,
};
use serde::{Deserialize, Serialize};

/// What is to be done.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Errand {
    /// A person's alone.
    Personal(Personal),
    /// One whose name owners of nodes use, too; and whether JSON is wanted.
    Shared(Shared, bool),
}

impl Errand {
    /// Whether it is answered in JSON.
    pub(super) fn json(&self) -> bool {
        match self {
            Self::Shared(_, json) => *json,
            Self::Personal(command) => match command {
                Personal::Chat(_) => false,
                Personal::Login(asked) => asked.json,
                Personal::Accept(asked) => asked.json,
                Personal::Contacts(asked) => asked.json,
                Personal::Send(asked) => asked.json,
                Personal::Receive(asked) => asked.json,
                Personal::History(asked) => asked.json,
                Personal::Rooms(asked) => asked.json,
                Personal::Devices(asked) => asked.json,
                Personal::Verify(asked) => asked.json,
                Personal::Profile(asked) => asked.json,
                Personal::Account(asked) => asked.json,
            },
        }
    }

    /// Whose profile it is for.
    pub(super) fn common(&self) -> &Common {
        match self {
            Self::Personal(command) => match command {
                Personal::Chat(asked) => &asked.common,
                Personal::Login(asked) => &asked.common,
                Personal::Accept(asked) => &asked.common,
                Personal::Contacts(asked) => &asked.common,
                Personal::Send(asked) => &asked.common,
                Personal::Receive(asked) => &asked.common,
                Personal::History(asked) => &asked.common,
                Personal::Rooms(asked) => &asked.common,
                Personal::Devices(asked) => &asked.common,
                Personal::Verify(asked) => &asked.common,
                Personal::Profile(asked) => &asked.common,
                Personal::Account(asked) => &asked.common,
            },
            Self::Shared(command, _) => match command {
                Shared::Restore(asked) => &asked.common,
                Shared::Invite(asked, ..) => &asked.common,
                Shared::Backup(asked) => &asked.common,
                Shared::Channel(action) => action.common(),
            },
        }
    }

    /// Whether it only looks at what is here, which a device that was removed may do, too.
    pub(super) fn reads(&self) -> bool {
        use ProfileAction as Do;
        let Self::Personal(command) = self else { return false };
        match command {
            Personal::Chat(_) | Personal::History(_) => true,
            Personal::Contacts(asked) => matches!(asked.action, None | Some(ContactAction::List)),
            Personal::Rooms(asked) => {
                matches!(asked.action, None | Some(RoomAction::List | RoomAction::Members { .. }))
            }
            Personal::Profile(asked) => {
                matches!(asked.action, None | Some(Do::Show | Do::Lock { .. } | Do::Unlock))
            }
            _ => false,
        }
    }

    /// Whether another process that has the profile can do it: not what needs the store or the terminal for itself.
    pub(super) fn can_be_handed_over(&self) -> bool {
        use ProfileAction as Do;
        match self {
            Self::Personal(Personal::Chat(_) | Personal::Login(_) | Personal::Account(_))
            | Self::Shared(Shared::Restore(_), _) => false,
            Self::Personal(Personal::Profile(asked)) => !matches!(asked.action, Some(Do::Lock { .. } | Do::Unlock)),
            _ => true,
        }
    }

    /// Whether it goes on until the person ends it, and can begin anew somewhere else without doing anything twice.
    pub(super) fn follows(&self) -> bool {
        match self {
            Self::Personal(Personal::Receive(asked)) => asked.follow,
            Self::Shared(Shared::Channel(ChannelAction::Join { follow, .. }), _) => *follow,
            _ => false,
        }
    }

    /// Whether it has the profile for long, so that it must do for others what they want of it.
    pub(super) fn stays(&self) -> bool {
        let links = |asked: &super::Devices| matches!(asked.action, Some(DeviceAction::Link { .. }));
        self.follows()
            || match self {
                Self::Personal(Personal::Chat(_)) => true,
                Self::Personal(Personal::Devices(asked)) => links(asked),
                _ => false,
            }
    }

    /// Does it with a client that runs. Whichever command it is, the person hears that warnings wait to be read.
    pub(super) async fn perform(&self, context: &Context) -> Result<(), Failure> {
        let done = match self {
            Self::Personal(command) => personal(command, context).await,
            Self::Shared(command, _) => shared(command, context).await,
        };
        if !matches!(self, Self::Personal(Personal::Profile(_))) {
            match context.session.me().await.map_or(0, |me| me.warnings.len()) {
                0 => {}
                1 => context.output.note("A warning waits to be read: `tidings profile` shows it."),
                count => {
                    context.output.note(format_args!("{count} warnings wait to be read: `tidings profile` shows them."))
                }
            }
        }
        done
    }
}

async fn personal(command: &Personal, context: &Context) -> Result<(), Failure> {
    match command {
        Personal::Accept(asked) => people::accept(asked, context).await,
        Personal::Contacts(asked) => people::contacts(asked.action.as_ref(), context).await,
        Personal::Send(asked) => send::run(asked, context).await,
        Personal::Receive(asked) => receive::run(asked, context).await,
        Personal::History(asked) => receive::history(asked, context).await,
        Personal::Rooms(asked) => rooms::run(asked.action.as_ref(), context).await,
        Personal::Devices(asked) => devices::run(asked.action.as_ref(), context).await,
        Personal::Verify(asked) => people::verify(asked, context).await,
        Personal::Profile(asked) => account::profile(asked, context).await,
        Personal::Chat(_) | Personal::Login(_) | Personal::Account(_) => {
            Err(Failure::Usage("this needs a process of its own".to_owned()))
        }
    }
}

async fn shared(command: &Shared, context: &Context) -> Result<(), Failure> {
    match command {
        Shared::Invite(_, Some(action), _) => people::invitations(action, context).await,
        Shared::Invite(asked, None, qr) => people::invite(asked, *qr, context).await,
        Shared::Backup(asked) => account::backup(asked, context).await,
        Shared::Channel(action) => channels::run(action, context).await,
        Shared::Restore(_) => Err(Failure::Usage("this needs a process of its own".to_owned())),
    }
}
