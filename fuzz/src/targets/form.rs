//! Upload forms. The first byte says how the body is cut into pieces, the rest of the first line is the media type. A form
//! must be the same however it is cut.

use bytes::Bytes;
use http::HeaderValue;
use tidings_doors::piqchat::read_form;

pub(super) fn run(data: &[u8]) {
    let Some((&cut, rest)) = data.split_first() else { return };
    let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { return };
    let Ok(kind) = HeaderValue::from_bytes(&rest[..end]) else { return };
    let body = &rest[end + 1..];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let read = |len: usize| {
        let pieces = body.chunks(len).map(Bytes::copy_from_slice).collect();
        runtime.block_on(read_form(&kind, pieces))
    };
    let whole = read(body.len().max(1));
    let cut = read(usize::from(cut).max(1));
    assert_eq!(whole, cut);
    if let Some(Ok(form)) = whole {
        let held: usize = form.texts.iter().map(|(name, _)| name.len()).sum();
        assert!(held <= body.len().saturating_mul(3), "{held} bytes of names out of {}", body.len());
        assert!(form.attachment.is_none_or(|bytes| bytes.len() <= body.len()));
        assert!(form.texts.len() <= 520);
    }
}
