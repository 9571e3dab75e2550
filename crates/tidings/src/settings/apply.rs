//! What each part of the node gets of the settings.

use super::{Secret, Settings};
use tidings_core::policy::Keep;
use tidings_core::retention::Retention;
use tidings_core::{Budget, Policies};
use tidings_doors::darkchat::{Budget as Flow, Settings as DarkchatSettings};
use tidings_doors::denetwork::Settings as DenetworkSettings;
use tidings_doors::http::HttpSettings;
use tidings_doors::native::Settings as NativeSettings;
use tidings_doors::piqchat::{Overrides, Settings as DoorSettings, StatisticsMode};
use tidings_engine::Settings as EngineSettings;

impl Settings {
    /// For the engine.
    pub fn engine(&self) -> EngineSettings {
        let mut policies = Policies::default();
        policies.inbox.stream = Budget::from(self.inbox);
        policies.inbox.sender = Budget::from(self.sender);
        policies.inbox.keep = Keep::UntilTaken(self.keep_parcels);
        policies.room.keep = Keep::For(self.rooms.keep);
        policies.room.stream.bytes = self.rooms.bytes;
        policies.group.keep = Keep::For(self.native.keep_entries);
        policies.group.stream.bytes = self.native.group_bytes;
        policies.group.sender.bytes = self.native.account_group_bytes;
        let retention =
            Retention { exchanges: self.keep_exchanges, accounts: self.keep_accounts, ..Retention::default() };
        EngineSettings {
            policies,
            retention,
            exchange_life: self.exchange_life,
            invitation_life: self.invitation_life,
            disk_reserve: self.disk_reserve,
            tail_bytes: self.tail_memory,
            history_bytes: self.rooms.history_memory,
            account_blob_bytes: self.native.blob_bytes,
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

    /// For darkchat's own WebSocket addresses.
    pub fn darkchat_http(&self) -> HttpSettings {
        HttpSettings { max_connections: self.channels.max_connections, ..self.http() }
    }

    /// Connections that may be open at the same time, over all addresses where the node listens and the links to servers.
    pub fn connections(&self) -> usize {
        let channels = &self.channels;
        let web = self.listen.len() + self.metrics_listen.len() + self.acme_http_listen.len();
        let talk = channels.listen.len() + channels.websocket_listen.len() + channels.websocket_tls_listen.len();
        let links = if channels.peer_listen.is_empty() && channels.peers.is_empty() { 0 } else { channels.max_peers };
        let web = self.max_connections.saturating_mul(web);
        web.saturating_add(channels.max_connections.saturating_mul(talk)).saturating_add(links)
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

    /// For the native door.
    pub fn native(&self) -> NativeSettings {
        let (native, public) = (&self.native, self.public_url.as_ref());
        NativeSettings {
            name: self.admin_display_name.clone().unwrap_or_else(|| NativeSettings::default().name),
            public_url: public.map(ToString::to_string),
            authority: public.map(|url| url.authority().to_owned()),
            open_registration: native.open_registration,
            rates: self.rates,
            connections_per_device: native.connections_per_device,
            heartbeat: native.heartbeat,
            channels: if self.channels.open { self.channels.joined } else { 0 },
            push_ttl: self.push_ttl,
            allow_loopback: self.push_allow_loopback,
            extra_ports: native.wake_ports.clone(),
            upload_stall: self.upload_stall,
            ..NativeSettings::default()
        }
    }

    /// For the DeNetwork door.
    pub fn denetwork(&self) -> DenetworkSettings {
        let rooms = &self.rooms;
        DenetworkSettings {
            echo: rooms.echo,
            events: rooms.rates.connection,
            messages: rooms.rates.wallet,
            address_factor: rooms.address_factor,
            misses: rooms.rates.misses,
            rooms: rooms.joined,
        }
    }

    /// For the darkchat door.
    pub fn darkchat(&self) -> DarkchatSettings {
        let channels = &self.channels;
        DarkchatSettings {
            keyless: channels.keyless,
            max_connections: channels.max_connections,
            channels_per_connection: channels.joined,
            client_budget: Flow { messages: channels.client.messages, bytes: channels.client.bytes },
            login_timeout: channels.login_timeout,
            stall_timeout: self.stall_timeout,
            queue: channels.queue,
            discovery: channels.discovery,
            allow_private_peers: channels.private_peers,
            allowed_peers: (!channels.allowed_peers.is_empty()).then(|| channels.allowed_peers.clone()),
            peers: channels.peers.iter().map(ToString::to_string).collect(),
            announced_port: channels.peer_port,
            max_peers: channels.max_peers,
            peers_per_address: channels.peers_per_address,
            peer_budget: Flow { messages: channels.peer.messages, bytes: channels.peer.bytes },
            ..DarkchatSettings::default()
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
