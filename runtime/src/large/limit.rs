//! The memory limit of the container, as the kernel tells it: cgroup v2 or v1. The process's own group and every group
//! above it may set one; the smallest counts.

use std::{fs, path::Path};

/// Above this a limit is none: v1 writes the largest number of pages for "unlimited".
const NO_LIMIT: u64 = 1 << 60;

/// The limit in bytes; `None` when there is none, or the kernel does not tell.
pub(super) fn container_limit() -> Option<u64> {
    limit_below(Path::new("/sys/fs/cgroup"), &fs::read_to_string("/proc/self/cgroup").unwrap_or_default())
}

/// `groups`: the text of `/proc/self/cgroup`, a line for each hierarchy: `ID:CONTROLLERS:PATH` (cgroups(7)).
fn limit_below(root: &Path, groups: &str) -> Option<u64> {
    let limits = groups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        match controllers {
            "" => smallest(root, path, "memory.max"),
            v1 if v1.split(',').any(|name| name == "memory") => {
                smallest(&root.join("memory"), path, "memory.limit_in_bytes")
            }
            _ => None,
        }
    });
    limits.min()
}

/// The smallest limit of the group at `path` and those above it. In a container the path may be the host's, of which only
/// the root can be seen here.
fn smallest(root: &Path, path: &str, file: &str) -> Option<u64> {
    let group = root.join(path.trim_start_matches('/'));
    let groups = group.ancestors().take_while(|group| group.starts_with(root));
    groups
        .filter_map(|group| fs::read_to_string(group.join(file)).ok()?.trim().parse().ok())
        .min()
        .filter(|bytes: &u64| *bytes < NO_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(files: &[(&str, &str)], groups: &str) -> Option<u64> {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            fs::write(file, text).expect("written");
        }
        limit_below(folder.path(), groups)
    }

    #[test]
    fn the_smallest_limit_above_the_process_counts() {
        let nested = [("memory.max", "max\n"), ("pods/memory.max", "268435456\n"), ("pods/a/memory.max", "max\n")];
        assert_eq!(limit(&nested, "0::/pods/a\n"), Some(268_435_456));
        assert_eq!(limit(&nested, "0::/\n"), None);
        assert_eq!(limit(&[("memory.max", "1000\n")], "0::/of/the/host\n"), Some(1000));
        let v1 =
            [("memory/memory.limit_in_bytes", "9223372036854771712\n"), ("memory/x/memory.limit_in_bytes", "500\n")];
        assert_eq!(limit(&v1, "5:cpu,cpuacct:/x\n4:memory:/x\n0::/\n"), Some(500));
        assert_eq!(limit(&v1, "4:memory:/\n"), None);
        assert_eq!(limit(&[], ""), None);
    }
}
