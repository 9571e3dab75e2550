//! What the kernel knows of a TCP connection: whether the other side has acknowledged all, and how large a segment is.

use std::time::Duration;
use tokio::net::TcpStream;

/// Half the time between two looks at what is acknowledged, at first; it grows with the waiting.
const LOOK_FIRST: Duration = Duration::from_micros(500);

/// The time between two looks at most.
const LOOK_MAX: Duration = Duration::from_millis(50);

/// Bytes of a segment where the kernel does not say: what passes everywhere.
const SEGMENT_LEAST: usize = 536;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod kernel {
    //! The first 28 bytes of Linux's `struct tcp_info`, as seven words, which every version has.
    //!
    //! `SIOCOUTQ` would say the same of the queue, but no safe wrapper of it exists; this option has one.

    use nix::sys::socket::getsockopt;
    use std::os::fd::AsFd;

    /// Words of the structure that are asked for.
    const WORDS: usize = 7;

    #[derive(Clone, Copy, Debug)]
    struct Head;

    nix::getsockopt_impl!(
        Head,
        libc::IPPROTO_TCP,
        libc::TCP_INFO,
        [u32; WORDS],
        nix::sys::socket::sockopt::GetStruct<[u32; WORDS]>
    );

    /// The largest segment to the other side in bytes, and the segments that it has not acknowledged.
    pub(super) fn look(socket: &impl AsFd) -> Option<(u32, u32)> {
        let [_, _, _, _, segment, _, unacknowledged] = getsockopt(socket, Head).ok()?;
        Some((segment, unacknowledged))
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod kernel {
    //! Elsewhere nothing is known; the pace alone keeps messages apart.

    pub(super) fn look<T>(_: &T) -> Option<(u32, u32)> {
        None
    }
}

/// The most bytes that reach the other side in one segment.
pub(super) fn segment(stream: &TcpStream) -> usize {
    kernel::look(stream).and_then(|(segment, _)| usize::try_from(segment).ok()).unwrap_or(SEGMENT_LEAST)
}

/// Waits until the other side's kernel has acknowledged all that was written.
pub(super) async fn all(stream: &TcpStream) {
    let mut pause = LOOK_FIRST;
    while kernel::look(stream).is_some_and(|(_, unacknowledged)| unacknowledged > 0) {
        pause = (pause * 2).min(LOOK_MAX);
        tokio::time::sleep(pause).await;
    }
}
