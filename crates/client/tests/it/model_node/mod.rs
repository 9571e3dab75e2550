//! A node in memory that speaks docs/protocol/node.md at the level of requests, answers and live texts. Cloning it is a backup.

mod accounts;
mod blobs;
mod groups;
mod live;
mod mail;

use accounts::Account;
use blobs::Upload;
use groups::Hub;
use live::Connection;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use tidings_client::io::{HttpAnswer, HttpRequest};
use tidings_wire::api;
use tidings_wire::bytes::Fixed;
use tidings_wire::failure::{Code, Failure};
use tidings_wire::signature::{Claim, Parts, check_digest};

/// What a request is answered, or why not.
pub(crate) type Answered = Result<HttpAnswer, Refused>;

/// A refusal: status, code, and what stands beside it.
pub(crate) struct Refused(u16, Code, Vec<(&'static str, String)>);

/// Short for a refusal without anything beside it.
pub(crate) fn no<T>(status: u16, code: Code) -> Result<T, Refused> {
    Err(Refused(status, code, Vec::new()))
}

/// A whole node.
#[derive(Clone)]
pub(crate) struct ModelNode {
    pub url: String,
    pub incarnation: u64,
    /// Whether whoever wants to may register.
    pub open: bool,
    /// Every request is answered as busy.
    pub busy: bool,
    /// A hostile node: everybody may read and write in every group.
    pub lax: bool,
    pub(crate) accounts: BTreeMap<Fixed<32>, Account>,
    pub(crate) exchanges: BTreeMap<Fixed<16>, (Fixed<32>, api::Exchange)>,
    pub(crate) groups: BTreeMap<Fixed<16>, Hub>,
    pub(crate) blobs: BTreeMap<String, Upload>,
    pub(crate) connections: BTreeMap<u64, Connection>,
    /// Tokens with which devices are woken, and which.
    pub(crate) wakes: BTreeMap<String, Fixed<32>>,
    nonces: BTreeSet<(Fixed<32>, Fixed<16>)>,
    next: u64,
    /// Requests by method and the first part of the path, for tests that count.
    pub counts: BTreeMap<String, u64>,
}

/// A request whose signature was checked.
pub(crate) struct Asked<'a> {
    pub request: &'a HttpRequest,
    pub path: Vec<&'a str>,
    pub query: BTreeMap<&'a str, &'a str>,
    pub key: Option<Fixed<32>>,
    pub now: u64,
}

impl Asked<'_> {
    pub(crate) fn key(&self) -> Result<Fixed<32>, Refused> {
        self.key.ok_or(Refused(401, Code::Unsigned, Vec::new()))
    }

    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, Refused> {
        let body = self.request.body.as_deref().unwrap_or_default();
        serde_json::from_slice(body).map_err(|_| Refused(400, Code::Malformed, Vec::new()))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.request.headers.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_str())
    }

    /// A number of the query. Without it nothing is left out: `after` is 0, `limit` the most.
    pub(crate) fn number(&self, name: &str) -> u64 {
        let most = if name == "limit" { api::PAGE_MAX.into() } else { 0 };
        self.query.get(name).and_then(|value| value.parse().ok()).unwrap_or(most)
    }
}

/// A good answer with a body.
pub(crate) fn yes<T: Serialize>(status: u16, body: &T) -> Answered {
    Ok(HttpAnswer { status, headers: Vec::new(), body: serde_json::to_vec(body).unwrap() })
}

/// Something was made, and there is nothing to say of it.
pub(crate) fn made() -> Answered {
    Ok(HttpAnswer { status: 201, headers: Vec::new(), body: Vec::new() })
}

/// A good answer without one.
pub(crate) fn done() -> Answered {
    Ok(HttpAnswer { status: 204, headers: Vec::new(), body: Vec::new() })
}

pub(crate) fn fixed<const N: usize>(text: &str) -> Result<Fixed<N>, Refused> {
    Fixed::parse(text).ok_or(Refused(404, Code::NotFound, Vec::new()))
}

