//! Comments and tasks, against a sandbox that behaves as Podio does; and files that are not there.

use anyhow::{Context, Result};
use podio_sandbox::{Options, Sandbox};
use podio_test_support::{Finished, run_to_end};
use serde_json::{Value, json};

use crate::step::{BOUND, answers, program};

/// An item of the sandbox.
const ITEM: u64 = 3_352_054_999;

async fn exec(sandbox: &Sandbox, function: &str, fields: &[&str], body: Value) -> Result<Finished> {
    let url = sandbox.podio_url();
    let message = json!({ "body": body }).to_string();
    let mut arguments = vec!["exec", "--function", function, "--sandbox", &url, "--field", "retriesDelay=50"];
    for field in fields {
        arguments.extend(["--field", field]);
    }
    arguments.push(&message);
    run_to_end(program(), &arguments, &[], "", BOUND).await
}

/// The lines that a message leads to.
async fn lines(sandbox: &Sandbox, function: &str, fields: &[&str], body: Value) -> Result<Vec<Value>> {
    let finished = exec(sandbox, function, fields, body).await?;
    let lines = finished.output.lines().map(|line| Ok(serde_json::from_str(line)?)).collect::<Result<Vec<Value>>>();
    lines.with_context(|| format!("{}{}", finished.output, finished.errors))
}

/// The body of a message's only result.
async fn body(sandbox: &Sandbox, function: &str, fields: &[&str], body: Value) -> Result<Value> {
    let mut lines = lines(sandbox, function, fields, body).await?;
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0]["error"].is_null(), "{lines:?}");
    Ok(lines[0]["body"].take())
}

/// The text of a message's error.
async fn error(sandbox: &Sandbox, function: &str, fields: &[&str], body: Value) -> Result<String> {
    let lines = lines(sandbox, function, fields, body).await?;
    lines[0]["error"]["message"].as_str().map(str::to_owned).with_context(|| format!("no error: {lines:?}"))
}

fn calls(sandbox: &Sandbox, method: &str, path: &str) -> usize {
    sandbox.calls().into_iter().filter(|call| call.method == method && call.path.starts_with(path)).count()
}

#[tokio::test]
async fn an_item_and_a_task_get_comments() -> Result<()> {
    let sandbox = podio_sandbox::start(Options::default()).await?;
    let on_item = ["objectType=item", "suppressHooks=true", "silent=true"];
    let comment = body(&sandbox, "createComment", &on_item, json!({ "idValue": ITEM, "value": "Hello" })).await?;
    assert_eq!((&comment["value"], comment["comment_id"].is_u64()), (&json!("Hello"), true), "{comment}");
    assert_eq!(calls(&sandbox, "POST", &format!("/comment/item/{ITEM}/?hook=false&silent=true")), 1);
    let task = body(&sandbox, "createTask", &[], json!({ "text": "Call" })).await?;
    let on_task = json!({ "idValue": task["task_id"], "value": "Done" });
    assert_eq!(body(&sandbox, "createComment", &["objectType=task"], on_task).await?["ref"]["type"], "task");

    let gone = json!({ "idValue": 1, "value": "x" });
    let text = error(&sandbox, "createComment", &["objectType=item"], gone).await?;
    assert!(text.starts_with("There is no item 1 to comment on. Got error"), "{text}");
    let text = error(&sandbox, "createComment", &["objectType=item"], json!({ "idValue": ITEM })).await?;
    assert!(text.contains("\"value\" (Comment) is required"), "{text}");
    Ok(())
}

#[tokio::test]
async fn a_task_is_created_and_completed_again_and_again() -> Result<()> {
    let sandbox = podio_sandbox::start(Options::default()).await?;
    let new = json!({
        "text": "Call", "description": "Ann", "dueDate": "2026-09-01", "dueTime": "17:30", "labels": "sales, today",
        "refType": "item", "refId": ITEM,
    });
    let task = body(&sandbox, "createTask", &[], new).await?;
    assert_eq!((&task["due_date"], &task["ref"]["id"]), (&json!("2026-09-01"), &json!(ITEM)), "{task}");
    assert_eq!(task["labels"].as_array().map(Vec::len), Some(2), "{task}");
    for _ in 0..2 {
        let completed = body(&sandbox, "completeTask", &[], json!({ "taskId": task["task_id"] })).await?;
        assert_eq!(completed, json!({ "task_id": task["task_id"], "status": "completed" }));
    }
    let text = error(&sandbox, "completeTask", &[], json!({ "taskId": 1 })).await?;
    assert!(text.starts_with("There is no task 1, or it was deleted."), "{text}");
    let nowhere = json!({ "text": "x", "refType": "item", "refId": 1 });
    let text = error(&sandbox, "createTask", &[], nowhere).await?;
    assert!(text.starts_with("There is no such object for the task (refType, refId)."), "{text}");
    Ok(())
}

