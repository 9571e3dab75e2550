//! `tidings verify URL`: whether a node serves the web app that is embedded into this very program (docs/web-app.md).

use super::context::Caller;
use super::outcome::Failure;
use super::output::Output;
use super::people::Verify;
use crate::driver::{Site, Unread, is_fit_node};
use crate::show;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::time::Duration;
use tidings_web_app::{App, File, INDEX, Kind, embedded};

/// Bytes of a node's list of its files at most. Of a file no more is read than ours has: what is longer is another one.
const LIST_BYTES_MAX: usize = 256 * 1024;

/// Where the list is.
const LIST: &str = "/app.json";

/// Where the app's first page is beside its own path, in the app and in the stub: browsers come in there.
const DOORS: [&str; 3] = ["/", "/i", "/r"];
const DOORS_OF_STUB: [&str; 1] = ["/"];

/// A node's list of its files. What it says beside is not looked at.
#[derive(Debug, Deserialize)]
struct List {
    version: String,
    #[serde(default)]
    app: String,
    files: BTreeMap<String, Entry>,
}

/// What the list says of a file.
#[derive(Debug, Deserialize)]
struct Entry {
    sha256: String,
    size: u64,
}

/// What a node gave for a path.
enum Served {
    Bytes(Vec<u8>),
    /// More bytes than ours, or nothing that a browser would take.
    Other,
    Nothing,
}

/// What was found, as paths.
#[derive(Debug, Default, PartialEq, Eq)]
struct Findings {
    different: Vec<String>,
    missing: Vec<String>,
    extra: Vec<String>,
}

/// Whether the argument of `verify` is a node's address and no contact.
pub(super) fn is_url(whom: &str) -> bool {
    ["http://", "https://"]
        .iter()
        .any(|scheme| whom.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme)))
}

/// Compares. Fails unless all is the same.
pub(super) async fn verify(asked: &Verify, caller: &Caller) -> Result<(), Failure> {
    let (url, output) = (node(asked)?, caller.output(asked.json));
    let limit = Duration::from_secs(asked.common.timeout);
    let site = Site::new(url, &caller.trust(&asked.common)?, limit).ok_or_else(|| silent(url))?;
    let app = embedded();
    let list = list(&site, url).await?;
    let mut findings = Findings::of_list(&app, &list);
    for (path, file) in expected(&app) {
        findings.note(path, file, &fetch(&site, url, path, file.bytes.len()).await?);
    }
    tell(url, &app, &list, &findings, &output)
}

/// The node's address, if it is one and nothing else was asked with it.
fn node(asked: &Verify) -> Result<&str, Failure> {
    if asked.yes || asked.no || asked.scanned.is_some() {
        return Err(Failure::Usage(
            "--yes, --no and --scanned are for contacts: a node is compared by itself".to_owned(),
        ));
    }
    if is_fit_node(&asked.whom) {
        return Ok(&asked.whom);
    }
    Err(Failure::Usage(format!(
        "{} is no address of a node: give it as https://node.example, without a path; http:// is only for a node on this machine, \
         since on the way anybody could change what comes by it",
        show::line(&asked.whom)
    )))
}

/// All that is to be fetched: each file at its path, and the first page wherever it is.
fn expected(app: &App) -> Vec<(&'static str, &'static File)> {
    let doors = if app.kind == Kind::App { &DOORS[..] } else { &DOORS_OF_STUB };
    let index = app.file(INDEX);
    let doors = doors.iter().filter_map(|path| Some((*path, index?)));
    doors.chain(app.files.iter().map(|file| (file.path, file))).collect()
}

async fn list(site: &Site, url: &str) -> Result<List, Failure> {
    let none = || {
        Failure::Refused(format!(
            "{url} says nothing of a web app (no list at {LIST}): it runs something else, or a Tidings without it. Look at the \
             address, or ask who runs it"
        ))
    };
    match site.get(LIST, LIST_BYTES_MAX).await {
        Ok((200, bytes)) => serde_json::from_slice(&bytes).map_err(|_| none()),
        Ok((status @ (429 | 500..), _)) => Err(unwell(url, status)),
        Ok(_) | Err(Unread::TooLarge) => Err(none()),
        Err(Unread::Silent) => Err(silent(url)),
    }
}

