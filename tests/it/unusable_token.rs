//! Access tokens that do not fit into a request.

use anyhow::Result;
use podio_sandbox::Api;
use podio_test_support::TestMessage;
use serde_json::{Value, json};

use crate::step::{BOUND, consuming_worker, environment, stage, stop};

/// A credential of each kind with `token`: the step's config, and the platform's answers.
fn credentials(token: &str) -> [(Value, Value); 2] {
    let secret = json!({ "data": { "attributes": { "credentials": { "access_token": token } } } });
    [
        (json!({ "oauth": { "access_token": token, "refresh_token": "r" } }), json!({})),
        (json!({ "secretId": "sec1" }), json!({ "GET /v2/workspaces/ws1/secrets/sec1": [{ "json": secret }] })),
    ]
}

#[tokio::test]
async fn an_unusable_token_is_reported_before_anything_is_sent() -> Result<()> {
    for (token, word) in [("", "empty"), ("line\nbreak", "header")] {
        for (config, platform) in credentials(token) {
            let stage = stage("no-token", config.clone(), json!({ "GET /user": [{ "json": {} }] }), platform).await?;
            let mut worker = consuming_worker(&stage, &environment(&stage, 1)).await?;
            stage.send(&TestMessage::get("/user")).await?;
            stage.rejected.wait_for(1, "dead letter", BOUND).await?;
            stop(&mut worker, BOUND).await?;

            let emitted = stage.emitted()?;
            let message = emitted[0].error_message()?;
            assert!(message.contains("no usable access token") && message.contains(word), "{config}: {message}");
            let log = worker.log().all().join("\n");
            assert!(!message.contains("break") && !log.contains("break"), "{message}\n{log}");
            assert_eq!(stage.calls(Api::Podio).len(), 0, "{config}");
            stage.remove().await?;
        }
    }
    Ok(())
}
