use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::timeout;

fn pair(room: usize) -> (Socket<DuplexStream>, DuplexStream) {
    let (ours, theirs) = duplex(room);
    (Socket::new(ours, &[], 1000, None), theirs)
}

/// A client's frame under the mask that changes nothing.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    [&[first, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0], payload].concat()
}

async fn text(socket: &mut Socket<DuplexStream>) -> String {
    match socket.event().await {
        Ok(Event::Text(text)) => text,
        Ok(Event::Binary(_)) => panic!("no text"),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test(start_paused = true)]
async fn messages_of_one_read_come_one_by_one() {
    let (mut socket, mut peer) = pair(10_000);
    let stream = [frame(0x81, b"one"), frame(0x89, b"?"), frame(0x81, b"two"), frame(0x81, b"three")].concat();
    peer.write_all(&stream[..stream.len() - 2]).await.unwrap();
    assert_eq!(text(&mut socket).await, "one");
    assert!(matches!(socket.event_at_hand(), Some(Event::Text(text)) if text == "two"));
    assert!(socket.event_at_hand().is_none());
    assert!(timeout(Duration::from_secs(1), socket.event()).await.is_err(), "asking and giving up loses nothing");
    peer.write_all(&stream[stream.len() - 2..]).await.unwrap();
    assert_eq!(text(&mut socket).await, "three");
    let mut pong = [0; 3];
    peer.read_exact(&mut pong).await.unwrap();
    assert_eq!(pong, [0x8A, 1, b'?']);
}

#[tokio::test(start_paused = true)]
async fn what_waits_leaves_in_order_while_reading() {
    let (mut socket, mut peer) = pair(7);
    let mut expected = Vec::new();
    for at in 0..200_u16 {
        let sent = Frame::text(at.to_string().as_bytes());
        expected.extend_from_slice(&sent.clone().into_bytes());
        socket.send(sent);
    }
    let parts: Vec<Bytes> = vec!["[".into(), "\"ä\"".into(), "".into(), "]".into()];
    socket.send_text_parts(parts.iter().cloned());
    expected.extend_from_slice(&Frame::text("[\"ä\"]".as_bytes()).into_bytes());
    assert!(socket.queued() >= expected.len());
    let mut got = vec![0; expected.len()];
    tokio::select! {
        read = peer.read_exact(&mut got) => drop(read.unwrap()),
        _ = socket.event() => panic!("nobody said anything"),
    }
    assert!(got == expected);
    assert_eq!(socket.queued(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_asks_without_reading_is_not_read() {
    let (mut socket, mut peer) = pair(4096);
    socket.send(Frame::binary(&vec![0; 2 * HOLD]));
    peer.write_all(&frame(0x81, b"more")).await.unwrap();
    assert!(timeout(Duration::from_secs(1), socket.event()).await.is_err());
    let mut got = vec![0; HOLD];
    let (read, said) = tokio::join!(peer.read_exact(&mut got), text(&mut socket));
    assert_eq!((read.unwrap(), said.as_str()), (HOLD, "more"));
}

#[tokio::test(start_paused = true)]
async fn a_close_is_answered_behind_what_waits() {
    let (mut socket, mut peer) = pair(4096);
    socket.send(Frame::text(b"last"));
    peer.write_all(&[frame(0x88, &[15, 160, b'x']), frame(0x81, b"too late")].concat()).await.unwrap();
    let mut got = Vec::new();
    let (ended, _) = tokio::join!(socket.event(), async {
        peer.read_to_end(&mut got).await.unwrap();
        peer.shutdown().await.unwrap();
    });
    assert!(ended.err() == Some(SocketError::Closed(Some(CloseCode(4000)))));
    assert_eq!(got, [&Frame::text(b"last").into_bytes()[..], &[0x88, 2, 15, 160]].concat());
    assert!(socket.event().await.is_err(), "an end is for ever");
}

#[tokio::test(start_paused = true)]
async fn faults_are_told() {
    for (stream, code) in [(frame(0xF1, b""), 1002_u16), (frame(0x81, b"\xFF"), 1007)] {
        let (mut socket, mut peer) = pair(4096);
        peer.write_all(&stream).await.unwrap();
        assert!(matches!(socket.event().await, Err(SocketError::Fault(fault)) if fault.code().0 == code));
        drop(socket);
        let mut got = Vec::new();
        peer.read_to_end(&mut got).await.unwrap();
        assert_eq!(got, [&[0x88, 2][..], &code.to_be_bytes()].concat());
    }
}

#[tokio::test(start_paused = true)]
async fn this_side_may_close() {
    let (mut socket, mut peer) = pair(16);
    for _ in 0..10 {
        socket.send(Frame::text(b"0123456789"));
    }
    socket.close(CloseCode::POLICY, "so");
    socket.send(Frame::text(b"dropped"));
    let mut got = Vec::new();
    let (ended, _) = tokio::join!(socket.event(), peer.read_to_end(&mut got));
    assert!(ended.err() == Some(SocketError::Closed(None)));
    assert_eq!((got.len(), &got[120..]), (126, &[0x88, 4, 3, 240, b's', b'o'][..]));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_ends_is_left() {
    let (mut socket, peer) = pair(4);
    socket.close(CloseCode::NORMAL, "nobody reads this");
    assert!(socket.event().await.is_err());
    drop(peer);
    let (mut socket, peer) = pair(100);
    drop(peer);
    assert!(socket.event().await.err() == Some(SocketError::Connection(io::ErrorKind::UnexpectedEof)));
}

#[test]
fn a_quiet_socket_is_small() {
    assert!(size_of::<Socket>() <= 512, "{} bytes", size_of::<Socket>());
}

#[tokio::test(start_paused = true)]
async fn many_small_answers_that_nobody_reads_count_by_what_they_take() {
    let (mut socket, mut peer) = pair(64);
    let pings = frame(0x89, b"").repeat(50_000);
    let waited = tokio::select! {
        _ = peer.write_all(&pings) => panic!("all was read"),
        waited = timeout(Duration::from_secs(1), socket.event()) => waited,
    };
    assert!(waited.is_err());
    assert!((HOLD..2 * HOLD).contains(&socket.queued()), "what waits takes {} bytes", socket.queued());
    let mut got = vec![0; 1000];
    tokio::select! {
        read = peer.read_exact(&mut got) => drop(read.unwrap()),
        _ = socket.event() => panic!("nobody said anything"),
    }
    assert!(got.chunks(2).all(|pong| pong == [0x8A, 0]));
}
