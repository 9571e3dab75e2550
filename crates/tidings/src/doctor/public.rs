//! The public address: does it lead to this node, and what do proxies on the way say?

use super::Finding;
use crate::control::{self, Request};
use crate::failure::Failure;
use crate::settings::{InForce, PublicUrl, Settings};
use crate::visits::Visit;
use std::error::Error as _;
use std::net::SocketAddr;
use std::time::Duration;
use tidings_doors::outbound::is_public;

const NAME: &str = "public name";
const PROXY: &str = "proxy";

/// How long a request through the public address may take.
const FETCH_MAX: Duration = Duration::from_secs(15);

pub(super) fn examine(found: &InForce, running: bool) -> Result<Vec<Finding>, Failure> {
    let Some(url) = &found.settings.public_url else {
        let advice = "set public-url, so that links lead here and this check can go through it";
        return Ok(vec![Finding::warn(NAME, "public-url is not set", advice)]);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut findings = vec![runtime.block_on(resolve(url))];
    if running {
        let visit: String = control::read(control::ask(found.clone(), Request::ExpectVisit, |_| {})?)?;
        let fetched = runtime.block_on(fetch(url, &visit));
        let request = Request::Visited { visit };
        let arrived = control::read(control::ask(found.clone(), request, |_| {})?)?;
        findings.extend(judge(url, fetched, arrived, &found.settings));
    } else {
        let advice = "start the node and run this again, from another network if you can";
        findings.push(Finding::warn(NAME, "whether it leads here can only be seen while the node runs", advice));
    }
    Ok(findings)
}

async fn resolve(url: &PublicUrl) -> Finding {
    let host = url.host();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found: Result<Vec<SocketAddr>, _> = tokio::net::lookup_host((bare, 0)).await.map(Iterator::collect);
    let advice = "add A and AAAA records for it where you manage the domain";
    match found {
        Err(error) => Finding::fail(NAME, format!("{host} has no address: {error}"), advice),
        Ok(addresses) => {
            let list: Vec<_> = addresses.iter().map(|address| address.ip().to_string()).collect();
            let text = format!("{host} is {}", list.join(", "));
            if addresses.iter().any(|address| is_public(address.ip())) {
                Finding::ok(NAME, text)
            } else {
                Finding::warn(NAME, format!("{text}: not reachable from the internet"), advice)
            }
        }
    }
}

/// Goes through the public address, as clients do. Gives the status of the visit and of the door's own greeting.
async fn fetch(url: &PublicUrl, visit: &str) -> Result<(u16, u16), String> {
    let client = reqwest::Client::builder()
        .timeout(FETCH_MAX)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| reason(&error))?;
    let get = |path: String| {
        let request = client.get(format!("{url}{path}"));
        async move { request.send().await.map(|answer| answer.status().as_u16()).map_err(|error| reason(&error)) }
    };
    Ok((get(format!("/healthz?visit={visit}")).await?, get("/api/info".to_owned()).await?))
}

/// The innermost reason, which is what helps; the outer ones repeat the address.
fn reason(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match error.source() {
        Some(_) => innermost.to_string(),
        None => error.to_string(),
    }
}

fn judge(
    url: &PublicUrl,
    fetched: Result<(u16, u16), String>,
    arrived: Option<Visit>,
    settings: &Settings,
) -> Vec<Finding> {
    let route = "forward this name's port to the node (or to its proxy), and see the proxy's log";
    let (visit, info) = match fetched {
        Ok(statuses) => statuses,
        Err(error) => {
            let advice = format!("{route}; some home routers do not let you reach your own public address from inside");
            return vec![Finding::fail(NAME, format!("{url} can't be reached from here: {error}"), advice)];
        }
    };
    let Some(arrived) = arrived else {
        let text = format!("{url} answers ({visit}), but that is not this node");
        return vec![Finding::fail(NAME, text, route)];
    };
    let mut findings = vec![Finding::ok(NAME, format!("{url} leads to this node"))];
    if info != 200 {
        let text = format!("{url}/api/info gives {info} instead of 200");
        findings.push(Finding::fail(PROXY, text, "let the proxy pass on all paths as they are"));
    }
    findings.push(forwarding(&arrived, settings));
    findings
}

/// Whether what proxies say of the visitor counts.
fn forwarding(visit: &Visit, settings: &Settings) -> Finding {
    let hops: Vec<&str> = visit.forwarded.iter().filter_map(|line| line.strip_prefix("x-forwarded-for: ")).collect();
    let believed = hops.iter().flat_map(|line| line.split(',')).any(|hop| hop.trim() == visit.client);
    if visit.forwarded.is_empty() {
        return match settings.trusted_proxies.is_empty() {
            true => Finding::ok(PROXY, "requests come directly"),
            false => Finding::warn(
                PROXY,
                "trusted-proxies is set, but no proxy said for whom it asks",
                "let the proxy set X-Forwarded-For, or everybody counts as one address in the limits",
            ),
        };
    }
    if believed {
        return Finding::ok(PROXY, "the proxy is trusted and says for whom it asks");
    }
    if hops.is_empty() {
        let text = "a proxy does not send X-Forwarded-For, so everybody counts as one address in the limits";
        return Finding::fail(PROXY, text, "let the proxy set X-Forwarded-For");
    }
    Finding::fail(
        PROXY,
        format!("a proxy at {} is not trusted, so everybody counts as one address in the limits", visit.client),
        format!("add --trusted-proxies {} if that is your proxy", visit.client),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    #[test]
    fn proxies_must_be_listed_and_speak() {
        let visit = |client: &str, lines: &[&str]| Visit {
            client: client.to_owned(),
            forwarded: lines.iter().map(|line| (*line).to_owned()).collect(),
        };
        let none = Settings::default();
        let some =
            Settings { trusted_proxies: vec!["10.0.0.1".parse::<std::net::IpAddr>().unwrap().into()], ..none.clone() };
        for (arrived, settings, level) in [
            (visit("192.0.2.1", &[]), &none, Level::Ok),
            (visit("10.0.0.1", &[]), &some, Level::Warn),
            (visit("192.0.2.1", &["x-forwarded-for: 192.0.2.1"]), &some, Level::Ok),
            (visit("10.0.0.1", &["x-forwarded-for: 192.0.2.1"]), &none, Level::Fail),
            (visit("10.0.0.1", &["via: 1.1 p"]), &some, Level::Fail),
        ] {
            let finding = forwarding(&arrived, settings);
            assert_eq!(finding.level, level, "{arrived:?}: {}", finding.text);
        }
    }
}
