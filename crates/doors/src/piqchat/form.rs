//! Upload forms: `multipart/form-data` piece by piece (wire/piqchat.md, section 4.3).

use super::answer::Refused;
use crate::http::body::{BodyError, SharedBody};
use axum::body::Body;
use bytes::Bytes;
use futures_util::Stream;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use multer::{Field, Multipart};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

/// Bytes of an attachment at most.
pub(super) const ATTACHMENT_MAX: u64 = 19_999_999;

/// Bytes of one text field at most.
const TEXT_MAX: usize = 1_048_575;

/// Bytes of all text fields of a form together.
const TEXTS_MAX: usize = 16 << 20;

/// Parts of a form at most: 500 recipients and some more.
const PARTS_MAX: usize = 520;

/// Bytes that may come without a part beginning or going on: what stands before the first part, and the headers of each.
const BETWEEN_MAX: usize = 256 * 1024;

/// Bytes of a form with everything that it has beside its texts and its attachment.
const WHOLE_MAX: usize = TEXTS_MAX + (24 << 20);

/// The body as the parser reads it. The parser takes in all that it is offered and keeps it until it understands it, so it is
/// offered one piece at a time, and not for ever.
struct Metered {
    body: SharedBody,
    /// Bytes since the parser last gave something back.
    between: Arc<AtomicUsize>,
    whole: usize,
    rest: bool,
}

impl Stream for Metered {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.rest) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let polled = Pin::new(&mut self.body).poll_next(cx);
        let Poll::Ready(Some(Ok(piece))) = &polled else { return polled };
        self.rest = true;
        self.whole = self.whole.saturating_add(piece.len());
        let between = self.between.fetch_add(piece.len(), Ordering::Relaxed);
        // The first piece may be of any length: it is in memory already.
        if between > BETWEEN_MAX || self.whole > WHOLE_MAX {
            return Poll::Ready(Some(Err(BodyError::TooLong)));
        }
        polled
    }
}

/// A text field.
pub(super) struct Text {
    pub(super) name: String,
    pub(super) value: String,
}

/// What comes next in a form.
pub(super) enum Step {
    /// The attachment begins.
    Attachment(Attachment),
    /// The form has ended whole.
    End,
}

/// An attachment that is arriving.
pub(super) struct Attachment {
    field: Box<Field<'static>>,
    between: Arc<AtomicUsize>,
}

/// A form that is being read. Text fields are kept, in order; unknown ones too, since they count against the limits.
pub(super) struct Form {
    parts: Multipart<'static>,
    between: Arc<AtomicUsize>,
    texts: Vec<Text>,
    bytes: usize,
    count: usize,
    attached: bool,
}

impl Form {
    /// Begins to read; `None` if the media type is not `multipart/form-data`. Fails if it names no boundary.
    pub(super) fn begin(headers: &HeaderMap, body: SharedBody) -> Option<Result<Self, Refused>> {
        let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok())?;
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("multipart/form-data") {
            return None;
        }
        let Ok(boundary) = multer::parse_boundary(kind) else { return Some(Err(Refused::BAD_REQUEST)) };
        let between = Arc::<AtomicUsize>::default();
        let metered = Metered { body, between: Arc::clone(&between), whole: 0, rest: false };
        let parts = Multipart::new(metered, boundary);
        Some(Ok(Self { parts, between, texts: Vec::new(), bytes: 0, count: 0, attached: false }))
    }

    /// Reads on until the attachment begins or the form ends.
    pub(super) async fn advance(&mut self) -> Result<Step, Refused> {
        while let Some(field) = self.next_field().await? {
            self.count += 1;
            if self.count > PARTS_MAX {
                return Err(Refused::TOO_LARGE);
            }
            if !is_file(&field) {
                self.keep(field).await?;
            } else if field.file_name().is_some_and(|name| !name.is_empty()) {
                if self.attached || field.name() != Some("attachment") {
                    return Err(Refused::BAD_REQUEST);
                }
                self.attached = true;
                let between = Arc::clone(&self.between);
                return Ok(Step::Attachment(Attachment { field: Box::new(field), between }));
            } else {
                self.skip(field).await?;
            }
        }
        Ok(Step::End)
    }

    async fn next_field(&mut self) -> Result<Option<Field<'static>>, Refused> {
        self.between.store(0, Ordering::Relaxed);
        self.parts.next_field().await.map_err(refused)
    }

    async fn skip(&self, mut field: Field<'static>) -> Result<(), Refused> {
        while next_chunk(&mut field, &self.between).await?.is_some() {}
        Ok(())
    }

    /// The text fields so far, in order.
    pub(super) fn texts(&self) -> &[Text] {
        &self.texts
    }

    /// All text fields, in order.
    pub(super) fn into_texts(self) -> Vec<Text> {
        self.texts
    }

    async fn keep(&mut self, mut field: Field<'static>) -> Result<(), Refused> {
        let Some(name) = field.name().map(plain_name) else { return self.skip(field).await };
        let mut value = Vec::new();
        while let Some(piece) = next_chunk(&mut field, &self.between).await? {
            self.bytes += piece.len();
            if value.len() + piece.len() > TEXT_MAX || self.bytes > TEXTS_MAX {
                return Err(Refused::TOO_LARGE);
            }
            value.extend_from_slice(&piece);
        }
        self.texts.push(Text { name, value: String::from_utf8_lossy(&value).into_owned() });
        Ok(())
    }
}