#[tokio::test]
async fn each_of_several_people_gets_a_task_and_each_task_is_a_result() -> Result<()> {
    let sandbox = podio_sandbox::start(Options::default()).await?;
    let people = json!([{ "task_id": 1 }, { "task_id": 2 }]);
    sandbox.set_answers(answers(json!({ "POST /task/": [{ "json": people }] }), json!({}))?)?;
    let results = lines(&sandbox, "createTask", &[], json!({ "text": "x", "responsible": [7, 8] })).await?;
    assert_eq!(results.iter().map(|line| &line["body"]["task_id"]).collect::<Vec<_>>(), [&json!(1), &json!(2)]);
    Ok(())
}

#[tokio::test]
async fn a_task_whose_completion_was_lost_is_not_completed_twice() -> Result<()> {
    let sandbox = podio_sandbox::start(Options::default()).await?;
    let id = body(&sandbox, "createTask", &[], json!({ "text": "Call" })).await?["task_id"].clone();
    let path = format!("/task/{id}/complete");
    let key = format!("POST {path}");
    sandbox.set_answers(answers(json!({ key: [{ "after": true, "reset": true, "then": "normal" }] }), json!({}))?)?;
    let completed = body(&sandbox, "completeTask", &[], json!({ "taskId": id })).await?;
    assert_eq!((&completed["status"], calls(&sandbox, "POST", &path)), (&json!("completed"), 1));

    let id = body(&sandbox, "createTask", &[], json!({ "text": "Call" })).await?["task_id"].clone();
    let path = format!("/task/{id}/complete");
    let key = format!("POST {path}");
    sandbox.set_answers(answers(json!({ key: [{ "reset": true, "then": "normal" }] }), json!({}))?)?;
    body(&sandbox, "completeTask", &[], json!({ "taskId": id })).await?;
    assert_eq!(calls(&sandbox, "POST", &path), 2, "the task was open");
    Ok(())
}

#[tokio::test]
async fn a_lost_comment_is_not_repeated_if_the_step_says_so() -> Result<()> {
    let sandbox = podio_sandbox::start(Options::default()).await?;
    let path = format!("/comment/item/{ITEM}/");
    let key = format!("POST {path}");
    let lost = json!({ key: [{ "after": true, "reset": true, "then": "normal" }] });
    sandbox.set_answers(answers(lost.clone(), json!({}))?)?;
    let comment = || json!({ "idValue": ITEM, "value": "once" });
    let text = error(&sandbox, "createComment", &["objectType=item", "safeRetries=true"], comment()).await?;
    assert!(text.contains("may have got the comment, or not.") && calls(&sandbox, "POST", &path) == 1, "{text}");
    sandbox.set_answers(answers(lost, json!({}))?)?;
    body(&sandbox, "createComment", &["objectType=item"], comment()).await?;
    assert_eq!(calls(&sandbox, "POST", &path), 3, "without it, the call is repeated");
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_not_there_leads_to_what_the_step_says() -> Result<()> {
    let sandbox = podio_sandbox::start(Options::default()).await?;
    let file = || json!({ "fileId": 1 });
    assert_eq!(body(&sandbox, "downloadFile", &["ifNotFound=emitEmpty"], file()).await?, json!({}));
    assert_eq!(lines(&sandbox, "downloadFile", &["ifNotFound=emitNothing"], file()).await?, [] as [Value; 0]);
    for fields in [&[][..], &["ifNotFound=throwError"]] {
        assert!(error(&sandbox, "downloadFile", fields, file()).await?.contains("status - \"404\""));
    }
    let text = error(&sandbox, "downloadFile", &["ifNotFound=emitNull"], file()).await?;
    assert!(text.contains("(ifNotFound) must be one of"), "{text}");
    Ok(())
}
