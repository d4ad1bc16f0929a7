//! Properties of JSON that passes: it stays what it was, for `serde_json` too, and is compact after one pass.

use std::collections::BTreeSet;

use serde_json::{Value, value::RawValue};

use super::{Key, Kind, ObjectWriter, RawObject, text_of, write_compact};

/// Any text; most of the properties are about JSON.
pub fn json(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let compact = compacted(&text);
    // A cut escape may become a replacement character, and a text gets its closing quote.
    assert!(compact.len() <= text.len() + 2, "it is longer than before");
    let key = Key::new(&text);
    assert!(key.text() == text && key == *text, "a key is its text");
    let Ok(raw) = serde_json::from_str::<&RawValue>(&text) else { return };
    let compact = String::from_utf8(compact).expect("JSON is text");
    let rewritten: &RawValue = serde_json::from_str(&compact).expect("JSON stays JSON");
    assert!(compact.len() <= raw.get().len(), "compact JSON is not longer");
    assert!(compacted(&compact) == compact.as_bytes(), "compact JSON is as it is");
    assert!(Kind::of(rewritten) == Kind::of(raw));
    // serde_json refuses lone surrogates, deep values and large numbers, which pass here.
    let value = serde_json::from_str::<Value>(raw.get()).ok();
    assert!(value == serde_json::from_str(&compact).ok(), "the value is another one");
    if let Some(read) = text_of(raw) {
        assert!(value.is_none_or(|value| value == read));
    } else if Kind::of(raw) == Kind::Object {
        object(raw, value.as_ref());
    }
}

fn object(raw: &RawValue, value: Option<&Value>) {
    let object: RawObject<'_> = serde_json::from_str(raw.get()).expect("an object");
    let mut out = Vec::new();
    let mut writer = ObjectWriter::new(&mut out);
    let mut last = BTreeSet::new();
    for (key, field) in object.entries() {
        writer.entry(&key, field);
        let text = key.text().into_owned();
        let found = object.get(&text).map(RawValue::get);
        // A key with a lone surrogate has no text that names it.
        assert!(
            found == Some(field.get()) || text.contains(char::REPLACEMENT_CHARACTER),
            "the last of equal keys counts"
        );
        assert!(last.insert(key.as_json().to_owned()), "a key comes twice");
    }
    writer.end();
    let written = std::str::from_utf8(&out).expect("JSON is text");
    assert!(compacted(written) == out, "an object is written compactly");
    let written: Option<Value> = serde_json::from_str(written).ok();
    // What cannot be read may have been replaced by a later field of the same name.
    assert!(value.is_none() || value == written.as_ref(), "the object is another one");
}

fn compacted(json: &str) -> Vec<u8> {
    let mut out = Vec::new();
    write_compact(json, &mut out);
    out
}