impl Attachment {
    /// The next bytes.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Refused> {
        next_chunk(&mut self.field, &self.between).await
    }
}

async fn next_chunk(field: &mut Field<'static>, between: &AtomicUsize) -> Result<Option<Bytes>, Refused> {
    between.store(0, Ordering::Relaxed);
    field.chunk().await.map_err(refused)
}

/// What an upload form held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeForm {
    /// The text fields, in order: plain name and value.
    pub texts: Vec<(String, String)>,
    /// The attachment, if there was one.
    pub attachment: Option<Vec<u8>>,
}

/// Reads a whole form out of pieces in memory, by the code that reads uploads as they arrive: the way in for tests that try
/// any bytes. `None` if the media type is not `multipart/form-data`. Fails with the status that a client would get.
pub async fn read_form(content_type: &HeaderValue, pieces: Vec<Bytes>) -> Option<Result<WholeForm, StatusCode>> {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, content_type.clone())]);
    let pieces = futures_util::stream::iter(pieces.into_iter().map(Ok::<_, std::convert::Infallible>));
    let form = Form::begin(&headers, SharedBody::new(Body::from_stream(pieces), Duration::MAX))?;
    let whole = async { read_on(form?).await }.await;
    Some(whole.map_err(|refused: Refused| refused.answer().status()))
}

async fn read_on(mut form: Form) -> Result<WholeForm, Refused> {
    let mut attachment = None;
    while let Step::Attachment(mut arriving) = form.advance().await? {
        let bytes = attachment.insert(Vec::new());
        while let Some(piece) = arriving.chunk().await? {
            bytes.extend_from_slice(&piece);
        }
    }
    let texts = form.into_texts().into_iter().map(|text| (text.name, text.value)).collect();
    Ok(WholeForm { texts, attachment })
}

/// A part is a file if it has a file name, or if it says that it is one.
fn is_file(field: &Field<'static>) -> bool {
    field.file_name().is_some()
        || field.content_type().is_some_and(|kind| kind.essence_str() == "application/octet-stream")
}

/// `recipient[]` and `recipient[0]` work like `recipient`.
fn plain_name(name: &str) -> String {
    match name.split_once('[') {
        Some((plain, index)) if index.ends_with(']') => plain.to_owned(),
        _ => name.to_owned(),
    }
}

fn refused(error: multer::Error) -> Refused {
    let cause = match &error {
        multer::Error::StreamReadFailed(cause) => cause.downcast_ref::<BodyError>(),
        _ => None,
    };
    match cause {
        Some(BodyError::Stalled) => Refused::Status(StatusCode::REQUEST_TIMEOUT),
        Some(BodyError::TooLong) => Refused::TOO_LARGE,
        Some(BodyError::Broken) | None => Refused::BAD_REQUEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_form_is_the_same_however_it_is_cut() {
        let kind = HeaderValue::from_static("multipart/form-data; boundary=b");
        let body = "--b\r\nContent-Disposition: form-data; name=\"recipient[0]\"\r\n\r\nalice\r\n\
                    --b\r\nContent-Disposition: form-data; name=\"attachment\"; filename=\"a\"\r\n\r\n\x01\r\n--\x02\r\n--b--\r\n";
        let wanted = WholeForm {
            texts: vec![("recipient".into(), "alice".into())],
            attachment: Some(b"\x01\r\n--\x02".to_vec()),
        };
        for len in 1..=body.len() {
            let pieces = body.as_bytes().chunks(len).map(Bytes::copy_from_slice).collect();
            assert_eq!(read_form(&kind, pieces).await, Some(Ok(wanted.clone())), "in pieces of {len}");
        }
    }

    #[tokio::test]
    async fn what_is_no_whole_form_is_refused() {
        let kind = HeaderValue::from_static("multipart/form-data; boundary=b");
        for body in ["", "--b", "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx"] {
            let read = read_form(&kind, vec![Bytes::from_static(body.as_bytes())]).await;
            assert_eq!(read, Some(Err(StatusCode::BAD_REQUEST)), "{body:?}");
        }
        assert_eq!(read_form(&HeaderValue::from_static("text/plain"), Vec::new()).await, None);
    }

    #[tokio::test]
    async fn what_never_becomes_a_part_is_not_kept_for_ever() {
        let kind = HeaderValue::from_static("multipart/form-data; boundary=b");
        let piece = Bytes::from(vec![b'x'; 64 * 1024]);
        let headers = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\nX: ";
        for begin in ["", headers] {
            let pieces = [vec![Bytes::from(begin)], vec![piece.clone(); 100]].concat();
            assert_eq!(read_form(&kind, pieces).await, Some(Err(StatusCode::PAYLOAD_TOO_LARGE)), "{begin}");
        }
        // A part that nobody wants is read away, up to a limit.
        for (count, status) in [(100, StatusCode::BAD_REQUEST), (1000, StatusCode::PAYLOAD_TOO_LARGE)] {
            let skipped = "--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"\"\r\n\r\n";
            let pieces = [vec![Bytes::from(skipped)], vec![piece.clone(); count]].concat();
            assert_eq!(read_form(&kind, pieces).await, Some(Err(status)));
        }
    }
}
