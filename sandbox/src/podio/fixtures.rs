//! What never changes: the user, and the scope of the grant.

use axum::http::StatusCode;
use axum::response::Response;

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

pub(super) async fn user() -> Response {
    response::json_bytes(StatusCode::OK, USER)
}

pub(super) async fn user_status() -> Response {
    response::json_bytes(StatusCode::OK, USER_STATUS)
}

pub(super) async fn scope() -> Response {
    response::json_bytes(StatusCode::OK, r#"[{"ref_type":null,"ref_id":null,"permissions":["all"]}]"#)
}
