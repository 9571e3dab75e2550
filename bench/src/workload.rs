//! The workloads, one for each line of the result.

use std::sync::Arc;
use std::time::Duration;

use crypto_box::PublicKey;

use crate::call::Caller;
use crate::cast::{Cast, UPLOADED, Waiting};
use crate::driver::{self, Plan};
use crate::error::{Error, Result};
use crate::figures::Figures;
use crate::process;
use crate::script::Script;
use crate::stage::Stage;
use crate::trivial::{self, Trivial};

/// Bytes in what the names call 1k.
const KIB: usize = 1024;
/// The length of the list that the trivial server gives, in bytes (wire section 13).
const TRIVIAL_LIST: usize = 47_000;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Workload {
    /// One sender uploads parcels with 1 KiB, one after the other.
    #[value(name = "single-upload-1k")]
    SingleUpload1k,
    /// Uploads with 1 KiB.
    #[value(name = "upload-1k")]
    Upload1k,
    /// Uploads with 100 KiB.
    #[value(name = "upload-100k")]
    Upload100k,
    /// Uploads with 2 MiB.
    #[value(name = "upload-2m")]
    Upload2m,
    /// Lists of inboxes with 100 parcels.
    #[value(name = "list-100")]
    List100,
    /// Downloads of 1 KiB.
    #[value(name = "download-1k")]
    Download1k,
    /// Downloads of 100 KiB.
    #[value(name = "download-100k")]
    Download100k,
    /// Downloads of 2 MiB.
    #[value(name = "download-2m")]
    Download2m,
    /// Deletions of parcels with 1 KiB.
    #[value(name = "delete")]
    Delete,
}

/// What a workload does, and the size of its attachments in bytes.
enum Deed {
    Upload(usize),
    List,
    Download(usize),
    Delete(usize),
}

impl Workload {
    fn deed(self) -> Deed {
        match self {
            Self::SingleUpload1k | Self::Upload1k => Deed::Upload(KIB),
            Self::Upload100k => Deed::Upload(100 * KIB),
            Self::Upload2m => Deed::Upload(2 * KIB * KIB),
            Self::List100 => Deed::List,
            Self::Download1k => Deed::Download(KIB),
            Self::Download100k => Deed::Download(100 * KIB),
            Self::Download2m => Deed::Download(2 * KIB * KIB),
            Self::Delete => Deed::Delete(KIB),
        }
    }

    fn plan(self, plan: Plan) -> Plan {
        if self == Self::SingleUpload1k { plan.over(1) } else { plan }
    }
}

/// One line of the result.
pub(crate) struct Measured {
    /// What was measured.
    pub(crate) workload: Workload,
    /// Over how many connections.
    pub(crate) connections: usize,
    /// The figures.
    pub(crate) figures: Figures,
    /// Processor time of the generator for each request.
    pub(crate) own_cpu: Option<Duration>,
    /// What the server used, if its process is known.
    pub(crate) server: Option<Used>,
}

/// What the server used during a workload.
pub(crate) struct Used {
    /// Processor time for each request.
    pub(crate) cpu: Duration,
    /// Resident memory before, in KiB.
    pub(crate) before_kib: u64,
    /// Resident memory after, in KiB.
    pub(crate) after_kib: u64,
    /// The most resident memory, in KiB: during the workload, or since the process started if the kernel does not let us
    /// forget the earlier peak.
    pub(crate) peak_kib: u64,
    /// The same with preparing before and tidying after it.
    pub(crate) whole_peak_kib: u64,
}

