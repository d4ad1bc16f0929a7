//! The short form of a scripted answer, for a command line:
//! `[platform ]METHOD /path=key:value,key:value`, for example `GET /user=status:420,delay:0.5,times:2`.

use serde_json::value::RawValue;

use super::answer::{Answer, HeaderValues, Reset, Then};
use super::script::{AnswerError, Answers};
use crate::api::Api;

/// Every key of the short form; the values of the last two extend to the end of the line.
const KEYS: [&str; 12] = [
    "status:", "delay:", "times:", "size:", "reset:", "after:", "normal:", "reason:", "then:", "header:", "json:",
    "text:",
];

impl Answers {
    /// Adds an answer in the short form at the end of its key's list.
    ///
    /// Keys are `status`, `delay`, `times`, `size`, `reset` (`true` or `midbody`), `after` and `normal` (`true`), `reason`,
    /// `then` (`normal` or `again`), `header` (`header:retry-after=1`, repeatable), `json` and `text`; the values of the last
    /// two extend to the end of the line.
    /// The path is Podio's, unless the word `platform` precedes the method.
    pub fn push_short(&mut self, short: &str) -> Result<(), AnswerError> {
        let (api, rest) = short.strip_prefix("platform ").map_or((Api::Podio, short), |rest| (Api::Platform, rest));
        let (key, parts) = split(rest).map_err(|problem| AnswerError { key: short.to_owned(), problem })?;
        let answer = parse(parts).map_err(|problem| AnswerError { key: key.to_owned(), problem })?;
        self.push(api, key, answer);
        Ok(())
    }
}

/// Splits the key from the answer at the first `=` that is followed by a known key, since a query contains `=`, too.
fn split(short: &str) -> Result<(&str, &str), String> {
    let mut cuts = short.match_indices('=').map(|(at, _)| (&short[..at], &short[at + 1..]));
    let cut = cuts.find(|(_, answer)| KEYS.iter().any(|key| answer.starts_with(key)));
    cut.ok_or_else(|| format!("there is no `=` followed by one of {}", KEYS.join(" ")))
}

fn parse(mut parts: &str) -> Result<Answer, String> {
    let mut answer = Answer::default();
    while !parts.is_empty() {
        let is_last = parts.starts_with("json:") || parts.starts_with("text:");
        let (part, rest) = if is_last { (parts, "") } else { parts.split_once(',').unwrap_or((parts, "")) };
        parts = rest;
        let (key, value) = part.split_once(':').ok_or_else(|| format!("`{part}` is not key:value"))?;
        match key {
            "status" => answer.status = number(key, value)?,
            "delay" => answer.delay = number(key, value)?,
            "times" => answer.times = number(key, value)?,
            "size" => answer.size = Some(number(key, value)?),
            "reset" => answer.reset = reset(value)?,
            "after" => answer.after = flag(key, value)?,
            "normal" => answer.normal = flag(key, value)?,
            "reason" => answer.reason = Some(value.to_owned()),
            "then" if value == "normal" => answer.then = Some(Then::Normal),
            "then" if value == "again" => answer.then = Some(Then::Again),
            "header" => add_header(&mut answer, value)?,
            "json" => answer.json = Some(json(value)?),
            "text" => answer.text = Some(value.to_owned()),
            _ => return Err(format!("`{part}` is not one of {}", KEYS.join(" "))),
        }
    }
    Ok(answer)
}

fn number<T: std::str::FromStr>(key: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{key} is `{value}`, which is not a valid number"))
}

fn flag(key: &str, value: &str) -> Result<bool, String> {
    value.parse().map_err(|_| format!("{key} is `{value}`; it must be true or false"))
}

fn reset(value: &str) -> Result<Reset, String> {
    match value {
        "true" => Ok(Reset::AtOnce),
        "midbody" => Ok(Reset::MidBody),
        _ => Err(format!("reset is `{value}`; it must be true or midbody")),
    }
}

fn add_header(answer: &mut Answer, value: &str) -> Result<(), String> {
    let (name, line) = value.split_once('=').ok_or_else(|| format!("header is `{value}`, not name=value"))?;
    let lines = answer.headers.entry(name.to_owned()).or_insert_with(|| HeaderValues::Many(Vec::new()));
    if let HeaderValues::Many(lines) = lines {
        lines.push(line.to_owned());
    }
    Ok(())
}

fn json(value: &str) -> Result<Box<RawValue>, String> {
    serde_json::from_str(value).map_err(|error| format!("json is not JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_form_means_the_same_as_the_long_one() {
        let mut answers = Answers::default();
        for short in [
            "GET /user=status:420,delay:0.5,times:2",
            r#"GET /user?a=b=header:set-cookie=a=1,header:set-cookie=b=2,json:{"a":1,"b":"c,d"}"#,
            "platform GET /v1/tasks/f/steps/s=reset:midbody",
            "GET /user=then:normal,text:a, b: c",
            "GET /lost=normal:true,times:9",
            "GET /lost=after:true,reset:true,then:again",
        ] {
            answers.push_short(short).expect(short);
        }
        let long = serde_json::to_value(&answers).expect("answers are JSON");
        let expected = serde_json::json!({
            "podio": {
                "GET /user": [
                    {"status": 420, "delay": 0.5, "times": 2},
                    {"status": 200, "times": 1, "then": "normal", "text": "a, b: c"},
                ],
                "GET /user?a=b": [
                    {"status": 200, "times": 1, "headers": {"set-cookie": ["a=1", "b=2"]}, "json": {"a": 1, "b": "c,d"}},
                ],
                "GET /lost": [
                    {"status": 200, "times": 9, "normal": true},
                    {"status": 200, "times": 1, "after": true, "reset": true, "then": "again"},
                ],
            },
            "platform": {"GET /v1/tasks/f/steps/s": [{"status": 200, "times": 1, "reset": "midbody"}]},
        });
        assert_eq!(long, expected);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (short, problem) in [
            ("GET /user", "there is no `=`"),
            ("GET /user=status:many", "status is `many`"),
            ("GET /user=status:200,colour:red", "colour:red"),
            ("GET /user=json:{", "not JSON"),
            ("GET /user=after:yes", "after is `yes`"),
        ] {
            let error = Answers::default().push_short(short).expect_err(short).to_string();
            assert!(error.contains(problem), "{error}");
        }
    }
}
