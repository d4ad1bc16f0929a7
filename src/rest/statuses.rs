//! A set of HTTP statuses, as a step's builder writes it: `408, 423, 500-599`. Pure.

/// The statuses that a set may hold: those of answers that are no success.
const FIRST: u16 = 300;
const LAST: u16 = 599;
/// Bits in an element of a set.
const BITS: u16 = 64;
/// Elements of a set.
const ELEMENTS: usize = (LAST / BITS) as usize + 1;
/// Characters of a text in an error about it.
const MAX_SHOWN: usize = 40;

/// A set of statuses from 300 to 599.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Statuses([u64; ELEMENTS]);

impl Statuses {
    /// Reads statuses and ranges of them, separated by commas. Spaces do not count.
    ///
    /// # Errors
    /// The part that is neither, and what it must be: the end of a sentence that names the field.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut statuses = Self::default();
        for part in text.split(',') {
            let (from, to) = range(part.trim()).ok_or_else(|| unfit(part.trim()))?;
            for status in from..=to {
                statuses.insert(status);
            }
        }
        Ok(statuses)
    }

    /// A set of one; empty if it cannot hold the status.
    pub(crate) fn one(status: u16) -> Self {
        let mut statuses = Self::default();
        if (FIRST..=LAST).contains(&status) {
            statuses.insert(status);
        }
        statuses
    }

    fn insert(&mut self, status: u16) {
        self.0[usize::from(status / BITS)] |= 1 << (status % BITS);
    }

    /// Whether the set holds the status.
    pub(crate) fn contains(&self, status: u16) -> bool {
        self.0.get(usize::from(status / BITS)).is_some_and(|element| element & (1 << (status % BITS)) != 0)
    }

    /// What either holds.
    #[must_use]
    pub(crate) fn or(self, other: Self) -> Self {
        let mut union = self;
        union.0.iter_mut().zip(other.0).for_each(|(element, other)| *element |= other);
        union
    }
}

/// The first and the last status of a part.
fn range(part: &str) -> Option<(u16, u16)> {
    let (from, to) = part.split_once(['-', '–']).unwrap_or((part, part));
    let status = |text: &str| {
        let text = text.trim();
        let digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|status| digits && (FIRST..=LAST).contains(status))
    };
    let (from, to) = (status(from)?, status(to)?);
    (from <= to).then_some((from, to))
}

fn unfit(part: &str) -> String {
    let shown: String = part.chars().take(MAX_SHOWN).collect();
    let more = if shown.len() < part.len() { "…" } else { "" };
    format!(
        "must be statuses from {FIRST} to {LAST} and ranges of them, separated by commas, such as \"408, 423, 500-599\", but \
         \"{shown}{more}\" is neither"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn listed(statuses: &Statuses) -> Vec<u16> {
        (0..=u16::MAX).filter(|status| statuses.contains(*status)).collect()
    }

    #[test]
    fn statuses_and_ranges_are_read() {
        let read = |text: &str| listed(&Statuses::parse(text).expect(text));
        assert_eq!(read("408, 423, 500-502"), [408, 423, 500, 501, 502]);
        assert_eq!(read(" 404 "), [404]);
        assert_eq!(read("404,404,403 – 405"), [403, 404, 405]);
        assert_eq!(read("300-599").len(), 300);
        for (bad, word) in [
            ("", "\"\" is neither"),
            ("404,", "\"\" is neither"),
            ("4o4", "\"4o4\""),
            ("404;405", "\"404;405\""),
            ("200", "\"200\""),
            ("600", "\"600\""),
            ("500-400", "\"500-400\""),
            ("-500", "\"-500\""),
            ("+404", "\"+404\""),
            ("5xx", "\"5xx\""),
        ] {
            let error = Statuses::parse(bad).expect_err(bad);
            assert!(error.starts_with("must be ") && error.contains(word), "{bad}: {error}");
        }
        assert!(Statuses::parse(&"ü".repeat(9000)).expect_err("a long text").len() < 300);
    }

    #[test]
    fn a_single_status_is_a_set() {
        assert_eq!(listed(&Statuses::one(404)), [404]);
        assert_eq!((Statuses::one(200), Statuses::one(u16::MAX)), Default::default());
    }

    proptest! {
        #[test]
        fn a_set_holds_what_its_parts_say(parts in prop::collection::vec((300_u16..=599, 0_u16..50), 1..20)) {
            let parts: Vec<(u16, u16)> = parts.iter().map(|(from, more)| (*from, (from + more).min(599))).collect();
            let text: Vec<String> = parts.iter().map(|(from, to)| {
                if from == to { from.to_string() } else { format!("{from} -{to}") }
            }).collect();
            let statuses = Statuses::parse(&text.join(" ,")).expect("well formed");
            for status in 0..700 {
                let is_in = parts.iter().any(|(from, to)| (*from..=*to).contains(&status));
                prop_assert_eq!(statuses.contains(status), is_in, "{}", status);
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}") {
            if let Ok(statuses) = Statuses::parse(&text) {
                prop_assert_ne!(statuses, Statuses::default());
            }
        }
    }
}
