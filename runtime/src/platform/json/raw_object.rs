//! JSON objects that are read key by key; their values stay raw.

use std::{collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::Key;

/// Objects with more keys than this are searched for equal keys with a set: comparing each key with every other takes
/// seconds for a hundred thousand.
const MAX_COMPARED: usize = 32;

/// A JSON object whose values are left as they came. Keys keep their order; the last of equal keys wins, as in
/// JavaScript.
#[derive(Clone, Debug, Default)]
pub struct RawObject<'a>(Vec<(Key<'a>, &'a RawValue)>);

impl<'a> RawObject<'a> {
    /// The raw value of `key`; `None` when there is no such key. Takes longer the more keys there are: to look up many
    /// keys, go through [`Self::entries`] once.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find_map(|(name, value)| (name == key).then_some(*value))
    }

    /// All entries, in order; of equal keys the last one only.
    pub fn entries(&self) -> impl Iterator<Item = (Key<'a>, &'a RawValue)> {
        let replaced = replaced(&self.0);
        let kept = self.0.iter().enumerate().filter(move |(index, _)| !replaced.contains(index));
        kept.map(|(_, (name, value))| (name.clone(), *value))
    }
}

/// The places of the entries that a later one with the same key replaces.
fn replaced<K: Eq + std::hash::Hash, V>(entries: &[(K, V)]) -> HashSet<usize> {
    if entries.len() <= MAX_COMPARED {
        let later = |index: usize, key: &K| entries[index + 1..].iter().any(|(other, _)| other == key);
        return (0..entries.len()).filter(|index| later(*index, &entries[*index].0)).collect();
    }
    let mut seen = HashSet::with_capacity(entries.len());
    (0..entries.len()).rev().filter(|index| !seen.insert(&entries[*index].0)).collect()
}

impl<'de: 'a, 'a> Deserialize<'de> for RawObject<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = RawObject<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::with_capacity(map.size_hint().unwrap_or(6));
                while let Some(key) = map.next_key::<&RawValue>()? {
                    entries.push((Key::read(key.get()), map.next_value()?));
                }
                Ok(RawObject(entries))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        cell::Cell,
        hash::{Hash, Hasher},
    };

    use super::*;

    fn rewritten(text: &str) -> String {
        let object: RawObject<'_> = serde_json::from_str(text).expect("an object");
        let mut out = Vec::new();
        let mut writer = super::super::ObjectWriter::new(&mut out);
        for (key, value) in object.entries() {
            writer.entry(&key, value);
        }
        writer.end();
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn the_last_of_equal_keys_wins_and_values_stay_raw() {
        let object: RawObject<'_> = serde_json::from_str(r#"{"a":1.50,"b\u0041":[1, 2],"a":1E+2}"#).expect("an object");
        assert_eq!(object.get("a").map(RawValue::get), Some("1E+2"));
        assert_eq!(object.get("bA").map(RawValue::get), Some("[1, 2]"));
        let names: Vec<_> = object.entries().map(|(name, _)| name.text().into_owned()).collect();
        assert_eq!(names, ["bA", "a"]);
        assert!(serde_json::from_str::<RawObject<'_>>("[]").is_err());
    }

    #[test]
    fn keys_and_values_with_lone_surrogates_pass() {
        for (from, to) in [
            (r#"{"\ud800": "\udc00"}"#, r#"{"\ud800":"\udc00"}"#),
            (r#"{"\uD800x\u0041":1,"\ud800xA":2}"#, r#"{"\ud800xA":2}"#),
            (r#"{"\ud83d\ude00":1,"😀":2,"\"\\\n":3}"#, r#"{"😀":2,"\"\\\n":3}"#),
            (r#"{"a\/b":1,"a/b":2}"#, r#"{"a/b":2}"#),
        ] {
            assert_eq!(rewritten(from), to);
        }
    }

    #[test]
    fn very_deep_and_very_large_values_pass() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        for value in [deep.as_str(), "1e999999999", "-1E-400", "123456789012345678901234567890.0"] {
            let text = format!("{{\"a\":{value}}}");
            assert_eq!(rewritten(&text), text);
        }
    }

    thread_local!(static LOOKS: Cell<usize> = const { Cell::new(0) });

    /// A key that counts how often it is looked at.
    #[derive(Debug)]
    struct Counted(usize);

    impl PartialEq for Counted {
        fn eq(&self, other: &Self) -> bool {
            LOOKS.set(LOOKS.get() + 1);
            self.0 == other.0
        }
    }

    impl Eq for Counted {}

    impl Hash for Counted {
        fn hash<H: Hasher>(&self, state: &mut H) {
            LOOKS.set(LOOKS.get() + 1);
            self.0.hash(state);
        }
    }

    #[test]
    fn twice_the_keys_take_twice_the_work() {
        let looks = |count: usize, distinct: usize| {
            LOOKS.set(0);
            let entries: Vec<_> = (0..count).map(|index| (Counted(index % distinct), ())).collect();
            assert_eq!(replaced(&entries).len(), count - distinct.min(count));
            LOOKS.get()
        };
        for distinct in [usize::MAX, 1000] {
            let (one, two) = (looks(10_000, distinct), looks(20_000, distinct));
            assert!(two < one * 5 / 2, "{one} looks, then {two}");
        }
        assert!(looks(20_000, 1) < 100_000);
        assert!(looks(MAX_COMPARED, usize::MAX) <= MAX_COMPARED * MAX_COMPARED / 2);
    }
}
