//! Which scripted answer is next for a call. Keys and calls are compared percent-decoded; each key counts what it has
//! given.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::{Method, Uri};
use percent_encoding::percent_decode_str;

use super::answer::Answer;
use super::prepared::Prepared;
use super::progress::{Progress, in_words};
use super::queue::Queue;
use super::script::{AnswerError, Answers, Script};
use crate::api::Api;

/// The scripted answers of both APIs.
#[derive(Debug, Default)]
pub(crate) struct Scripts {
    podio: ApiScript,
    platform: ApiScript,
}

#[derive(Debug, Default)]
struct ApiScript {
    /// Spares calls the lock and the key while there is no script.
    has_any: AtomicBool,
    keys: Mutex<Keys>,
}

#[derive(Debug, Default)]
struct Keys {
    /// The script as it was received.
    script: Script,
    queues: HashMap<String, Queue>,
}

impl Scripts {
    /// Adds the answers; a key that exists starts anew with its new list. If one answer is invalid, nothing changes.
    pub(crate) fn merge(&self, answers: Answers) -> Result<(), AnswerError> {
        let podio = queues(&answers.podio)?;
        let platform = queues(&answers.platform)?;
        self.podio.merge(answers.podio, podio);
        self.platform.merge(answers.platform, platform);
        Ok(())
    }

    /// Replaces all answers with these. If one of them is invalid, nothing changes.
    pub(crate) fn replace(&self, answers: Answers) -> Result<(), AnswerError> {
        let fresh = Self::default();
        fresh.merge(answers)?;
        self.podio.replace_with(&fresh.podio);
        self.platform.replace_with(&fresh.platform);
        Ok(())
    }

    /// The scripts as they were received.
    pub(crate) fn answers(&self) -> Answers {
        Answers { podio: self.podio.lock().script.clone(), platform: self.platform.lock().script.clone() }
    }

    /// What was given of every key's answers.
    pub(crate) fn progress(&self) -> Vec<Progress> {
        let apis = [(Api::Podio, &self.podio), (Api::Platform, &self.platform)];
        apis.into_iter().flat_map(|(api, script)| script.progress(api)).collect()
    }

    /// The scripted answer to this call, if there is one; it counts as given.
    pub(crate) fn next(&self, api: Api, method: &Method, uri: &Uri) -> Option<Arc<Prepared>> {
        let script = match api {
            Api::Podio => &self.podio,
            Api::Platform => &self.platform,
        };
        if !script.has_any.load(Ordering::Acquire) {
            return None;
        }
        let mut key = canonical(method.as_str(), uri.path(), uri.query());
        let mut keys = script.lock();
        if !keys.queues.contains_key(&key) {
            key = canonical(method.as_str(), uri.path(), None);
        }
        keys.queues.get_mut(&key)?.next()
    }
}

