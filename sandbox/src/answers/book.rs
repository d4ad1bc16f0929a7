//! Which ordered answer is next for a request: keys are compared with the percent-decoding undone on both
//! sides, and each key keeps count of what it has given.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{Method, Uri};
use percent_encoding::percent_decode_str;

use super::{Answer, AnswerError, Answers, Prepared, Script, Then};
use crate::Api;

/// The ordered answers of both APIs, with their counters.
#[derive(Debug, Default)]
pub(crate) struct Books {
    podio: Book,
    platform: Book,
}

#[derive(Debug, Default)]
struct Book {
    /// Spares requests the lock and the key while nothing is ordered.
    any: AtomicBool,
    pages: Mutex<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    script: Script,
    queues: HashMap<String, Queue>,
}

/// One key's answers and how far they are used up.
#[derive(Debug)]
struct Queue {
    answers: Vec<(Arc<Prepared>, u32)>,
    at: usize,
    given: u32,
    then_normal: bool,
}

impl Books {
    /// Adds the answers; a key that is there already starts anew with its new list. Nothing changes when one is bad.
    pub(crate) fn merge(&self, answers: Answers) -> Result<(), AnswerError> {
        let podio = queues(&answers.podio)?;
        let platform = queues(&answers.platform)?;
        self.podio.merge(answers.podio, podio);
        self.platform.merge(answers.platform, platform);
        Ok(())
    }

    /// Puts these answers in place of all that were ordered before. Nothing changes when one is bad.
    pub(crate) fn replace(&self, answers: Answers) -> Result<(), AnswerError> {
        let fresh = Self::default();
        fresh.merge(answers)?;
        self.podio.take_over(&fresh.podio);
        self.platform.take_over(&fresh.platform);
        Ok(())
    }

    /// What is ordered, as it was given.
    pub(crate) fn answers(&self) -> Answers {
        Answers { podio: self.podio.lock().script.clone(), platform: self.platform.lock().script.clone() }
    }

    /// The answer for this request, if one is ordered; it counts as given.
    pub(crate) fn next(&self, api: Api, method: &Method, uri: &Uri) -> Option<Arc<Prepared>> {
        let book = match api {
            Api::Podio => &self.podio,
            Api::Platform => &self.platform,
        };
        if !book.any.load(Ordering::Acquire) {
            return None;
        }
        let mut key = canonical(method.as_str(), uri.path(), uri.query());
        let mut pages = book.lock();
        if !pages.queues.contains_key(&key) {
            key = canonical(method.as_str(), uri.path(), None);
        }
        pages.queues.get_mut(&key)?.next()
    }
}

impl Book {
    fn lock(&self) -> std::sync::MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn merge(&self, script: Script, queues: HashMap<String, Queue>) {
        let mut pages = self.lock();
        pages.script.extend(script);
        pages.queues.extend(queues);
        self.any.store(!pages.queues.is_empty(), Ordering::Release);
    }

    fn take_over(&self, fresh: &Self) {
        let mut pages = self.lock();
        *pages = std::mem::take(&mut *fresh.lock());
        self.any.store(!pages.queues.is_empty(), Ordering::Release);
    }
}

impl Queue {
    fn new(answers: &[Answer]) -> Result<Self, String> {
        let Some((last, earlier)) = answers.split_last() else {
            return Err("the list is empty; give at least one answer".to_owned());
        };
        if earlier.iter().any(|answer| answer.then.is_some()) {
            return Err("`then` stands in an answer that is not the key's last".to_owned());
        }
        let prepared = answers.iter().map(|answer| Ok((Arc::new(Prepared::new(answer)?), answer.times)));
        Ok(Self {
            answers: prepared.collect::<Result<_, String>>()?,
            at: 0,
            given: 0,
            then_normal: last.then == Some(Then::Normal),
        })
    }

    fn next(&mut self) -> Option<Arc<Prepared>> {
        let (answer, times) = self.answers.get(self.at)?;
        self.given = self.given.saturating_add(1);
        if self.given >= *times && (self.then_normal || self.at + 1 < self.answers.len()) {
            self.at += 1;
            self.given = 0;
        }
        Some(Arc::clone(answer))
    }
}

fn queues(script: &Script) -> Result<HashMap<String, Queue>, AnswerError> {
    let entry = |(key, answers): (&String, &Vec<Answer>)| {
        let queue = canonical_key(key).and_then(|canonical| Ok((canonical, Queue::new(answers)?)));
        queue.map_err(|problem| AnswerError { key: key.clone(), problem })
    };
    script.iter().map(entry).collect()
}

