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
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
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
        match next(&mut session, &mut listening, flooding).await {
            Next::Incoming(Incoming::Closed) => return,
            Next::Incoming(Incoming::Event(event)) => {
                match event.name() {
                    "listen" => listening = Some(news.subscribe()),
                    "news" => drop(news.send(event.argument().unwrap_or("null").into())),
                    "flood" => flooding = true,
                    "bye" => session.close(),
                    _ => {}
                }
                answer(&mut session, &event);
            }
            Next::Said(said) => session.send(event_frame("news", said.as_bytes())),
            Next::Room => {
                (0..32).for_each(|_| session.send(flood.clone()));
                tokio::task::consume_budget().await;
            }
        }
    }
}

enum Next {
    Incoming(Incoming),
    Said(Arc<str>),
    Room,
}

/// What waits for the client goes out while this waits, so how much it is must be looked at each time.
async fn next(session: &mut Session, listening: &mut Option<Receiver<Arc<str>>>, flooding: bool) -> Next {
    let mut said = pin!(hear(listening));
    poll_fn(|cx| {
        if let Poll::Ready(incoming) = session.poll_event(cx) {
            return Poll::Ready(Next::Incoming(incoming));
        }
        match session.queued() < MARK {
            true if flooding => Poll::Ready(Next::Room),
            true => said.as_mut().poll(cx).map(Next::Said),
            false => Poll::Pending,
        }
    })
    .await
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
