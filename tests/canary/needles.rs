//! The forms in which a secret, or a part of it, may appear.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::json;

/// Bytes of the shortest part of a secret that counts as the secret.
const PART: usize = 8;
/// Characters of the shortest part in base64, which hold [`PART`] bytes and a bit.
const BASE64_PART: usize = 12;

/// Every form of every part of [`PART`] bytes: as it is, percent-encoded, as in JSON, in hexadecimal, in base64 wherever
/// it begins, and as a list of numbers.
pub(crate) fn needles(secret: &str) -> BTreeSet<Vec<u8>> {
    let percent = percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC).to_string();
    let json = json!(secret).to_string();
    let mut needles = BTreeSet::new();
    for text in [secret, &percent, json.trim_matches('"')] {
        needles.extend(parts(text.as_bytes(), PART));
    }
    for part in parts(secret.as_bytes(), PART) {
        let each = |write: fn(&u8) -> String| part.iter().map(write).collect::<Vec<_>>();
        needles.insert(each(|byte| format!("{byte:02x}")).concat().into_bytes());
        needles.insert(each(|byte| format!("{byte:02X}")).concat().into_bytes());
        needles.insert(each(u8::to_string).join(", ").into_bytes());
        needles.insert(each(u8::to_string).join(",").into_bytes());
    }
    for before in 0..3 {
        let bytes = [vec![0; before], secret.as_bytes().to_vec()].concat();
        for encoded in [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
            // The first and the last characters also depend on what stands beside the secret.
            let core = &encoded.as_bytes()[(before * 8).div_ceil(6)..encoded.len() - 1];
            needles.extend(parts(core, BASE64_PART));
        }
    }
    needles
}

/// A text in which every secret is hidden in another way than the hosts and the environment show it.
pub(crate) fn disguises(secret: &str) -> [String; 5] {
    let hexadecimal: Vec<String> = secret.bytes().map(|byte| format!("{byte:02X}")).collect();
    [
        secret[..PART].to_owned(),
        secret[secret.len() - PART..].to_owned(),
        hexadecimal.concat(),
        format!("{:?}", secret.as_bytes()),
        STANDARD_NO_PAD.encode(format!("x{secret}")),
    ]
}

fn parts(text: &[u8], length: usize) -> impl Iterator<Item = Vec<u8>> {
    text.windows(length).map(<[u8]>::to_vec)
}
