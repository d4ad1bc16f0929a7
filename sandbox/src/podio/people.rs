//! What does not change: the user, organizations, apps, the grant's scope; and a redirect to try.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::{Failure, Id};
use crate::reply;

const USER: &str = concat!(
    r#"{"user_id":7700123,"mail":"ops@example.test","status":"active","locale":"en_GB","#,
    r#""timezone":"Europe/Berlin","flags":[],"created_on":"2025-05-28 11:17:52"}"#
);
const USER_STATUS: &str = concat!(
    r#"{"user":{"user_id":7700123,"mail":"ops@example.test","status":"active","locale":"en_GB","#,
    r#""timezone":"Europe/Berlin"},"profile":{"profile_id":8800456,"name":"Ops Bot","mail":["ops@example.test"]},"#,
    r#""properties":{},"referral":{"code":"abc","status":"disabled"},"flags":[],"betas":[],"inbox_new":0,"#,
    r#""message_unread_count":0,"calendar_code":"SECRET","mailbox":"SECRET"}"#
);
const ORGANIZATIONS: &str = concat!(
    r#"[{"org_id":786001,"name":"Acme","url":"https://podio.com/acme","url_label":"acme","type":"free","#,
    r#""premium":false,"status":"active","role":"admin","rights":["view"],"logo":null,"#,
    r#""spaces":[{"space_id":2720001,"name":"Sales","url_label":"sales","role":"admin"}]}]"#
);

pub(super) async fn user() -> Response {
    reply::json_bytes(StatusCode::OK, USER)
}

pub(super) async fn user_status() -> Response {
    reply::json_bytes(StatusCode::OK, USER_STATUS)
}

pub(super) async fn organizations() -> Response {
    reply::json_bytes(StatusCode::OK, ORGANIZATIONS)
}

pub(super) async fn scope() -> Response {
    reply::json_bytes(StatusCode::OK, r#"[{"ref_type":null,"ref_id":null,"permissions":["all"]}]"#)
}

/// Every number is an app of the sandbox.
pub(super) async fn app(Id(app_id): Id) -> Response {
    let app = json!({
        "app_id": app_id, "status": "active", "space_id": 10_570_001, "url_label": "leads",
        "link": "https://podio.com/acme/sales/apps/leads", "token": "SECRET", "current_revision": 3,
        "config": {"type": "standard", "name": "Leads", "item_name": "Lead", "icon": "251.png"},
        "fields": [{
            "field_id": 901, "external_id": "title", "type": "text", "label": "Title", "status": "active",
            "config": {"required": false, "settings": {"size": "small"}},
        }],
        "rights": ["view", "add_item"],
    });
    reply::json(StatusCode::OK, &app)
}

/// Where to redirect to, and with which 3xx status.
#[derive(Deserialize)]
pub(super) struct Redirect {
    to: String,
    #[serde(default = "found")]
    status: u16,
}

fn found() -> u16 {
    302
}

pub(super) async fn redirect(query: Result<Query<Redirect>, QueryRejection>) -> Result<Response, Failure> {
    let wrong = || Failure::invalid_value("give `to`, an address, and at will `status`, from 300 to 399");
    let Query(Redirect { to, status }) = query.map_err(|_| wrong())?;
    let status = StatusCode::from_u16(status).ok().filter(StatusCode::is_redirection).ok_or_else(wrong)?;
    let mut response = reply::empty(status);
    response.headers_mut().insert(LOCATION, HeaderValue::from_str(&to).map_err(|_| wrong())?);
    Ok(response)
}
