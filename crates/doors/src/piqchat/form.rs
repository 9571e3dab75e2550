//! Upload forms: `multipart/form-data` piece by piece (wire/piqchat.md, section 4.3).

use super::answer::Refused;
use super::body::{BodyError, SharedBody};
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use multer::{Field, Multipart};

/// Bytes of an attachment at most.
pub(super) const ATTACHMENT_MAX: u64 = 19_999_999;

/// Bytes of one text field at most.
const TEXT_MAX: usize = 1_048_575;

/// Bytes of all text fields of a form together.
const TEXTS_MAX: usize = 16 << 20;

/// Parts of a form at most: 500 recipients and some more.
const PARTS_MAX: usize = 520;

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
pub(super) struct Attachment(Box<Field<'static>>);

/// A form that is being read. Text fields are kept, in order; unknown ones too, since they count against the limits.
pub(super) struct Form {
    parts: Multipart<'static>,
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
        let parts = Multipart::new(body, boundary);
        Some(Ok(Self { parts, texts: Vec::new(), bytes: 0, count: 0, attached: false }))
    }

    /// Reads on until the attachment begins or the form ends.
    pub(super) async fn advance(&mut self) -> Result<Step, Refused> {
        while let Some(field) = self.parts.next_field().await.map_err(refused)? {
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
                return Ok(Step::Attachment(Attachment(Box::new(field))));
            }
        }
        Ok(Step::End)
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
        let Some(name) = field.name().map(plain_name) else { return Ok(()) };
        let mut value = Vec::new();
        while let Some(piece) = field.chunk().await.map_err(refused)? {
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
        self.0.chunk().await.map_err(refused)
    }
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
    let stalled = matches!(&error, multer::Error::StreamReadFailed(cause)
        if matches!(cause.downcast_ref::<BodyError>(), Some(BodyError::Stalled)));
    if stalled { Refused::Status(http::StatusCode::REQUEST_TIMEOUT) } else { Refused::BAD_REQUEST }
}
