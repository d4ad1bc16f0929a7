//! Properties of the broker's addresses: nothing that they say of themselves holds a login, and an address that is written
//! by the rules is read as it was meant.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::ExposeSecret;

use super::{Address, MIN_FRAME_MAX, parse_all};
use crate::amqp::wire::FRAME_MAX;

/// A password that is found wherever it is printed.
const PASSWORD: &str = "pAsS-wOrD";
/// Characters of a part of it that nobody says by chance.
const PART: usize = 4;

/// Any text as addresses; the same text as parts of an address.
pub fn amqp_uri(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let text = text.as_ref();
    if let Ok(addresses) = parse_all(text) {
        assert!(!addresses.is_empty());
        addresses.iter().for_each(check);
    }
    let (user, vhost) = text.split_at((0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0));
    written(user, vhost);
    let plain: String = text.chars().filter(|char| !matches!(char, '/' | '?' | '#' | '\\' | ',')).collect();
    // Who says a part of it elsewhere may show it: what stands between two parts is left out here and there.
    let said = text.to_lowercase();
    if (0..=PASSWORD.len() - PART).any(|at| said.contains(&PASSWORD.to_lowercase()[at..at + PART])) {
        return;
    }
    // What a password does to an address around it: whatever comes of it, nobody reads it.
    for address in [format!("amqp://{plain}:{PASSWORD}@{plain}/{text}"), format!("{plain}://u:{PASSWORD}@h")] {
        let shown = match parse_all(&address) {
            Ok(addresses) => format!("{addresses:?} {}", addresses.iter().map(Address::to_string).collect::<String>()),
            Err(problem) => problem,
        };
        assert!(!shown.to_lowercase().contains(&PASSWORD.to_lowercase()), "the password is shown");
    }
}

fn check(address: &Address) {
    assert!((MIN_FRAME_MAX..=FRAME_MAX).contains(&address.frame_max));
    assert!(!address.vhost.is_empty() && !address.user.is_empty());
    assert!(!address.password.expose_secret().is_empty());
}

/// An address with this user and vhost, and with the user's name as password.
fn written(user: &str, vhost: &str) {
    let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let text = format!("amqps://{0}:{0}@host:5799/{1}?heartbeat=7", encoded(user), encoded(vhost));
    let [address] = &parse_all(&text).expect("an address")[..] else { panic!("one address") };
    let or = |text: &str, default: &str| if text.is_empty() { default.to_owned() } else { text.to_owned() };
    assert!(address.user == or(user, "guest") && address.vhost == or(vhost, "/"));
    assert!(*address.password.expose_secret() == or(user, "guest"));
    assert!(address.tls.is_some() && address.heartbeat == Some(7) && address.to_string() == "host:5799");
}
