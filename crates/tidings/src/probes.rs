//! What watches the node asks it: `/healthz`, `/readyz` and `/metrics`.

use crate::failure::Failure;
use crate::figures;
use crate::node::Node;
use crate::visits::{Visit, Visits};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tidings_doors::http::ClientAddress;
use tidings_engine::Engine;
use tokio_util::sync::CancellationToken;

/// Upper bounds of histograms' buckets, in seconds.
const BUCKETS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0];

/// Headers that proxies add. Whoever comes through one is not on this machine, whatever the connection looks like.
const FORWARDED: [HeaderName; 4] =
    [header::FORWARDED, header::VIA, HeaderName::from_static("x-forwarded-for"), HeaderName::from_static("x-real-ip")];

/// How the node is, as its probes tell it.
#[derive(Clone)]
pub struct Probes {
    engine: Engine,
    visits: Visits,
    reserve: u64,
    damaged: Arc<AtomicBool>,
    shutdown: CancellationToken,
    metrics: Option<PrometheusHandle>,
}

impl Probes {
    /// Probes of a node that ends with `shutdown`.
    pub fn new(node: &Node, shutdown: CancellationToken, metrics: Option<PrometheusHandle>) -> Self {
        let reserve = node.found.load().settings.disk_reserve.max(tidings_engine::disk::RESERVE_MIN);
        let (engine, visits) = (node.engine.clone(), node.visits.clone());
        Self { engine, visits, reserve, damaged: Arc::default(), shutdown, metrics }
    }

    /// The node's data was found damaged: it is not ready any more.
    pub fn note_damage(&self) {
        self.damaged.store(true, Ordering::Relaxed);
    }

    /// Whether damage was found.
    pub fn damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    /// The routes for the node's own address. `metrics`: whether `/metrics` is among them, for callers on this machine.
    pub fn router(self, metrics: bool) -> Router {
        let router = Router::new().route("/healthz", get(healthy)).route("/readyz", get(ready));
        let router = if metrics { router.route("/metrics", get(local_metrics)) } else { router };
        router.with_state(self)
    }

    /// The route for addresses that are for metrics alone.
    pub fn metrics_router(self) -> Router {
        Router::new().route("/metrics", get(all_metrics)).with_state(self)
    }

    /// What keeps the node from being ready.
    async fn obstacle(&self) -> Option<String> {
        if self.shutdown.is_cancelled() {
            return Some("the node is ending".to_owned());
        }
        if self.damaged() {
            return Some("the stored data is damaged".to_owned());
        }
        if let Err(error) = self.engine.ready().await {
            tracing::warn!(%error, "not ready");
            return Some("the store does not answer".to_owned());
        }
        let free = tidings_engine::disk::free_bytes(self.engine.blobs().folder()).unwrap_or(u64::MAX);
        (free < self.reserve).then(|| "the disk is full up to its reserve".to_owned())
    }
}

/// Also where `tidings doctor` comes in through the public address.
async fn healthy(State(probes): State<Probes>, request: Request) -> &'static str {
    if let Some(name) = request.uri().query().and_then(|query| query.strip_prefix("visit=")) {
        probes.visits.note(name, || visit(&request));
    }
    "ok\n"
}

fn visit(request: &Request) -> Visit {
    let client = request.extensions().get::<ClientAddress>();
    let lines = FORWARDED.into_iter().flat_map(|name| {
        let values = request.headers().get_all(&name).iter().filter_map(|value| value.to_str().ok());
        values.map(|value| format!("{name}: {value}")).collect::<Vec<_>>()
    });
    Visit { client: client.map_or_else(String::new, |client| client.0.to_string()), forwarded: lines.collect() }
}

async fn ready(State(probes): State<Probes>) -> Response {
    match probes.obstacle().await {
        None => "ready\n".into_response(),
        Some(obstacle) => (StatusCode::SERVICE_UNAVAILABLE, format!("{obstacle}\n")).into_response(),
    }
}

async fn local_metrics(State(probes): State<Probes>, request: Request) -> Response {
    let here = request.extensions().get::<ClientAddress>().is_some_and(|client| client.0.is_loopback());
    if !here || FORWARDED.into_iter().any(|name| request.headers().contains_key(name)) {
        return StatusCode::NOT_FOUND.into_response();
    }
    render(&probes).await
}

async fn all_metrics(State(probes): State<Probes>) -> Response {
    render(&probes).await
}

async fn render(probes: &Probes) -> Response {
    let Some(handle) = &probes.metrics else { return StatusCode::NOT_FOUND.into_response() };
    if let Some(bytes) = resident_bytes() {
        // Memory beyond 2^53 bytes would lose precision, which no machine has.
        metrics::gauge!("process_resident_memory_bytes").set(bytes as f64);
    }
    if let Ok(free) = tidings_engine::disk::free_bytes(probes.engine.blobs().folder()) {
        metrics::gauge!("tidings_disk_free_bytes").set(free as f64);
    }
    if let Ok(counts) = probes.engine.statistics(probes.engine.now()).await {
        metrics::gauge!("tidings_accounts").set(counts.accounts as f64);
        metrics::gauge!("tidings_pictures_waiting").set(counts.media_waiting as f64);
        metrics::gauge!("tidings_room_messages_stored").set(counts.room_messages as f64);
        metrics::gauge!("tidings_group_entries_stored").set(counts.group_entries as f64);
        metrics::gauge!("tidings_uploads_stored").set(counts.uploads as f64);
    }
    handle.run_upkeep();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render()).into_response()
}

/// Resident memory (proc_pid_status(5)); `None` where there is no such file.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// Begins to count. Fails if somebody does so already.
pub fn start_metrics() -> Result<PrometheusHandle, Failure> {
    let builder = PrometheusBuilder::new().set_buckets(BUCKETS).map_err(|error| Failure::of("metrics", error))?;
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|error| Failure::of("metrics", error))?;
    figures::describe();
    metrics::gauge!("tidings_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(handle)
}
