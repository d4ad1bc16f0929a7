//! Sends a call and follows its redirects.

use std::pin::pin;

use reqwest::{
    Method, Request, RequestBuilder, Response,
    header::{ACCEPT, LOCATION},
};
use tokio::time::{Instant, timeout_at};

use super::{
    LATE, SendError,
    coding::decoded,
    redirects::{Chain, tracked},
};

/// Sends a call. Redirects are followed as far as the client's policy allows; the answer is the last one. Its head must
/// come before `deadline`; how long its body may take is up to the reader. The body is decoded while it is read; what is
/// wrong with its content coding is an error of the body.
///
/// # Errors
/// See [`SendError`].
pub async fn send(call: RequestBuilder, deadline: Instant) -> Result<Response, SendError> {
    // Pinned, since it is large and would be moved.
    let answered = timeout_at(deadline, pin!(answer(call))).await;
    answered.unwrap_or_else(|_| Err(SendError::Broken(LATE.to_owned())))
}

async fn answer(call: RequestBuilder) -> Result<Response, SendError> {
    let (client, request) = call.build_split();
    let mut request = request.map_err(|error| SendError::of(&error, false))?;
    let accept = request.headers().get(ACCEPT).cloned();
    let mut chain = Chain::of(&request);
    loop {
        #[expect(clippy::disallowed_methods, reason = "the one place that sends")]
        let (outcome, after) = tracked(chain, pin!(client.execute(request))).await;
        chain = after;
        let response = outcome.map_err(|error| SendError::of(&error, chain.followed > 0))?;
        let Some(next) = chain.elsewhere.take() else {
            return match stream_redirect(&chain, &response) {
                Some(refusal) => Err(refusal),
                None => Ok(decoded(response)),
            };
        };
        request = Request::new(Method::GET, next);
        if let Some(accept) = &accept {
            request.headers_mut().insert(ACCEPT, accept.clone());
        }
    }
}

fn stream_redirect(chain: &Chain, response: &Response) -> Option<SendError> {
    if !response.status().is_redirection() {
        return None;
    }
    let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    let refusal = chain.not_asked(response.status(), response.url(), location)?;
    Some(SendError::Refused(refusal.to_string()))
}
