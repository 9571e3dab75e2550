//! What the node's owner sees and does through the native door.

use crate::doctor::{self, Finding, Level};
use crate::failure::Failure;
use crate::node::Node;
use crate::settings;
use crate::welcome::Invitation;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use tidings_backends::sqlite::listing::Listed;
use tidings_core::ownership::OpenInvitation;
use tidings_core::{AccountNumber, Key, Timestamp, TokenHash};
use tidings_doors::native;
use tidings_engine::disk::{RESERVE_MIN, free_bytes};
use tidings_wire::Fixed;
use tidings_wire::api::{self, AccountKind, Findings, Overview, OwnersInvitation, Storage, TreeAccount};
use tokio::sync::Mutex;

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

/// The office of a running node.
pub struct Office {
    node: Node,
    started: Timestamp,
    /// One look at everything that is stored at a time.
    looking: Mutex<()>,
}

impl Office {
    /// Opens it. The doors know it, so it does not know them: neither would ever go.
    pub fn new(node: &Node) -> Self {
        let node = Node { native: Arc::default(), darkchat: Arc::default(), ..node.clone() };
        Self { started: node.engine.now(), node, looking: Mutex::default() }
    }

    async fn look(&self) -> Result<Overview, Failure> {
        let Node { engine, store, found, .. } = &self.node;
        let (now, found) = (engine.now(), found.load_full());
        let statistics = engine.statistics(now).await?;
        let mut tree = store.list_accounts(AccountNumber::from_number(0), ACCOUNTS_MAX + 1).await?;
        let more = tree.len() > ACCOUNTS_MAX;
        tree.truncate(ACCOUNTS_MAX);
        let invitations = store.open_invitations(now, INVITATIONS_MAX).await?;
        Ok(Overview {
            name: found.settings.native().name,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: millis(self.started),
            accounts: statistics.accounts,
            seen_last_7_days: statistics.seen_last_7_days,
            storage: self.storage(statistics.received_last_7_days, now).await?,
            tree: tree.into_iter().map(account).collect(),
            more,
            invitations: invitations.into_iter().map(invitation).collect(),
            settings: settings::as_told(&found),
        })
    }

    async fn storage(&self, received: u64, now: Timestamp) -> Result<Storage, Failure> {
        let settings = &self.node.found.load_full().settings;
        let used = self.node.store.storage_used(now.before(DAY * u32::try_from(DAYS).unwrap_or(7))).await?;
        let free = free_bytes(&settings.blobs()).map_err(|error| Failure::of("reading the free space", error))?;
        let reserve = settings.disk_reserve.max(RESERVE_MIN);
        let each = used.streams.checked_div(used.envelopes).unwrap_or_default();
        let daily = received.saturating_mul(each).saturating_add(used.uploads_since) / DAYS;
        let days_left = free.saturating_sub(reserve).checked_div(daily).filter(|days| *days <= DAYS_MAX);
        Ok(Storage { database: used.database, uploads: used.uploads, free, reserve, daily, days_left })
    }

    async fn examine(&self) -> Result<Findings, Failure> {
        let _looking = self.looking.lock().await;
        let found = self.node.found.load_full();
        let examined = tokio::task::spawn_blocking(move || doctor::examine(&found)).await;
        let findings = examined.map_err(|error| Failure::of("looking for what is wrong", error))??;
        Ok(Findings { findings: findings.into_iter().map(finding).collect() })
    }
}

#[async_trait]
impl native::Office for Office {
    async fn overview(&self) -> Result<Overview, String> {
        self.look().await.map_err(|failure| failure.to_string())
    }

    async fn findings(&self) -> Result<Findings, String> {
        self.examine().await.map_err(|failure| failure.to_string())
    }

    async fn invite(&self) -> Result<OwnersInvitation, String> {
        let invitation = Invitation::make(&self.node).await.map_err(|failure| failure.to_string())?;
        let expires = self.node.engine.now().after(Duration::from_secs(invitation.seconds));
        Ok(OwnersInvitation { link: invitation.tidings, expires: millis(expires) })
    }

    async fn withdraw(&self, token: TokenHash) -> Result<bool, String> {
        self.node.store.withdraw_invitation(token).await.map_err(|error| error.to_string())
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
