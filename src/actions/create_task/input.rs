//! The input of `createTask`. Pure.

use elasticio_runtime::action::Failure;
use serde_json::{Map, Value, json, value::RawValue};

use crate::podio::{
    fields::{Given, Moment, Problems, Unfit, file_ids, tags},
    items::object,
};

/// The types of objects that a task can be on.
const REFERENCES: [&str; 4] = ["item", "app", "space", "status"];

/// The call that creates a task.
#[derive(Debug)]
pub(super) struct NewTask {
    pub(super) path: String,
    pub(super) body: Value,
}

/// Reads a message's body. One error names everything that is wrong with it.
pub(super) fn read(body: Option<&RawValue>) -> Result<NewTask, Failure> {
    let fields = object(body)?;
    let given = |name: &str| fields.get(name).map(Given::new).filter(|given| !given.is_empty());
    let mut problems = Problems::default();
    let mut task = Map::new();
    let mut add =
        |name: &str, title: &str, to: &str, read: fn(Given<'_>) -> Result<Value, Unfit>| match given(name).map(read) {
            Some(Ok(value)) => {
                task.insert(to.to_owned(), value);
            }
            Some(Err(unfit)) => problems.other(format!("\"{name}\" ({title}) {unfit}")),
            None => {}
        };
    add("text", "Text", "text", text);
    add("description", "Description", "description", text);
    add("responsible", "Responsible", "responsible", people);
    add("labels", "Labels", "labels", tags);
    add("fileIds", "File IDs", "file_ids", |given| file_ids(given).map(|ids| json!(ids)));
    if given("text").is_none() {
        problems.other("\"text\" (Text) is required and has no value");
    }
    due(given("dueDate"), given("dueTime"), &mut task, &mut problems);
    let path = path(given("refType"), given("refId"), &mut problems);
    if problems.is_empty() { Ok(NewTask { path, body: task.into() }) } else { Err(problems.failure_of("task")) }
}

fn text(given: Given<'_>) -> Result<Value, Unfit> {
    given.text().map(Value::from).ok_or_else(|| given.must_be("a text"))
}

/// Users by their ids, people by their mail addresses: one, a list, or a text with commas between them.
fn people(given: Given<'_>) -> Result<Value, Unfit> {
    let mut people = Vec::new();
    for one in given.list() {
        let unfit = || one.must_be("the id of a user, a mail address, or a list of them");
        if let Some(id) = one.whole() {
            people.push(json!(id));
            continue;
        }
        for word in one.word().ok_or_else(unfit)?.split(',').map(str::trim) {
            let person = match word.parse::<u64>() {
                Ok(id) => json!(id),
                Err(_) if word.contains('@') => json!({ "type": "mail", "id": word }),
                Err(_) => return Err(unfit()),
            };
            people.push(person);
        }
    }
    Ok(people.into())
}

/// The due day and time in the user's zone, or together in UTC.
fn due(date: Option<Given<'_>>, time: Option<Given<'_>>, task: &mut Map<String, Value>, problems: &mut Problems) {
    let clock = time.and_then(|time| {
        let clock = time.word().filter(|word| is_clock(word));
        if clock.is_none() {
            problems.other(format!("\"dueTime\" (Due time) {}", time.must_be("a time such as 17:30")));
        }
        clock
    });
    let Some(date) = date else {
        if time.is_some() {
            problems.other("\"dueTime\" (Due time) needs a \"dueDate\" (Due date)");
        }
        return;
    };
    let moment = date.word().as_deref().and_then(Moment::parse);
    let mut add = |name: &str, value: &str| task.insert(name.to_owned(), value.into());
    match (moment, clock) {
        (Some(Moment::Day(_)), clock) => {
            add("due_date", &date.word().unwrap_or_default());
            if let Some(clock) = clock {
                add("due_time", &clock);
            }
        }
        (Some(_), Some(_)) => {
            problems.other("\"dueDate\" (Due date) has a time already: leave \"dueTime\" (Due time) out");
        }
        (Some(moment @ Moment::Utc(_)), None) => {
            add("due_on", &moment.as_filter());
        }
        (Some(moment), None) => {
            let local = moment.as_filter();
            let (day, clock) = local.split_once(' ').unwrap_or((&local, "00:00:00"));
            add("due_date", day);
            add("due_time", clock);
        }
        (None, _) => problems.other(format!(
            "\"dueDate\" (Due date) {}",
            date.must_be("a date such as 2026-09-01 or 2026-09-01T17:30:00Z")
        )),
    }
}

