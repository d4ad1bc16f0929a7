//! The action of `docs/adding-an-action.md`: the document shows the file that is compiled and run here.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use elasticio_runtime::action::Registry;
use elasticio_runtime::settings::Reader;
use elasticio_runtime::{Component, Info, Step};
use podio_component::PodioComponent;
use podio_component::podio::{self, StepConfig};
use podio_component::rest::ClientSettings;
use podio_test_support::TestMessage;
use serde_json::json;

use crate::scripted::ScriptedWorker;
use crate::step::{BOUND, oauth_config, stage};

mod list_organizations;

use list_organizations::ListOrganizations;

/// The action's name.
const NAME: &str = "listOrganizations";

/// The Podio component with only the document's action.
struct WithTheAction;

impl Component for WithTheAction {
    const INFO: Info = PodioComponent::INFO;

    type Settings = ClientSettings;

    fn settings(reader: &mut Reader<'_>) -> ClientSettings {
        PodioComponent::settings(reader)
    }

    fn actions(settings: &ClientSettings, step: Step) -> Result<Registry> {
        let podio = podio::client(settings, &StepConfig::read(&step.data), &step)?;
        Ok(Registry::default().with(NAME, Arc::new(ListOrganizations { podio })))
    }

    fn attempt_timeout(settings: &ClientSettings) -> Duration {
        PodioComponent::attempt_timeout(settings)
    }
}

#[tokio::test]
async fn the_action_shown_on_the_page_works() -> Result<()> {
    let organizations = json!([{ "org_id": 1, "name": "Acme" }, { "org_id": 2, "name": "Beta" }]);
    let stage = stage("adding", oauth_config(), json!({ "GET /org/": [{ "json": organizations }] }), json!({})).await?;
    let worker = ScriptedWorker::of::<WithTheAction>(&stage, &stage.environment(NAME)).await?;
    stage.send(&TestMessage::new(&json!({ "body": {} }))).await?;
    stage.results.wait_for(2, "results", BOUND).await?;
    worker.stop().await?;
    let bodies: Vec<_> = stage.emitted()?.into_iter().map(|emitted| emitted.payload["body"].clone()).collect();
    assert_eq!(json!(bodies), organizations);
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0));

    let page = include_str!("../../../docs/adding-an-action.md");
    let file = include_str!("list_organizations.rs");
    assert!(page.contains(file), "docs/adding-an-action.md shows another file than the one that is tested");
    stage.remove().await
}
