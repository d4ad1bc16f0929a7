//! `getNewAndUpdatedObjectsPolling`, by hand and in a flow.

use std::path::Path;

use anyhow::{Context, Result};
use podio_sandbox::Sandbox;
use podio_test_support::{Emitted, Ended, Finished, TestMessage, run_to_end};
use serde_json::{Value, json};

use super::{APP, START_TIME, config, create, podio_calls, rename, sandbox, set_clock, worker_of};
use crate::step::{BOUND, consuming_worker, program, stage, stop, wait_for_empty_queue};

const FUNCTION: &str = "getNewAndUpdatedObjectsPolling";

/// One poll by hand; `arguments` are further ones.
async fn poll(sandbox: &Sandbox, arguments: &[&str]) -> Result<Finished> {
    let (app, start, url) = (format!("app={APP}"), format!("startTime={START_TIME}"), sandbox.podio_url());
    let common = ["exec", "--function", FUNCTION, "--sandbox", &url, "--field", &app, "--field", &start];
    run_to_end(program(), &[&common[..], arguments].concat(), &[], "", BOUND).await
}

/// The bodies that a poll printed.
fn bodies(finished: &Finished) -> Result<Vec<Value>> {
    let lines = finished.output.lines().map(|line| serde_json::from_str::<Value>(line).context("a line"));
    let lines: Vec<Value> = lines.collect::<Result<_>>()?;
    Ok(lines.into_iter().filter_map(|line| line.get("body").cloned()).collect())
}

fn names(bodies: &[Value]) -> Vec<&str> {
    bodies.iter().filter_map(|body| body["fieldsByName"]["name"].as_str()).collect()
}

async fn polled(sandbox: &Sandbox, snapshot: &Path, arguments: &[&str]) -> Result<Vec<Value>> {
    let file = snapshot.to_str().context("a path")?;
    let finished = poll(sandbox, &[&["--snapshot", file], arguments].concat()).await?;
    assert_eq!(finished.ended, Ended(0), "{}{}", finished.output, finished.errors);
    bodies(&finished)
}

#[tokio::test]
async fn each_change_is_polled_once_also_within_one_second() -> Result<()> {
    let (sandbox, folder) = (sandbox().await?, tempfile::tempdir()?);
    let snapshot = folder.path().join("snapshot.json");
    let ids = create(&sandbox, &["A", "B", "C"]).await?;
    let first = polled(&sandbox, &snapshot, &["--field", "pageSize=2"]).await?;
    assert_eq!(names(&first), ["A", "B", "C"]);
    assert_eq!(first[0]["item_id"], ids[0]);

    // All of it in the second that was polled.
    let fourth = create(&sandbox, &["D"]).await?[0];
    rename(&sandbox, &[(ids[1], "B2")]).await?;
    assert_eq!(names(&polled(&sandbox, &snapshot, &[]).await?), ["B2", "D"]);

    // Nothing: one call, and the snapshot stays.
    let before = std::fs::read(&snapshot)?;
    sandbox.clear_calls();
    assert_eq!(polled(&sandbox, &snapshot, &[]).await?, Vec::<Value>::new());
    assert_eq!(podio_calls(&sandbox), [format!("POST /item/app/{APP}/filter/")]);
    assert_eq!(std::fs::read(&snapshot)?, before);

    set_clock(&sandbox, 60);
    rename(&sandbox, &[(fourth, "D2"), (ids[0], "A2")]).await?;
    let page = polled(&sandbox, &snapshot, &["--field", "emitBehavior=emitAll"]).await?;
    assert_eq!((page.len(), names(page[0]["results"].as_array().context("results")?)), (1, vec!["A2", "D2"]));

    // Another app's snapshot is not taken.
    let foreign = r#"{"app":1,"pollConfig":"lastModified","time":"2031-01-01T00:00:00Z","seen":{}}"#;
    std::fs::write(&snapshot, foreign)?;
    let file = snapshot.to_str().context("a path")?;
    let single = ["--field", "singlePagePerInterval=true", "--field", "pageSize=3", "--field", "pollConfig=created"];
    let anew = poll(&sandbox, &[&["--snapshot", file], &single[..]].concat()).await?;
    assert_eq!(names(&bodies(&anew)?), ["A2", "B2", "C"]);
    assert!(anew.errors.contains("the snapshot is not one of this trigger"), "{}", anew.errors);
    assert_eq!(names(&polled(&sandbox, &snapshot, &single).await?), ["D2"]);
    Ok(())
}

