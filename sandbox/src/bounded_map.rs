//! A map with bounds on the number and on the total weight of its entries: the newest stay, the oldest are dropped.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

#[derive(Debug)]
pub(crate) struct BoundedMap<K, V> {
    entries: HashMap<K, Entry<V>>,
    /// Keys by age: the oldest first.
    order: BTreeMap<u64, K>,
    next_age: u64,
    weight: usize,
    max_entries: usize,
    max_weight: usize,
}

#[derive(Debug)]
struct Entry<V> {
    age: u64,
    weight: usize,
    value: V,
}

impl<K: Hash + Eq + Clone, V> BoundedMap<K, V> {
    /// A map of at most `max_entries` entries of any weight.
    pub(crate) fn new(max_entries: usize) -> Self {
        Self::with_max_weight(max_entries, usize::MAX)
    }

    /// A map of at most `max_entries` entries, which together weigh at most `max_weight`.
    pub(crate) fn with_max_weight(max_entries: usize, max_weight: usize) -> Self {
        Self { entries: HashMap::new(), order: BTreeMap::new(), next_age: 0, weight: 0, max_entries, max_weight }
    }

    /// Inserts a value of weight 0 as the newest.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.insert_weighing(key, value, 0);
    }

    /// Inserts a value as the newest and replaces what the key had. A value that is over the bound by itself is not
    /// kept.
    pub(crate) fn insert_weighing(&mut self, key: K, value: V, weight: usize) {
        self.remove(&key);
        let age = self.next_age;
        self.next_age += 1;
        self.weight += weight;
        self.order.insert(age, key.clone());
        self.entries.insert(key, Entry { age, weight, value });
        while self.entries.len() > self.max_entries || self.weight > self.max_weight {
            let Some((_, oldest)) = self.order.pop_first() else { return };
            self.remove(&oldest);
        }
    }

    pub(crate) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.entries.get(key).map(|entry| &entry.value)
    }

    /// The value for a change that leaves its age and weight.
    pub(crate) fn get_mut<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.entries.get_mut(key).map(|entry| &mut entry.value)
    }

    pub(crate) fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let entry = self.entries.remove(key)?;
        self.order.remove(&entry.age);
        self.weight -= entry.weight;
        Some(entry.value)
    }

    /// Keys and values, the oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.order.values().filter_map(|key| self.entries.get(key).map(|entry| (key, &entry.value)))
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.order.clear();
        self.weight = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_dropped_by_count_and_weight() {
        let mut map = BoundedMap::with_max_weight(3, 10);
        for (key, weight) in [("a", 1), ("b", 1), ("c", 1), ("a", 1), ("d", 1)] {
            map.insert_weighing(key, weight, weight);
        }
        assert_eq!(map.iter().map(|(key, _)| *key).collect::<Vec<_>>(), ["c", "a", "d"]);
        map.insert_weighing("e", 9, 9);
        assert_eq!(map.iter().map(|(key, _)| *key).collect::<Vec<_>>(), ["d", "e"]);
        map.remove("e");
        map.insert_weighing("f", 9, 9);
        assert_eq!((map.get("d"), map.get("f")), (Some(&1), Some(&9)));
        map.insert_weighing("too heavy", 11, 11);
        assert_eq!(map.iter().count(), 0);
    }
}
