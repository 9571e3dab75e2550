//! Uploads: of today's clients, and the two deprecated ways of older ones (wire/piqchat.md, sections 4.3 and 4.6).

use super::answer::{Answer, Refused, json, status};
use super::dispatch::{Asked, Signer};
use super::form::{ATTACHMENT_MAX, Form, Step, Text};
use super::inbox::Transfer;
use super::json::{is_json, stored};
use axum::response::Response;
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use serde::Serialize;
use serde_json::Value;
use std::collections::HashMap;
use tidings_core::statistics::MEDIA;
use tidings_core::{BoxKey, Draft, Key, Label, Refusal, StreamName};
use tidings_engine::blobs::FinishedBlob;
use tidings_engine::{Error, Post};

/// The type that the oldest clients mean when they say none.
const IMAGE: &str = "IMAGE";

/// Requests up to this many bytes are received before it is asked whether anybody wants them.
const SMALL: u64 = 64 * 1024;

/// The text fields that mean something in any of the three ways to upload.
const FIELDS: [&str; 4] = ["type", "recipient", "content", "contents"];

/// Recipients of one upload at most.
const RECIPIENTS_MAX: usize = 500;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Uploaded {
    forbidden_recipient_ids: Vec<String>,
}

/// A recipient as the client wrote it, with the content for it.
struct Recipient {
    id: String,
    content: Option<String>,
}

/// A form that was received whole.
struct Received {
    texts: Vec<Text>,
    blob: Option<FinishedBlob>,
    /// Whether an attachment was thrown away, because nobody named before it wanted it.
    discarded: bool,
}

/// `POST /parcels`.
pub(super) async fn upload(asked: Asked, signer: Signer) -> Answer {
    let received = receive(&asked, signer, None).await?;
    let label = single(&received.texts, "type")?.ok_or(Refused::BAD_REQUEST)?;
    let recipients: Vec<Recipient> = all(&received.texts, "recipient").map(recipient).collect();
    if recipients.is_empty() {
        return Err(Refused::BAD_REQUEST);
    }
    if recipients.len() > RECIPIENTS_MAX {
        return Err(Refused::TOO_LARGE);
    }
    let notify = label == MEDIA;
    let once = last_content_at_first_place(&recipients);
    let refusals = post(&asked, signer, once, &label, notify, received).await?;
    group_answer(recipients, &refusals)
}

/// `POST /parcels/:recipient`, deprecated.
pub(super) async fn upload_to(asked: Asked, signer: Signer, recipient: &str) -> Answer {
    if !wanted(&asked, signer, &[recipient]).await? {
        return Err(Refused::FORBIDDEN);
    }
    let received = receive(&asked, signer, Some(true)).await?;
    let label = single(&received.texts, "type")?.unwrap_or_else(|| IMAGE.to_owned());
    let content = single(&received.texts, "content")?;
    let notify = label == IMAGE;
    let recipients = vec![Recipient { id: recipient.to_owned(), content }];
    let refusals = post(&asked, signer, recipients, &label, notify, received).await?;
    match refusals.values().next() {
        None => Ok(status(StatusCode::CREATED)),
        Some(refusal) => Err(Error::Refused(*refusal).into()),
    }
}

/// `POST /parcels/group/:recipients`, deprecated.
pub(super) async fn upload_group(asked: Asked, signer: Signer, recipients: &str) -> Answer {
    let ids: Vec<&str> = recipients.split(',').collect();
    if ids.len() > RECIPIENTS_MAX {
        return Err(Refused::TOO_LARGE);
    }
    if !wanted(&asked, signer, &ids).await? {
        return Err(Refused::FORBIDDEN);
    }
    let received = receive(&asked, signer, Some(true)).await?;
    let label = single(&received.texts, "type")?.ok_or(Refused::BAD_REQUEST)?;
    let contents = single(&received.texts, "contents")?.ok_or(Refused::BAD_REQUEST)?;
    let contents: Value = serde_json::from_str(&contents).map_err(|_| Refused::BAD_REQUEST)?;
    let accepted = accepting(&asked, signer, &ids).await?;
    let mut recipients = Vec::new();
    for (id, accepts) in ids.iter().zip(accepted) {
        // Contents are looked at for those who accept only; for the others any will do.
        let content = if accepts { Some(content_for(&contents, id)?) } else { None };
        recipients.push(Recipient { id: (*id).to_owned(), content });
    }
    let notify = label == MEDIA;
    let drafts = recipients.iter().map(|to| Recipient { id: to.id.clone(), content: to.content.clone() }).collect();
    let refusals = post(&asked, signer, drafts, &label, notify, received).await?;
    group_answer(recipients, &refusals)
}

