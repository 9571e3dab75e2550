//! Logs on standard error, for people or as JSON.

use crate::failure::Failure;
use crate::settings::LogFormat;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, fmt};

/// What the crates below say only when asked for by name, since they may log what they send.
const QUIET: &[&str] = &["hyper=warn", "hyper_util=warn", "h2=warn", "rustls=warn", "reqwest=warn"];

/// Changes what a running node logs.
#[derive(Clone)]
pub struct Logs(reload::Handle<EnvFilter, Registry>);

impl Logs {
    /// Begins to log. Fails if somebody does so already.
    pub fn start(level: &str, format: LogFormat, colours: bool) -> Result<Self, Failure> {
        let (filter, handle) = reload::Layer::new(filter(level)?);
        let base = tracing_subscriber::registry().with(filter);
        let lines = fmt::layer().with_writer(std::io::stderr);
        let started = match format {
            LogFormat::Json => base.with(lines.json().flatten_event(true)).try_init(),
            LogFormat::Auto => base.with(lines.with_ansi(colours)).try_init(),
            LogFormat::Text => base.with(lines.with_ansi(false)).try_init(),
        };
        started.map(|()| Self(handle)).map_err(|error| Failure::of("starting the log", error))
    }

    /// Changes the level of what is logged.
    pub fn set_level(&self, level: &str) -> Result<(), Failure> {
        self.0.reload(filter(level)?).map_err(|error| Failure::of("changing the log", error))
    }
}

fn filter(level: &str) -> Result<EnvFilter, Failure> {
    let named = |part: &str| part.split(['=', ',']).next().is_some_and(|name| level.contains(name));
    let quiet = QUIET.iter().filter(|part| !named(part));
    let all: Vec<&str> = quiet.copied().chain([level]).collect();
    EnvFilter::try_new(all.join(",")).map_err(|error| Failure::Usage(format!("log-level: {error}")))
}