/// Measures the generator alone, against a server that does nothing.
pub(crate) fn alone(
    workload: Workload,
    plan: Plan,
    senders: usize,
    recipients: usize,
    reuse: bool,
) -> Result<Measured> {
    let cast = Cast::random("localhost".to_owned(), PublicKey::from_bytes([9; 32]), senders, recipients)?;
    let waiting = |count: usize| -> Vec<Waiting> {
        let id = |number: usize| format!("{number:08x}-0000-4000-8000-000000000000");
        (0..count).map(|number| Waiting { recipient: number % recipients.max(1), id: id(number) }).collect()
    };
    let (script, answer) = match workload.deed() {
        Deed::Upload(size) => (cast.uploads(size)?, trivial::answer("200 OK", UPLOADED.as_bytes())),
        Deed::List => (cast.lists(TRIVIAL_LIST as u64)?, trivial::answer("200 OK", &vec![b' '; TRIVIAL_LIST])),
        Deed::Download(size) => {
            (cast.downloads(&waiting(recipients), size)?, trivial::answer("200 OK", &vec![b' '; size]))
        }
        // Enough of them that they do not run out.
        Deed::Delete(_) => (cast.deletions(&waiting(1_000_000))?, b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
    };
    let script = script.signed_anew((!reuse).then(|| Arc::new(cast.notary())));
    let server = Trivial::start(answer)?;
    let plan = workload.plan(Plan { target: server.address(), ..plan });
    let figures = driver::drive(plan, &script)?;
    if (figures.count as u64) > server.served() {
        return Err(Error::Unusable("the generator counted more answers than there were requests".to_owned()));
    }
    Ok(Measured { workload, connections: plan.connections, figures, own_cpu: None, server: None })
}

/// Measures a real server, on a stage that is tidy before and after. `deletions` is how many parcels are made to be deleted.
pub(crate) fn on_stage(
    workload: Workload,
    plan: Plan,
    stage: &mut Stage,
    deletions: usize,
    pid: Option<u32>,
) -> Result<Measured> {
    let script = prepared(workload, stage, deletions)?.signed_anew(stage.notary());
    let plan = workload.plan(plan);
    let before = pid.map(|pid| Ok((pid, process::memory(pid)?, process::cpu_time(pid)?))).transpose()?;
    // If forgetting does not work, the peak is that since the start, as documented.
    let _forgotten = pid.map(process::forget_peak);
    let own_before = process::cpu_time(std::process::id())?;
    let figures = driver::drive(plan, &script)?;
    let own = process::cpu_time(std::process::id())?.saturating_sub(own_before);
    // Requests while warming up take time, too, but are not among those that are counted.
    let share = figures.seconds / (figures.seconds + plan.warm_up.as_secs_f64()).max(f64::EPSILON);
    let count = figures.count.max(1) as f64;
    let each = |time: Duration| time.mul_f64(share / count);
    let after = pid.map(|pid| Ok((process::memory(pid)?, process::cpu_time(pid)?))).transpose()?;
    stage.tidy()?;
    let server = match (before, after) {
        (Some((pid, before, cpu_before)), Some((after, cpu_after))) => Some(Used {
            cpu: each(cpu_after.saturating_sub(cpu_before)),
            before_kib: before.now_kib,
            after_kib: after.now_kib,
            peak_kib: after.peak_kib,
            whole_peak_kib: before.peak_kib.max(process::memory(pid)?.peak_kib),
        }),
        _ => None,
    };
    Ok(Measured { workload, connections: plan.connections, figures, own_cpu: Some(each(own)), server })
}

fn prepared(workload: Workload, stage: &mut Stage, deletions: usize) -> Result<Script> {
    match workload.deed() {
        Deed::Upload(size) => stage.cast.uploads(size),
        Deed::List => {
            let length = stage.fill()?;
            stage.cast.lists(length)
        }
        Deed::Download(size) => {
            let waiting = stage.upload(size, stage.cast.recipients.len())?;
            stage.cast.downloads(&waiting, size)
        }
        Deed::Delete(size) => {
            let waiting = stage.upload(size, deletions)?;
            stage.cast.deletions(&waiting)
        }
    }
}

/// Prepares a stage on the server at the given address, for so many senders and recipients.
pub(crate) fn stage(
    url: &str,
    invite: &str,
    (senders, recipients): (usize, usize),
    reuse: bool,
    plan: Plan,
) -> Result<(Stage, Plan)> {
    let caller = Caller::new(url)?;
    let plan = Plan { target: caller.target(), ..plan };
    let mut stage = Stage::set(caller, invite, (senders, recipients), reuse, plan)?;
    stage.tidy()?;
    Ok((stage, plan))
}
