//! What the platform asks an action or trigger for the forms of its step (protocol, sections 9.9, 14.12 and 14.13).

use anyhow::bail;
use serde_json::Value;

use crate::{
    Component,
    dispatcher::{Failure, Registry},
    stop::Stop,
};

/// The service method of [`Question::Metadata`].
const METADATA: &str = "getMetaModel";

/// What is asked.
pub(super) enum Question {
    /// The choices of a select box, by this method of its field.
    Choices(String),
    /// The schemas of what goes in and comes out.
    Metadata,
}

impl Question {
    /// Asks the action or trigger called `function`. The texts of the outer errors are the reference's.
    pub(super) async fn ask<C: Component>(
        &self,
        function: &str,
        registry: Registry,
    ) -> anyhow::Result<Result<Value, Failure>> {
        let Ok(action) = registry.get(function) else {
            bail!("Trigger or action \"{function}\" is not found in component.json!")
        };
        let stop = Stop::default();
        let (method, answer) = match self {
            Self::Choices(method) => (method.as_str(), action.choices(method, &stop).await),
            Self::Metadata if C::INFO.manifest().has_dynamic_metadata(function) => {
                (METADATA, action.metadata(&stop).await)
            }
            Self::Metadata => (METADATA, Ok(None)),
        };
        // A refreshed credential must be stored before the process ends.
        stop.finish().await;
        match answer {
            Ok(Some(answer)) => Ok(Ok(answer)),
            Ok(None) => bail!("Method \"{method}\" is not found in \"{function}\" action or trigger"),
            Err(failure) => Ok(Err(failure)),
        }
    }
}
