//! What every answer of the app tells the browser to keep to.

use http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Code and looks come from this node's files alone, and no text becomes code (trusted types). The app connects to whatever node
/// its user names, which may be any, so that connections are free; what it sends is sealed.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; \
     media-src 'self' blob:; font-src 'self'; connect-src *; worker-src 'self'; manifest-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types tidings";

/// The camera scans codes, the microphone records voice notes. All else is refused that browsers know by name; names that one of them
/// does not know would be complained of in its console.
const PERMISSIONS: &str = "camera=(self), microphone=(self), accelerometer=(), bluetooth=(), display-capture=(), encrypted-media=(), \
     gamepad=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), local-fonts=(), magnetometer=(), midi=(), payment=(), \
     serial=(), usb=(), window-management=(), xr-spatial-tracking=()";

/// All of them.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("permissions-policy"), HeaderValue::from_static(PERMISSIONS)),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
];

/// Puts them into an answer.
pub(super) fn insert(headers: &mut HeaderMap) {
    headers.extend(HEADERS);
}
