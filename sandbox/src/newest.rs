//! A map with a bound: the newest entries stay, the oldest give way, by count and by weight.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

#[derive(Debug)]
pub(crate) struct Newest<K, V> {
    entries: HashMap<K, Entry<V>>,
    order: BTreeMap<u64, K>,
    next: u64,
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

impl<K: Hash + Eq + Clone, V> Newest<K, V> {
    /// At most so many entries.
    pub(crate) fn of(max_entries: usize) -> Self {
        Self::weighing(max_entries, usize::MAX)
    }

    /// At most so many entries, and at most so much weight together.
    pub(crate) fn weighing(max_entries: usize, max_weight: usize) -> Self {
        Self { entries: HashMap::new(), order: BTreeMap::new(), next: 0, weight: 0, max_entries, max_weight }
    }

    /// Puts a weightless value in, as the newest.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.insert_weighing(key, value, 0);
    }

    /// Puts a value in, as the newest, in place of what its key had. A value that alone is over the bound
    /// is not kept.
    pub(crate) fn insert_weighing(&mut self, key: K, value: V, weight: usize) {
        self.remove(&key);
        let age = self.next;
        self.next += 1;
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
    fn the_oldest_give_way_by_count_and_weight() {
        let mut newest = Newest::weighing(3, 10);
        for (key, weight) in [("a", 1), ("b", 1), ("c", 1), ("a", 1), ("d", 1)] {
            newest.insert_weighing(key, weight, weight);
        }
        assert_eq!(newest.iter().map(|(key, _)| *key).collect::<Vec<_>>(), ["c", "a", "d"]);
        newest.insert_weighing("e", 9, 9);
        assert_eq!(newest.iter().map(|(key, _)| *key).collect::<Vec<_>>(), ["d", "e"]);
        newest.remove("e");
        newest.insert_weighing("f", 9, 9);
        assert_eq!((newest.get("d"), newest.get("f")), (Some(&1), Some(&9)));
        newest.insert_weighing("too heavy", 11, 11);
        assert_eq!(newest.iter().count(), 0);
    }
}
