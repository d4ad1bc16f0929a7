//! The settings of `exec` that concern the platform: what its calls need, and nothing of what only a worker does.

use super::{ApiSettings, SettingsError, Source, commands::api, reader::Reader, variables as v};

/// Where a step's data is read.
#[derive(Clone, Debug)]
pub struct StepSettings {
    /// `ELASTICIO_FLOW_ID`
    pub flow_id: String,
    /// `ELASTICIO_STEP_ID`
    pub step_id: String,
    /// The platform's REST API.
    pub api: ApiSettings,
}

impl StepSettings {
    /// Reads what is needed to read a step's data and its secret.
    ///
    /// # Errors
    /// Names every variable that is missing or malformed.
    pub fn read(source: &Source) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(source);
        let (flow_id, step_id) = (reader.text(v::FLOW_ID), reader.text(v::STEP_ID));
        let workspace_id = reader.text(v::WORKSPACE_ID);
        let settings = Self { flow_id, step_id, api: api(&mut reader, workspace_id) };
        reader.finish(settings)
    }
}

/// Reads what is needed to read a secret.
///
/// # Errors
/// Names every variable that is missing or malformed.
pub fn read_api(source: &Source) -> Result<ApiSettings, SettingsError> {
    let mut reader = Reader::new(source);
    let workspace_id = reader.text(v::WORKSPACE_ID);
    let settings = api(&mut reader, workspace_id);
    reader.finish(settings)
}