/// `HH:MM` or `HH:MM:SS`.
fn is_clock(text: &str) -> bool {
    Moment::parse(&format!("2000-01-01 {text}")).is_some_and(|moment| matches!(moment, Moment::Local(_)))
}

fn path(kind: Option<Given<'_>>, id: Option<Given<'_>>, problems: &mut Problems) -> String {
    let word = kind.and_then(|kind| {
        let known = kind.word().filter(|word| REFERENCES.contains(&word.as_str()));
        if known.is_none() {
            let expected = format!("one of {}", REFERENCES.join(", "));
            problems.other(format!("\"refType\" (Type of the object) {}", kind.must_be(expected)));
        }
        known
    });
    let number = id.and_then(|id| {
        let number = id.whole();
        if number.is_none() {
            problems.other(format!("\"refId\" (ID of the object) {}", id.must_be("a number")));
        }
        number
    });
    if kind.is_some() != id.is_some() {
        problems.other("\"refType\" (Type of the object) and \"refId\" (ID of the object) need each other");
    }
    match (word, number) {
        (Some(word), Some(number)) => format!("/task/{word}/{number}/"),
        _ => "/task/".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(body: &str) -> Result<(String, Value), String> {
        let raw = RawValue::from_string(body.to_owned()).expect("JSON");
        read(Some(&raw)).map(|task| (task.path, task.body)).map_err(|failure| failure.message().to_owned())
    }

    #[test]
    fn a_task_is_read() {
        let everything = r#"{"text":"Call","description":"Ann","dueDate":"2026-09-01","dueTime":"17:30","responsible":"7700123, a@b.example",
            "labels":"sales, today","refType":"item","refId":"3352054999","fileIds":[7]}"#;
        let body = json!({
            "text": "Call", "description": "Ann", "due_date": "2026-09-01", "due_time": "17:30",
            "responsible": [7_700_123, { "type": "mail", "id": "a@b.example" }], "labels": ["sales", "today"],
            "file_ids": [7],
        });
        assert_eq!(task(everything), Ok(("/task/item/3352054999/".to_owned(), body)));
        for (date, want) in [
            ("2026-09-01T17:30:00", json!({ "due_date": "2026-09-01", "due_time": "17:30:00" })),
            ("2026-09-01T17:30:00+02:00", json!({ "due_on": "2026-09-01 15:30:00" })),
            ("", json!({})),
        ] {
            let (path, body) = task(&json!({ "text": 5, "dueDate": date }).to_string()).expect(date);
            let mut want = want;
            want["text"] = "5".into();
            assert_eq!((path.as_str(), body), ("/task/", want), "{date}");
        }
        assert_eq!(task(r#"{"text":"x","responsible":[1,"2"]}"#).expect("valid").1["responsible"], json!([1, 2]));
    }

    #[test]
    fn everything_that_is_wrong_is_named() {
        for (body, word) in [
            ("{}", "\"text\" (Text) is required"),
            (r#"{"text":{"a":1}}"#, "\"text\" (Text) must be a text"),
            (r#"{"text":"x","dueDate":"soon"}"#, "\"dueDate\" (Due date) must be"),
            (r#"{"text":"x","dueTime":"17:30"}"#, "needs a \"dueDate\""),
            (r#"{"text":"x","dueDate":"2026-09-01","dueTime":"25:00"}"#, "\"dueTime\" (Due time) must be"),
            (r#"{"text":"x","dueDate":"2026-09-01T10:00Z","dueTime":"11:00"}"#, "has a time already"),
            (r#"{"text":"x","responsible":"Ann"}"#, "\"responsible\" (Responsible) must be"),
            (r#"{"text":"x","labels":[[1]]}"#, "\"labels\" (Labels) must be"),
            (r#"{"text":"x","refType":"item"}"#, "need each other"),
            (r#"{"text":"x","refId":7}"#, "need each other"),
            (r#"{"text":"x","refType":"org","refId":7}"#, "\"refType\" (Type of the object) must be one of item"),
            (r#"{"text":"x","refType":"item","refId":"7/x"}"#, "\"refId\" (ID of the object) must be a number"),
            (r#"{"text":"x","fileIds":"a.txt"}"#, "\"fileIds\" (File IDs) must be"),
        ] {
            let error = task(body).expect_err(body);
            assert!(
                error.starts_with("A value does not fit the task; nothing was sent.") && error.contains(word),
                "{body}: {error}"
            );
        }
        assert!(task(r#"{"dueTime":"x","refId":1}"#).expect_err("many").contains("4 values"));
    }
}
