//! A file of the browser's origin private file system, through a `FileSystemSyncAccessHandle` (File System Standard, 2.6).

use redb::StorageBackend;
use std::io::{Error, ErrorKind};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};

#[wasm_bindgen]
extern "C" {
    /// The handle, or whatever behaves as one.
    #[derive(Debug)]
    #[wasm_bindgen(typescript_type = "FileSystemSyncAccessHandle")]
    pub type SyncHandle;

    #[wasm_bindgen(method, catch)]
    fn read(this: &SyncHandle, buffer: &mut [u8], options: &At) -> Result<f64, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn write(this: &SyncHandle, buffer: &[u8], options: &At) -> Result<f64, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getSize)]
    fn size(this: &SyncHandle) -> Result<f64, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn truncate(this: &SyncHandle, size: f64) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn flush(this: &SyncHandle) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn close(this: &SyncHandle) -> Result<(), JsValue>;

    /// `{ at }`: where to read or write.
    #[wasm_bindgen(js_name = Object)]
    type At;
    #[wasm_bindgen(constructor, js_class = "Object")]
    fn new() -> At;
    #[wasm_bindgen(method, setter)]
    fn set_at(this: &At, at: f64);

    /// What a handle throws.
    #[wasm_bindgen(js_name = Error)]
    type Thrown;
    #[wasm_bindgen(method, getter)]
    fn name(this: &Thrown) -> String;
}

/// The handle as redb's storage.
#[derive(Debug)]
pub(crate) struct JsFile(SyncHandle);

impl JsFile {
    pub(crate) fn new(handle: SyncHandle) -> Self {
        Self(handle)
    }
}

impl StorageBackend for JsFile {
    fn len(&self) -> Result<u64, Error> {
        self.0.size().map(|size| size as u64).map_err(thrown)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), Error> {
        let mut done = 0;
        while let Some(rest) = out.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match self.0.read(rest, &at(offset, done)).map_err(thrown)? as usize {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                read => done += read,
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), Error> {
        self.0.truncate(len as f64).map_err(thrown)
    }

    fn sync_data(&self) -> Result<(), Error> {
        self.0.flush().map_err(thrown)
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), Error> {
        let mut done = 0;
        while let Some(rest) = data.get(done..).filter(|rest| !rest.is_empty()) {
            match self.0.write(rest, &at(offset, done)).map_err(thrown)? as usize {
                0 => return Err(ErrorKind::StorageFull.into()),
                written => done += written,
            }
        }
        Ok(())
    }

    fn close(&self) -> Result<(), Error> {
        self.0.close().map_err(thrown)
    }
}

fn at(offset: u64, done: usize) -> At {
    let at = At::new();
    at.set_at(offset as f64 + done as f64);
    at
}

/// Only what kind of error it is: its text is the browser's.
fn thrown(error: JsValue) -> Error {
    match error.is_object().then(|| error.unchecked_into::<Thrown>().name()).as_deref() {
        Some("QuotaExceededError") => ErrorKind::StorageFull.into(),
        _ => ErrorKind::Other.into(),
    }
}
