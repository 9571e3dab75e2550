use super::*;
use proptest::prelude::*;

const ID: &str = "996d5895fd29-400d-a423-8d33fe5e83d2:1795171915895";

/// What is said when these reads come one by one, with a quiet moment after each that is empty.
fn said(stage: Stage, reads: &[&str]) -> Vec<String> {
    let (mut reader, mut said) = (LinkReader::new(stage), Vec::new());
    for read in reads {
        if read.is_empty() {
            reader.quiet(&mut said);
        } else {
            reader.read(read.as_bytes(), &mut said);
        }
    }
    said.into_iter().map(show).collect()
}

fn show(said: Said) -> String {
    match said {
        Said::Greeting(port) => format!("greeting {port}"),
        Said::Ok => "ok".to_owned(),
        Said::Error => "error".to_owned(),
        Said::Nonsense => "nonsense".to_owned(),
        Said::Advert(name) => format!("advert {name}"),
        Said::Relay { channel, id, json } => format!("{channel} {id} {}", String::from_utf8(json).unwrap()),
    }
}

fn open(reads: &[&str]) -> Vec<String> {
    said(Stage::Open, reads)
}

#[test]
fn greetings() {
    let called = |reads: &[&str]| said(Stage::Called, reads);
    assert_eq!(called(&["connect**@#@30302", ""]), ["greeting 30302"]);
    assert_eq!(called(&["connect**@#@80"]), Vec::<String>::new());
    assert_eq!(called(&["conn", "ect**@#@8", "0", ""]), ["greeting 80"]);
    for bad in [
        "connect**@#@1connect**@#@1",
        "connect**@#@65536",
        "connect**@#@0",
        "connect**@#@",
        "connect**@#@x",
        "connect**@#@123456",
        "connect**@#@+1",
        "hello",
        "ok",
        "{}",
    ] {
        assert_eq!(called(&[bad, ""]), ["nonsense"], "{bad}");
    }
    let calling = |reads: &[&str]| said(Stage::Calling, reads);
    assert_eq!(calling(&["ok"]), ["ok"]);
    assert_eq!(calling(&["o", "k"]), ["ok"]);
    assert_eq!(calling(&["okpeer**@#@1.2.3.4:5", ""]), ["ok", "advert 1.2.3.4:5"]);
    assert_eq!(calling(&["error"]), ["nonsense"]);
    assert_eq!(calling(&["{}"]), ["nonsense"]);
}

#[test]
fn relays_are_found_merged_and_split() {
    let first = format!("room**@#@{ID}**@#@{{\"msg\":\"a}}**@#@{{\"}}");
    let second = "**@#@x:2**@#@ {} \n";
    let expected = [format!("room {ID} {{\"msg\":\"a}}**@#@{{\"}}"), " x:2  {} \n".to_owned()];
    assert_eq!(open(&[&format!("{first}{second}")]), expected);
    assert_eq!(open(&[&first, second]), expected);
    for cut in 1..first.len() {
        let (head, tail) = first.split_at(cut);
        assert_eq!(open(&[head, &format!("{tail}{second}")]), expected, "{cut}");
    }
    assert_eq!(open(&["null**@#@1**@#@{}undefined**@#@2**@#@{}"]), ["null 1 {}", "undefined 2 {}"]);
}

#[test]
fn garbage_is_dropped_and_the_next_read_counts() {
    for garbage in [
        "room**@#@1**@#@null",
        "room**@#@1**@#@[1]",
        "room**@#@1**@#@{]",
        "room**@#@1**@#@x{}",
        &format!("room**@#@{}", "1".repeat(300)),
        &format!("room**@#@{}**@#@{{}}", "1".repeat(300)),
        &"x".repeat(5000),
        "peer**@#@nowhere**@#@",
    ] {
        let quiet = if garbage.ends_with('@') { "x" } else { "" };
        assert_eq!(open(&[garbage, quiet, "room**@#@2**@#@{}"]), ["room 2 {}"], "{garbage}");
    }
    let bad_text = b"\xff**@#@1**@#@{}";
    let (mut reader, mut said) = (LinkReader::new(Stage::Open), Vec::new());
    reader.read(bad_text, &mut said);
    assert!(said.is_empty() && !reader.is_unfinished());
    assert_eq!(open(&["ok", "", "room**@#@2**@#@{}"]), ["room 2 {}"]);
    assert_eq!(open(&[" \n", "", "room**@#@2**@#@{}"]), ["room 2 {}"]);
    assert_eq!(open(&["error", ""]), ["error"]);
}

