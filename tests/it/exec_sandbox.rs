//! `exec --sandbox URL --field NAME=VALUE`: a builder's quick try without a flow, a broker or an account.

use anyhow::{Context, Result};
use podio_sandbox::{Api, Options};
use podio_test_support::{Ended, Finished, run_to_end};
use serde_json::Value;

use crate::step::{BOUND, program};

async fn exec(arguments: &[&str]) -> Result<Finished> {
    run_to_end(program(), &[&["exec"], arguments].concat(), &[], "", BOUND).await
}

fn line(finished: &Finished) -> Result<Value> {
    serde_json::from_str(&finished.output).with_context(|| format!("{}{}", finished.output, finished.errors))
}

#[tokio::test]
async fn one_switch_points_everything_at_the_sandbox_and_a_token_that_expires_is_refreshed_there() -> Result<()> {
    let sandbox = podio_sandbox::start(Options::default()).await?;
    sandbox.expire_access_tokens();
    for url in [sandbox.podio_url(), sandbox.platform_url()] {
        let finished = exec(&["--sandbox", &url, r#"{"body":{"method":"GET","url":"/user"}}"#]).await?;
        assert_eq!(finished.ended, Ended(0), "{}", finished.errors);
        assert_eq!(line(&finished)?["body"]["statusCode"], 200);
    }
    let refreshes = sandbox.calls().into_iter().filter(|call| call.api == Api::Podio && call.path == "/oauth/token");
    assert!(refreshes.count() > 0);
    Ok(())
}

#[tokio::test]
async fn a_step_s_field_and_the_object_storage_are_there() -> Result<()> {
    let sandbox = podio_sandbox::start(Options::default()).await?;
    let url = sandbox.podio_url();
    let lookup = ["--function", "lookupObjectById", "--sandbox", &url, "--field", "objectType=item"];
    let found = exec(&[&lookup[..], &[r#"{"body":{"idValue":3352054999}}"#]].concat()).await?;
    assert_eq!(found.ended, Ended(0), "{}", found.errors);
    assert_eq!(line(&found)?["body"]["item_id"], 3_352_054_999_u64);

    let object = sandbox.put_object("hello");
    let message = format!(
        r#"{{"body":{{}},"attachments":{{"hello.txt":{{"url":"{}/objects/{object}"}}}}}}"#,
        sandbox.platform_url()
    );
    let uploaded = exec(&["--function", "uploadFile", "--sandbox", &url, &message]).await?;
    assert_eq!(uploaded.ended, Ended(0), "{}{}", uploaded.output, uploaded.errors);
    let file = line(&uploaded)?["body"]["file_id"].as_u64().context("a file id")?;
    let message = format!(r#"{{"body":{{"fileId":{file}}}}}"#);
    let downloaded = exec(&["--function", "downloadFile", "--sandbox", &url, &message]).await?;
    assert_eq!(downloaded.ended, Ended(0), "{}{}", downloaded.output, downloaded.errors);
    assert!(downloaded.output.contains(&format!("{}/objects/", sandbox.platform_url())), "{}", downloaded.output);
    Ok(())
}

#[tokio::test]
async fn what_is_no_sandbox_or_no_field_is_named() -> Result<()> {
    let message = r#"{"body":{"method":"GET","url":"/user"}}"#;
    let finished = exec(&["--sandbox", "http://127.0.0.1:1", message]).await?;
    assert_eq!(finished.ended, Ended(1));
    assert!(finished.errors.contains("--sandbox http://127.0.0.1:1/: no sandbox answers there"), "{}", finished.errors);
    let finished = exec(&["--field", "objectType", message]).await?;
    assert!(finished.ended == Ended(2) && finished.errors.contains("NAME=TEXT or NAME:=JSON"), "{}", finished.errors);
    Ok(())
}
