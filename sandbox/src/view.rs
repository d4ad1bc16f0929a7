//! What the page shows of the sandbox's state: texts are cut, and there are only the newest calls and tokens.

use std::time::Instant;

use serde::Serialize;

use crate::answers::Progress;
use crate::api::Api;
use crate::journal::Call;
use crate::rate_limit::Pool;
use crate::state::State;
use crate::store::{Credential, HookState, TokenAge};
use crate::traces::ShownSpan;

/// Calls that the page shows.
const CALLS: usize = 100;
/// Tokens that the page shows.
const TOKENS: usize = 10;
/// Characters of a token or of a body that the page shows.
const TEXT: usize = 120;

/// The state, for `GET /_sandbox/state`.
#[derive(Debug, Serialize)]
pub(crate) struct View {
    podio: String,
    platform: String,
    /// The credential that was issued last, for whoever has none.
    credential: Credential,
    faults: Vec<Progress>,
    tokens: Vec<TokenAge>,
    refresh_tokens: usize,
    pools: Vec<Pool>,
    hooks: Vec<HookState>,
    spans: Vec<ShownSpan>,
    call_count: usize,
    calls: Vec<ShownCall>,
}

#[derive(Debug, Serialize)]
struct ShownCall {
    at: u64,
    api: Api,
    method: String,
    path: String,
    status: u16,
    token: String,
    body: String,
}

impl View {
    /// The state now, the newest calls first.
    pub(crate) fn of(state: &State) -> Self {
        let now = Instant::now();
        let (call_count, calls) = state.journal.newest(CALLS);
        Self {
            podio: state.urls.podio.clone(),
            platform: state.urls.platform.clone(),
            credential: state.tokens.current(),
            faults: state.scripts.progress(),
            tokens: state.tokens.newest(TOKENS, now),
            refresh_tokens: state.tokens.refresh_count(),
            pools: state.limiter.pools(now),
            hooks: state.records().hooks.states(),
            spans: state.traces.shown(),
            call_count,
            calls: calls.into_iter().map(ShownCall::of).collect(),
        }
    }
}

impl ShownCall {
    fn of(call: Call) -> Self {
        Self {
            at: call.at,
            api: call.api,
            method: call.method,
            path: cut(&call.path),
            status: call.status,
            token: cut(&call.authorization.unwrap_or_default()),
            body: cut(&call.body),
        }
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