fn content_for(contents: &Value, id: &str) -> Result<String, Refused> {
    let found = match contents {
        Value::String(_) => Some(contents),
        Value::Object(entries) => entries.get(id),
        _ => None,
    };
    found.and_then(Value::as_str).map(str::to_owned).ok_or(Refused::BAD_REQUEST)
}

/// Splits at the first blank; without one, the whole field is both id and content.
fn recipient(field: &str) -> Recipient {
    let (id, content) = field.split_once(' ').unwrap_or((field, field));
    Recipient { id: id.to_owned(), content: Some(content.to_owned()) }
}

/// The same id twice gives one parcel: the last content, at the first one's place.
fn last_content_at_first_place(recipients: &[Recipient]) -> Vec<Recipient> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut once: Vec<Recipient> = Vec::new();
    for recipient in recipients {
        let place = *places.entry(&recipient.id).or_insert(once.len());
        match once.get_mut(place) {
            Some(first) => first.content.clone_from(&recipient.content),
            None => once.push(Recipient { id: recipient.id.clone(), content: recipient.content.clone() }),
        }
    }
    once
}

fn all<'a>(texts: &'a [Text], name: &'a str) -> impl Iterator<Item = &'a str> {
    texts.iter().filter(move |text| text.name == name).map(|text| text.value.as_str())
}

/// A field that may be there once.
fn single(texts: &[Text], name: &str) -> Result<Option<String>, Refused> {
    let mut found = all(texts, name);
    let first = found.next().map(str::to_owned);
    if found.next().is_some() { Err(Refused::BAD_REQUEST) } else { Ok(first) }
}

fn inbox(id: &str) -> Option<StreamName> {
    BoxKey::parse(id).ok().map(|key| StreamName::inbox(&Key::Box(key)))
}

/// For each id, whether its owner accepts anything from the signer.
async fn accepting(asked: &Asked, signer: Signer, ids: &[&str]) -> Result<Vec<bool>, Error> {
    let streams: Vec<Option<StreamName>> = ids.iter().map(|id| inbox(id)).collect();
    let known: Vec<StreamName> = streams.iter().flatten().cloned().collect();
    let mut answers = asked.door.engine.may_append(signer.caller(), known, 0).await?.into_iter();
    let accepts = |answer: Option<Result<(), Refusal>>| !matches!(answer, None | Some(Err(Refusal::NotAccepted)));
    Ok(streams.iter().map(|stream| stream.is_some() && accepts(answers.next())).collect())
}

/// Whether any of these accepts anything from the signer.
async fn wanted(asked: &Asked, signer: Signer, ids: &[&str]) -> Result<bool, Error> {
    Ok(accepting(asked, signer, ids).await?.contains(&true))
}

/// Receives a form, or a JSON body in its place. `permitted` says whether the recipients are known to accept; if that is not
/// known yet, it is asked when the attachment begins.
async fn receive(asked: &Asked, signer: Signer, permitted: Option<bool>) -> Result<Received, Refused> {
    let Some(form) = Form::begin(&asked.headers, asked.body.clone()) else {
        return if is_json(&asked.headers) { from_json(asked) } else { Err(Refused::BAD_REQUEST) };
    };
    let mut form = form?;
    let _transfer = Transfer::begin(&asked.door, signer.key)?;
    let _place = asked.door.uploads.acquire().await.map_err(|_| Refused::Engine(Error::Busy))?;
    let (mut blob, mut discarded) = (None, false);
    while let Step::Attachment(mut attachment) = form.advance().await? {
        if permitted.is_none() && !worth_storing(asked, signer, &form).await? {
            discarded = true;
            while attachment.chunk().await?.is_some() {}
            continue;
        }
        let mut writer =
            asked.door.engine.receive_blob(length(asked).min(ATTACHMENT_MAX), ATTACHMENT_MAX, asked.now)?;
        while let Some(piece) = attachment.chunk().await? {
            asked.door.engine.room_for(piece.len())?;
            writer.push(&piece).await?;
        }
        blob = Some(writer);
    }
    // Only a form that ended whole is worth a sync.
    let blob = match blob {
        Some(writer) => Some(writer.finish().await?),
        None => None,
    };
    Ok(Received { texts: form.into_texts(), blob, discarded })
}

/// Whether to keep a large attachment: unless all whom the form has named so far refuse it.
async fn worth_storing(asked: &Asked, signer: Signer, form: &Form) -> Result<bool, Error> {
    let named: Vec<Recipient> = all(form.texts(), "recipient").map(recipient).collect();
    if length(asked) <= SMALL || named.is_empty() {
        return Ok(true);
    }
    let ids: Vec<&str> = named.iter().map(|recipient| recipient.id.as_str()).collect();
    wanted(asked, signer, &ids).await
}

