//! `lookupItems`: gets the items of the step's app that meet the message's criteria.
//! In: `filters`, `createdOn`, `lastEditOn`, `externalId`, `tags`. Out: the items with `fieldsByName`, as the step's
//! `emitBehavior` says.

use std::sync::Arc;

use async_trait::async_trait;
use elasticio_runtime::{
    action::{Action, Context, Failure, Interruption},
    platform::message::Message,
    stop::Stop,
};
use serde_json::{Value, json, value::RawValue};

use super::pages::{MAX_LIMIT, MAX_PAGES, Next, Walk};
use crate::{
    podio::{
        StepConfig,
        fields::App,
        items::{
            Calls, EmitBehavior, ItemStep, Query, Results, Trouble, emitted::written_item, find, metadata, object,
        },
    },
    rest::{Answer, ApiClient},
};

/// The action, for one step.
pub(super) struct LookupItems {
    step: ItemStep,
}

impl LookupItems {
    pub(super) fn new(podio: Arc<ApiClient>, config: &StepConfig) -> Self {
        Self { step: ItemStep::new(podio, config) }
    }

    /// Walks through the pages and emits what they hold.
    async fn lookup(
        &self,
        calls: Calls<'_>,
        app: &App,
        body: Option<&RawValue>,
        context: &Context<'_>,
    ) -> Result<(), Trouble> {
        let settings = &self.step.settings;
        let query = Query::read(app, body).map_err(|problems| Trouble::Misfit(problems.failure(app)))?;
        let page_size = settings.number("pageSize", "Page Size", MAX_LIMIT)?;
        let max_pages = settings.number("maxPages", "Maximum of Pages", MAX_PAGES)?;
        let behavior = settings.emit_behavior(EmitBehavior::All)?;
        let mut results = Results::new(behavior, context.emitter);
        let (path, body) = query.call(app, settings);
        let request = calls.to_post(&path, &body);
        let setting = "the step's Maximum of Pages (maxPages)";
        let mut walk = Walk::of_step(request, query.page_size().or(page_size), max_pages, setting).emitting(behavior);
        loop {
            let answer = match calls.send(walk.request()).await {
                Ok(answer) => answer,
                Err(error) if error.status() == Some(400) && walk.is_at_start() => {
                    return Err(Trouble::Refused(walk.interrupted(error.into())));
                }
                Err(error) => return Err(walk.interrupted(error.into()).into()),
            };
            let Some(page) = walk.page(&answer)? else { break };
            let found = self.found(calls, app, &query, &answer).await.map_err(|error| walk.interrupted(error))?;
            results.page(found.items).await.map_err(|error| walk.interrupted(error))?;
            match walk.advance(page.next_offset.filter(|_| !found.is_last)) {
                Next::Page => {}
                Next::End => break,
            }
        }
        results.end().await?;
        Ok(())
    }

    /// The items of a page that meet all criteria.
    async fn found(
        &self,
        calls: Calls<'_>,
        app: &App,
        query: &Query<'_>,
        answer: &Answer,
    ) -> Result<Page, Interruption> {
        let mut items = Vec::new();
        let mut add = |item: &RawValue| {
            if query.takes(item) {
                items.push(written_item(item, Some(app)));
            }
        };
        if !query.is_search() {
            let page = find::items_of(answer)?;
            for found in &page {
                add(&found.item);
            }
            self.step.seen(app, page.iter().filter_map(|found| found.head.app_revision()).max());
            return Ok(Page { items, is_last: false });
        }
        let hits = find::hits(answer)?;
        for id in &hits {
            if let Some(found) = find::by_item_id(calls, *id).await? {
                add(&found.item);
            }
        }
        Ok(Page { items, is_last: hits.len() < find::SEARCH_PAGE })
    }
}

/// A page of a lookup.
struct Page {
    /// The items that meet all criteria, as they are emitted.
    items: Vec<Vec<u8>>,
    /// Whether it is the last one, if the page itself tells: a search without a full page is at its end.
    is_last: bool,
}

#[async_trait]
impl Action for LookupItems {
    async fn run(&self, message: &Message<'_>, context: &Context<'_>) -> Result<(), Interruption> {
        object(message.body())?;
        let calls = self.step.calls(context.stop);
        let body = message.body();
        self.step.with_app(calls, |app| async move { self.lookup(calls, &app, body, context).await }).await
    }

    async fn choices(&self, method: &str, stop: &Stop) -> Result<Option<Value>, Failure> {
        self.step.choices(method, stop).await
    }

    async fn metadata(&self, stop: &Stop) -> Result<Option<Value>, Failure> {
        let app = self.step.app_of_form(stop).await?;
        let out = match self.step.settings.emit_behavior(EmitBehavior::All)? {
            EmitBehavior::Individually => metadata::item(&app),
            EmitBehavior::All | EmitBehavior::Page => metadata::items(&app),
        };
        Ok(Some(json!({ "in": metadata::criteria(&app), "out": out })))
    }
}
