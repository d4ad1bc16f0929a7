//! Where somebody or something is: email addresses, telephone numbers, places and links.

use serde_json::{Map, Value, json};

use super::{Problem, bare, wrong};
use crate::store::embeds::Embeds;

/// Keys of a place that hold text.
const PLACE: [&str; 9] =
    ["value", "formatted", "street_address", "street_number", "street_name", "postal_code", "city", "state", "country"];
/// Keys of a place that hold numbers.
const COORDINATES: [&str; 2] = ["lat", "lng"];

/// `{"type": …, "value": …}` with one of these types.
pub(super) fn read_email(stated: &Value, types: &[String]) -> Result<Value, Problem> {
    let address = typed(stated, types, 254)?;
    let is_address = |text: &str| {
        let parts = text.split_once('@');
        parts.is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'))
            && !text.contains(char::is_whitespace)
    };
    if !address["value"].as_str().is_some_and(is_address) {
        return Err(wrong(&stated["value"], "must be an email address"));
    }
    Ok(address)
}

/// `{"type": …, "value": …}` with one of these types.
pub(super) fn read_phone(stated: &Value, types: &[String]) -> Result<Value, Problem> {
    typed(stated, types, 50)
}

fn typed(stated: &Value, types: &[String], longest: usize) -> Result<Value, Problem> {
    if !stated.is_object() {
        return Err(wrong(stated, "must be object"));
    }
    let part = |key: &str| stated[key].as_str().ok_or_else(|| wrong(&stated[key], &format!("{key} must be string")));
    let (kind, value) = (part("type")?, part("value")?);
    if !types.is_empty() && !types.iter().any(|allowed| allowed == kind) {
        return Err(wrong(&stated["type"], &format!("type must be one of {}", types.join(", "))));
    }
    if value.is_empty() || value.chars().count() > longest {
        return Err(wrong(&stated["value"], &format!("must have 1 to {longest} characters")));
    }
    Ok(json!({"type": kind, "value": value}))
}

/// A place as one text, or as an object with its parts. The sandbox does not look places up.
pub(super) fn read_location(stated: &Value) -> Result<Value, Problem> {
    if let Some(text) = bare(stated).as_str() {
        return Ok(json!({"value": text, "formatted": text, "map_in_sync": false}));
    }
    let parts = stated.as_object().ok_or_else(|| wrong(stated, "must be string or must be object"))?;
    let mut place = Map::new();
    for (key, value) in parts {
        let fits = match value {
            Value::Null => true,
            Value::String(_) => PLACE.contains(&key.as_str()),
            Value::Number(_) => COORDINATES.contains(&key.as_str()),
            Value::Bool(_) => key == "map_in_sync",
            _ => false,
        };
        if !fits {
            return Err(wrong(value, &format!("{key} is no part of a location, or of another type")));
        }
        if !value.is_null() {
            place.insert(key.clone(), value.clone());
        }
    }
    if !place.contains_key("value") {
        let order = ["formatted", "street_address", "postal_code", "city", "state", "country"];
        let known = order.iter().filter_map(|key| place.get(*key)?.as_str());
        let text = if let Some(formatted) = place.get("formatted").and_then(Value::as_str) {
            formatted.to_owned()
        } else {
            known.collect::<Vec<_>>().join(", ")
        };
        if text.is_empty() {
            return Err(wrong(stated, "must have a value or a part of an address"));
        }
        place.insert("value".to_owned(), json!(text));
    }
    let text = place["value"].clone();
    place.entry("formatted").or_insert(text);
    place.entry("map_in_sync").or_insert(json!(false));
    Ok(Value::Object(place))
}

/// A link by the id that `POST /embed/` gave it, `{"embed": id, "file": id}`, or by its address, `{"url": …}`.
pub(super) fn read_embed(stated: &Value, embeds: &mut Embeds) -> Result<Value, Problem> {
    let (id, url) = (stated["embed"].as_u64(), stated["url"].as_str());
    let embed = match (id, url) {
        (Some(id), _) => embeds.get(id).ok_or_else(|| wrong(stated, "there is no such embed"))?,
        (None, Some(url)) => embeds.add(url).ok_or_else(|| wrong(&stated["url"], "must be an address of the web"))?,
        (None, None) => return Err(wrong(stated, "must be object with embed or url")),
    };
    Ok(json!({"embed": embed, "file": null}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_text_or_parts_that_make_one() {
        let text = json!({"value": "Paris", "formatted": "Paris", "map_in_sync": false});
        assert_eq!(read_location(&json!("Paris")), Ok(text.clone()));
        assert_eq!(read_location(&json!({"value": "Paris"})), Ok(text));
        let parts = read_location(&json!({"city": "Paris", "country": "France", "lat": 48.8, "state": null}));
        let parts = parts.expect("a place");
        assert_eq!((&parts["value"], &parts["lat"]), (&json!("Paris, France"), &json!(48.8)));
        for wrong in [json!(7), json!({"lat": "48"}), json!({"planet": "Mars"}), json!({"lat": 48.8}), json!({})] {
            assert!(read_location(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_have_a_type_of_the_field_s() {
        let types = ["work".to_owned()];
        let address = json!({"type": "work", "value": "ann@example.test"});
        assert_eq!(read_email(&address, &types), Ok(address));
        for (stated, problem) in [
            (json!("ann@example.test"), "must be object"),
            (json!({"type": "home", "value": "ann@example.test"}), "one of work"),
            (json!({"value": "ann@example.test"}), "type must be string"),
            (json!({"type": "work", "value": "ann"}), "must be an email address"),
            (json!({"type": "work", "value": ""}), "1 to 254"),
        ] {
            assert!(read_email(&stated, &types).is_err_and(|error| error.contains(problem)), "{stated}");
        }
    }
}