async fn fetch(site: &Site, url: &str, path: &str, max: usize) -> Result<Served, Failure> {
    match site.get(path, max).await {
        Ok((200, bytes)) => Ok(Served::Bytes(bytes)),
        Ok((404 | 410, _)) => Ok(Served::Nothing),
        Ok((status @ (429 | 500..), _)) => Err(unwell(url, status)),
        Ok(_) | Err(Unread::TooLarge) => Ok(Served::Other),
        Err(Unread::Silent) => Err(silent(url)),
    }
}

fn silent(url: &str) -> Failure {
    Failure::Offline(format!(
        "{url} can't be reached, or does not go on: nothing was compared. Look at the address and your connection, then try again, on \
         a slow line with a higher --timeout"
    ))
}

fn unwell(url: &str, status: u16) -> Failure {
    Failure::Offline(format!(
        "{url} answers that it can't serve now (status {status}): nothing was compared. Try again later"
    ))
}

impl Findings {
    /// What the node itself says is another app than ours.
    fn of_list(app: &App, list: &List) -> Self {
        let is_true = |file: &File| {
            let size = u64::try_from(file.bytes.len()).unwrap_or(u64::MAX);
            list.files.get(file.path).is_some_and(|entry| entry.sha256 == file.sha256_hex() && entry.size == size)
        };
        let different = if app.files.iter().all(is_true) { Vec::new() } else { vec![LIST.to_owned()] };
        let extra = list.files.keys().filter(|path| app.file(path).is_none()).cloned().collect();
        Self { different, missing: Vec::new(), extra }
    }

    /// Takes up what was served for one of our files.
    fn note(&mut self, path: &str, file: &File, served: &Served) {
        match served {
            Served::Bytes(bytes) if <[u8; 32]>::from(Sha256::digest(bytes)) == file.sha256 => {}
            Served::Bytes(_) | Served::Other => self.different.push(path.to_owned()),
            Served::Nothing => self.missing.push(path.to_owned()),
        }
    }

    fn are_none(&self) -> bool {
        *self == Self::default()
    }

    fn object(&self, url: &str, app: &App, list: &List) -> Value {
        let kind = if app.kind == Kind::App { "app" } else { "stub" };
        json!({
            "url": url, "same": self.are_none(), "app": list.app, "own_app": kind, "version": list.version,
            "own_version": app.version, "files": app.files.len(), "different": self.different, "missing": self.missing,
            "extra": self.extra,
        })
    }
}

fn tell(url: &str, app: &App, list: &List, findings: &Findings, output: &Output) -> Result<(), Failure> {
    if output.json() {
        output.line(findings.object(url, app, list))?;
    }
    let version = app.version;
    if findings.are_none() {
        let count = app.files.len();
        return match (output.json(), app.kind) {
            (true, _) => Ok(()),
            (_, Kind::App) => output.line(format_args!(
                "{url} serves the very web app that is in this tidings {version}: {count} files are the same."
            )),
            (_, Kind::Stub) => output.line(format_args!(
                "{url} serves the same as this tidings {version} has: the page which says that it was built without the web app."
            )),
        };
    }
    if !output.json() {
        for (what, paths) in
            [("differs", &findings.different), ("missing", &findings.missing), ("extra", &findings.extra)]
        {
            paths.iter().try_for_each(|path| output.line(format_args!("{what}: {}", show::line(path))))?;
        }
    }
    Err(Failure::Refused(advice(url, app, list)))
}

