//! What the owner of a node may set about this door.

use tidings_engine::limits::Rate;

/// The settings of the door.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether a message also goes back to the socket that sent it, as some deployments of the original did.
    pub echo: bool,
    /// Requests of one connection.
    pub events: Rate,
    /// Messages signed by one wallet.
    pub messages: Rate,
    /// By what both are multiplied for all connections of one address (IPv6: of one /64).
    pub address_factor: u32,
    /// Rooms asked for in which there is nothing, for one address.
    pub misses: Rate,
    /// Rooms that one connection may have joined.
    pub rooms: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            echo: false,
            events: Rate { burst: 300, per_second: 30 },
            messages: Rate { burst: 60, per_second: 10 },
            address_factor: 10,
            misses: Rate { burst: 3000, per_second: 30 },
            rooms: 2000,
        }
    }
}
