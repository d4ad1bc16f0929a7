//! Uploaded files: small ones whole, of large ones the size and the hash only.

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};

use crate::newest::Newest;

/// Largest file whose content is kept.
const MAX_CONTENT: usize = 1024 * 1024;
/// Most files that are kept; the oldest give way.
const MAX_FILES: usize = 10_000;
/// Most bytes of all kept content together.
const MAX_FILES_BYTES: usize = 64 * 1024 * 1024;
const FIRST_FILE: u64 = 4_400_000_001;

pub(crate) struct Files {
    files: Newest<u64, File>,
    next: u64,
}

/// What is known of a file.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) media_type: String,
    pub(super) size: u64,
    /// In hexadecimal digits.
    pub(super) sha256: String,
    /// None for a file over 1 MiB.
    pub(super) content: Option<Bytes>,
}

impl Default for Files {
    fn default() -> Self {
        Self { files: Newest::weighing(MAX_FILES, MAX_FILES_BYTES), next: FIRST_FILE }
    }
}

impl Files {
    /// Keeps the file and answers its id.
    pub(super) fn add(&mut self, file: File) -> u64 {
        let id = self.next;
        self.next += 1;
        let weight = file.content.as_ref().map_or(0, Bytes::len);
        self.files.insert_weighing(id, file, weight);
        id
    }

    pub(super) fn get(&self, id: u64) -> Option<File> {
        self.files.get(&id).cloned()
    }

    /// Whether it was there.
    pub(super) fn delete(&mut self, id: u64) -> bool {
        self.files.remove(&id).is_some()
    }
}

/// A file's content while it comes in.
#[derive(Default)]
pub(super) struct Intake {
    size: u64,
    hash: Sha256,
    content: BytesMut,
}

impl Intake {
    pub(super) fn take(&mut self, chunk: &[u8]) {
        self.size += chunk.len() as u64;
        self.hash.update(chunk);
        if self.content.len() + chunk.len() <= MAX_CONTENT {
            self.content.extend_from_slice(chunk);
        }
    }

    pub(super) fn finish(self, name: String, media_type: String) -> File {
        let whole = self.content.len() as u64 == self.size;
        let digits = self.hash.finalize().into_iter().map(|byte| format!("{byte:02x}"));
        File {
            name,
            media_type,
            size: self.size,
            sha256: digits.collect(),
            content: whole.then(|| self.content.freeze()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intake(chunks: &[usize]) -> File {
        let mut intake = Intake::default();
        for &length in chunks {
            intake.take(&vec![b'a'; length]);
        }
        intake.finish("a.txt".to_owned(), "text/plain".to_owned())
    }

    #[test]
    fn small_content_is_kept_and_large_content_counted_and_hashed() {
        let small = intake(&[2, 1]);
        assert_eq!(small.content.as_deref(), Some(&b"aaa"[..]));
        assert_eq!(small.sha256, "9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0");
        let large = intake(&[MAX_CONTENT, 1]);
        assert_eq!((large.content, large.size), (None, MAX_CONTENT as u64 + 1));
    }
}
