//! The file that keeps a step's snapshot between runs of `exec`.

use std::{fs, io, path::PathBuf};

use anyhow::Context as _;
use serde_json::value::RawValue;

use super::super::{encoding::without_mark, private_file};
use crate::platform::snapshot::Snapshot;

/// The file.
#[derive(Debug)]
pub(super) struct SnapshotFile(PathBuf);

impl SnapshotFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The snapshot in the file; an empty one if there is no file. A file with something else is refused: it would be
    /// overwritten.
    pub(super) fn read(&self) -> anyhow::Result<Snapshot> {
        let file = self.0.display();
        let text = match fs::read(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Snapshot::default()),
            Err(error) => return Err(error).with_context(|| format!("the snapshot file {file} cannot be read")),
        };
        snapshot_in(&text).map_err(|problem| anyhow::anyhow!("the snapshot file {file} {problem}"))
    }

    /// Replaces the file.
    pub(super) fn write(&self, snapshot: &Snapshot) -> anyhow::Result<()> {
        let text = format!("{}\n", snapshot.raw().get());
        let written = private_file::write(&self.0, &text);
        written.with_context(|| format!("the snapshot file {} cannot be written", self.0.display()))
    }
}

/// A file's text as a snapshot, or what is wrong with the file.
fn snapshot_in(text: &[u8]) -> Result<Snapshot, String> {
    let raw: &RawValue = serde_json::from_slice(without_mark(text)?)
        .map_err(|error| format!("is not JSON (line {}, column {})", error.line(), error.column()))?;
    Snapshot::new(raw).map_err(|kind| format!("holds {kind}, not a JSON object"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_is_no_snapshot_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = SnapshotFile::new(folder.path().join("s.json"));
        assert_eq!(file.read().expect("no file").raw().get(), "{}");
        for (text, want) in [
            ("{\"a\": 1.50}", Ok("{\"a\":1.50}")),
            ("\u{feff}{}", Ok("{}")),
            ("", Err("is not JSON")),
            ("{\"a\":", Err("is not JSON (line 1, column 5)")),
            ("[{}]", Err("holds an array, not a JSON object")),
        ] {
            fs::write(&file.0, text).expect("a file");
            match (file.read(), want) {
                (Ok(snapshot), Ok(want)) => {
                    file.write(&snapshot).expect("it can be written");
                    assert_eq!(fs::read_to_string(&file.0).expect("the file"), format!("{want}\n"));
                }
                (Err(error), Err(want)) => assert!(error.to_string().contains(want), "{error}"),
                (read, _) => panic!("{text:?} is read as {read:?}"),
            }
        }
        let nowhere = SnapshotFile::new(folder.path().join("no/s.json"));
        assert!(nowhere.write(&Snapshot::default()).is_err());
        assert!(SnapshotFile::new(folder.path().to_owned()).read().is_err(), "a folder");
    }
}
