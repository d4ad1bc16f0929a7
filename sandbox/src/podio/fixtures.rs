//! What never changes: the user, organizations, apps, and the scope of the grant.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::id::Id;
use crate::response;

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
    response::json_bytes(StatusCode::OK, USER)
}

pub(super) async fn user_status() -> Response {
    response::json_bytes(StatusCode::OK, USER_STATUS)
}

pub(super) async fn organizations() -> Response {
    response::json_bytes(StatusCode::OK, ORGANIZATIONS)
}

pub(super) async fn scope() -> Response {
    response::json_bytes(StatusCode::OK, r#"[{"ref_type":null,"ref_id":null,"permissions":["all"]}]"#)
}

/// Every number is the id of an app.
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
    response::json(StatusCode::OK, &app)
}
