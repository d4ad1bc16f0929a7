//! The result of a call: its answer.

use elasticio_runtime::platform::json::{ObjectWriter, WriteJson};

use super::super::pages::PageInfo;
use crate::rest::{Answer, answer::BodyEncoding};

/// The emitted body. It is written directly from Podio's answer, which saves a copy.
pub(super) struct Output {
    pub(super) answer: Answer,
    pub(super) page: Option<PageInfo>,
}

impl WriteJson for Output {
    fn write_json(&self, out: &mut Vec<u8>) {
        let Self { answer, page } = self;
        let mut object = ObjectWriter::new(out);
        object.plain_field("statusCode").extend_from_slice(answer.status.as_str().as_bytes());
        answer.write_headers(object.plain_field("headers"));
        let encoding = answer.write_body(object.plain_field("responseBody"));
        if encoding == BodyEncoding::Base64 {
            object.text("responseBodyEncoding", "base64");
        }
        if let Some(page) = page {
            object.value("page", page);
        }
        object.end();
    }

    fn size_hint(&self) -> usize {
        /// Status, field names and typical headers.
        const REST: usize = 512;
        self.answer.len() + REST
    }
}
