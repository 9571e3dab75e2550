//! The one thread that writes. It puts all that wait into one transaction, so that one sync to disk serves many; each job
//! has a savepoint of its own, and is answered only after the commit.

use super::checkpointer::Pulse;
use super::counters::{Counts, Totals};
use super::fault::Fault;
use super::queue::{Patience, Queue};
use super::room::{Level, Room, TIGHT_BATCH};
use rusqlite::Connection;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;
use tidings_core::StoreError;
use tokio::sync::oneshot;

/// Jobs that may wait for the writer; who comes later waits for room.
pub(super) const WAITING_MAX: usize = 1024;

/// Jobs in one transaction at most, which bounds how long the first of them waits and how much a failing commit takes along.
const BATCH_MAX: usize = 256;

/// After a batch that served several, the writer waits for as many to come again, those that it has just answered or others: as long as
/// nothing comes for this long. A transaction costs as much as two or three jobs, beside waking everybody.
const GAP: Duration = Duration::from_micros(500);

/// How long the writer waits for more at most.
const PATIENCE: Duration = Duration::from_millis(2);

/// A batch from which on the writer is patient.
const PATIENT_FROM: usize = 4;

/// A transaction as a job sees it.
pub(super) struct Tx<'a> {
    /// The writer's connection, inside the job's savepoint.
    pub(super) conn: &'a Connection,
    /// Counters that change with the job; written once per batch.
    pub(super) counts: Counts<'a>,
}

/// What a job needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Room on the disk.
    Room,
    /// No more room than there is reserved: it changes what is there, or deletes.
    Nothing,
}