fn canonical_key(key: &str) -> Result<String, String> {
    let parts = key.split_once(' ').filter(|(method, target)| !method.is_empty() && target.starts_with('/'));
    let (method, target) = parts.ok_or("a key is `METHOD /path` or `METHOD /path?query`")?;
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    Ok(canonical(&method.to_ascii_uppercase(), path, query))
}

fn canonical(method: &str, path: &str, query: Option<&str>) -> String {
    let mut key = format!("{method} {}", percent_decode_str(path).decode_utf8_lossy());
    if let Some(query) = query {
        key.push('?');
        key.push_str(&percent_decode_str(query).decode_utf8_lossy());
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn books(answers: &str) -> Books {
        let books = Books::default();
        books.merge(serde_json::from_str(answers).expect("the form of answers")).expect("good answers");
        books
    }

    fn status(books: &Books, method: &str, uri: &str) -> Option<u16> {
        let method: Method = method.parse().expect("a method");
        books
            .next(Api::Podio, &method, &uri.parse().expect("a uri"))
            .map(|answer| answer.respond(false).status().as_u16())
    }

    #[test]
    fn answers_come_in_order_as_often_as_told_and_the_last_repeats() {
        let books = books(r#"{"podio": {"GET /a": [{"status": 500, "times": 2}, {"status": 201}]}}"#);
        let seen: Vec<_> = (0..5).map(|_| status(&books, "GET", "/a")).collect();
        assert_eq!(seen, [500, 500, 201, 201, 201].map(Some));
        assert_eq!(status(&books, "POST", "/a"), None);
        assert_eq!(books.next(Api::Platform, &Method::GET, &"/a".parse().expect("a uri")).map(|_| ()), None);
    }

    #[test]
    fn then_normal_ends_the_order() {
        let books = books(r#"{"podio": {"GET /a": [{"status": 500}, {"status": 420, "times": 2, "then": "normal"}]}}"#);
        let seen: Vec<_> = (0..5).map(|_| status(&books, "GET", "/a")).collect();
        assert_eq!(seen, [Some(500), Some(420), Some(420), None, None]);
    }

    #[test]
    fn a_key_matches_decoded_and_raw_paths_and_its_query_only() {
        let books = books(
            r#"{"podio": {"GET /search/grün käse": [{"status": 201}], "get /b%20c": [{"status": 202}],
                "GET /q?limit=1": [{"status": 203}], "GET /q": [{"status": 205}]}}"#,
        );
        assert_eq!(status(&books, "GET", "/search/gr%C3%BCn%20k%C3%A4se?x=1"), Some(201));
        assert_eq!(status(&books, "GET", "/b%20c"), Some(202));
        assert_eq!(status(&books, "GET", "/q?limit=1"), Some(203));
        assert_eq!(status(&books, "GET", "/q?limit=2"), Some(205));
        assert_eq!(status(&books, "GET", "/q/"), None);
    }

    #[test]
    fn a_bad_answer_changes_nothing_and_names_its_key() {
        let books = books(r#"{"podio": {"GET /a": [{"status": 201}]}}"#);
        for bad in [
            r#"{"podio": {"GET /a": [{"status": 1}]}}"#,
            r#"{"podio": {"GET a": [{}]}}"#,
            r#"{"platform": {"GET /a": []}}"#,
            r#"{"podio": {"GET /a": [{"then": "normal"}, {}]}}"#,
        ] {
            let error = books.merge(serde_json::from_str(bad).expect("the form of answers")).expect_err(bad);
            assert!(error.to_string().starts_with("answer for `GET "), "{error}");
        }
        assert_eq!(status(&books, "GET", "/a"), Some(201));
    }

    #[test]
    fn merging_starts_a_key_anew_and_leaves_the_others() {
        let books = books(r#"{"podio": {"GET /a": [{"status": 201}, {"status": 202}], "GET /b": [{"status": 203}]}}"#);
        assert_eq!(status(&books, "GET", "/a"), Some(201));
        let more = serde_json::from_str(r#"{"podio": {"GET /a": [{"status": 301}]}}"#).expect("the form of answers");
        books.merge(more).expect("good answers");
        assert_eq!((status(&books, "GET", "/a"), status(&books, "GET", "/b")), (Some(301), Some(203)));
        books.replace(Answers::default()).expect("no answers are good answers");
        assert_eq!(status(&books, "GET", "/b"), None);
    }
}
