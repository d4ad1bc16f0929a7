//! `createComment`: comments on the object with the step's object type and the message's id.
//! In: `idValue`, `value`, `fileIds`. Out: Podio's comment.

use std::sync::Arc;

use async_trait::async_trait;
use elasticio_runtime::{
    action::{Action, Context, Failure, Interruption},
    platform::message::{Message, Outgoing},
    stop::Stop,
};
use serde_json::{Value, json, value::RawValue};

use super::object_types::{COMMENTED, ObjectRef, choices};
use crate::{
    podio::{
        StepConfig,
        fields::{Given, Problems, file_ids},
        items::{Calls, ItemSettings, explained, object, write},
    },
    rest::ApiClient,
};

/// The action, for one step.
pub(super) struct CreateComment {
    podio: Arc<ApiClient>,
    object_type: Option<String>,
    settings: ItemSettings,
    safe_retries: bool,
}

impl CreateComment {
    pub(super) fn new(podio: Arc<ApiClient>, config: &StepConfig) -> Self {
        Self {
            podio,
            object_type: config.object_type.clone(),
            settings: config.items.clone(),
            safe_retries: config.safe_retries,
        }
    }
}

#[async_trait]
impl Action for CreateComment {
    async fn run(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        let comment = comment(message.body())?;
        let on = ObjectRef::read(message.body(), COMMENTED, self.object_type.as_deref())?;
        let path = format!("{}/{}", on.path, write::options(&self.settings));
        let calls = Calls::new(&self.podio, context.stop);
        let answer =
            if self.safe_retries { calls.post_once(&path, &comment).await } else { calls.post(&path, &comment).await };
        let answer = answer.map_err(|error| {
            let object = format!("{} {}", self.object_type.as_deref().unwrap_or_default(), Given::new(on.id).shown());
            let what = match error.status() {
                Some(404 | 410) => format!("There is no {object} to comment on."),
                Some(403) => format!("The credential may not comment on the {object}."),
                _ if error.is_outcome_unknown() => format!("The {object} may have got the comment, or not."),
                _ => format!("The {object} got no comment."),
            };
            explained(error, &what)
        })?;
        context.emitter.data(Outgoing::new(answer)).await
    }

    async fn choices(&self, method: &str, _: &Stop) -> Result<Option<Value>, Failure> {
        Ok((method == "getCommentedObjects").then(|| choices(COMMENTED)))
    }
}

/// The body of the call.
fn comment(body: Option<&RawValue>) -> Result<Value, Failure> {
    let fields = object(body)?;
    let given = |name: &str| fields.get(name).map(Given::new).filter(|given| !given.is_empty());
    let mut problems = Problems::default();
    let mut comment = json!({});
    match given("value").map(|given| given.text().ok_or_else(|| given.must_be("a text"))) {
        Some(Ok(text)) => comment["value"] = text.into(),
        Some(Err(unfit)) => problems.other(format!("\"value\" (Comment) {unfit}")),
        None => problems.other("\"value\" (Comment) is required and has no value"),
    }
    match given("fileIds").map(file_ids) {
        Some(Ok(ids)) => comment["file_ids"] = json!(ids),
        Some(Err(unfit)) => problems.other(format!("\"fileIds\" (File IDs) {unfit}")),
        None => {}
    }
    if problems.is_empty() { Ok(comment) } else { Err(problems.failure_of("comment")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Value, String> {
        let raw = RawValue::from_string(body.to_owned()).expect("JSON");
        comment(Some(&raw)).map_err(|failure| failure.message().to_owned())
    }

    #[test]
    fn a_comment_is_a_text_with_files() {
        assert_eq!(read(r#"{"value":"Done","fileIds":["7",8]}"#), Ok(json!({ "value": "Done", "file_ids": [7, 8] })));
        assert_eq!(read(r#"{"value":5,"fileIds":[]}"#), Ok(json!({ "value": "5" })));
        for (body, word) in [
            ("{}", "\"value\" (Comment) is required"),
            (r#"{"value":" "}"#, "\"value\" (Comment) is required"),
            (r#"{"value":["x"]}"#, "\"value\" (Comment) must be a text"),
            (r#"{"value":"x","fileIds":"a.txt"}"#, "\"fileIds\" (File IDs) must be"),
            ("[]", "must be an object"),
        ] {
            let error = read(body).expect_err(body);
            assert!(error.contains(word), "{body}: {error}");
        }
    }
}