#[test]
fn adverts_end_with_quiet_or_other_text() {
    for (reads, expected) in [
        (&["peer**@#@127.0.0.1:30303"][..], &[][..]),
        (&["peer**@#@127.0.0.1:30303", ""], &["advert 127.0.0.1:30303"]),
        (&["peer**@#@127.0.0.1:3030", "3", ""], &["advert 127.0.0.1:30303"]),
        (&["peer**@#@localhost:3", ""], &["advert 127.0.0.1:3"]),
        (&["peer**@#@a:1peer**@#@b:2", ""], &["advert a:1", "advert b:2"]),
        (&["peer**@#@a:1room**@#@7**@#@{}"], &["advert a:1", "room 7 {}"]),
        (&["peer**@#@a:1**@#@7**@#@{}"], &["advert a:1", " 7 {}"]),
        (&["peer**@#@a:1**@#@{}"], &["peer a:1 {}"]),
        (&["peer**@#@a:1**", "@#@{}"], &["peer a:1 {}"]),
        (&["peer**@#@a:1", "**@#@", "{}"], &["peer a:1 {}"]),
        (&["peer**@#@7**@#@{}"], &["peer 7 {}"]),
        (&["peer**@#@a:65536", ""], &[]),
        (&["peer**@#@a:", ""], &[]),
        (&["peer**@#@a", ""], &[]),
        (&["peer**@#@::ffff:1.2.3.4:5", ""], &[]),
    ] {
        assert_eq!(open(reads), expected, "{reads:?}");
    }
    assert_eq!(open(&[&format!("peer**@#@{ID}**@#@{{}}")]), [format!("peer {ID} {{}}")]);
}

#[test]
fn what_is_held_is_bounded() {
    let (mut reader, mut said) = (LinkReader::new(Stage::Open), Vec::new());
    let endless = "x".repeat(60_000);
    reader.read(b"room**@#@1**@#@{\"a\":\"", &mut said);
    for _ in 0..100 {
        reader.read(endless.as_bytes(), &mut said);
        assert!(reader.buffer.len() <= JSON_MAX + endless.len());
    }
    assert!(said.is_empty());
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_relays(
        messages in prop::collection::vec(("[a-zé ]{0,6}", "[a-f0-9:-]{1,8}", r#"\{("[a-z]":"(\*\*@#@|\\"|[{}\[\]])*")?\}"#), 1..5),
        cuts in prop::collection::vec(0usize..300, 0..9),
    ) {
        let text: String = messages.iter().map(|(channel, id, json)| [channel.trim_start(), id, json].join("**@#@")).collect();
        let expected: Vec<String> =
            messages.iter().map(|(channel, id, json)| format!("{} {id} {json}", channel.trim_start())).collect();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let (mut reader, mut said) = (LinkReader::new(Stage::Open), Vec::new());
        cuts.windows(2).for_each(|pair| reader.read(&text.as_bytes()[pair[0]..pair[1]], &mut said));
        prop_assert_eq!(said.into_iter().map(show).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn any_bytes_are_borne(
        stage in prop_oneof![Just(Stage::Open), Just(Stage::Called), Just(Stage::Calling)],
        reads in prop::collection::vec(r"(\*\*@#@|peer|connect|ok|[a1.:{}\x22 \n]|\PC){0,20}", 0..6),
    ) {
        let (mut reader, mut said) = (LinkReader::new(stage), Vec::new());
        for read in reads {
            reader.read(read.as_bytes(), &mut said);
            reader.quiet(&mut said);
        }
    }
}