#[tokio::test]
async fn a_sample_is_one_page_and_nothing_is_an_error_that_says_so() -> Result<()> {
    let sandbox = sandbox().await?;
    let nothing = poll(&sandbox, &["--debug"]).await?;
    assert_eq!(nothing.ended, Ended(1));
    assert!(nothing.output.contains("There is nothing to show: the app "), "{}", nothing.output);
    assert!(nothing.output.contains("Companies"), "{}", nothing.output);
    create(&sandbox, &["A"; 12]).await?;
    assert_eq!(bodies(&poll(&sandbox, &["--debug"]).await?)?.len(), 10);

    for (field, named) in
        [("pageSize=501", "(pageSize)"), ("endTime=never", "(endTime)"), ("app=99999999", "no app 99999999")]
    {
        let wrong = poll(&sandbox, &["--field", field]).await?;
        assert!(wrong.ended == Ended(1) && wrong.output.contains(named), "{field}: {}{}", wrong.output, wrong.errors);
    }
    Ok(())
}

fn keys(emitted: &[Emitted]) -> Vec<&str> {
    emitted.iter().map(|emitted| emitted.routing_key.as_str()).collect()
}

#[tokio::test]
async fn a_flow_gets_the_items_then_the_snapshot_and_goes_on_from_it_after_a_restart() -> Result<()> {
    let sandbox = sandbox().await?;
    let config = config(&json!({ "startTime": START_TIME, "pageSize": "2" }));
    let stage = stage("polling", config.clone(), json!({}), json!({})).await?;
    let environment = worker_of(&stage, FUNCTION, &sandbox);
    let ids = create(&sandbox, &["A", "B", "C"]).await?;
    let mut worker = consuming_worker(&stage, &environment).await?;
    // Two ticks that have piled up.
    for _ in 0..2 {
        stage.send(&TestMessage::new(&json!({ "body": {} }))).await?;
    }
    stage.results.wait_for(5, "emits", BOUND).await?;
    wait_for_empty_queue(&stage).await?;
    stop(&mut worker, BOUND).await?;
    let emitted = stage.emitted()?;
    assert_eq!(keys(&emitted), ["data", "data", "snapshot", "data", "snapshot"]);

    // The platform gives the snapshot back.
    stage.sandbox.set_step(&json!({ "config": config, "snapshot": emitted[4].payload }));
    rename(&sandbox, &[(ids[2], "C2")]).await?;
    let mut worker = consuming_worker(&stage, &environment).await?;
    stage.send(&TestMessage::new(&json!({ "body": {} }))).await?;
    stage.results.wait_for(7, "emits", BOUND).await?;
    wait_for_empty_queue(&stage).await?;
    stop(&mut worker, BOUND).await?;
    let emitted = stage.emitted()?;
    assert_eq!(keys(&emitted[5..]), ["data", "snapshot"]);
    assert_eq!(emitted[5].payload["body"]["fieldsByName"]["name"], "C2");
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0));
    stage.remove().await
}

#[tokio::test]
async fn a_poll_of_more_than_a_message_holds_is_emitted_in_several() -> Result<()> {
    let (sandbox, folder) = (sandbox().await?, tempfile::tempdir()?);
    // A name is in the title, in the fields and in fieldsByName: 3.6 MB an item.
    let item = json!({ "method": "POST", "url": format!("/item/app/{APP}/"), "data": { "fields": { "name": "n".repeat(1_200_000) } } });
    let lines = format!("{}\n", json!({ "body": item })).repeat(3);
    let url = sandbox.podio_url();
    let made =
        run_to_end(program(), &["exec", "--function", "customRequest", "--sandbox", &url], &[], &lines, BOUND).await?;
    assert_eq!(made.ended, Ended(0), "{}", made.errors);

    let snapshot = folder.path().join("snapshot.json");
    let file = snapshot.to_str().context("a path")?;
    let all = ["--field", "emitBehavior=emitAll", "--field", "pageSize=1", "--snapshot", file];
    let finished = poll(&sandbox, &all).await?;
    let emits: Vec<Value> = finished.output.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    // Each message is followed by the snapshot that covers it.
    let shape = |line: &Value| line["body"]["results"].as_array().map_or(0, Vec::len);
    assert_eq!(emits.iter().map(shape).collect::<Vec<_>>(), [2, 0, 1, 0]);
    assert!(emits[1]["snapshot"].is_object() && emits[3]["snapshot"].is_object());
    assert_eq!(polled(&sandbox, &snapshot, &all[..4]).await?, Vec::<Value>::new());
    Ok(())
}
