//! Calling other servers: those that the owner wants again and again, those that others tell of once.

use super::super::listen::{plain, prepare};
use super::link::{self, LinkError};
use super::{Network, PeerName};
use crate::outbound::is_public;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How long finding and connecting one address may take.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 4;

/// The wait before a server is called again, at first. It doubles.
const REDIAL_FIRST: Duration = Duration::from_secs(1);

/// The wait before a server is called again at most.
const REDIAL_MAX: Duration = Duration::from_secs(300);

/// A link that lasted so long was a good one: the waits begin anew.
const GOOD_LINK: Duration = Duration::from_secs(60);

/// Servers told of by others that are remembered, with the tries made. As each is remembered for [`TOLD_AGAIN`] at least, this
/// is also how many are called in that time: a stranger can have us knock at so many doors and no more.
const TOLD_MAX: usize = 256;

/// Such servers that are called at a time. Each may hold one of the threads for work that blocks while its name is looked up.
const TOLD_AT_A_TIME: usize = 4;

/// Such servers that are called or wait for that. Servers tell of all others at once, and of each only once.
const TOLD_WAITING: usize = 64;

/// The wait before such a server may be called again at first. It doubles.
const TOLD_AGAIN: Duration = Duration::from_secs(60);

/// How often that wait doubles at most.
const TOLD_DOUBLINGS: u32 = 10;

/// Who wants a server called, which decides where it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// The owner.
    Owner,
    /// Another server.
    Stranger,
}

/// What other servers told of.
pub(super) struct Told {
    tries: Mutex<HashMap<PeerName, (u32, Instant)>>,
    waiting: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Default for Told {
    fn default() -> Self {
        let places = |count| Arc::new(Semaphore::new(count));
        Self { tries: Mutex::default(), waiting: places(TOLD_WAITING), places: places(TOLD_AT_A_TIME) }
    }
}

impl Told {
    /// Whether a server may be called now; that is then counted as a try.
    fn may_try(&self, name: &PeerName, now: Instant) -> bool {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() >= TOLD_MAX {
            tries.retain(|_, (_, next)| *next > now);
        }
        let full = tries.len() >= TOLD_MAX;
        let wait = |made: u32| TOLD_AGAIN * 2u32.saturating_pow(made.min(TOLD_DOUBLINGS));
        match tries.entry(name.clone()) {
            Entry::Occupied(mut known) => {
                let (made, next) = known.get_mut();
                if *next > now {
                    return false;
                }
                *made += 1;
                *next = now + wait(*made);
                true
            }
            Entry::Vacant(new) => {
                if !full {
                    new.insert((0, now + wait(0)));
                }
                !full
            }
        }
    }
}

/// Keeps a link to a server that the owner wants, until `stop`. `first` is told how the first call went; if badly, it stays
/// the only one.
pub(super) async fn keep(
    network: Arc<Network>,
    name: PeerName,
    stop: CancellationToken,
    mut first: Option<oneshot::Sender<Result<(), LinkError>>>,
) {
    let mut wait = REDIAL_FIRST;
    while !stop.is_cancelled() {
        let begun = Instant::now();
        let once = first.is_some();
        let called = tokio::select! {
            () = stop.cancelled() => return,
            called = hold(&network, &name, &mut first) => called,
        };
        match called {
            Ok(()) if begun.elapsed() >= GOOD_LINK => wait = REDIAL_FIRST,
            Ok(()) => {}
            Err(error) => {
                tracing::debug!(peer = %name, %error, "could not link to a peer");
                let hopeless = matches!(error, LinkError::Own);
                if let Some(first) = first.take() {
                    // Whoever asked may have gone.
                    let _ = first.send(Err(error));
                }
                if once || hopeless {
                    return network.unwish(&name);
                }
            }
        }
        let pause = wait.mul_f64(0.5 + f64::from(network.engine.entropy().bytes::<1>()[0]) / 512.0);
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(pause) => {}
        }
        wait = (wait * 2).min(REDIAL_MAX);
    }
}

