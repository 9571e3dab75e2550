//! The OpenAPI document: made of the [table](super::table) of routes and of the types' own descriptions.

use super::answer::status_of;
use super::route::{Body, Key, Parameter, Route, described};
use super::table::ROUTES;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use tidings_wire::{Code, Failure, Fixed, PROTOCOL, api};

/// The name of the one way to sign.
const SCHEME: &str = "signature";

/// What it says of itself.
const ABOUT: &str = "The native interface of a Tidings node. docs/protocol/node.md says what it is for, and what goes over the \
     WebSocket at /v1/live. All bytes in JSON are base64url without padding; all times are milliseconds since 1970.";

const SIGNING: &str = "HTTP message signatures (RFC 9421) with the label `tidings`, algorithm ed25519: covered components \
     \"@method\" \"@authority\" \"@path\" \"@query\" and, with a body, \"content-digest\" (RFC 9530, sha-256); parameters in this order: created, nonce \
     (base64url of 16 random bytes), keyid (base64url of the public key), alg=\"ed25519\", tag=\"tidings/1\". The headers are Signature-Input, \
     Signature and, with a body, Content-Digest. Which key must sign is said at each request.";

/// The document, as JSON text.
pub fn document() -> Vec<u8> {
    let mut schemas = BTreeMap::new();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    collect(&mut schemas, described::<Failure>);
    collect(&mut schemas, described::<api::TurnTaken>);
    collect(&mut schemas, described::<api::CounterTaken>);
    for route in ROUTES {
        for body in [route.takes, route.gives] {
            if let Body::Json(describe, _) = body {
                collect(&mut schemas, describe);
            }
        }
        paths.entry(route.pattern).or_default().insert(route.method.to_ascii_lowercase(), operation(route));
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {"title": "Tidings", "version": PROTOCOL.to_string(), "description": ABOUT, "license": {"name": "MIT OR Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {SCHEME: {"type": "apiKey", "in": "header", "name": "Signature", "description": SIGNING}},
        },
    });
    serde_json::to_vec(&document).unwrap_or_default()
}

fn collect(schemas: &mut BTreeMap<String, Value>, describe: fn() -> super::route::Described) {
    for (name, schema) in describe().schemas {
        let mut schema = serde_json::to_value(schema).unwrap_or_default();
        bound(&mut schema);
        schemas.insert(name, schema);
    }
}

/// Says of every whole number how large it may be.
fn bound(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.get("type").is_some_and(is_integer) {
                members.insert("maximum".to_owned(), json!(u64::MAX));
                // Which says less than that.
                members.remove("format");
            }
            members.values_mut().for_each(bound);
        }
        Value::Array(values) => values.iter_mut().for_each(bound),
        _ => {}
    }
}

/// Whether a schema's `type` is a whole number, or one that may be left out.
fn is_integer(kind: &Value) -> bool {
    kind == "integer" || kind.as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "integer"))
}

fn operation(route: &Route) -> Value {
    let mut parameters: Vec<Value> = path_parameter(route.pattern).into_iter().collect();
    parameters.extend(route.parameters.iter().map(parameter));
    let mut operation = json!({
        "operationId": format!("{:?}", route.operation),
        "summary": route.about,
        "description": signer(route.key),
        "parameters": parameters,
        "responses": responses(route),
        "security": security(route.key),
    });
    if let (Some(body), Value::Object(operation)) = (request_body(route.takes), &mut operation) {
        operation.insert("requestBody".to_owned(), body);
    }
    operation
}

fn signer(key: Key) -> &'static str {
    match key {
        Key::Nobody => "Needs no signature.",
        Key::Device => "Signed by a device of an account on this node.",
        Key::Identity => "Signed by the identity.",
        Key::DeviceOrIdentity => "Signed by a device of an account on this node, or by its identity.",
        Key::Posting => {
            "Signed by a posting key that the owner of the inbox accepts, or by one of the owner's devices."
        }
        Key::Access => "Signed by the access key of a member of the group.",
        Key::Owner => "Signed by a device of the node's owner.",
        Key::DeviceIfSigned => "May be signed by a device of the account that owns it.",
    }
}

fn security(key: Key) -> Value {
    match key {
        Key::Nobody => json!([]),
        Key::DeviceIfSigned => json!([{}, {SCHEME: []}]),
        _ => json!([{SCHEME: []}]),
    }
}

fn path_parameter(pattern: &str) -> Option<Value> {
    let (name, _) = pattern.split_once('{')?.1.split_once('}')?;
    let schema = match name {
        "identity" | "blob" | "invitation" => schema_of::<Fixed<32>>(),
        "exchange" | "group" => schema_of::<Fixed<16>>(),
        _ => json!({"type": "string", "pattern": "^[0-9a-f-]{36}$"}),
    };
    Some(json!({"name": name, "in": "path", "required": true, "schema": schema}))
}

fn schema_of<T: utoipa::PartialSchema>() -> Value {
    serde_json::to_value(T::schema()).unwrap_or_default()
}

fn parameter(parameter: &Parameter) -> Value {
    let schema: Value = serde_json::from_str(parameter.schema).unwrap_or_default();
    let Parameter { place, name, required, about, .. } = parameter;
    json!({"name": name, "in": place, "required": required, "description": about, "schema": schema})
}

