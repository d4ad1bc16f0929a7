//! Calls of hooks that wait to be made, and what they are.

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::Arc;

use axum::http::Uri;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::Notify;

/// Most calls that wait; further ones are lost.
const MAX_WAITING: usize = 1000;

/// A call of a hook's address: a post of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HookCall {
    pub(crate) hook: u64,
    /// The address without its query, which Podio moves into the form.
    pub(crate) url: String,
    pub(crate) form: String,
}

#[derive(Debug, Default)]
pub(super) struct Calls {
    waiting: VecDeque<HookCall>,
    arrived: Arc<Notify>,
}

impl HookCall {
    pub(super) fn new(hook: u64, url: &str, event: &str, params: &[(&str, String)]) -> Self {
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let mut form = format!("type={}&hook_id={hook}", encoded(event));
        for (name, value) in params {
            // Writing to a text does not fail.
            let _ = write!(form, "&{name}={}", encoded(value));
        }
        if !query.is_empty() {
            form.push('&');
            form.push_str(query);
        }
        Self { hook, url: address.to_owned(), form }
    }
}

impl Calls {
    /// Adds a call, unless too many wait.
    pub(super) fn add(&mut self, call: HookCall) -> bool {
        let has_room = self.waiting.len() < MAX_WAITING;
        if has_room {
            self.waiting.push_back(call);
            self.arrived.notify_one();
        }
        has_room
    }

    pub(super) fn next(&mut self) -> Option<HookCall> {
        self.waiting.pop_front()
    }

    pub(super) fn arrived(&self) -> Arc<Notify> {
        Arc::clone(&self.arrived)
    }
}

/// Podio calls the ports 80 and 443 alone. A program on this machine, or in a container beside it, may have any port.
pub(super) fn check_url(url: &str) -> Result<(), &'static str> {
    let uri: Uri = url.parse().map_err(|_| "must be an address")?;
    let standard = match uri.scheme_str() {
        Some("http") => 80,
        Some("https") => 443,
        _ => return Err("must begin with http:// or https://"),
    };
    let host = uri.host().filter(|host| !host.is_empty()).ok_or("must have a host")?;
    let is_near = host == "localhost" || host == "[::1]" || host.starts_with("127.") || !host.contains('.');
    if uri.port_u16().is_none_or(|port| port == standard) || is_near {
        return Ok(());
    }
    Err("must have no port but 80 for http or 443 for https")
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_the_query_of_its_address_in_the_form() {
        let params = [("item_id", "42".to_owned()), ("external_id", "a b&c".to_owned())];
        let call = HookCall::new(7, "http://127.0.0.1:9/x?flow=1", "item.create", &params);
        let form = "type=item%2Ecreate&hook_id=7&item_id=42&external_id=a%20b%26c&flow=1";
        assert_eq!((call.url.as_str(), call.form.as_str()), ("http://127.0.0.1:9/x", form));
    }

    #[test]
    fn further_calls_are_lost_when_too_many_wait() {
        let mut calls = Calls::default();
        let call = HookCall::new(7, "http://h/", "item.create", &[]);
        for _ in 0..MAX_WAITING {
            assert!(calls.add(call.clone()));
        }
        assert!(!calls.add(call.clone()));
        assert_eq!(calls.next(), Some(call.clone()));
        assert!(calls.add(call));
    }

    #[test]
    fn other_ports_are_for_programs_nearby() {
        for url in [
            "http://h.example/x",
            "https://h.example:443",
            "http://127.0.0.1:8090/x",
            "http://[::1]:1/",
            "http://localhost:1",
            "http://worker:8080/",
        ] {
            assert_eq!(check_url(url), Ok(()), "{url}");
        }
        for url in ["http://h.example:8080/", "https://h.example:80", "ftp://h.example", "/x", "h.example", "http://"] {
            assert!(check_url(url).is_err(), "{url}");
        }
    }
}
