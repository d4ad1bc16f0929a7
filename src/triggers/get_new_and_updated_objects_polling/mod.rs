//! `getNewAndUpdatedObjectsPolling`: the items of the step's app that are new or were changed since the last poll.
//! Out: the items with `fieldsByName`, as the step's `emitBehavior` says, then the snapshot.

use std::sync::Arc;

use async_trait::async_trait;
use elasticio_runtime::{
    action::{Action, Context, Failure, FlowType, Interruption},
    platform::message::Message,
    stop::Stop,
};
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    podio::{
        StepConfig,
        fields::App,
        items::{
            Calls, EmitBehavior, ItemStep, Results, app_error,
            emitted::written_item,
            find::{self, Found},
            metadata,
        },
    },
    rest::ApiClient,
};

mod position;
mod settings;
mod walk;

use position::{Origin, Position};
use settings::{PollField, PollSettings};
use walk::{Entry, Query, Walk};

/// Items of a sample.
const SAMPLE: usize = 10;
/// The most objects of one call of Podio's filter.
const MAX_LIMIT: usize = 500;

/// The trigger, for one step.
pub(super) struct GetNewAndUpdatedObjectsPolling {
    step: ItemStep,
    /// Where the last poll of this process ended; held while one runs. Ticks that have piled up are processed at the same
    /// moment, and the snapshot that such a message brings may be older than the one that the message before it left.
    newest: Mutex<Option<Position>>,
}

impl GetNewAndUpdatedObjectsPolling {
    pub(super) fn new(podio: Arc<ApiClient>, config: &StepConfig) -> Self {
        Self { step: ItemStep::new(podio, config), newest: Mutex::default() }
    }

    async fn poll(&self, settings: &PollSettings, context: &Context<'_>) -> Result<(), Interruption> {
        let mut newest = context.stop.cut_short(self.newest.lock()).await?;
        let position = newest.clone().unwrap_or_else(|| remembered(settings, context));
        let mut walk = Walk::new(position.not_before(settings.start), settings.page_size, MAX_LIMIT);
        let mut results = Results::of_poll(settings.emit_behavior, context.emitter);
        let calls = self.step.calls(context.stop);
        loop {
            let items = fetch(calls, settings, &walk.query(), false).await?;
            let step = walk.page(&entries(&items, settings.field)?).map_err(|crowd| crowd.failure(settings.app))?;
            if !step.new.is_empty() {
                let new: Vec<&Found> = step.new.iter().map(|at| &items[*at]).collect();
                let (_, written) = self.written(calls, &new).await?;
                if results.page(written).await? {
                    remember(&mut newest, walk.position(), settings, context).await?;
                }
            }
            if step.is_last || (settings.single_page && !step.new.is_empty()) {
                break;
            }
        }
        if results.end().await? {
            remember(&mut newest, walk.position(), settings, context).await?;
        }
        Ok(())
    }

    /// The newest items, as an example of what the trigger emits. Nothing is remembered.
    async fn sample(&self, settings: &PollSettings, context: &Context<'_>) -> Result<(), Interruption> {
        let calls = self.step.calls(context.stop);
        let query = Query { from: settings.start, limit: SAMPLE, offset: 0 };
        let items = fetch(calls, settings, &query, true).await?;
        let (app, written) = self.written(calls, &items.iter().collect::<Vec<_>>()).await?;
        if written.is_empty() {
            return Err(Failure::new(format!(
                "There is nothing to show: the {} has no items that were {} {}. Create or change one in Podio, or set \
                 another Start Time, and retrieve the sample again.",
                app.title(),
                settings.field.done(),
                settings.period(),
            ))
            .into());
        }
        let mut results = Results::of_poll(settings.emit_behavior, context.emitter);
        results.page(written).await?;
        results.end().await?;
        Ok(())
    }

    /// Items as they are emitted, and the definition of their app.
    async fn written(&self, calls: Calls<'_>, items: &[&Found]) -> Result<(Arc<App>, Vec<Vec<u8>>), Interruption> {
        let newest = items.iter().filter_map(|found| found.head.app_revision()).max();
        let app = self.step.app_of_items(calls, newest).await?;
        let written = items.iter().map(|found| written_item(&found.item, Some(&app))).collect();
        Ok((app, written))
    }
}

/// Where the step's snapshot says that the last poll ended.
fn remembered(settings: &PollSettings, context: &Context<'_>) -> Position {
    match Position::of(&context.snapshot, settings.app, settings.field) {
        Origin::Known(position) => position,
        Origin::Empty => Position::at(settings.start),
        Origin::Foreign => {
            tracing::warn!(
                "the snapshot is not one of this trigger for its app and timestamp field; polling begins at the start time"
            );
            Position::at(settings.start)
        }
    }
}

/// Emits the snapshot. Everything before `position` is confirmed by now.
async fn remember(
    newest: &mut MutexGuard<'_, Option<Position>>,
    position: &Position,
    settings: &PollSettings,
    context: &Context<'_>,
) -> Result<(), Interruption> {
    context.emitter.snapshot(position.snapshot(settings.app, settings.field)).await?;
    **newest = Some(position.clone());
    Ok(())
}

/// One call of the app's filter.
async fn fetch(
    calls: Calls<'_>,
    settings: &PollSettings,
    query: &Query,
    newest_first: bool,
) -> Result<Vec<Found>, Interruption> {
    let app = settings.app;
    let body = settings.body(query, newest_first);
    let answer = calls.post(&format!("/item/app/{app}/filter/"), &body).await;
    let answer =
        answer.map_err(|error| app_error(error, app, &format!("The items of the app {app} cannot be listed.")))?;
    Ok(find::items_of(&answer)?)
}

/// What the walk needs of the items of a page.
fn entries(items: &[Found], field: PollField) -> Result<Vec<Entry>, Failure> {
    let entries: Option<Vec<Entry>> = items.iter().map(|found| Entry::of(&found.head, field)).collect();
    entries.ok_or_else(|| {
        Failure::new(format!("Podio's answer has an item that does not say when it was {}.", field.done()))
    })
}

#[async_trait]
impl Action for GetNewAndUpdatedObjectsPolling {
    async fn run(&self, _: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        let settings = PollSettings::read(&self.step.settings)?;
        match context.flow_type {
            FlowType::Debug => self.sample(&settings, context).await,
            FlowType::Ordinary | FlowType::LongRunning => self.poll(&settings, context).await,
        }
    }

    async fn choices(&self, method: &str, stop: &Stop) -> Result<Option<Value>, Failure> {
        self.step.choices(method, stop).await
    }

    async fn metadata(&self, stop: &Stop) -> Result<Option<Value>, Failure> {
        let app = self.step.app_of_form(stop).await?;
        let out = match settings::emit_behavior(&self.step.settings)? {
            EmitBehavior::Individually => metadata::item(&app),
            EmitBehavior::All | EmitBehavior::Page => metadata::items(&app),
        };
        Ok(Some(json!({ "in": { "type": "object", "properties": {} }, "out": out })))
    }
}
