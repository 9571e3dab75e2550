//! Upload forms, good and bad ones.

pub const BOUNDARY: &str = "------------------------b0undary";

pub struct Form {
    body: Vec<u8>,
}

impl Form {
    pub fn new() -> Self {
        Self { body: Vec::new() }
    }

    pub fn part(mut self, headers: &str, content: &[u8]) -> Self {
        self.body.extend_from_slice(format!("--{BOUNDARY}\r\n{headers}\r\n\r\n").as_bytes());
        self.body.extend_from_slice(content);
        self.body.extend_from_slice(b"\r\n");
        self
    }

    pub fn text(self, name: &str, value: &str) -> Self {
        self.part(&format!("Content-Disposition: form-data; name=\"{name}\""), value.as_bytes())
    }

    pub fn file(self, name: &str, file: &str, content: &[u8]) -> Self {
        let headers = format!(
            "Content-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\nContent-Type: application/octet-stream"
        );
        self.part(&headers, content)
    }

    /// The body up to here, as if the client had gone away.
    pub fn broken_off(self) -> Vec<u8> {
        self.body
    }

    pub fn whole(mut self) -> Vec<u8> {
        self.body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.body
    }
}
