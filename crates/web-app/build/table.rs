//! Writes the table of the app's files, which the library includes.

use crate::{Found, Outcome, dist};
use flate2::{Compression, GzBuilder};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

/// Bytes of all files at most: they become part of the program.
const BYTES_MAX: usize = 32 << 20;

/// What a compressed file says of the machine that made it: nothing (RFC 1952, section 2.3.1).
const UNKNOWN_MACHINE: u8 = 255;

/// Copies the files, so that what is embedded is what was hashed whatever happens to them meanwhile, and writes the table.
pub(crate) fn write(found: &Found, out: &Path) -> Outcome<()> {
    let place = out.join("files");
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    fs::create_dir_all(&place)?;
    let kind = if found.is_app { "App" } else { "Stub" };
    let mut table = format!("const KIND: Kind = Kind::{kind};\n\nstatic FILES: &[File] = &[\n");
    let mut sum = 0;
    for (number, (path, source)) in dist::files(&found.folder)?.into_iter().enumerate() {
        let bytes = fs::read(&source)?;
        sum += bytes.len();
        if sum > BYTES_MAX {
            return Err(format!("{} has more than {BYTES_MAX} bytes: is it an app?", found.folder.display()).into());
        }
        let plain = place.join(number.to_string());
        fs::write(&plain, &bytes)?;
        let gzip = copy(&place.join(format!("{number}.gz")), Some(compressed(&bytes)?), bytes.len())?;
        let brotli = copy(&place.join(format!("{number}.br")), made_with(&source)?, bytes.len())?;
        let hash: [u8; 32] = Sha256::digest(&bytes).into();
        writeln!(
            table,
            "    File {{ path: {path:?}, sha256: {hash:?}, bytes: include_bytes!({plain:?}), gzip: {gzip}, brotli: {brotli} }},"
        )?;
    }
    table.push_str("];\n");
    Ok(fs::write(out.join("table.rs"), table)?)
}

/// The copy compressed with brotli that lies beside a file, if one does and is not older.
fn made_with(source: &Path) -> Outcome<Option<Vec<u8>>> {
    let mut beside = source.as_os_str().to_owned();
    beside.push(dist::BROTLI);
    let beside = Path::new(&beside);
    let is_newer = || Ok::<_, std::io::Error>(beside.metadata()?.modified()? >= source.metadata()?.modified()?);
    Ok(if beside.is_file() && is_newer()? { Some(fs::read(beside)?) } else { None })
}

/// Keeps a compressed copy, if it is smaller; what stands for it in the table.
fn copy(place: &Path, packed: Option<Vec<u8>>, plain: usize) -> Outcome<String> {
    let Some(packed) = packed.filter(|packed| packed.len() < plain) else { return Ok("None".to_owned()) };
    fs::write(place, &packed)?;
    Ok(format!("Some(include_bytes!({place:?}))"))
}

/// As small as it gets, and the same each time: no name, no time.
fn compressed(bytes: &[u8]) -> Outcome<Vec<u8>> {
    let builder = GzBuilder::new().mtime(0).operating_system(UNKNOWN_MACHINE);
    let mut encoder = builder.write(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}
