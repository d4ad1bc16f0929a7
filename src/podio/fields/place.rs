//! `location` and `embed`: an address on earth, and addresses in the web.

use serde_json::{Map, Value, json};
use url::Url;

use super::{Given, Unfit};

/// The parts of an address that Podio takes (<https://developers.podio.com/doc/items>).
const PARTS: &[&str] = &[
    "value",
    "formatted",
    "street_address",
    "street_number",
    "street_name",
    "postal_code",
    "city",
    "state",
    "country",
    "lat",
    "lng",
];

/// The address as text, or an object with its parts.
pub(super) fn location(given: Given<'_>) -> Result<Value, Unfit> {
    let expected = || format!("an address as text, or an object with some of {}", PARTS.join(", "));
    let Some(object) = given.object() else {
        let text = given.word().ok_or_else(|| given.must_be(expected()))?;
        return Ok(json!({ "value": text }));
    };
    let mut parts = Map::new();
    for (key, value) in object.entries() {
        let (name, given) = (key.text(), Given::new(value));
        if !PARTS.contains(&name.as_ref()) {
            return Err(given.must_be(format!("a part of an address: {}", PARTS.join(", "))).of(&name));
        }
        if given.is_empty() {
            continue;
        }
        let part = match name.as_ref() {
            "lat" | "lng" => {
                let degrees = given.decimal().and_then(|text| text.parse::<f64>().ok());
                degrees.map(Value::from).ok_or_else(|| given.must_be("degrees such as 52.52").of(&name))?
            }
            _ => Value::String(given.text().ok_or_else(|| given.must_be("a text").of(&name))?),
        };
        parts.insert(name.into_owned(), part);
    }
    if parts.is_empty() { Err(given.must_be(expected())) } else { Ok(Value::Object(parts)) }
}

/// The address as it was entered.
pub(super) fn decode_location(values: &[Value]) -> Value {
    let Some(value) = values.first() else { return Value::Null };
    let entered = ["value", "formatted"].iter().find_map(|key| value[key].as_str());
    entered.map_or_else(|| parts_of(value), Value::from)
}

fn parts_of(value: &Value) -> Value {
    let known = value.as_object().into_iter().flatten().filter(|(name, _)| PARTS.contains(&name.as_str()));
    known.map(|(name, part)| (name.clone(), part.clone())).collect()
}

/// Links: addresses, or ids of embeds that were made before (`embed`, with a `file` as their picture).
pub(super) fn embeds(given: Given<'_>) -> Result<Value, Unfit> {
    given.list().into_iter().map(embed).collect::<Result<Vec<_>, _>>().map(Value::Array)
}

fn embed(given: Given<'_>) -> Result<Value, Unfit> {
    if let Some(id) = given.property("embed") {
        let number = |given: Given<'_>, name| given.whole().ok_or_else(|| given.must_be("a whole number").of(name));
        let mut embed = Map::from_iter([("embed".to_owned(), number(id, "embed")?.into())]);
        if let Some(file) = given.property("file") {
            embed.insert("file".to_owned(), number(file, "file")?.into());
        }
        return Ok(Value::Object(embed));
    }
    let address = given.property("url").unwrap_or(given);
    let text = address.word().filter(|text| is_web_address(text));
    let text = text.ok_or_else(|| address.must_be("a web address such as https://example.com/"))?;
    Ok(json!({ "url": text }))
}

fn is_web_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// The addresses as they were entered.
pub(super) fn decode_embeds(values: &[Value]) -> Value {
    let address = |value: &Value| {
        let embed = &value["embed"];
        let known = [&embed["original_url"], &embed["url"], &value["url"], &embed["resolved_url"]];
        known.into_iter().find(|url| url.is_string()).cloned().unwrap_or_else(|| value.clone())
    };
    values.iter().map(address).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::given::tests::with, *};

    fn error(json: &str, encode: fn(Given<'_>) -> Result<Value, Unfit>) -> String {
        with(json, encode).expect_err(json).to_string()
    }

    #[test]
    fn a_place_is_text_or_parts() {
        assert_eq!(
            with("\"Kastanienallee 1, Berlin\"", location).ok(),
            Some(json!({ "value": "Kastanienallee 1, Berlin" }))
        );
        assert_eq!(
            with(r#"{"city":"Berlin","postal_code":10435,"lat":"52.5","state":null}"#, location).ok(),
            Some(json!({ "city": "Berlin", "postal_code": "10435", "lat": 52.5 }))
        );
        assert!(error(r#"{"town":"Berlin"}"#, location).contains("a part of an address: value"));
        assert!(
            error(r#"{"lat":"north"}"#, location).contains("degrees such as 52.52 in \"lat\", but it is \"north\"")
        );
        assert!(error("7", location).contains("an address as text"));
        assert!(error(r#"{"city":""}"#, location).contains("an address as text"));
        let values = [json!({ "value": "Berlin", "formatted": "Berlin, Germany", "lat": 52.5 })];
        assert_eq!(decode_location(&values), json!("Berlin"));
    }

    #[test]
    fn links_are_addresses_or_embeds() {
        assert_eq!(with("\"https://example.com/a\"", embeds).ok(), Some(json!([{ "url": "https://example.com/a" }])));
        assert_eq!(
            with(r#"[{"url":"http://a.example"},{"embed":"5","file":6}]"#, embeds).ok(),
            Some(json!([{ "url": "http://a.example" }, { "embed": 5, "file": 6 }]))
        );
        for bad in ["\"example.com\"", "\"ftp://example.com\"", "5", r#"{"link":"https://example.com"}"#] {
            assert!(error(bad, embeds).contains("a web address"), "{bad}");
        }
        let values = [json!({ "embed": { "embed_id": 5, "original_url": "https://a.example" }, "file": null })];
        assert_eq!(decode_embeds(&values), json!(["https://a.example"]));
    }
}
