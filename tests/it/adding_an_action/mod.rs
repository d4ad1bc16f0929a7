//! The action and the trigger of `docs/adding-an-action.md`: the document shows the files that are compiled and run here.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use elasticio_runtime::action::Registry;
use elasticio_runtime::settings::Reader;
use elasticio_runtime::{Component, Info, Step};
use podio_component::PodioComponent;
use podio_component::podio::{self, StepConfig};
use podio_component::rest::ClientSettings;
use podio_test_support::{Stage, TestMessage};
use serde_json::{Value, json};

use crate::scripted::ScriptedWorker;
use crate::step::{BOUND, environment, oauth_config, stage};

mod list_organizations;
mod new_organizations;

use list_organizations::ListOrganizations;
use new_organizations::NewOrganizations;

/// The action's name.
const ACTION: &str = "listOrganizations";
/// The trigger's name.
const TRIGGER: &str = "newOrganizations";

/// The Podio component with only the document's action and trigger.
struct OfThePage;

impl Component for OfThePage {
    const INFO: Info = PodioComponent::INFO;

    type Settings = ClientSettings;

    fn settings(reader: &mut Reader<'_>) -> ClientSettings {
        PodioComponent::settings(reader)
    }

    fn actions(settings: &ClientSettings, step: Step) -> Result<Registry> {
        let podio = podio::client(settings, &StepConfig::read(&step.data), &step)?;
        Ok(Registry::default()
            .with(ACTION, Arc::new(ListOrganizations { podio: podio.clone() }))
            .with(TRIGGER, Arc::new(NewOrganizations { podio })))
    }

    fn attempt_timeout(settings: &ClientSettings) -> Duration {
        PodioComponent::attempt_timeout(settings)
    }
}

fn organizations(ids: &[u64]) -> Value {
    ids.iter().map(|id| json!({ "org_id": id, "name": format!("Organization {id}") })).collect()
}

/// What was emitted with this routing key, as payloads.
fn payloads(stage: &Stage, key: &str) -> Result<Vec<Value>> {
    let emitted = stage.emitted()?.into_iter().filter(|emitted| emitted.routing_key == key);
    Ok(emitted.map(|emitted| emitted.payload).collect())
}

fn results(stage: &Stage) -> Result<Value> {
    Ok(payloads(stage, "data")?.iter().map(|payload| payload["body"].clone()).collect())
}

#[tokio::test]
async fn the_action_shown_on_the_page_works() -> Result<()> {
    let two = organizations(&[1, 2]);
    let stage = stage("adding", oauth_config(), json!({ "GET /org/": [{ "json": two }] }), json!({})).await?;
    let worker = ScriptedWorker::of::<OfThePage>(&stage, &stage.environment(ACTION)).await?;
    stage.send(&TestMessage::new(&json!({ "body": {} }))).await?;
    stage.results.wait_for(2, "results", BOUND).await?;
    worker.stop().await?;
    assert_eq!(results(&stage)?, two);
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0));
    stage.remove().await
}

#[tokio::test]
async fn the_trigger_shown_on_the_page_emits_only_what_is_new_and_remembers_it() -> Result<()> {
    let answers = json!({ "GET /org/": [
        { "json": organizations(&[2, 1]) },
        { "json": organizations(&[2, 1]) },
        { "json": organizations(&[2, 1, 7]) },
    ] });
    let stage = stage("adding-trigger", oauth_config(), answers, json!({})).await?;
    let environment = environment(&stage, 1).with("ELASTICIO_FUNCTION", TRIGGER);
    let worker = ScriptedWorker::of::<OfThePage>(&stage, &environment).await?;
    for _ in 0..3 {
        stage.send(&TestMessage::new(&json!({ "body": {} }))).await?;
    }
    stage.results.wait_for(5, "three results and two snapshots", BOUND).await?;
    worker.stop().await?;
    assert_eq!(results(&stage)?, organizations(&[2, 1, 7]));
    assert_eq!(payloads(&stage, "snapshot")?, [json!({ "highest_id": 2 }), json!({ "highest_id": 7 })]);
    assert_eq!((stage.left().await?, stage.rejected.count()), (0, 0));
    stage.remove().await
}

#[test]
fn the_page_shows_the_files_that_are_tested() {
    let page = include_str!("../../../docs/adding-an-action.md");
    for file in [include_str!("list_organizations.rs"), include_str!("new_organizations.rs")] {
        assert!(page.contains(file), "docs/adding-an-action.md lacks the file that begins with\n{}", &file[..80]);
    }
}
