//! What the node's owner sees and does through the native door.

use crate::doctor::{self, Finding, Level};
use crate::node::Node;
use crate::settings;
use crate::welcome::Invitation;
use async_trait::async_trait;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tidings_backends::sqlite::listing::Listed;
use tidings_core::ownership::OpenInvitation;
use tidings_core::{AccountNumber, Key, Timestamp, TokenHash};
use tidings_doors::native;
use tidings_engine::Error;
use tidings_engine::disk::{RESERVE_MIN, free_bytes};
use tidings_wire::Fixed;
use tidings_wire::api::{self, AccountKind, Findings, Overview, OwnersInvitation, Storage, TreeAccount};
use tokio::sync::watch;

/// Most accounts that are told at once.
const ACCOUNTS_MAX: usize = 1000;

/// Most open invitations that are told.
const INVITATIONS_MAX: usize = 100;

/// Days over which the daily growth is averaged, as the counters are kept (wire/piqchat.md, section 7).
const DAYS: u64 = 7;

/// Beyond so many days nothing is foretold.
const DAYS_MAX: u64 = 3650;

/// A day.
const DAY: Duration = Duration::from_secs(86_400);

/// How long somebody waits for the doctor before they are asked to come again: less than clients wait for an answer.
const LOOK_WAIT: Duration = Duration::from_secs(20);

/// How long what the doctor found is kept for somebody who did not wait.
const LOOK_KEPT: Duration = Duration::from_secs(600);

/// What comes of a look, once it is over, and when that was.
type Look = watch::Receiver<Option<(Result<Findings, String>, Timestamp)>>;

/// The office of a running node.
pub struct Office {
    node: Node,
    started: Timestamp,
    /// One look at everything that is stored at a time, whoever still waits for it.
    looking: Mutex<Option<Look>>,
}

impl Office {
    /// Opens it. The doors know it, so it does not know them: neither would ever go.
    pub fn new(node: &Node) -> Self {
        let node = Node { native: Arc::default(), darkchat: Arc::default(), ..node.clone() };
        Self { started: node.engine.now(), node, looking: Mutex::default() }
    }

    async fn look(&self) -> Result<Overview, Error> {
        let Node { engine, store, found, .. } = &self.node;
        let (now, found) = (engine.now(), found.load_full());
        let statistics = engine.statistics(now).await?;
        let mut tree = store.list_accounts(AccountNumber::from_number(0), ACCOUNTS_MAX + 1).await?;
        let more = tree.len() > ACCOUNTS_MAX;
        tree.truncate(ACCOUNTS_MAX);
        let first = tree.first().and_then(|account| account.created_at);
        let invitations = store.open_invitations(now, INVITATIONS_MAX).await?;
        Ok(Overview {
            name: found.settings.native().name,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: millis(self.started),
            accounts: statistics.accounts,
            seen_last_7_days: statistics.seen_last_7_days,
            storage: self.storage(statistics.received_last_7_days, first, now).await?,
            tree: tree.into_iter().map(account).collect(),
            more,
            invitations: invitations.into_iter().map(invitation).collect(),
            settings: settings::as_told(&found),
        })
    }

    /// `received`: envelopes of the last days; `first`: when the first account was made.
    async fn storage(&self, received: u64, first: Option<Timestamp>, now: Timestamp) -> Result<Storage, Error> {
        let settings = &self.node.found.load_full().settings;
        let used = self.node.store.storage_used(now.before(DAY * u32::try_from(DAYS).unwrap_or(7))).await?;
        let free = free_bytes(&settings.blobs())?;
        let reserve = settings.disk_reserve.max(RESERVE_MIN);
        let each = used.streams.checked_div(used.envelopes).unwrap_or_default();
        // A node that is younger has had fewer days to grow in.
        let days = first.map_or(DAYS, |first| (now.since(first).as_secs() / DAY.as_secs()).clamp(1, DAYS));
        let daily = received.saturating_mul(each).saturating_add(used.uploads_since) / days;
        let days_left = free.saturating_sub(reserve).checked_div(daily).filter(|days| *days <= DAYS_MAX);
        Ok(Storage { database: used.database, uploads: used.uploads, free, reserve, daily, days_left })
    }

