//! What each part of the node gets of the settings.

use super::{Secret, Settings};
use tidings_core::policy::Keep;
use tidings_core::retention::Retention;
use tidings_core::{Budget, Policies};
use tidings_doors::http::HttpSettings;
use tidings_doors::piqchat::{Overrides, Settings as DoorSettings, StatisticsMode};
use tidings_engine::Settings as EngineSettings;

impl Settings {
    /// For the engine.
    pub fn engine(&self) -> EngineSettings {
        let mut policies = Policies::default();
        policies.inbox.stream = Budget::from(self.inbox);
        policies.inbox.sender = Budget::from(self.sender);
        policies.inbox.keep = Keep::UntilTaken(self.keep_parcels);
        let retention =
            Retention { exchanges: self.keep_exchanges, accounts: self.keep_accounts, ..Retention::default() };
        EngineSettings {
            policies,
            retention,
            exchange_life: self.exchange_life,
            invitation_life: self.invitation_life,
            disk_reserve: self.disk_reserve,
            ..EngineSettings::default()
        }
    }

    /// For whatever speaks HTTP.
    pub fn http(&self) -> HttpSettings {
        HttpSettings {
            trusted_proxies: self.trusted_proxies.clone(),
            header_timeout: self.header_timeout,
            request_timeout: self.request_timeout,
            stall_timeout: self.stall_timeout,
            max_connections: self.max_connections,
        }
    }

    /// For the piqchat door.
    pub fn piqchat(&self) -> DoorSettings {
        DoorSettings {
            public_name: self.public_url.as_ref().map(|url| url.authority().to_owned()),
            admin_display_name: self.admin_display_name.clone(),
            admin_message: self.admin_message.clone(),
            privacy_policy_url: self.admin_privacy_policy_url.clone(),
            admin: self.admin_key,
            signature_window: self.signature_window,
            bind_nonce_to_address: self.bind_nonces,
            statistics: self.statistics.unwrap_or(StatisticsMode::Exact),
            push_contact: self.push_contact_or_default(),
            push_ttl: self.push_ttl,
            allow_loopback_push: self.push_allow_loopback,
            rates: self.rates,
            transfers_per_key: self.transfers_per_key,
            upload_stall: self.upload_stall,
            ..DoorSettings::default()
        }
    }

    /// Keys that win over the stored ones.
    pub fn key_overrides(&self) -> Overrides {
        let reveal = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.reveal().to_owned());
        Overrides {
            api_private: reveal(&self.keys.api_private),
            api_public: self.keys.api_public.clone(),
            vapid_private: reveal(&self.keys.vapid_private),
            vapid_public: self.keys.vapid_public.clone(),
        }
    }
}
