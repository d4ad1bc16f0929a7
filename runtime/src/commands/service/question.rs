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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;
    use serde_json::json;

    use super::*;
    use crate::{
        Info, Step,
        dispatcher::{Action, Context, Interruption},
        platform::message::Message,
        settings::Reader,
    };

    struct Asked;

    #[async_trait]
    impl Action for Asked {
        async fn run(&self, _: &Message<'_>, _: &Context<'_>) -> Result<(), Interruption> {
            Ok(())
        }

        async fn choices(&self, method: &str, _: &Stop) -> Result<Option<Value>, Failure> {
            match method {
                "spaces" => Ok(Some(json!({ "1": "One" }))),
                "apps" => Err(Failure::with_log("The space \"One\" is gone.", "gone")),
                _ => Ok(None),
            }
        }

        async fn metadata(&self, _: &Stop) -> Result<Option<Value>, Failure> {
            Ok(Some(json!({ "in": {}, "out": {} })))
        }
    }

    impl Component for Asked {
        const INFO: Info = Info {
            name: "asked",
            version: "0",
            revision: "unknown",
            about: "",
            manifest: r#"{ "actions": { "fixed": {} }, "triggers": { "dynamic": { "dynamicMetadata": true } } }"#,
            example: "{}",
            log_target: "",
            settings_file: "",
            variables: &[],
            http_address: None,
            metrics_prefix: "",
            access_token: None,
        };
        type Settings = ();

        fn settings(_: &mut Reader<'_>) {}

        fn actions((): &(), _: Step) -> anyhow::Result<Registry> {
            Ok(registry())
        }
    }

    fn registry() -> Registry {
        Registry::default().with("fixed", Arc::new(Asked)).with("dynamic", Arc::new(Asked))
    }

    async fn answer(question: Question, function: &str) -> String {
        match question.ask::<Asked>(function, registry()).await {
            Ok(Ok(data)) => data.to_string(),
            Ok(Err(failure)) => failure.message().to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test]
    async fn the_action_or_trigger_answers_or_what_is_missing_is_named() {
        let choices = |method: &str| Question::Choices(method.to_owned());
        for (question, function, want) in [
            (choices("spaces"), "fixed", r#"{"1":"One"}"#),
            (choices("apps"), "dynamic", "The space \"One\" is gone."),
            (choices("items"), "fixed", "Method \"items\" is not found in \"fixed\" action or trigger"),
            (choices("spaces"), "other", "Trigger or action \"other\" is not found in component.json!"),
            (Question::Metadata, "dynamic", r#"{"in":{},"out":{}}"#),
            (Question::Metadata, "fixed", "Method \"getMetaModel\" is not found in \"fixed\" action or trigger"),
        ] {
            assert_eq!(answer(question, function).await, want);
        }
    }
}