/// Bytes that the request says it has; a great many if it does not say.
fn length(asked: &Asked) -> u64 {
    let header = asked.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    header.and_then(|text| text.parse().ok()).unwrap_or(u64::MAX)
}

/// The same names in a JSON body, where `recipient` may be a list and `contents` may be an object.
fn from_json(asked: &Asked) -> Result<Received, Refused> {
    let mut texts = Vec::new();
    // What no form would have is ignored, whatever it is.
    for (name, value) in asked.members.iter().filter(|(name, _)| FIELDS.contains(&name.as_str())) {
        match value {
            Value::Array(values) => {
                for value in values {
                    texts.push(Text { name: name.clone(), value: text(value)? });
                }
            }
            Value::Object(_) if name == "contents" => texts.push(Text { name: name.clone(), value: value.to_string() }),
            Value::Null => {}
            value => texts.push(Text { name: name.clone(), value: text(value)? }),
        }
    }
    Ok(Received { texts, blob: None, discarded: false })
}

fn text(value: &Value) -> Result<String, Refused> {
    stored(value.clone())?.ok_or(Refused::BAD_REQUEST)
}

/// Posts to all who can have an inbox; gives who refused, and why.
async fn post(
    asked: &Asked,
    signer: Signer,
    recipients: Vec<Recipient>,
    label: &str,
    notify: bool,
    received: Received,
) -> Result<HashMap<String, Refusal>, Refused> {
    let engine = &asked.door.engine;
    let mut refusals = HashMap::new();
    let (mut ids, mut drafts) = (Vec::new(), Vec::new());
    for Recipient { id, content } in recipients {
        let Some(stream) = inbox(&id) else {
            refusals.insert(id, Refusal::NotAccepted);
            continue;
        };
        let (id_of, label) = (engine.entropy().envelope_id(), Label::new(label));
        let body = content.map(|content| content.into_bytes().into_boxed_slice());
        drafts.push(Draft { stream, id: id_of, label, body, notify, time: None });
        ids.push(id);
    }
    if drafts.is_empty() {
        return Ok(refusals);
    }
    if received.discarded {
        return refuse_all(asked, signer, ids, refusals).await;
    }
    let post = Post { caller: signer.caller(), drafts, joined: None, blob: received.blob };
    let outcomes = engine.accept(post, engine.now()).await?;
    refusals.extend(ids.into_iter().zip(outcomes).filter_map(|(id, outcome)| Some((id, outcome.err()?))));
    Ok(refusals)
}

/// The attachment was thrown away because all who had been named then refused it. If somebody named after it would have
/// accepted, the form can't be honoured.
async fn refuse_all(
    asked: &Asked,
    signer: Signer,
    ids: Vec<String>,
    mut refusals: HashMap<String, Refusal>,
) -> Result<HashMap<String, Refusal>, Refused> {
    let named: Vec<&str> = ids.iter().map(String::as_str).collect();
    if wanted(asked, signer, &named).await? {
        return Err(Refused::BAD_REQUEST);
    }
    refusals.extend(ids.into_iter().map(|id| (id, Refusal::NotAccepted)));
    Ok(refusals)
}

/// 200 with those who refused, in the order sent and as often as sent; if nobody accepted, why not.
fn group_answer(recipients: Vec<Recipient>, refusals: &HashMap<String, Refusal>) -> Result<Response, Refused> {
    if recipients.iter().any(|recipient| !refusals.contains_key(&recipient.id)) {
        let refused = recipients.into_iter().map(|recipient| recipient.id).filter(|id| refusals.contains_key(id));
        return json(StatusCode::OK, &Uploaded { forbidden_recipient_ids: refused.collect() });
    }
    let other = refusals.values().find(|refusal| **refusal != Refusal::NotAccepted);
    Err(other.map_or(Refused::FORBIDDEN, |refusal| Error::Refused(*refusal).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipient_ends_at_the_first_blank() {
        for (field, id, content) in
            [("a b c", "a", "b c"), ("a ", "a", ""), ("a", "a", "a"), (" b", "", "b"), ("a  b", "a", " b")]
        {
            let parsed = recipient(field);
            assert_eq!((parsed.id.as_str(), parsed.content.as_deref()), (id, Some(content)), "{field:?}");
        }
    }

    #[test]
    fn the_last_content_stands_at_the_first_place() {
        let sent: Vec<Recipient> = ["a 1", "b 2", "a 3"].into_iter().map(recipient).collect();
        let once = last_content_at_first_place(&sent);
        let once: Vec<_> = once.iter().map(|to| (to.id.as_str(), to.content.as_deref().unwrap())).collect();
        assert_eq!(once, [("a", "3"), ("b", "2")]);
    }
}