/// A job with its asker.
pub(super) trait Work: Send {
    /// What it needs.
    fn need(&self) -> Need;
    /// Does it inside a savepoint, and keeps the outcome for the answer.
    fn run(&mut self, tx: &Tx<'_>) -> Result<(), StoreError>;
    /// Tells the asker, now that the fate of the transaction is known.
    fn answer(self: Box<Self>, commit: Result<(), StoreError>);
}

/// What waits for the writer.
pub(super) type Job = Box<dyn Work>;

struct Asked<T, F> {
    need: Need,
    work: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    asker: oneshot::Sender<Result<T, StoreError>>,
}

/// Wraps work with a way to hear its result.
pub(super) fn job<T, F>(need: Need, work: F) -> (Job, oneshot::Receiver<Result<T, StoreError>>)
where
    T: Send + 'static,
    F: FnOnce(&Tx<'_>) -> Result<T, Fault> + Send + 'static,
{
    let (asker, receiver) = oneshot::channel();
    let asked = Asked { need, work: Some(work), outcome: None, asker };
    (Box::new(asked), receiver)
}

impl<T, F> Work for Asked<T, F>
where
    T: Send,
    F: FnOnce(&Tx<'_>) -> Result<T, Fault> + Send,
{
    fn need(&self) -> Need {
        self.need
    }

    fn run(&mut self, tx: &Tx<'_>) -> Result<(), StoreError> {
        let Some(work) = self.work.take() else { return Ok(()) };
        let outcome = work(tx).map_err(StoreError::from);
        let told = outcome.as_ref().map(|_| ()).map_err(Clone::clone);
        self.outcome = Some(outcome);
        told
    }

    fn answer(self: Box<Self>, commit: Result<(), StoreError>) {
        // Its own failure says more than that of the commit.
        let answer = match self.outcome {
            Some(Ok(value)) => commit.map(|()| value),
            Some(Err(error)) => Err(error),
            None => Err(commit.err().unwrap_or_else(|| StoreError::Failed("the job panicked".to_owned()))),
        };
        // Nobody may be listening any more.
        let _ = self.asker.send(answer);
    }
}

/// Works until the queue is closed and empty.
pub(super) fn run(conn: &Connection, jobs: &Queue<Job>, pulse: &Pulse, room: &Room) {
    let mut last = 0;
    loop {
        let patience = Patience { hoped: last, gap: GAP, most: PATIENCE };
        let mut batch = jobs.take(BATCH_MAX, (last >= PATIENT_FROM).then_some(patience));
        if batch.is_empty() {
            return;
        }
        last = batch.len();
        let level = room.look();
        if level == Level::Tight {
            refuse_growth(&mut batch);
        }
        let step = if level == Level::Tight { TIGHT_BATCH } else { BATCH_MAX };
        while !batch.is_empty() {
            let rest = batch.split_off(step.min(batch.len()));
            finish(conn, batch, pulse, room, level);
            batch = rest;
        }
    }
}

/// Answers those jobs that need room.
fn refuse_growth(batch: &mut VecDeque<Job>) {
    let (possible, refused) = std::mem::take(batch).into_iter().partition(|job| job.need() == Need::Nothing);
    *batch = possible;
    let refused: VecDeque<Job> = refused;
    refused.into_iter().for_each(|job| job.answer(Err(StoreError::Full)));
}

/// Does the jobs in one transaction, and answers them.
fn finish(conn: &Connection, mut batch: VecDeque<Job>, pulse: &Pulse, room: &Room, level: Level) {
    let commit = {
        let _gate = pulse.gate();
        if level == Level::Tight
            && let Err(error) = rewind(conn)
        {
            tracing::warn!(%error, "the write-ahead log can't be begun anew");
        }
        transact(conn, &mut batch, room, level)
    };
    if let Err(error) = &commit {
        tracing::warn!(%error, jobs = batch.len(), "a transaction failed");
    }
    metrics::counter!("tidings_store_commits_total").increment(1);
    metrics::counter!("tidings_store_jobs_total").increment(u64::try_from(batch.len()).unwrap_or(u64::MAX));
    pulse.wrote();
    for job in batch {
        job.answer(commit.clone());
    }
}

/// Moves all of the log, so that the next transaction begins it anew rather than let it grow.
fn rewind(conn: &Connection) -> Result<(), Fault> {
    conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    Ok(())
}

/// Runs all jobs and commits. Whatever happens, no transaction is left open.
fn transact(conn: &Connection, batch: &mut VecDeque<Job>, room: &Room, level: Level) -> Result<(), StoreError> {
    let result = begin_run_commit(conn, batch, room, level);
    if !conn.is_autocommit()
        && let Err(error) = execute(conn, "ROLLBACK")
    {
        tracing::error!(%error, "a transaction can't be rolled back");
    }
    result
}

fn begin_run_commit(conn: &Connection, batch: &mut VecDeque<Job>, room: &Room, level: Level) -> Result<(), StoreError> {
    execute(conn, "BEGIN IMMEDIATE")?;
    let totals = Totals::default();
    for job in batch {
        let tx = Tx { conn, counts: Counts::of(&totals) };
        in_savepoint(&tx, job)?;
    }
    totals.save(conn)?;
    if level != Level::Plenty {
        room.reserve_for(conn)?;
    }
    room.note_spare(conn)?;
    execute(conn, "COMMIT")?;
    Ok(())
}

/// Runs one job, and undoes it if it fails. An error here means that the whole transaction is lost, as it is when SQLite
/// gives it up because of the job.
fn in_savepoint(tx: &Tx<'_>, job: &mut Job) -> Result<(), StoreError> {
    execute(tx.conn, "SAVEPOINT job")?;
    let ran = catch_unwind(AssertUnwindSafe(|| job.run(tx)));
    let error = match ran {
        Ok(Ok(())) => {
            tx.counts.keep();
            return Ok(execute(tx.conn, "RELEASE job")?);
        }
        Ok(Err(error)) => error,
        Err(_) => StoreError::Failed("a job panicked".to_owned()),
    };
    if tx.conn.is_autocommit() {
        return Err(error);
    }
    execute(tx.conn, "ROLLBACK TO job")?;
    Ok(execute(tx.conn, "RELEASE job")?)
}

/// Runs a statement of fixed text without results.
fn execute(conn: &Connection, sql: &'static str) -> Result<(), Fault> {
    conn.prepare_cached(sql)?.execute([])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::{Options, open};
    use rusqlite::params;
    use std::path::Path;
    use tempfile::TempDir;

    fn database() -> (Connection, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let conn = open::database(&folder.path().join("tidings.db"), &Options::default()).unwrap();
        (conn, folder)
    }

    fn keep(name: &'static str) -> (Job, oneshot::Receiver<Result<(), StoreError>>) {
        job(Need::Room, move |tx| {
            tx.counts.add("test", 1);
            let mut insert = tx.conn.prepare("INSERT INTO node_values (name, value, sum) VALUES (?1, x'00', 0)")?;
            insert.execute(params![name])?;
            Ok(())
        })
    }

    fn names(conn: &Connection) -> Vec<String> {
        let mut select = conn.prepare("SELECT name FROM node_values /* the whole table */ ORDER BY name").unwrap();
        select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    fn count(conn: &Connection) -> i64 {
        crate::sqlite::counters::load(conn, "test", 0).unwrap()
    }

    #[test]
    fn only_the_failing_job_of_a_batch_is_undone() {
        let (conn, _folder) = database();
        let failing = job(Need::Room, |tx| {
            tx.counts.add("test", 100);
            tx.conn.execute_batch("INSERT INTO node_values (name, value, sum) VALUES ('half', x'00', 0)")?;
            Err::<(), _>(Fault::Failed("no".to_owned()))
        });
        let panicking = job(Need::Room, |tx| -> Result<(), Fault> {
            tx.conn.execute_batch("INSERT INTO node_values (name, value, sum) VALUES ('panic', x'00', 0)")?;
            panic!("as a job never should");
        });
        let five = [keep("a"), failing, panicking, keep("a"), keep("b")];
        let (jobs, mut answers): (VecDeque<_>, Vec<_>) = five.into_iter().unzip();
        do_all(&conn, jobs);
        let succeeded: Vec<_> = answers.iter_mut().map(|answer| answer.try_recv().unwrap().is_ok()).collect();
        assert_eq!(succeeded, [true, false, false, false, true]);
        assert_eq!((names(&conn), count(&conn)), (vec!["a".to_owned(), "b".to_owned()], 2));
    }

    #[test]
    fn if_the_commit_fails_nobody_is_told_otherwise_and_nothing_is_kept() {
        let (conn, _folder) = database();
        // A job that ends the transaction: what SQLite itself does with some errors.
        let ending = job(Need::Room, |tx| {
            tx.conn.execute_batch("ROLLBACK")?;
            Err::<(), _>(Fault::Failed("given up".to_owned()))
        });
        let (jobs, mut answers): (VecDeque<_>, Vec<_>) = [keep("a"), ending, keep("b")].into_iter().unzip();
        do_all(&conn, jobs);
        for answer in &mut answers {
            assert!(matches!(answer.try_recv().unwrap(), Err(StoreError::Failed(why)) if why == "given up"));
        }
        assert_eq!((names(&conn), count(&conn)), (Vec::new(), 0));
        let (next, mut answer) = keep("c");
        do_all(&conn, VecDeque::from([next]));
        assert!(answer.try_recv().unwrap().is_ok());
        assert_eq!((names(&conn), count(&conn)), (vec!["c".to_owned()], 1));
    }

    fn do_all(conn: &Connection, mut jobs: VecDeque<Job>) {
        let room = Room::of(Path::new(conn.path().unwrap()));
        let commit = transact(conn, &mut jobs, &room, Level::Watched);
        jobs.into_iter().for_each(|job| job.answer(commit.clone()));
    }
}
