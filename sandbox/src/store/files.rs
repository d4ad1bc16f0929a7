//! Uploaded files: of a small one everything is kept, of a large one only the size and the hash.

use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::bounded_map::BoundedMap;

/// Largest file whose content is kept.
const MAX_CONTENT: usize = 1024 * 1024;
/// Most files that are kept; the oldest are dropped.
const MAX_FILES: usize = 10_000;
/// Most bytes of all kept content together.
const MAX_FILES_BYTES: usize = 64 * 1024 * 1024;
const FIRST_FILE: u64 = 4_400_000_001;

#[derive(Debug)]
pub(crate) struct Files {
    files: BoundedMap<u64, File>,
    next_id: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) size: u64,
    /// In hexadecimal digits.
    pub(crate) sha256: String,
    /// None if the file is larger than 1 MiB.
    pub(crate) content: Option<Bytes>,
}

impl File {
    /// As Podio shows it, with the content's hash; its link begins with `base`.
    pub(crate) fn show(&self, id: u64, base: &str) -> Value {
        json!({
            "file_id": id, "name": self.name, "mimetype": self.media_type, "size": self.size,
            "link": format!("{base}/file/{id}/raw"), "sha256": self.sha256,
        })
    }
}

impl Default for Files {
    fn default() -> Self {
        Self { files: BoundedMap::with_max_weight(MAX_FILES, MAX_FILES_BYTES), next_id: FIRST_FILE }
    }
}

impl Files {
    /// Stores the file and returns its id.
    pub(crate) fn add(&mut self, file: File) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        let weight = file.content.as_ref().map_or(0, Bytes::len);
        self.files.insert_weighing(id, file, weight);
        id
    }

    pub(crate) fn get(&self, id: u64) -> Option<File> {
        self.files.get(&id).cloned()
    }

    pub(crate) fn remove(&mut self, id: u64) -> Option<File> {
        self.files.remove(&id)
    }
}

/// Takes in a file's content chunk by chunk.
#[derive(Default)]
pub(crate) struct FileWriter {
    size: u64,
    hash: Sha256,
    content: BytesMut,
}

impl FileWriter {
    pub(crate) fn write(&mut self, chunk: &[u8]) {
        self.size += chunk.len() as u64;
        self.hash.update(chunk);
        if self.content.len() + chunk.len() <= MAX_CONTENT {
            self.content.extend_from_slice(chunk);
        }
    }

    pub(crate) fn finish(self, name: String, media_type: String) -> File {
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

    fn written(chunks: &[usize]) -> File {
        let mut writer = FileWriter::default();
        for &length in chunks {
            writer.write(&vec![b'a'; length]);
        }
        writer.finish("a.txt".to_owned(), "text/plain".to_owned())
    }

    #[test]
    fn small_content_is_kept_and_large_content_counted_and_hashed() {
        let small = written(&[2, 1]);
        assert_eq!(small.content.as_deref(), Some(&b"aaa"[..]));
        assert_eq!(small.sha256, "9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0");
        let large = written(&[MAX_CONTENT, 1]);
        assert_eq!((large.content, large.size), (None, MAX_CONTENT as u64 + 1));
    }
}