fn content(body: Body) -> Option<Value> {
    match body {
        Body::Nothing => None,
        Body::Json(describe, _) => {
            let name = describe().name;
            Some(json!({"application/json": {"schema": {"$ref": format!("#/components/schemas/{name}")}}}))
        }
        Body::Bytes(_) => Some(json!({"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}})),
    }
}

fn request_body(takes: Body) -> Option<Value> {
    let (Body::Json(_, max) | Body::Bytes(max)) = takes else { return None };
    let about = format!("At most {max} bytes.");
    Some(json!({"required": true, "description": about, "content": content(takes)?}))
}

/// What every request may get: a form that is not the described one, too much, and a node that can't.
const ALWAYS: &[Code] = &[Code::Malformed, Code::TooLarge, Code::Rate, Code::Failed, Code::Busy];

fn responses(route: &Route) -> Value {
    let mut responses = Map::new();
    let mut good = json!({"description": "Done."});
    if let Value::Object(good) = &mut good {
        if let Some(content) = content(route.gives) {
            good.insert("content".to_owned(), content);
        }
        let headers: Map<String, Value> =
            answer_headers(route).iter().map(|(name, about)| header(name, about)).collect();
        if !headers.is_empty() {
            good.insert("headers".to_owned(), Value::Object(headers));
        }
    }
    responses.insert(route.status.to_string(), good);
    let signed = if route.key == Key::Nobody { None } else { Some(Code::Unsigned) };
    let mut refusals: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in ALWAYS.iter().chain(route.codes).copied().chain(signed) {
        let codes = refusals.entry(status_of(code).as_u16()).or_default();
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    for (status, codes) in refusals {
        responses.insert(status.to_string(), refusal(route, status, &codes));
    }
    if route.parameters.iter().any(|parameter| parameter.name == "Range") {
        responses.insert("206".to_owned(), json!({"description": "The range.", "content": content(route.gives)}));
        responses.insert("416".to_owned(), refusal(route, 416, &[Code::Malformed]));
    }
    if route.operation == super::route::Operation::Live {
        responses.insert("426".to_owned(), refusal(route, 426, &[Code::Malformed]));
    }
    Value::Object(responses)
}

fn header(name: &str, about: &str) -> (String, Value) {
    (name.to_owned(), json!({"description": about, "schema": {"type": "string"}}))
}

fn answer_headers(route: &Route) -> &'static [(&'static str, &'static str)] {
    use super::route::Operation::{LookAtBlob, Profile, PutProfile, ReadBlob, WriteBlob};
    match route.operation {
        Profile | PutProfile => &[("ETag", "The counter, in quotes")],
        WriteBlob | LookAtBlob => &[("Upload-Offset", "How many bytes are there")],
        ReadBlob => &[("Accept-Ranges", "bytes"), ("ETag", "Of bytes that never change")],
        _ => &[],
    }
}

fn refusal(route: &Route, status: u16, codes: &[Code]) -> Value {
    let words: Vec<String> = codes.iter().map(word).collect();
    let name = match codes {
        _ if status == 409 && route.codes.contains(&Code::Turn) => vec!["Failure", "TurnTaken"],
        _ if status == 409 && route.codes.contains(&Code::Counter) => vec!["Failure", "CounterTaken"],
        _ => vec!["Failure"],
    };
    let reference = |name: &&str| json!({"$ref": format!("#/components/schemas/{name}")});
    let schema = match name.as_slice() {
        [one] => reference(one),
        several => json!({"anyOf": several.iter().map(reference).collect::<Vec<_>>()}),
    };
    // An answer to HEAD has no body.
    if route.method == "HEAD" {
        return json!({"description": words.join(", ")});
    }
    json!({"description": words.join(", "), "content": {"application/json": {"schema": schema}}})
}

/// A code as it is written in JSON.
fn word(code: &Code) -> String {
    serde_json::to_value(code).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    match value.as_str().filter(|_| name == "$ref") {
                        Some(reference) => drop(found.insert(reference.to_owned())),
                        None => references(value, found),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn all_that_is_referred_to_is_there_and_every_route_is_described() {
        let document: Value = serde_json::from_slice(&document()).unwrap();
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        assert!(found.len() > 30, "{found:?}");
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
        for route in ROUTES {
            let operation = &document["paths"][route.pattern][route.method.to_ascii_lowercase()];
            assert!(operation["responses"][route.status.to_string()].is_object(), "{}", route.pattern);
        }
    }

    fn formats(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("format").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|value| formats(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| formats(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_whole_number_says_how_large_it_may_be_and_none_says_it_by_a_format() {
        let document: Value = serde_json::from_slice(&document()).unwrap();
        let expires = |name: &str| &document["components"]["schemas"][name]["properties"]["expires"]["maximum"];
        assert_eq!((expires("NewBlob"), expires("BlobMade")), (&json!(u64::MAX), &json!(u64::MAX)));
        let mut found = BTreeSet::new();
        formats(&document["components"], &mut found);
        assert!(found.iter().all(|format| !format.contains("int")), "{found:?}");
    }

    #[test]
    fn the_parameters_that_are_written_as_json_are_json() {
        for route in ROUTES {
            for parameter in route.parameters {
                assert!(serde_json::from_str::<Value>(parameter.schema).is_ok(), "{}", parameter.name);
            }
        }
    }
}