/// Waits while the server is linked already, by whomever; then calls it and runs the link to its end.
async fn hold(
    network: &Arc<Network>,
    name: &PeerName,
    first: &mut Option<oneshot::Sender<Result<(), LinkError>>>,
) -> Result<(), LinkError> {
    let mut count = network.registry.count();
    let tell = |first: &mut Option<oneshot::Sender<_>>| {
        if let Some(first) = first.take() {
            // Whoever asked may have gone.
            let _ = first.send(Ok(()));
        }
    };
    if network.registry.has(name) {
        tell(first);
        // The sender lives as long as the network.
        let _ = count.wait_for(|_| !network.registry.has(name)).await;
        return Ok(());
    }
    let stream = connect(network, name, Wish::Owner).await?;
    let greeted = link::call(network, stream, name.clone()).await?;
    tell(first);
    link::run(network, greeted).await;
    Ok(())
}

/// Another server told of this one: calls it once, if that is allowed and has not been tried lately.
pub(super) fn told(network: &Arc<Network>, name: PeerName) {
    if !is_wanted(network, &name) {
        return;
    }
    let Ok(turn) = Arc::clone(&network.told.waiting).try_acquire_owned() else { return };
    if !network.told.may_try(&name, Instant::now()) {
        return;
    }
    let caller = Arc::clone(network);
    network.spawn(async move {
        let place = Arc::clone(&caller.told.places).acquire_owned().await;
        if !is_wanted(&caller, &name) {
            return;
        }
        let linked = match connect(&caller, &name, Wish::Stranger).await {
            Ok(stream) => link::call(&caller, stream, name.clone()).await,
            Err(error) => Err(error),
        };
        drop((place, turn));
        match linked {
            Ok(greeted) => link::run(&caller, greeted).await,
            Err(error) => tracing::debug!(%error, "could not link to a peer that another told of"),
        }
    });
}

/// Whether a server that another told of should be called.
fn is_wanted(network: &Network, name: &PeerName) -> bool {
    let settings = network.settings.load();
    let wanted = settings.discovery && network.registry.all().len() < settings.max_peers;
    wanted && !network.is_own(name) && !network.registry.has(name)
}

/// Connects to the first address of a name that may be called and answers.
async fn connect(network: &Network, name: &PeerName, wish: Wish) -> Result<TcpStream, LinkError> {
    if network.is_own(name) {
        return Err(LinkError::Own);
    }
    let found = lookup_host((name.host(), name.port()));
    let found = match wish {
        Wish::Owner => timeout(CONNECT_MAX, found).await.map_err(std::io::Error::from)??,
        // A thread that looks a name up can't be called off. Waiting for it keeps strangers from taking one after the other.
        Wish::Stranger => found.await?,
    };
    let allowed = found.filter(|address| may_call(network, address.ip(), wish)).take(ADDRESSES_MAX);
    let mut failure = LinkError::NoAddress;
    for address in allowed {
        match timeout(CONNECT_MAX, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                prepare(&stream);
                return if leads_home(network, &stream, address) { Err(LinkError::Own) } else { Ok(stream) };
            }
            Ok(Err(error)) => failure = error.into(),
            Err(late) => failure = std::io::Error::from(late).into(),
        }
    }
    Err(failure)
}

/// Whether an address may be called. Where the owner sends us, we go.
fn may_call(network: &Network, address: IpAddr, wish: Wish) -> bool {
    let settings = network.settings.load();
    let public = settings.allow_private_peers || is_public(address);
    wish == Wish::Owner || (public && network.allows(address))
}

/// Whether a connection came from where it went, to a port that this node listens on.
fn leads_home(network: &Network, stream: &TcpStream, address: SocketAddr) -> bool {
    let from = stream.local_addr().map(plain).ok();
    from == Some(plain(address)) && network.listens_at(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_name_is_tried_once_and_later_again() {
        let (told, start) = (Told::default(), Instant::now());
        let name = |number: u16| PeerName::new("a.example", number).unwrap();
        assert!(told.may_try(&name(1), start) && !told.may_try(&name(1), start));
        let later = start + TOLD_AGAIN;
        assert!(told.may_try(&name(1), later) && !told.may_try(&name(1), later + TOLD_AGAIN));
        assert!(told.may_try(&name(1), later + TOLD_AGAIN * 2));
        let tried = (2..5000).filter(|number| told.may_try(&name(*number), later)).count();
        assert!(tried <= TOLD_MAX, "{tried}");
    }
}