/// What it means that they are not the same, and what to do.
fn advice(url: &str, app: &App, list: &List) -> String {
    let (theirs, ours) = (show::line(&list.version), app.version);
    if app.kind == Kind::Stub {
        return format!(
            "this tidings was built without the web app and can't tell what {url} serves: compare with one that has it \
             (`scripts/build-web`, then `cargo build`)"
        );
    }
    if list.app == "stub" {
        return format!("{url} was built without the web app: who runs it can build it with the app (docs/web-app.md)");
    }
    if list.version != ours {
        return format!(
            "{url} runs Tidings {theirs} and this is {ours}, so that the web app can't be the same: compare with a tidings {theirs} \
             that you trust"
        );
    }
    format!(
        "{url} serves another web app than this tidings {ours} has. It may be another build of the same version, or somebody has \
         changed it: ask who runs the node, and enter no recovery phrase there until you know"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    static FILES: &[File] = &[
        File { path: "/index.html", sha256: [0; 32], bytes: b"page", gzip: None, brotli: None },
        File { path: "/sw.js", sha256: [0; 32], bytes: b"self", gzip: None, brotli: None },
    ];

    const APP: App = App { kind: Kind::App, version: "1.2.3", files: FILES };

    fn list(text: &Value) -> List {
        serde_json::from_value(text.clone()).unwrap()
    }

    fn true_list() -> Value {
        let zeros = "00".repeat(32);
        let entry = json!({ "sha256": zeros, "size": 4 });
        json!({ "version": "1.2.3", "app": "app", "files": { "/index.html": entry, "/sw.js": entry } })
    }

    #[test]
    fn addresses_are_told_from_names() {
        for url in ["http://127.0.0.1:1", "https://a.example", "HTTPS://a.example"] {
            assert!(is_url(url), "{url}");
        }
        for name in ["bob", "https", "http:/x", "Bob https://a.example", "äöü", ""] {
            assert!(!is_url(name), "{name}");
        }
    }

    #[test]
    fn a_list_that_says_something_else_is_a_finding() {
        assert!(Findings::of_list(&APP, &list(&true_list())).are_none());
        for (pointer, value) in [("/files/~1sw.js/sha256", json!("11".repeat(32))), ("/files/~1sw.js/size", json!(5))] {
            let mut wrong = true_list();
            *wrong.pointer_mut(pointer).unwrap() = value;
            assert_eq!(Findings::of_list(&APP, &list(&wrong)).different, [LIST], "{pointer}");
        }
        let mut other = true_list();
        let files = other["files"].as_object_mut().unwrap();
        let entry = files.remove("/sw.js").unwrap();
        files.insert("/assets/evil.js".to_owned(), entry);
        let findings = Findings::of_list(&APP, &list(&other));
        assert_eq!((findings.different, findings.extra), (vec![LIST.to_owned()], vec!["/assets/evil.js".to_owned()]));
    }

    #[test]
    fn what_is_served_is_the_same_different_or_missing() {
        let hash = Sha256::digest(b"page").into();
        let file = File { sha256: hash, ..FILES[0] };
        let mut findings = Findings::default();
        findings.note("/", &file, &Served::Bytes(b"page".to_vec()));
        assert!(findings.are_none());
        findings.note("/a", &file, &Served::Bytes(b"pagE".to_vec()));
        findings.note("/b", &file, &Served::Other);
        findings.note("/c", &file, &Served::Nothing);
        assert_eq!(
            (findings.different, findings.missing),
            (vec!["/a".to_owned(), "/b".to_owned()], vec!["/c".to_owned()])
        );
    }

    #[test]
    fn invitations_are_compared_where_the_app_answers_them() {
        let paths = |app: &App| -> Vec<&str> { expected(app).iter().map(|(path, _)| *path).collect() };
        assert_eq!(paths(&APP), ["/", "/i", "/r", "/index.html", "/sw.js"]);
        assert_eq!(paths(&App { kind: Kind::Stub, ..APP }), ["/", "/index.html", "/sw.js"]);
    }

    #[test]
    fn the_advice_fits_what_is_wrong() {
        let mut theirs = list(&true_list());
        let stub = App { kind: Kind::Stub, ..APP };
        assert!(advice("U", &stub, &theirs).contains("can't tell"));
        assert!(advice("U", &APP, &theirs).contains("no recovery phrase"));
        theirs.version = "2.0.0".to_owned();
        assert!(advice("U", &APP, &theirs).contains("compare with a tidings 2.0.0"));
        theirs.app = "stub".to_owned();
        assert!(advice("U", &APP, &theirs).contains("without the web app"));
    }
}