    async fn examine(&self) -> Result<Findings, Error> {
        let mut look = self.under_way()?;
        let found = tokio::time::timeout(LOOK_WAIT, look.wait_for(Option::is_some)).await.map_err(|_| Error::Busy)?;
        let found = found.ok().and_then(|found| found.clone()).map(|(found, _)| found);
        // The next one is to see what has changed since; it may be under way already.
        let mut looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        looking.take_if(|other| other.same_channel(&look));
        found.unwrap_or_else(|| Err("the doctor was interrupted".to_owned())).map_err(Error::Failed)
    }

    /// The look that is under way or was not fetched, or else a new one, on a thread of its own: it may take minutes, goes on without whoever
    /// asked, and asks this node, too.
    fn under_way(&self) -> Result<Look, Error> {
        let engine = self.node.engine.clone();
        let mut looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |ended: &Timestamp| engine.now().since(*ended) < LOOK_KEPT;
        if let Some(look) = &*looking
            && (look.has_changed().is_ok() || look.borrow().as_ref().is_some_and(|(_, ended)| fresh(ended)))
        {
            return Ok(look.clone());
        }
        let (tell, look) = watch::channel(None);
        let settings = self.node.found.load_full();
        std::thread::Builder::new().name("doctor".to_owned()).spawn(move || {
            let found = doctor::examine(&settings).map_err(|failure| failure.to_string());
            let found = found.map(|findings| Findings { findings: findings.into_iter().map(finding).collect() });
            tell.send_replace(Some((found, engine.now())));
        })?;
        *looking = Some(look.clone());
        Ok(look)
    }
}

#[async_trait]
impl native::Office for Office {
    async fn overview(&self) -> Result<Overview, Error> {
        self.look().await
    }

    async fn findings(&self) -> Result<Findings, Error> {
        self.examine().await
    }

    async fn invite(&self) -> Result<OwnersInvitation, Error> {
        let invitation = Invitation::make(&self.node).await?;
        let expires = self.node.engine.now().after(Duration::from_secs(invitation.seconds));
        Ok(OwnersInvitation { link: invitation.tidings, expires: millis(expires) })
    }

    async fn withdraw(&self, token: TokenHash) -> Result<bool, Error> {
        Ok(self.node.store.withdraw_invitation(token).await?)
    }
}

fn account(listed: Listed) -> TreeAccount {
    let kind = |key: &Key| if matches!(key, Key::Ed25519(_)) { AccountKind::Tidings } else { AccountKind::Piqchat };
    TreeAccount {
        number: number(listed.number),
        creator: listed.creator.map(number),
        kind: listed.key.as_ref().map(kind),
        key: listed.key.map(|key| key.to_string()),
        created: listed.created_at.map(millis),
        seen: listed.seen_at.map(millis),
        waiting: listed.waiting.count,
        bytes: listed.waiting.bytes,
    }
}

fn invitation(open: OpenInvitation) -> api::OpenInvitation {
    api::OpenInvitation {
        id: Fixed(*open.token.as_bytes()).to_string(),
        maker: open.maker.map(number),
        created: millis(open.created_at),
        expires: millis(open.expires_at),
    }
}

fn finding(found: Finding) -> api::Finding {
    let level = match found.level {
        Level::Ok => api::Level::Ok,
        Level::Warn => api::Level::Warn,
        Level::Fail => api::Level::Fail,
    };
    api::Finding { check: found.check.to_owned(), level, text: found.text, advice: found.advice }
}

fn number(number: AccountNumber) -> u64 {
    u64::try_from(number.number()).unwrap_or_default()
}

fn millis(time: Timestamp) -> u64 {
    u64::try_from(time.millis()).unwrap_or_default()
}
