//! Answers on port 80: challenges (RFC 8555, section 8.3), and the way to the same place with TLS for everything else.

use super::Acme;
use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use std::sync::PoisonError;

/// The routes of a listener without TLS.
pub fn router(acme: &Acme) -> Router {
    let challenges = acme.challenges();
    let host = acme.first_domain();
    let challenge = move |Path(token): Path<String>| async move {
        let known = challenges.lock().unwrap_or_else(PoisonError::into_inner).get(&token).cloned();
        known.ok_or(StatusCode::NOT_FOUND)
    };
    let elsewhere = move |uri: Uri| async move { redirect(host.as_deref(), &uri) };
    Router::new().route("/.well-known/acme-challenge/{token}", get(challenge)).fallback(elsewhere)
}

/// Sends people to the node's own name only, whatever host they asked for.
fn redirect(host: Option<&str>, uri: &Uri) -> Response {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    match host {
        Some(host) => Redirect::permanent(&format!("https://{host}{path}")).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
