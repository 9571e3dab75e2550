//! Opening the addresses where the node listens.

use crate::failure::Failure;
use crate::settings::Listen;
use std::io;
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpSocket};

/// Connections that the system holds ready before the node accepts them.
const BACKLOG: u32 = 1024;

/// Opens every address of a setting. Fails with [`Failure::InUse`] if one is taken.
pub fn open(setting: &str, places: &[Listen]) -> Result<Vec<(TcpListener, SocketAddr)>, Failure> {
    places.iter().map(|place| open_one(setting, *place)).collect()
}

fn open_one(setting: &str, place: Listen) -> Result<(TcpListener, SocketAddr), Failure> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in place.candidates() {
        match bind(address).and_then(|listener| Ok((listener.local_addr()?, listener))) {
            Ok((address, listener)) => return Ok((listener, address)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                return Err(Failure::InUse(format!(
                    "{address} is in use by another process; stop it, or choose another address with --{setting}"
                )));
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Err(Failure::Failed(format!(
                    "can't listen on {address}: {error}; ports below 1024 need CAP_NET_BIND_SERVICE, or a proxy"
                )));
            }
            Err(error) => last = error,
        }
    }
    Err(Failure::Failed(format!("can't listen on {place}: {last}")))
}

/// Must be called where a runtime runs.
fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // So that a restart need not wait for connections of the last run to be forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_address_is_named() {
        let first = open("listen", &[Listen::At("127.0.0.1:0".parse().unwrap())]).unwrap();
        let taken = first[0].1;
        let error = open("listen", &[Listen::At(taken)]).unwrap_err();
        assert!(matches!(&error, Failure::InUse(text) if text.contains(&taken.to_string())));
    }

    #[tokio::test]
    async fn everywhere_takes_ipv4_along() {
        let listener = open("listen", &[Listen::Everywhere(0)]).unwrap();
        let port = listener[0].1.port();
        tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    }
}
