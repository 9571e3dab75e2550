//! A Socket.IO server for trying clients and for measuring: `socketio_echo [ADDRESS]`. It answers every event with its own
//! argument under `echo`, sends `news` to all who asked for it by `listen`, and after `flood` never stops sending.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "an example, not shipped"
)]

use arc_swap::ArcSwap;
use std::sync::Arc;
use tidings_doors::http::{HttpSettings, serve};
use tidings_doors::socketio::{Event, Incoming, Session, Settings, SocketIo, event_frame};
use tidings_engine::Entropy;
use tokio::net::TcpListener;
use tokio::sync::broadcast::{Receiver, Sender, channel, error::RecvError};
use tokio_util::sync::CancellationToken;

/// Bytes that may wait for a client before further news do.
const MARK: usize = 128 * 1024;

#[tokio::main]
async fn main() {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let listener = TcpListener::bind(address).await.unwrap();
    println!("listening on {}", listener.local_addr().unwrap());
    let shutdown = CancellationToken::new();
    let (news, _) = channel(1024);
    let io = SocketIo::new(Settings::default(), Entropy::System, shutdown.clone(), move |session| {
        talk(session, news.clone())
    });
    let settings = HttpSettings { max_connections: 50_000, ..HttpSettings::default() };
    let served =
        tokio::spawn(serve(listener, None, io.router(), Arc::new(ArcSwap::from_pointee(settings)), shutdown.clone()));
    tokio::signal::ctrl_c().await.unwrap();
    shutdown.cancel();
    served.await.unwrap();
}

async fn talk(mut session: Session, news: Sender<Arc<str>>) {
    let mut listening: Option<Receiver<Arc<str>>> = None;
    let flood = event_frame("chat-message", format!("{{\"payload\":\"{}\"}}", "x".repeat(786)).as_bytes());
    let mut flooding = false;
    loop {
        let room = session.queued() < MARK;
        tokio::select! {
            biased;
            incoming = session.event() => match incoming {
                Incoming::Closed => return,
                Incoming::Event(event) => {
                    match event.name() {
                        "listen" => listening = Some(news.subscribe()),
                        "news" => drop(news.send(event.argument().unwrap_or("null").into())),
                        "flood" => flooding = true,
                        "bye" => session.close(),
                        _ => {}
                    }
                    answer(&mut session, &event);
                }
            },
            said = hear(&mut listening), if room => session.send(event_frame("news", said.as_bytes())),
            () = std::future::ready(()), if flooding && room => (0..32).for_each(|_| session.send(flood.clone())),
        }
    }
}

fn answer(session: &mut Session, event: &Event) {
    let argument = event.argument().unwrap_or("null");
    match event.ack() {
        Some(ack) => session.reply(ack, argument.as_bytes()),
        None => session.send(event_frame("echo", argument.as_bytes())),
    }
}

async fn hear(listening: &mut Option<Receiver<Arc<str>>>) -> Arc<str> {
    loop {
        match listening {
            None => std::future::pending().await,
            Some(receiver) => match receiver.recv().await {
                Ok(said) => return said,
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => *listening = None,
            },
        }
    }
}
