//! Upload forms (wire section 4.3), split so that thousands of requests can share one attachment in memory.

/// Separates the parts. Attachments are random bytes, so it does not occur in them.
const BOUNDARY: &str = "----tidings-bench-7MA4YWxkTrZu0gW";

/// A form for one upload: the bytes before the attachment, and the attachment with the end of the form.
pub(crate) struct Form {
    start: Vec<u8>,
    tail_length: usize,
}

impl Form {
    /// The form that sends parcels of type `MEDIA` to each recipient. `tail` is what [`tail`] made, or nothing.
    pub(crate) fn new<'id>(recipients: impl IntoIterator<Item = &'id str>, content: &str, tail: Option<&[u8]>) -> Self {
        let mut start = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\nMEDIA\r\n");
        for id in recipients {
            start.push_str(&format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"recipient\"\r\n\r\n{id} {content}\r\n"
            ));
        }
        match tail {
            Some(_) => start.push_str(&format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"attachment\"; filename=\"blob\"\r\n\
                 Content-Type: application/octet-stream\r\n\r\n"
            )),
            None => start.push_str(&format!("--{BOUNDARY}--\r\n")),
        }
        Self { start: start.into_bytes(), tail_length: tail.map_or(0, <[u8]>::len) }
    }

    /// The header lines that announce the form, each with its line end.
    pub(crate) fn headers(&self) -> String {
        let length = self.start.len() + self.tail_length;
        format!("Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {length}\r\n")
    }

    /// The body up to where the attachment begins, or all of it if there is none.
    pub(crate) fn start(&self) -> &[u8] {
        &self.start
    }
}

/// An attachment with the end of the form behind it.
pub(crate) fn tail(attachment: &[u8]) -> Vec<u8> {
    [attachment, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_a_form_with_an_attachment() {
        let tail = tail(b"\x00\xff");
        let form = Form::new(["one=", "two="], "some text", Some(&tail));
        let body = [form.start(), &tail].concat();
        let wanted = b"--B\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\nMEDIA\r\n\
            --B\r\nContent-Disposition: form-data; name=\"recipient\"\r\n\r\none= some text\r\n\
            --B\r\nContent-Disposition: form-data; name=\"recipient\"\r\n\r\ntwo= some text\r\n\
            --B\r\nContent-Disposition: form-data; name=\"attachment\"; filename=\"blob\"\r\n\
            Content-Type: application/octet-stream\r\n\r\n\x00\xff\r\n--B--\r\n";
        let wanted: Vec<u8> = wanted
            .split(|byte| *byte == b'B')
            .enumerate()
            .flat_map(|(place, piece)| [if place == 0 { "" } else { BOUNDARY }.as_bytes(), piece].concat())
            .collect();
        assert_eq!(String::from_utf8_lossy(&body), String::from_utf8_lossy(&wanted));
        assert!(form.headers().ends_with(&format!("Content-Length: {}\r\n", body.len())));
    }

    #[test]
    fn builds_a_form_without_one() {
        let form = Form::new(["one="], "", None);
        assert!(form.start().ends_with(format!("\r\n\r\none= \r\n--{BOUNDARY}--\r\n").as_bytes()));
        assert!(form.headers().ends_with(&format!("Content-Length: {}\r\n", form.start().len())));
    }
}
