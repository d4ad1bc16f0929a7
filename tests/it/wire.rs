//! The bytes of requests to Podio.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use podio_test_support::{OtherHost, Stage, TestMessage};
use serde_json::{Value, json};

use crate::step::{BOUND, consuming_worker, environment, oauth_config, stage, stop};

/// The headers of the request that each of these inputs leads to.
async fn headers(stage: &Stage, bodies: &[Value]) -> Result<Vec<BTreeMap<String, String>>> {
    let podio = OtherHost::start().await?;
    let environment = environment(stage, 1).with("PODIO_API_URL", &format!("http://{}", podio.address()));
    let mut worker = consuming_worker(stage, &environment).await?;
    for (index, body) in bodies.iter().enumerate() {
        stage.send(&TestMessage::new(&json!({ "body": body }))).await?;
        stage.results.wait_for(index + 1, "results", BOUND).await?;
    }
    stop(&mut worker, BOUND).await?;
    let requests = podio.requests();
    assert_eq!(requests.len(), bodies.len(), "{requests:?}");
    for (request, body) in requests.iter().zip(bodies) {
        let method = body["method"].as_str().context("a method")?;
        assert!(request.line.starts_with(&format!("{method} ")), "{}", request.line);
    }
    Ok(requests.into_iter().map(|request| request.headers).collect())
}

fn header<'a>(headers: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    headers.get(name).map(String::as_str)
}

#[tokio::test]
async fn a_post_or_put_without_data_has_a_content_length_of_0() -> Result<()> {
    let stage = stage("no-content", oauth_config(), json!({}), json!({})).await?;
    let bodies = ["POST", "PUT", "GET", "DELETE"].map(|method| json!({ "method": method, "url": "/x" }));
    let sent = headers(&stage, &bodies).await?;
    let lengths: Vec<Option<&str>> = sent.iter().map(|headers| header(headers, "content-length")).collect();
    assert_eq!(lengths, [Some("0"), Some("0"), None, None]);
    assert!(sent.iter().all(|headers| !headers.contains_key("content-type")), "{sent:?}");
    assert!(sent.iter().all(|headers| !headers.contains_key("transfer-encoding")), "{sent:?}");
    stage.remove().await
}

#[tokio::test]
async fn text_is_sent_as_a_form_with_post_and_put_only() -> Result<()> {
    const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
    let stage = stage("text-data", oauth_config(), json!({}), json!({})).await?;
    let bodies = ["POST", "PUT", "GET", "DELETE"].map(|method| json!({ "method": method, "url": "/x", "data": "a=b" }));
    let sent = headers(&stage, &bodies).await?;
    let types: Vec<Option<&str>> = sent.iter().map(|headers| header(headers, "content-type")).collect();
    assert_eq!(types, [FORM, FORM, None, None]);
    assert!(sent.iter().all(|headers| header(headers, "content-length") == Some("3")), "{sent:?}");
    stage.remove().await
}