impl ModelNode {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            incarnation: 1,
            open: true,
            busy: false,
            lax: false,
            accounts: BTreeMap::new(),
            exchanges: BTreeMap::new(),
            groups: BTreeMap::new(),
            blobs: BTreeMap::new(),
            connections: BTreeMap::new(),
            wakes: BTreeMap::new(),
            nonces: BTreeSet::new(),
            next: 1,
            counts: BTreeMap::new(),
        }
    }

    /// A node of the next incarnation with what was in a backup: no key packages, no connections.
    pub(crate) fn restored(backup: &Self) -> Self {
        let mut node = backup.clone();
        node.incarnation += 1;
        node.connections.clear();
        node.nonces.clear();
        node.accounts.values_mut().for_each(Account::forget_packages);
        node
    }

    pub(crate) fn unguessable(&mut self) -> [u8; 32] {
        use sha2::Digest as _;
        let number = self.unused().to_be_bytes();
        sha2::Sha256::digest([self.url.as_bytes(), &number].concat()).into()
    }

    /// A number that is given once, also over restores from one backup.
    pub(crate) fn unused(&mut self) -> u64 {
        self.next += 1;
        self.incarnation << 32 | self.next
    }

    /// Answers a request.
    pub(crate) fn answer(&mut self, request: &HttpRequest, now: u64) -> HttpAnswer {
        let count = format!("{} {}", request.method, request.target.split('/').nth(2).unwrap_or_default());
        *self.counts.entry(count).or_default() += 1;
        let answer = if self.busy { no(503, Code::Busy) } else { self.checked(request, now) };
        answer.unwrap_or_else(|Refused(status, error, headers)| {
            let body = match request.method {
                "HEAD" => Vec::new(),
                _ => serde_json::to_vec(&Failure { error, message: format!("{error:?}") }).unwrap(),
            };
            let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            HttpAnswer { status, headers, body }
        })
    }

    fn checked(&mut self, request: &HttpRequest, now: u64) -> Answered {
        assert_eq!(request.node, self.url, "asked at the wrong node");
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let asked = Asked {
            request,
            path: path.split('/').skip(2).collect(),
            query: query.split('&').filter_map(|pair| pair.split_once('=')).collect(),
            key: self.signer(request, path, query, now)?,
            now,
        };
        match asked.path[..] {
            ["node"] => self.node(&asked),
            [
                "accounts" | "account" | "devices" | "key-packages" | "contacts" | "profile" | "push" | "wakes"
                | "tokens",
                ..,
            ] => self.account_request(&asked),
            ["inbox" | "inboxes" | "exchanges", ..] => self.mail_request(&asked),
            ["groups", ..] => self.group_request(&asked),
            ["blobs", ..] => self.blob_request(&asked),
            _ => no(404, Code::NotFound),
        }
    }

    fn node(&self, asked: &Asked<'_>) -> Answered {
        yes(
            200,
            &api::Node {
                name: "model".to_owned(),
                version: "0".to_owned(),
                protocol: 1,
                incarnation: self.incarnation,
                time: asked.now,
                registration: api::Registration::Open,
                vapid: None,
                blob_bytes: api::BLOB_BYTES_MAX,
            },
        )
    }

    fn signer(
        &mut self,
        request: &HttpRequest,
        path: &str,
        query: &str,
        now: u64,
    ) -> Result<Option<Fixed<32>>, Refused> {
        let header =
            |name: &str| request.headers.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_str());
        let (Some(input), Some(signature)) = (header("signature-input"), header("signature")) else { return Ok(None) };
        let bad = || Refused(401, Code::Unsigned, Vec::new());
        let claim = Claim::parse(input, signature).map_err(|_| bad())?;
        let authority = self.url.split_once("://").unwrap().1;
        let parts = Parts { method: request.method, authority, path, query, body: request.body.as_deref() };
        claim.verify(&parts, header("content-digest")).map_err(|_| bad())?;
        if claim.covers_body() != request.body.is_some() {
            return Err(bad());
        }
        if let (Some(digest), Some(body)) = (header("content-digest"), &request.body) {
            check_digest(digest, body).map_err(|_| bad())?;
        }
        if claim.created.abs_diff(now / 1000) > api::CLOCK_SLACK_SECONDS
            || !self.nonces.insert((claim.key, claim.nonce))
        {
            return Err(bad());
        }
        Ok(Some(claim.key))
    }
}
