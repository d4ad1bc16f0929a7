//! Properties of names from elsewhere: a name is only a name, and one that is written by the rules is read as it is.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use super::{MAX_NAME, is_invisible, of_address, of_disposition, plain};

/// A `content-disposition` header; the same bytes as the end of an address, and as a name.
pub fn file_name(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let header = [b"attachment; filename=", data].concat();
    let encoded = utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string();
    let urls = [format!("http://h/{text}"), format!("http://h/{encoded}?x"), text.clone().into_owned()];
    let addresses = urls.iter().filter_map(|url| of_address(&Url::parse(url).ok()?));
    let names = [of_disposition(data), of_disposition(&header), plain(&text)].into_iter().flatten().chain(addresses);
    for name in names {
        check(&name);
    }
}

fn check(name: &str) {
    assert!(!name.is_empty() && name.len() <= MAX_NAME && name.trim() == name, "a name is not plain");
    assert!(!name.contains(['/', '\\']) && !name.chars().any(is_invisible) && !name.trim_matches('.').is_empty());
    assert!(plain(name).as_deref() == Some(name), "a plain name is not its own");
    let quoted = format!("attachment; filename=\"{}\"", name.replace('"', "\\\""));
    assert!(of_disposition(quoted.as_bytes()).as_deref() == Some(name), "a quoted name is another one");
    let encoded = utf8_percent_encode(name, NON_ALPHANUMERIC);
    let extended = format!("attachment; filename=x; filename*=UTF-8''{encoded}");
    assert!(of_disposition(extended.as_bytes()).as_deref() == Some(name), "an encoded name is another one");
    let url = Url::parse(&format!("http://h/x/{encoded}#y")).expect("an address");
    assert!(of_address(&url).as_deref() == Some(name), "the name of an address is another one");
}
