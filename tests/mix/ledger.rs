//! The account of a lane: what was sent beside what was answered.

use std::collections::{HashMap, HashSet};
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use podio_sandbox::Call;
use podio_test_support::Emitted;

/// A result tells the time at which its action ended; until it is published, up to this much goes by.
const PUBLISH_MS: i64 = 2000;

/// A time in which something broke that may have results come twice: milliseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Break {
    pub(crate) begin: i64,
    pub(crate) end: i64,
}

/// The counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) sent: usize,
    /// Messages with a result.
    pub(crate) answered: usize,
    /// Messages without one.
    pub(crate) lost: usize,
    /// Errors, rebounds, and results of messages that were never sent.
    pub(crate) unexpected: usize,
    /// Results beyond the first of a message.
    pub(crate) duplicated: usize,
    /// Of them, those that no break explains.
    pub(crate) unexplained: usize,
    /// Answered messages that called Podio more than once.
    pub(crate) recovered: usize,
}

impl Account {
    /// Compares what a lane sent with what it published.
    pub(crate) fn of(sent: &[String], emitted: &[Emitted], calls: &[Call], breaks: &[Break]) -> Result<Self> {
        let known: HashSet<&str> = sent.iter().map(String::as_str).collect();
        let mut account = Self { sent: known.len(), ..Self::default() };
        let mut ends: HashMap<&str, Vec<i64>> = HashMap::new();
        for emitted in emitted {
            match emitted.text_header("parentMessageId").filter(|id| known.contains(id)) {
                Some(id) if emitted.routing_key == "data" => {
                    ends.entry(id).or_default().push(emitted.headers["end"].as_i64().context("a result has an end")?);
                }
                _ => {
                    account.unexpected += 1;
                    eprintln!("unexpected: {}", emitted.text);
                }
            }
        }
        account.answered = ends.len();
        account.lost = account.sent - account.answered;
        for (id, ends) in &mut ends {
            ends.sort_unstable();
            account.duplicated += ends.len() - 1;
            for pair in ends.windows(2) {
                if !breaks.iter().any(|broken| broken.explains(pair[0], pair[1])) {
                    account.unexplained += 1;
                    eprintln!("unexplained: {id} at {ends:?}");
                }
            }
        }
        let mut called: HashMap<&str, usize> = HashMap::new();
        for id in calls.iter().filter_map(|call| call.path.strip_prefix("/user?id=")) {
            *called.entry(id).or_default() += 1;
        }
        account.recovered = ends.keys().filter(|id| called.get(*id).is_some_and(|count| *count > 1)).count();
        Ok(account)
    }

    /// Fails unless every message was answered, and twice only where something broke.
    pub(crate) fn ensure_kept(&self) -> Result<()> {
        ensure!(self.lost == 0, "{} messages are lost", self.lost);
        ensure!(self.unexpected == 0, "{} unexpected messages", self.unexpected);
        ensure!(self.unexplained == 0, "{} results came twice although nothing broke", self.unexplained);
        Ok(())
    }
}

impl Break {
    /// Whether it may be why two results that ended at these times are of one message.
    fn explains(self, first: i64, second: i64) -> bool {
        first >= self.begin - PUBLISH_MS && first <= self.end + PUBLISH_MS && second >= self.begin - PUBLISH_MS
    }
}

/// The time now, in milliseconds since 1970.
pub(crate) fn since_1970() -> Result<i64> {
    Ok(i64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_millis())?)
}

#[test]
fn an_account_tells_lost_unexpected_and_repeated_results_apart() -> Result<()> {
    let emitted = |key: &str, id: &str, end: i64| Emitted {
        routing_key: key.to_owned(),
        properties: serde_json::Value::Null,
        headers: serde_json::json!({ "parentMessageId": id, "end": end }),
        payload: serde_json::Value::Null,
        text: String::new(),
    };
    let sent = ["a", "b", "c", "d"].map(str::to_owned);
    let emitted = [
        emitted("data", "a", 10_000),
        emitted("data", "a", 20_500),
        emitted("data", "b", 19_000),
        emitted("data", "b", 20_500),
        emitted("error", "c", 1),
        emitted("data", "never sent", 1),
    ];
    let account = Account::of(&sent, &emitted, &[], &[Break { begin: 20_000, end: 20_100 }])?;
    let want = Account { sent: 4, answered: 2, lost: 2, unexpected: 2, duplicated: 2, unexplained: 1, recovered: 0 };
    assert_eq!(account, want);
    assert!(account.ensure_kept().is_err());
    Ok(())
}
