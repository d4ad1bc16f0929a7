//! What an uploaded file is called, and its media type.

use anyhow::Result;
use serde_json::{Value, json};

use crate::files::{function, normal, outcome};
use crate::step::{BOUND, consuming_worker, stop};

/// The path of a source, the headers of its answer, what the message gives besides its address, and the name and media
/// type that Podio gets.
type Case = (&'static str, Value, Value, &'static str, &'static str);

fn cases() -> Vec<Case> {
    let named = |value: &str| json!({ "content-disposition": value });
    let typed = |value: &str| json!({ "content-type": value });
    vec![
        ("/a/r%C3%A9sum%C3%A9%20(1).pdf", json!({}), json!({}), "résumé (1).pdf", "text/plain; charset=utf-8"),
        (
            "/1",
            named("attachment; filename=\"plain.txt\"; filename*=UTF-8''na%C3%AFve.txt"),
            json!({}),
            "naïve.txt",
            "",
        ),
        ("/2", named("attachment; filename=\"a;b.txt\""), json!({}), "a;b.txt", ""),
        ("/3", named("attachment; filename=\"../../etc/passwd\""), json!({}), "passwd", ""),
        ("/4", named("attachment; filename*=UTF-8''..%5C..%5Cc%0D%0Amd.exe"), json!({}), "cmd.exe", ""),
        ("/5", named("attachment; filename=\"x.txt\""), json!({ "fileName": "given.txt" }), "given.txt", ""),
        ("/%2e%2e%2fsecret.txt", named("attachment"), json!({}), "secret.txt", ""),
        ("/7.csv", typed("text/csv; charset=iso-8859-1"), json!({}), "7.csv", "text/csv; charset=iso-8859-1"),
        ("/8.png", typed("image/png"), json!({ "contentType": "image/gif" }), "8.png", "image/gif"),
        ("/9.bin", typed("application/octet-stream"), json!({}), "9.bin", "text/plain"),
        ("/10.bin", typed("nonsense"), json!({}), "10.bin", "text/plain"),
        ("/11/", typed("image/png"), json!({}), "file", "image/png"),
    ]
}

#[tokio::test]
async fn name_and_media_type_are_the_message_s_else_the_source_s() -> Result<()> {
    let (stage, sandbox) = normal("file-names").await?;
    let cases = cases();
    let key = |path: &str| format!("GET {path}");
    let answers: serde_json::Map<_, _> = cases
        .iter()
        .map(|(path, headers, ..)| (key(path), json!([{ "text": "content", "headers": headers }])))
        .collect();
    sandbox.add_answers(serde_json::from_value(json!({ "platform": answers }))?)?;
    let mut worker = consuming_worker(&stage, &function(&stage, &sandbox, "uploadFile")).await?;
    for (path, headers, given, name, media) in &cases {
        let mut body = given.clone();
        body["url"] = json!(format!("{}{path}", sandbox.platform_url()));
        let uploaded = outcome(&stage, &json!({ "body": body }), BOUND).await?;
        let file = &uploaded.payload["body"];
        assert_eq!(file["name"], *name, "{path} {headers}: {}", uploaded.payload);
        if !media.is_empty() {
            assert_eq!(file["mimetype"], *media, "{path} {headers}: {}", uploaded.payload);
        }
    }
    stop(&mut worker, BOUND).await?;
    stage.remove().await
}

#[tokio::test]
async fn an_attachment_keeps_its_name_and_its_media_type_if_that_says_anything() -> Result<()> {
    let (stage, sandbox) = normal("attachment-names").await?;
    let answer = json!([{ "text": "content", "headers": {
        "content-disposition": "attachment; filename=other.txt", "content-type": "image/png",
    } }]);
    sandbox.add_answers(serde_json::from_value(json!({ "platform": { "GET /f": answer } }))?)?;
    let mut worker = consuming_worker(&stage, &function(&stage, &sandbox, "uploadFile")).await?;
    for (media, wanted) in [
        (json!("text/csv"), "text/csv"),
        (json!("application/octet-stream"), "image/png"),
        (json!("nonsense"), "image/png"),
        (Value::Null, "image/png"),
    ] {
        let attachment = json!({ "url": format!("{}/f", sandbox.platform_url()), "content-type": media });
        let uploaded = outcome(&stage, &json!({ "body": {}, "attachments": { "its.txt": attachment } }), BOUND).await?;
        let file = &uploaded.payload["body"];
        assert_eq!((&file["name"], &file["mimetype"]), (&json!("its.txt"), &json!(wanted)), "{media}");
    }
    stop(&mut worker, BOUND).await?;
    stage.remove().await
}
