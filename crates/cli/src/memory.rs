//! How much memory the program may take: `--max-memory`, or a share of what the machine has to give.

use clap::Args;
use losslab_base::Bytes;
use std::path::{Path, PathBuf};

/// The share of what is available that is taken at most, unless `--max-memory` says otherwise: estimates are
/// rough, and the machine has other work.
const SHARE: f64 = 0.5;
/// The limit where the system does not say what is available.
const UNKNOWN: u64 = 4 << 30;

/// The argument that limits memory.
#[derive(Args, Clone, Debug)]
pub struct MemoryArguments {
    /// Most memory for data and trainings, e.g. 4G: what would need more is refused before it is begun
    /// [default: half of what the machine, or its control group, has left]
    #[arg(long, value_name = "SIZE", help_heading = "Running")]
    max_memory: Option<Bytes>,
}

impl MemoryArguments {
    /// The limit in bytes.
    pub fn most(&self) -> u64 {
        self.max_memory.map_or_else(|| share(available(Path::new("/"))), |most| most.0)
    }
}

fn share(available: Option<u64>) -> u64 {
    available.map_or(UNKNOWN, |bytes| (bytes as f64 * SHARE) as u64)
}

/// Bytes that the system below this root has left for this process: the least of free memory, what its
/// control groups (versions 1 and 2) leave, and its own limit of addresses. None where the system does not
/// say.
fn available(root: &Path) -> Option<u64> {
    let read = |path: &str| std::fs::read_to_string(root.join(path)).ok();
    let free = read("proc/meminfo").and_then(|text| {
        let kib = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        kib.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
    });
    let addresses = read("proc/self/limits").and_then(|text| {
        let limits = text.lines().find_map(|line| line.strip_prefix("Max address space"))?;
        limits.split_whitespace().next()?.parse().ok()
    });
    let groups = read("proc/self/cgroup").unwrap_or_default();
    let of_groups = groups.lines().filter_map(|line| left_in_group(root, line));
    of_groups.chain(free).chain(addresses).min()
}

/// What a line of `/proc/self/cgroup`, `NUMBER:CONTROLLERS:PATH`, leaves, with the groups above it.
fn left_in_group(root: &Path, line: &str) -> Option<u64> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (controllers, path) = (parts.next()?, parts.next()?);
    let (base, most, used) = match controllers {
        "" => ("sys/fs/cgroup", "memory.max", "memory.current"),
        _ if controllers.split(',').any(|controller| controller == "memory") => {
            ("sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes")
        }
        _ => return None,
    };
    let base = root.join(base);
    let group = base.join(path.trim_start_matches('/'));
    let number = |folder: &PathBuf, file: &str| -> Option<u64> {
        std::fs::read_to_string(folder.join(file)).ok()?.trim().parse().ok()
    };
    // A container sees its own group as the root, whatever the path says; "max" is no limit.
    let groups = group.ancestors().take_while(|folder| folder.starts_with(&base)).map(Path::to_owned);
    let left = |folder: PathBuf| {
        Some(number(&folder, most)?.saturating_sub(number(&folder, used).unwrap_or_default()))
    };
    groups.filter_map(left).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A system of these files, and what it has left.
    fn left(files: &[(&str, &str)]) -> Option<u64> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        available(root.path())
    }

    #[test]
    fn the_tightest_limit_counts() {
        let meminfo = ("proc/meminfo", "MemTotal:  9000 kB\nMemAvailable:    8000 kB\n");
        assert_eq!(left(&[]), None);
        assert_eq!(left(&[meminfo]), Some(8_192_000));
        let second = [
            meminfo,
            ("proc/self/cgroup", "0::/a/b\n"),
            ("sys/fs/cgroup/a/memory.max", "5000000\n"),
            ("sys/fs/cgroup/a/memory.current", "1000000\n"),
            ("sys/fs/cgroup/a/b/memory.max", "max\n"),
        ];
        assert_eq!(left(&second), Some(4_000_000), "a group above limits, too");
        let first = [
            meminfo,
            ("proc/self/cgroup", "3:cpu,cpuacct:/a\n2:memory:/docker/x\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "3000000\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "500000\n"),
        ];
        assert_eq!(left(&first), Some(2_500_000), "a container sees its group as the root");
        let limits =
            "Limit   Soft Limit  Hard Limit  Units\nMax address space    2000000   unlimited   bytes\n";
        assert_eq!(left(&[meminfo, ("proc/self/limits", limits)]), Some(2_000_000));
        let unlimited = "Max address space    unlimited   unlimited   bytes\n";
        assert_eq!(left(&[meminfo, ("proc/self/limits", unlimited)]), Some(8_192_000));
        assert_eq!([share(Some(10)), share(None)], [5, UNKNOWN]);
    }
}
