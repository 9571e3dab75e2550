//! The web app: its files, from the program itself, in front of all that other doors answer (docs/web-app.md).

mod ask;
mod headers;
mod list;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, VARY};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use std::collections::BTreeMap;
use std::sync::Arc;
use tidings_web_app::{App, File, HASHED, INDEX, Kind};

/// Where the list of all files with their hashes is.
pub const LIST: &str = "/app.json";

/// Where invitations lead. What is after `#` stays in the browser (docs/protocol/contacts.md).
pub const INVITATION: &str = "/i";

/// Where links to rooms lead, likewise.
pub const ROOM: &str = "/r";

/// For files whose names change with their content: a year, and no asking before.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// For all others: kept, but asked for each time whether they are still the same.
const ASK_FIRST: HeaderValue = HeaderValue::from_static("no-cache");

/// The app as it is served. One for the whole node.
pub struct WebApp {
    pages: BTreeMap<&'static str, Page>,
}

/// What is at one path.
struct Page {
    content_type: &'static str,
    cache: HeaderValue,
    /// Names the path in metrics, without what a client chose.
    route: &'static str,
    plain: Coded,
    /// The best first.
    packed: Vec<Coded>,
}

/// A page in one encoding, with the tag of these very bytes (RFC 9110, section 8.8.3).
struct Coded {
    /// Its name, unless it is as it is.
    coding: Option<&'static str>,
    bytes: Bytes,
    tag: HeaderValue,
}

impl WebApp {
    /// The app that is embedded into this program.
    pub fn embedded() -> Self {
        Self::new(&tidings_web_app::embedded())
    }

    /// Any app.
    pub fn new(app: &App) -> Self {
        let mut pages: BTreeMap<_, _> = app.files.iter().map(|file| (file.path, Page::of_file(file))).collect();
        if let Some(index) = app.file(INDEX) {
            pages.insert("/", Page::of_file(index));
            // Without the app, the native door's page says better what to do with an invitation.
            if app.kind == Kind::App {
                pages.insert(INVITATION, Page::of_file(index));
                pages.insert(ROOM, Page::of_file(index));
            }
        }
        pages.insert(LIST, Page::of_list(app));
        Self { pages }
    }

    /// Answers from the app what is the app's; all else goes on to `router`, as if the app were not there.
    pub fn in_front_of(self: Arc<Self>, router: Router) -> Router {
        router.layer(middleware::from_fn(move |request: Request, next: Next| {
            let app = Arc::clone(&self);
            async move {
                match app.answer(request.method(), request.uri().path(), request.headers()) {
                    Some(response) => response,
                    None => next.run(request).await,
                }
            }
        }))
    }

    /// The answer to a request; none if it asks for nothing of the app.
    pub fn answer(&self, method: &Method, path: &str, asked: &HeaderMap) -> Option<Response> {
        if method != Method::GET && method != Method::HEAD {
            return None;
        }
        let page = self.pages.get(path)?;
        let response = page.answer(method, asked);
        let class = if response.status() == StatusCode::NOT_MODIFIED { "3xx" } else { "2xx" };
        metrics::counter!("tidings_requests_total", "door" => "webapp", "route" => page.route, "status" => class)
            .increment(1);
        Some(response)
    }
}

impl Page {
    fn of_file(file: &File) -> Self {
        let hash = file.sha256_hex();
        let is_hashed = file.path.starts_with(HASHED);
        let packed = [("br", file.brotli), ("gzip", file.gzip)].into_iter().filter_map(|(coding, bytes)| {
            Some(Coded { coding: Some(coding), ..Coded::new(Bytes::from_static(bytes?), &format!("{hash}-{coding}")) })
        });
        Self {
            content_type: file.content_type(),
            cache: if is_hashed { FOR_EVER } else { ASK_FIRST },
            route: route(file.path),
            plain: Coded::new(Bytes::from_static(file.bytes), &hash),
            packed: packed.collect(),
        }
    }

    fn of_list(app: &App) -> Self {
        let bytes = Bytes::from(list::of(app));
        let hash = list::hash(&bytes);
        let plain = Coded::new(bytes, &hash);
        Self { content_type: "application/json", cache: ASK_FIRST, route: LIST, plain, packed: Vec::new() }
    }

    fn answer(&self, method: &Method, asked: &HeaderMap) -> Response {
        let wanted = |coded: &&Coded| coded.coding.is_some_and(|coding| ask::takes(asked, coding));
        let coded = self.packed.iter().find(wanted).unwrap_or(&self.plain);
        let mut response = Response::new(Body::empty());
        let headers = response.headers_mut();
        headers::insert(headers);
        headers.insert(ETAG, coded.tag.clone());
        headers.insert(CACHE_CONTROL, self.cache.clone());
        headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        // Of a 304, too: else the router says that there are none, which is not what the page has (RFC 9110, section 8.6).
        headers.insert(CONTENT_LENGTH, HeaderValue::from(coded.bytes.len()));
        if ask::has(asked, &coded.tag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        if let Some(coding) = coded.coding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        if method == Method::GET {
            *response.body_mut() = Body::from(coded.bytes.clone());
        }
        response
    }
}

impl Coded {
    fn new(bytes: Bytes, name: &str) -> Self {
        // Hexadecimal digits and a dash are always fit for a header; without a tag it is only never the same.
        let tag = HeaderValue::try_from(format!("\"{name}\"")).unwrap_or(HeaderValue::from_static("\"\""));
        Self { coding: None, bytes, tag }
    }
}

/// The pattern of a path, for metrics.
fn route(path: &'static str) -> &'static str {
    match path {
        _ if path.starts_with(HASHED) => "/assets/*",
        _ if path.starts_with("/icons/") => "/icons/*",
        // It is at several paths, which are one page.
        INDEX => "/",
        other => other,
    }
}

#[cfg(test)]
mod tests;
