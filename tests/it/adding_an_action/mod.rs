//! The action of `docs/adding-an-action.md`: the page shows the file that is compiled and run here.

use std::sync::Arc;

use anyhow::Result;
use podio_component::dispatcher::Registry;
use podio_component::http;
use podio_component::platform::step::StepData;
use podio_component::podio::{Credential, Podio, StepConfig};
use podio_component::settings::{PodioSettings, Source};
use podio_test_support::{Stage, TestMessage};
use serde_json::json;
use serde_json::value::to_raw_value;

use crate::performer::Performer;
use crate::step::{BOUND, own_credential, stage};

mod list_organizations;

use list_organizations::ListOrganizations;

/// The name of the action.
const NAME: &str = "listOrganizations";

/// Podio with the step's credential, as the program itself puts it together.
fn podio(stage: &Stage) -> Result<Podio> {
    let variables = [("PODIO_API_URL".to_owned(), stage.sandbox.podio_url())];
    let settings = PodioSettings::read(&Source::from_iter(variables))?;
    let config = StepConfig::read(&StepData::with_config(to_raw_value(&own_credential())?));
    let client = http::client(Podio::redirects())?;
    let credential = Credential::of_step(&config, &settings, &client, None, Arc::new(podio_component::podio::NoStore));
    Ok(Podio::new(client, settings, credential, config.retry))
}

#[tokio::test]
async fn the_pages_action_runs_and_the_page_shows_it() -> Result<()> {
    let organizations = json!([{ "org_id": 1, "name": "Acme" }, { "org_id": 2, "name": "Beta" }]);
    let stage =
        stage("adding", own_credential(), json!({ "GET /org/": [{ "json": organizations }] }), json!({})).await?;
    let action = ListOrganizations { podio: Arc::new(podio(&stage)?) };
    let registry = Registry::default().with(NAME, Arc::new(action));
    let worker = Performer::of(&stage, &stage.environment(NAME), registry).await?;
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
