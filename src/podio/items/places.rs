//! The choices of a form: organization, workspace and app, each of what was chosen before it. A credential of an app
//! knows no organizations (<https://developers.podio.com/authentication/app_auth>) and is offered its own app.

use elasticio_runtime::action::{Failure, Interruption};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    apps::Apps,
    calls::{Calls, explained, failure, read},
    settings::ItemSettings,
};
use crate::rest::CallError;

/// The value for the organization and the workspace of a credential that is an app's.
const OWN: &str = "own";

#[derive(Deserialize)]
struct Organization {
    org_id: u64,
    #[serde(default)]
    name: String,
    #[serde(default)]
    spaces: Vec<Space>,
}

#[derive(Deserialize)]
struct Space {
    space_id: u64,
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct AppEntry {
    app_id: u64,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    config: AppName,
}

#[derive(Default, Deserialize)]
struct AppName {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Grant {
    ref_type: Option<String>,
    ref_id: Option<u64>,
}

/// The choices of `organization`, `space` or `app`; `None` if `method` is none of theirs.
pub(crate) async fn choices(
    method: &str,
    settings: &ItemSettings,
    apps: &Apps,
    calls: Calls<'_>,
) -> Result<Option<Value>, Failure> {
    let choices = match method {
        "getOrganizations" => organizations(calls).await,
        "getSpaces" => spaces(settings, calls).await,
        "getApps" => apps_of(settings, apps, calls).await,
        _ => return Ok(None),
    };
    choices.map(Some).map_err(failure)
}

async fn organizations(calls: Calls<'_>) -> Result<Value, Interruption> {
    match all_organizations(calls).await {
        Ok(list) => Ok(object(list.into_iter().map(|organization| (organization.org_id, organization.name)))),
        Err(Refused::ByPodio(error)) => match own_app(calls).await? {
            Some(_) => Ok(own("The organization of the credential's app")),
            None => Err(explained(error, "The organizations of the credential cannot be listed.")),
        },
        Err(Refused::Otherwise(interruption)) => Err(interruption),
    }
}

async fn spaces(settings: &ItemSettings, calls: Calls<'_>) -> Result<Value, Interruption> {
    let chosen = chosen(settings, "organization", "Organization")?;
    if chosen == OWN {
        return Ok(own("The workspace of the credential's app"));
    }
    let organizations = all_organizations(calls).await.map_err(|refused| match refused {
        Refused::ByPodio(error) => explained(error, "The workspaces of the organization cannot be listed."),
        Refused::Otherwise(interruption) => interruption,
    })?;
    let organization = organizations.into_iter().find(|organization| organization.org_id.to_string() == chosen);
    let organization = organization.ok_or_else(|| {
        Failure::input("The step's Organization is not one that the credential's user belongs to: choose it again.")
    })?;
    Ok(object(organization.spaces.into_iter().map(|space| (space.space_id, space.name))))
}

async fn apps_of(settings: &ItemSettings, apps: &Apps, calls: Calls<'_>) -> Result<Value, Interruption> {
    let chosen = chosen(settings, "space", "Workspace")?;
    if chosen == OWN {
        let id = own_app(calls).await?.ok_or_else(|| {
            Failure::input("The credential is no longer an app's: choose the step's Organization and Workspace again.")
        })?;
        let app = apps.get(id, calls).await?;
        return Ok(object([(app.id, app.name.clone())]));
    }
    let id: u64 = chosen
        .parse()
        .map_err(|_| Failure::input("The step's Workspace (space) must be the id of a workspace: choose it again."))?;
    let answer = calls.get(&format!("/app/space/{id}/")).await;
    let answer = answer.map_err(|error| explained(error, "The apps of the workspace cannot be listed."))?;
    let list: Vec<AppEntry> = read(&answer, "GET /app/space/…/")?;
    let active = list.into_iter().filter(|app| app.status.as_deref().is_none_or(|status| status == "active"));
    Ok(object(active.map(|app| (app.app_id, app.config.name))))
}

/// Why organizations are not known.
enum Refused {
    /// Podio does not tell them to this credential.
    ByPodio(CallError),
    /// Anything else.
    Otherwise(Interruption),
}

async fn all_organizations(calls: Calls<'_>) -> Result<Vec<Organization>, Refused> {
    let answer = calls.get("/org/").await.map_err(|error| match error.status() {
        Some(401 | 403 | 404) => Refused::ByPodio(error),
        _ => Refused::Otherwise(explained(error, "The organizations of the credential cannot be listed.")),
    })?;
    read(&answer, "GET /org/").map_err(|failure| Refused::Otherwise(failure.into()))
}

/// The app whose token the credential is.
async fn own_app(calls: Calls<'_>) -> Result<Option<u64>, Interruption> {
    let answer = calls.get("/oauth/scope").await?;
    let grants: Vec<Grant> = read(&answer, "GET /oauth/scope")?;
    Ok(grants.into_iter().find(|grant| grant.ref_type.as_deref() == Some("app")).and_then(|grant| grant.ref_id))
}

fn chosen(settings: &ItemSettings, name: &str, label: &str) -> Result<String, Failure> {
    settings.text(name).ok_or_else(|| Failure::input(format!("Choose the step's {label} ({name}) first.")))
}

fn own(label: &str) -> Value {
    Value::Object(Map::from_iter([(OWN.to_owned(), label.into())]))
}

/// Value → label. Equal labels get their ids.
fn object(choices: impl IntoIterator<Item = (u64, String)>) -> Value {
    let choices: Vec<(u64, String)> = choices.into_iter().collect();
    let is_twice = |label: &str| choices.iter().filter(|(_, other)| other == label).count() > 1;
    let labelled = choices.iter().map(|(id, label)| {
        let label = if label.is_empty() || is_twice(label) { format!("{label} ({id})") } else { label.clone() };
        (id.to_string(), Value::String(label.trim_start().to_owned()))
    });
    Value::Object(labelled.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn choices_with_the_same_name_can_be_told_apart() {
        let choices = [(1, "Sales"), (2, "Sales"), (3, "Support"), (4, "")].map(|(id, name)| (id, name.to_owned()));
        assert_eq!(object(choices), json!({ "1": "Sales (1)", "2": "Sales (2)", "3": "Support", "4": "(4)" }));
    }
}