impl ApiScript {
    fn lock(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn progress(&self, api: Api) -> Vec<Progress> {
        let keys = self.lock();
        let given = |key: &str| keys.queues.get(&canonical_key(key).ok()?).map(Queue::all_given);
        let script = keys.script.iter();
        let of_key = |(key, answers): (&String, &Vec<Answer>)| Progress {
            api,
            key: key.clone(),
            answers: in_words(answers),
            given: given(key).unwrap_or_default(),
        };
        script.map(of_key).collect()
    }

    fn merge(&self, script: Script, queues: HashMap<String, Queue>) {
        let mut keys = self.lock();
        keys.script.extend(script);
        keys.queues.extend(queues);
        self.has_any.store(!keys.queues.is_empty(), Ordering::Release);
    }

    fn replace_with(&self, fresh: &Self) {
        let mut keys = self.lock();
        *keys = std::mem::take(&mut *fresh.lock());
        self.has_any.store(!keys.queues.is_empty(), Ordering::Release);
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

/// The form in which keys and calls are compared.
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

    fn scripts(answers: &str) -> Scripts {
        let scripts = Scripts::default();
        scripts.merge(serde_json::from_str(answers).expect("the form of answers")).expect("valid answers");
        scripts
    }

    fn status(scripts: &Scripts, method: &str, uri: &str) -> Option<u16> {
        let method: Method = method.parse().expect("a method");
        scripts
            .next(Api::Podio, &method, &uri.parse().expect("a uri"))
            .map(|answer| answer.respond(false).status().as_u16())
    }

    #[test]
    fn answers_come_in_order_each_its_number_of_times_and_the_last_repeats() {
        let scripts = scripts(r#"{"podio": {"GET /a": [{"status": 500, "times": 2}, {"status": 201}]}}"#);
        let seen: Vec<_> = (0..5).map(|_| status(&scripts, "GET", "/a")).collect();
        assert_eq!(seen, [500, 500, 201, 201, 201].map(Some));
        assert_eq!(status(&scripts, "POST", "/a"), None);
        assert_eq!(scripts.next(Api::Platform, &Method::GET, &"/a".parse().expect("a uri")).map(|_| ()), None);
    }

    #[test]
    fn then_normal_ends_the_script() {
        let scripts =
            scripts(r#"{"podio": {"GET /a": [{"status": 500}, {"status": 420, "times": 2, "then": "normal"}]}}"#);
        let seen: Vec<_> = (0..5).map(|_| status(&scripts, "GET", "/a")).collect();
        assert_eq!(seen, [Some(500), Some(420), Some(420), None, None]);
    }

    #[test]
    fn then_again_starts_over_and_counts_on() {
        let scripts =
            scripts(r#"{"podio": {"GET /a": [{"status": 500}, {"status": 420, "times": 2, "then": "again"}]}}"#);
        let seen: Vec<_> = (0..7).map(|_| status(&scripts, "GET", "/a")).collect();
        assert_eq!(seen, [500, 420, 420, 500, 420, 420, 500].map(Some));
        assert_eq!(scripts.progress().iter().map(|key| key.given).collect::<Vec<_>>(), [7]);
    }

    #[test]
    fn a_key_matches_decoded_and_raw_paths_and_its_query_only() {
        let scripts = scripts(
            r#"{"podio": {"GET /search/grün käse": [{"status": 201}], "get /b%20c": [{"status": 202}],
                "GET /q?limit=1": [{"status": 203}], "GET /q": [{"status": 205}]}}"#,
        );
        assert_eq!(status(&scripts, "GET", "/search/gr%C3%BCn%20k%C3%A4se?x=1"), Some(201));
        assert_eq!(status(&scripts, "GET", "/b%20c"), Some(202));
        assert_eq!(status(&scripts, "GET", "/q?limit=1"), Some(203));
        assert_eq!(status(&scripts, "GET", "/q?limit=2"), Some(205));
        assert_eq!(status(&scripts, "GET", "/q/"), None);
    }

    #[test]
    fn an_invalid_answer_changes_nothing_and_its_key_is_named() {
        let scripts = scripts(r#"{"podio": {"GET /a": [{"status": 201}]}}"#);
        for bad in [
            r#"{"podio": {"GET /a": [{"status": 1}]}}"#,
            r#"{"podio": {"GET a": [{}]}}"#,
            r#"{"platform": {"GET /a": []}}"#,
            r#"{"podio": {"GET /a": [{"then": "normal"}, {}]}}"#,
        ] {
            let error = scripts.merge(serde_json::from_str(bad).expect("the form of answers")).expect_err(bad);
            assert!(error.to_string().starts_with("answer for `GET "), "{error}");
        }
        assert_eq!(status(&scripts, "GET", "/a"), Some(201));
    }

    #[test]
    fn merging_starts_a_key_anew_and_leaves_the_others() {
        let scripts =
            scripts(r#"{"podio": {"GET /a": [{"status": 201}, {"status": 202}], "GET /b": [{"status": 203}]}}"#);
        assert_eq!(status(&scripts, "GET", "/a"), Some(201));
        let more = serde_json::from_str(r#"{"podio": {"GET /a": [{"status": 301}]}}"#).expect("the form of answers");
        scripts.merge(more).expect("valid answers");
        assert_eq!((status(&scripts, "GET", "/a"), status(&scripts, "GET", "/b")), (Some(301), Some(203)));
        scripts.replace(Answers::default()).expect("no answers are valid answers");
        assert_eq!(status(&scripts, "GET", "/b"), None);
    }
}
