//! The identity of this process on the platform (protocol, section 1.6).

use crate::settings::{Reader, variables as v};

/// The flow, the step and the execution that this process runs.
#[derive(Clone, Debug)]
pub struct Identity {
    /// `ELASTICIO_FLOW_ID`
    pub flow_id: String,
    /// `ELASTICIO_EXEC_ID`
    pub exec_id: String,
    /// `ELASTICIO_STEP_ID`
    pub step_id: String,
    /// `ELASTICIO_CONTAINER_ID`
    pub container_id: String,
    /// `ELASTICIO_WORKSPACE_ID`
    pub workspace_id: String,
    /// `ELASTICIO_USER_ID`
    pub user_id: String,
    /// `ELASTICIO_COMP_ID`
    pub comp_id: String,
    /// `ELASTICIO_FUNCTION`: the action's name in component.json.
    pub function: String,
}

impl Identity {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            flow_id: reader.text(v::FLOW_ID),
            exec_id: reader.text(v::EXEC_ID),
            step_id: reader.text(v::STEP_ID),
            container_id: reader.text(v::CONTAINER_ID),
            workspace_id: reader.text(v::WORKSPACE_ID),
            user_id: reader.text(v::USER_ID),
            comp_id: reader.text(v::COMP_ID),
            function: reader.text(v::FUNCTION),
        }
    }
}
