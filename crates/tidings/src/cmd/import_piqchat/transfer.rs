//! Doing what was announced.

use super::dropped::{Dropped, Reason};
use super::keys::ServerKeys;
use super::parcels::{self, Uploads};
use super::source::Source;
use super::survey::Plan;
use super::{Reading, people};
use crate::cmd::progress::{Hundredths, Shown};
use crate::cmd::staging::Target;
use crate::failure::Failure;
use std::path::Path;
use tidings_backends::sqlite::import::Importer;
use tidings_doors::piqchat::{BOX_SECRET, VAPID_SECRET};

const PEOPLE_STEP: &str = "taking over accounts";
const PARCELS_STEP: &str = "taking over parcels";

/// Rows in one transaction. Large, since nothing is kept of an import that does not come to its end.
const ROWS_PER_COMMIT: u32 = 200_000;

/// Builds the node beside its place and moves it there.
pub(super) fn run(
    source: &Source,
    mut uploads: Uploads,
    reading: &Reading,
    plan: &Plan,
    keys: &ServerKeys,
    target: &Target,
    shown: &mut Shown,
) -> Result<(), Failure> {
    let staging = target.begin()?;
    let mut importer = Importer::open(&staging.database(), ROWS_PER_COMMIT)?;
    importer.insert_value(BOX_SECRET, keys.api.reveal().as_bytes().to_vec())?;
    importer.insert_value(VAPID_SECRET, keys.vapid.reveal().as_bytes().to_vec())?;
    bring_people(source, reading, plan, &mut importer, shown)?;
    bring_parcels(source, &mut uploads, plan, &mut importer, &staging.blobs(), shown)?;
    importer.finish()?;
    staging.place()
}

fn bring_people(
    source: &Source,
    reading: &Reading,
    plan: &Plan,
    importer: &mut Importer,
    shown: &mut Shown,
) -> Result<(), Failure> {
    // All was told before.
    let mut dropped = Dropped::default();
    let (mut done, mut hundredths) = (0, Hundredths::default());
    let of = plan.counts.accounts.saturating_add(plan.counts.deleted_accounts);
    people::users(source, reading.policy, &mut dropped, |account| {
        hundredths.step(PEOPLE_STEP, done, of).iter().for_each(|step| shown.step(step));
        done += 1;
        Ok(importer.insert_account(account)?)
    })?;
    people::exchanges(source, reading.exchange_life, &mut dropped, |token, exchange| {
        Ok(importer.insert_exchange(token, exchange)?)
    })?;
    people::backups(source, &plan.people, &mut dropped, |owner, content, at| {
        importer.insert_backup(&owner, content, at)?;
        Ok(())
    })?;
    people::received(source, &mut dropped, |day, count| Ok(importer.insert_received(day, count)?))
}

fn bring_parcels(
    source: &Source,
    uploads: &mut Uploads,
    plan: &Plan,
    importer: &mut Importer,
    blobs: &Path,
    shown: &mut Shown,
) -> Result<(), Failure> {
    let mut dropped = Dropped::default();
    let mut hundredths = Hundredths::default();
    let of = u64::try_from(plan.parcels.len()).unwrap_or(0);
    for (done, rowid) in (0u64..).zip(&plan.parcels) {
        hundredths.step(PARCELS_STEP, done, of).iter().for_each(|step| shown.step(step));
        let read = source.parcel(*rowid, |row| parcels::read(row, &plan.people, &mut dropped))?;
        let Some(parcel) = read else { continue };
        let blob = match &parcel.attachment {
            Some(name) => uploads.bring(name, blobs)?,
            None => None,
        };
        if parcel.attachment.is_some() && blob.is_none() {
            dropped.note(Reason::Attachment, parcel.draft.id);
        }
        importer.insert_envelope(parcel.draft, Some(parcel.sender), parcel.at, blob)?;
    }
    if dropped.count(Reason::Attachment) == plan.dropped.count(Reason::Attachment) {
        return Ok(());
    }
    Err(Failure::Failed(
        "attachments vanished while they were read, so nothing was imported: is the piqchat server stopped?".to_owned(),
    ))
}
