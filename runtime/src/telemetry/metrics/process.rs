//! What the process takes, by the names that Prometheus's clients share
//! (<https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>), as the kernel tells it (proc(5)).

use std::fs;

use prometheus::{Counter, Error, Gauge, IntGauge, Opts, Registry};

/// The kernel counts CPU time in hundredths of a second on Linux (`sysconf(_SC_CLK_TCK)`).
const TICKS_PER_SECOND: f64 = 100.0;
/// Where the fields of `/proc/self/stat` are that follow the name in parentheses, beginning with the state (field 3).
const USER_TIME: usize = 14 - 3;
const SYSTEM_TIME: usize = 15 - 3;
const START_TIME: usize = 22 - 3;

/// The figures.
pub(super) struct Process {
    cpu: Counter,
    resident: IntGauge,
    files: IntGauge,
    start: Gauge,
}

impl Process {
    /// Adds the figures to a registry.
    pub(super) fn register(registry: &Registry) -> Result<Self, Error> {
        let process = Self {
            cpu: Counter::new("process_cpu_seconds_total", "CPU time, user and system.")?,
            resident: IntGauge::new("process_resident_memory_bytes", "Resident memory.")?,
            files: IntGauge::new("process_open_fds", "Open files, sockets included.")?,
            start: Gauge::with_opts(Opts::new("process_start_time_seconds", "When it started, since the epoch."))?,
        };
        registry.register(Box::new(process.cpu.clone()))?;
        registry.register(Box::new(process.resident.clone()))?;
        registry.register(Box::new(process.files.clone()))?;
        registry.register(Box::new(process.start.clone()))?;
        Ok(process)
    }

    /// Reads all of it. What cannot be read stays as it was.
    pub(super) fn look(&self) {
        let text = |file: &str| fs::read_to_string(file).unwrap_or_default();
        let stat = text("/proc/self/stat");
        let fields: Vec<f64> = stat_fields(&stat);
        if let (Some(user), Some(system)) = (fields.get(USER_TIME), fields.get(SYSTEM_TIME)) {
            // Never less than before, as a counter must be.
            self.cpu.inc_by(((user + system) / TICKS_PER_SECOND - self.cpu.get()).max(0.0));
        }
        if let (Some(ticks), Some(boot)) = (fields.get(START_TIME), number_after(&text("/proc/stat"), "btime")) {
            self.start.set(boot + ticks / TICKS_PER_SECOND);
        }
        if let Some(kib) = number_after(&text("/proc/self/status"), "VmRSS:") {
            #[expect(clippy::cast_possible_truncation, reason = "bytes of memory are whole and below 2^53")]
            self.resident.set((kib * 1024.0) as i64);
        }
        if let Ok(files) = fs::read_dir("/proc/self/fd") {
            // One of them is the folder's own.
            self.files.set(i64::try_from(files.count().saturating_sub(1)).unwrap_or(i64::MAX));
        }
    }
}

/// The fields after the process's name, which may hold spaces and parentheses; 0 for what is no number.
fn stat_fields(stat: &str) -> Vec<f64> {
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    fields.split_whitespace().map(|field| field.parse().unwrap_or(0.0)).collect()
}

/// The first number on the line that begins with `name`.
fn number_after(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_s_own_figures_are_plausible() {
        let process = Process::register(&Registry::new()).expect("four names");
        // Something to count: a hundredth of a second and more.
        let busy = std::time::Instant::now();
        while busy.elapsed().as_millis() < 50 {
            std::hint::spin_loop();
        }
        process.look();
        let (cpu, start) = (process.cpu.get(), process.start.get());
        assert!(cpu > 0.0 && cpu.fract() > 0.0 || cpu >= 1.0, "{cpu}");
        assert!(process.resident.get() > 1_000_000 && process.files.get() > 2);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_secs_f64();
        assert!(now - start > -2.0 && now - start < 3600.0, "started {} s ago", now - start);
        process.look();
        assert!(process.cpu.get() >= cpu);
    }

    #[test]
    fn a_name_with_parentheses_hides_no_field() {
        let fields = stat_fields("42 (a) b) c) S 1 2 3 4 5 6 7 8 9 10 150 50 x");
        assert_eq!((fields[USER_TIME], fields[SYSTEM_TIME]), (150.0, 50.0));
        assert_eq!(number_after("cpu 1 2\nbtime 1700000000\n", "btime"), Some(1_700_000_000.0));
        assert_eq!(number_after("VmRSS:\t  20480 kB\n", "VmRSS:"), Some(20480.0));
        assert_eq!(number_after("", "btime"), None);
    }
}
