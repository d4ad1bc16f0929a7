//! Files that are uploaded and downloaded.

use serde_json::{Value, json};

use crate::canary::Canary;
use crate::flow::{Flow, message};
use crate::hosts::Hosts;

const UPLOAD: &str = "POST /file/";

fn upload(name: &'static str, source: &str, answer: &Value) -> Flow {
    let url = format!("{source}/file?signature={}", Canary::SourceQuery.value());
    Flow::new(name)
        .function("uploadFile")
        .podio(json!({ UPLOAD: [answer] }))
        .messages(vec![message(&json!({ "url": url }))])
}

fn download(name: &'static str, content: &Value, platform: Value) -> Flow {
    let file = json!([{ "json": { "file_id": 7, "name": "a.txt", "mimetype": "text/plain" } }]);
    Flow::new(name)
        .function("downloadFile")
        .podio(json!({ "GET /file/7": file, "GET /file/7/raw": content }))
        .platform(platform)
        .messages(vec![message(&json!({ "fileId": 7 }))])
        .with("REQUEST_MAX_RETRY", "0")
}

pub(super) fn flows(hosts: &Hosts) -> Vec<Flow> {
    let taken = json!({ "json": { "file_id": 7 } });
    let refused = json!({ "status": 403, "json": { "error": Canary::AccessToken.value(), "answer": Canary::PodioAnswer.value() } });
    let content = json!([{ "text": Canary::FileContent.value() }]);
    let said = |status: u16| json!([{ "status": status, "text": Canary::TokenAnswer.value() }]);
    let source = hosts.source.url();
    let with_user = source.replace("127.0.0.1", &format!("{}:p@127.0.0.1", Canary::SourceQuery.value()));
    vec![
        upload("an upload", &source, &taken).emits(&["data"]),
        upload("an upload that Podio refuses", &source, &refused),
        upload("an upload that Podio redirects", &source, &hosts.redirect(307)[0]),
        upload("an upload that breaks off", &source, &json!({ "reset": true })),
        upload("a source that refuses", &hosts.bad_source.url(), &taken),
        upload("a source that is not HTTP", &hosts.garbage.url(), &taken),
        upload("a source that is down", "http://127.0.0.1:1", &taken),
        upload("a source that is not an address", "no://", &taken),
        upload("a source that is out of reach", &source, &taken).with("PODIO_UPLOAD_SOURCES", "public"),
        upload("a source with a user", &with_user, &taken).emits(&["data"]),
        download("a download", &content, json!({})).emits(&["data"]),
        download("a download that is refused", &json!([refused]), json!({})),
        download("a download that breaks off", &json!([{ "reset": "midbody" }]), json!({})),
        download("a download from elsewhere", &hosts.redirect(302), json!({})).emits(&["data"]),
        download("a download that cannot be stored", &content, json!({ "POST /objects": said(500) })),
        download("a download that the storage redirects", &content, json!({ "POST /objects": hosts.redirect(307) })),
    ]
}
