//! What another darkchat server may write. The first byte says at which stage the link is, and how the stream is cut into
//! reads. Nothing may be found that was not said, and messages that are well formed must be found however they are cut.

use tidings_doors::darkchat::network::{LinkReader, Said, Stage};

const SEPARATOR: &str = "**@#@";

pub(super) fn run(data: &[u8]) {
    let Some((&choice, stream)) = data.split_first() else { return };
    let stage = [Stage::Open, Stage::Called, Stage::Calling, Stage::Open][usize::from(choice % 4)];
    let cut = usize::from(choice / 4).max(1);
    let mut quiet_moments = stream.len() % 2 == 0;
    let (mut reader, mut said) = (LinkReader::new(stage), Vec::new());
    for read in stream.chunks(cut) {
        reader.read(read, &mut said);
        quiet_moments = !quiet_moments;
        if quiet_moments {
            reader.quiet(&mut said);
        }
    }
    said.iter().for_each(|said| was_said(stream, said));
    well_formed(stream, cut);
}

/// A relay's parts stand in the stream as they were read; an advert does, but for `localhost`.
fn was_said(stream: &[u8], said: &Said) {
    match said {
        Said::Relay { channel, id, json } => {
            let whole = [channel.as_bytes(), id.as_bytes(), json].join(SEPARATOR.as_bytes());
            assert!(stream.windows(whole.len()).any(|window| window == whole), "{said:?}");
            assert!(json.trim_ascii().starts_with(b"{") && json.trim_ascii().ends_with(b"}"));
        }
        Said::Advert(name) => assert!(name.port() > 0 && name.is_tellable(), "{said:?}"),
        Said::Greeting(port) => assert!(*port > 0),
        Said::Ok | Said::Error | Said::Nonsense => {}
    }
}

/// Makes relays of the stream, one of each line, and reads them back.
fn well_formed(stream: &[u8], cut: usize) {
    let text = String::from_utf8_lossy(stream);
    let mut expected = Vec::new();
    let mut written = String::new();
    for (number, line) in text.lines().take(20).enumerate() {
        let json = serde_json::json!({ "msg": line }).to_string();
        let channel = format!("c{}", number % 3);
        written.push_str(&[channel.as_str(), &number.to_string(), &json].join(SEPARATOR));
        expected.push(Said::Relay { channel, id: number.to_string(), json: json.into_bytes() });
    }
    let (mut reader, mut said) = (LinkReader::new(Stage::Open), Vec::new());
    written.as_bytes().chunks(cut).for_each(|read| reader.read(read, &mut said));
    assert_eq!(said, expected);
    assert!(!reader.is_unfinished());
}
