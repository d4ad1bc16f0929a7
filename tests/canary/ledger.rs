//! What was found where: searches every place for every secret, and tells it as a table.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use aho_corasick::AhoCorasick;
use anyhow::{Result, ensure};

use crate::canary::Canary;
use crate::needles::{disguises, needles};
use crate::place::Place;

/// Bytes around a secret that a report quotes.
const QUOTED: usize = 60;

/// The searches so far.
pub(crate) struct Ledger {
    finder: AhoCorasick,
    /// The secret of each needle.
    owners: Vec<Canary>,
    /// Where a secret was seen, with the first flow and what stands around it there.
    seen: Mutex<BTreeMap<(Canary, Place), String>>,
    /// Bytes searched in each place.
    searched: Mutex<BTreeMap<Place, usize>>,
}

impl Ledger {
    pub(crate) fn new() -> Result<Self> {
        let mut owners: BTreeMap<Vec<u8>, Vec<Canary>> = BTreeMap::new();
        for secret in Canary::ALL {
            for needle in needles(secret.value()) {
                owners.entry(needle).or_default().push(*secret);
            }
        }
        // What several have is nobody's: the characters in their middles.
        owners.retain(|_, owners| owners.len() == 1);
        let (needles, owners): (Vec<_>, Vec<_>) =
            owners.into_iter().map(|(needle, owners)| (needle, owners[0])).unzip();
        Ok(Self { finder: AhoCorasick::new(needles)?, owners, seen: Mutex::default(), searched: Mutex::default() })
    }

    /// Fails if a secret in one of its disguises would not be found.
    pub(crate) fn ensure_finds(&self) -> Result<()> {
        for secret in Canary::ALL {
            for disguise in disguises(secret.value()) {
                let mut found = self.finder.find_overlapping_iter(&disguise);
                let found = found.any(|found| self.owners[found.pattern().as_usize()] == *secret);
                ensure!(found, "{secret:?} is not found in {disguise:?}");
            }
        }
        Ok(())
    }

    /// Searches what `flow` left in a place.
    pub(crate) fn search(&self, flow: &str, place: Place, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        *lock(&self.searched).entry(place).or_default() += bytes.len();
        for found in self.finder.find_overlapping_iter(bytes) {
            let secret = self.owners[found.pattern().as_usize()];
            lock(&self.seen).entry((secret, place)).or_insert_with(|| {
                let around = &bytes[found.start().saturating_sub(QUOTED)..bytes.len().min(found.end() + QUOTED)];
                format!("{flow}: …{}…", String::from_utf8_lossy(around).escape_debug())
            });
        }
    }

    /// The secrets that are where they do not belong.
    pub(crate) fn leaks(&self) -> Vec<String> {
        let seen = lock(&self.seen);
        let leaks = seen.iter().filter(|((secret, place), _)| !secret.places().contains(place));
        leaks.map(|((secret, place), around)| format!("{secret:?} is in {place:?}, in the flow {around}")).collect()
    }

    /// The secrets that are not where they belong: the search, or a flow, did not work.
    pub(crate) fn missing(&self) -> Vec<String> {
        let seen = lock(&self.seen);
        let belongs = Canary::ALL.iter().flat_map(|secret| secret.places().iter().map(|place| (*secret, *place)));
        let missing = belongs.filter(|pair| !seen.contains_key(pair));
        missing.map(|(secret, place)| format!("{secret:?} was not seen in {place:?}, where it belongs")).collect()
    }

    /// A line for each secret, a column for each place.
    pub(crate) fn table(&self) -> String {
        let (seen, searched) = (lock(&self.seen), lock(&self.searched));
        let mut table = String::from("seen: expected and seen; MISSING: expected, not seen; LEAK: seen; ·: not seen\n");
        for (number, place) in Place::ALL.iter().enumerate() {
            let bytes = searched.get(place).copied().unwrap_or_default();
            let _ = writeln!(table, "{:>3}: {place:?}, {bytes} bytes searched", number + 1);
        }
        let _ = write!(table, "{:<18}", "");
        for number in 1..=Place::ALL.len() {
            let _ = write!(table, "{number:>8}");
        }
        for secret in Canary::ALL {
            let _ = write!(table, "\n{:<18}", format!("{secret:?}"));
            for place in Place::ALL {
                let cell = match (secret.places().contains(&place), seen.contains_key(&(*secret, place))) {
                    (true, true) => "seen",
                    (true, false) => "MISSING",
                    (false, true) => "LEAK",
                    (false, false) => "·",
                };
                let _ = write!(table, "{cell:>8}");
            }
        }
        table
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
