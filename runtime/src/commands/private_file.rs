//! Files that a command writes for its user alone.

use std::{fs, io, io::Write, path::Path};

use tempfile::NamedTempFile;

/// Writes `text` as the whole content of the file, atomically; only its owner may read it. A file that is there is replaced;
/// a symbolic link stays, and its target is replaced.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    let target = match fs::canonicalize(path) {
        Ok(target) => target,
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
        Err(error) => return Err(error),
    };
    temporary(&target, text)?.persist(&target)?;
    Ok(())
}

/// The same for a file that must not be there yet.
pub(super) fn create(path: &Path, text: &str) -> io::Result<()> {
    temporary(path, text)?.persist_noclobber(path)?;
    Ok(())
}

/// A file with `text` beside the one at `path`, with mode 0600 from the start; it is removed if anything fails.
fn temporary(path: &Path, text: &str) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_a_link_to_it_stays_a_link() {
        let folder = tempfile::tempdir().expect("a folder");
        let (target, link) = (folder.path().join("s.json"), folder.path().join("link.json"));
        write(&target, "first").expect("a new file");
        fs::set_permissions(&target, PermissionsExt::from_mode(0o666)).expect("a mode");
        symlink(&target, &link).expect("a link");
        write(&link, "second").expect("it is replaced");
        assert_eq!(fs::read_to_string(&target).expect("the file"), "second");
        assert!(fs::symlink_metadata(&link).expect("the link").is_symlink());
        assert_eq!(fs::metadata(&target).expect("the file").permissions().mode() & 0o777, 0o600);
        assert!(create(&target, "third").is_err(), "it is there");
        assert!(write(&folder.path().join("no/folder"), "x").is_err());
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2, "nothing is left behind");
    }
}
