//! The platform at the start: the step's data and the hooks.

use anyhow::Result;
use serde_json::{Value, json};

use super::{answered, success};
use crate::canary::Canary;
use crate::flow::{Ends, Flow};
use crate::hosts::Hosts;

const STEP: &str = "GET /v1/tasks/flow1/steps/step_2";
const STARTUP: &str = "POST /sailor-support/hooks/task/flow1/startup/data";

fn start(name: &'static str, platform: Value) -> Flow {
    Flow::new(name).platform(platform).with("ELASTICIO_API_REQUEST_RETRY_DELAY", "10").ends(Ends::AtStart)
}

pub(super) fn flows(hosts: &Hosts) -> Result<Vec<Flow>> {
    let said = |status: u16| json!([{ "status": status, "text": Canary::PlatformAnswer.value() }]);
    let hook = |name, platform| start(name, platform).with("ELASTICIO_STARTUP_REQUIRED", "true");
    let nearly = json!({ "config": [Canary::AccessToken.value()], "password": Canary::ConfigField.value() });
    Ok(vec![
        start("a login that the platform refuses", json!({ STEP: said(401) })),
        start("no such step", json!({ STEP: said(404) })),
        start("a platform that fails", json!({ STEP: said(500) })),
        start("a platform's page", json!({ STEP: said(200) })),
        start("step data of a wrong type", json!({ STEP: [{ "json": nearly }] })),
        start("step data as text", json!({ STEP: [{ "json": Canary::ConfigField.value() }] })),
        start("a platform that breaks off", json!({ STEP: [{ "reset": "midbody" }] })),
        start("step data elsewhere", json!({ STEP: hosts.redirect(302) })),
        start("a platform that is down", json!({})).with("ELASTICIO_API_URI", format!("http://{}", hosts.closed()?)),
        start("a platform that is not HTTP", json!({})).with("ELASTICIO_API_URI", hosts.garbage.url()),
        start("an unknown function", json!({})).function("noSuchFunction"),
        hook("startup data that are refused", json!({ STARTUP: said(403) })),
        hook("startup data that fail", json!({ STARTUP: said(500) })),
        hook("startup data that redirect", json!({ STARTUP: hosts.redirect(307) })),
        hook("startup data that are stored", json!({ STARTUP: [{ "status": 201, "json": {} }] }))
            .podio(answered(&json!([success()])))
            .emits(&["data"]),
    ])
}
