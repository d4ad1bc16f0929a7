//! The files of a message. Only the address of a file matters; what is said about it may have any form.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A file that goes with a message by reference.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct Attachment {
    /// Where to fetch it.
    pub url: String,
    /// Its size in bytes.
    #[serde(default, deserialize_with = "size", skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Its media type.
    #[serde(
        default,
        rename = "content-type",
        deserialize_with = "media_type",
        skip_serializing_if = "Option::is_none"
    )]
    pub content_type: Option<String>,
}

/// A size of any form: it is a hint, so whatever is not a whole number counts as absent.
fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(raw.get().trim_matches('"').trim().parse().ok())
}

/// A media type; anything but text, and empty text, count as absent.
fn media_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).ok().filter(|text: &String| !text.trim().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_or_media_type_of_any_form_is_accepted() {
        for (fields, size, media) in [
            (r#""size":3,"content-type":"a/b""#, Some(3), Some("a/b")),
            (r#""size":"3","content-type":"""#, Some(3), None),
            (r#""size":3.5,"content-type":null"#, None, None),
            (r#""size":"","content-type":7"#, None, None),
            (r#""size":-1"#, None, None),
            (r#""size":null"#, None, None),
            (r#""size":{"a":[1]}"#, None, None),
            (r#""size":99999999999999999999"#, None, None),
        ] {
            let attachment: Attachment =
                serde_json::from_str(&format!(r#"{{"url":"http://h/1",{fields}}}"#)).expect(fields);
            assert_eq!((attachment.size, attachment.content_type.as_deref()), (size, media), "{fields}");
        }
    }
}
