//! One attempt of a request: the call itself, and what it turned out to be.

use reqwest::{
    Client, RequestBuilder, Response,
    header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE},
};

use elasticio_runtime::http::{self, body::ReadError};

use super::{
    Answer, CallError, ClientSettings, Problem, Profile, Request,
    access_token::{AccessToken, TokenError},
    address::same_origin,
    redirects,
    request::Payload,
    retry::{Decision, Outcome},
    transfer::{self, FileSink, FirstError},
};

/// One attempt, as it went.
pub(super) enum Attempt {
    /// `elsewhere`: by another origin, to which the API redirected it.
    Answered {
        answer: Answer,
        elsewhere: bool,
    },
    NotSent(String),
    Broken(String),
    Hopeless(String),
    /// The file that it was to carry is not one that can be sent; the API has no part in it.
    BadFile(String),
}

/// Sends a request once.
pub(super) async fn attempt(
    http: &Client,
    profile: &Profile,
    settings: &ClientSettings,
    request: &Request,
    token: &AccessToken,
) -> Attempt {
    let limit = if request.is_transfer() { settings.transfer_timeout } else { settings.timeout };
    let call = http
        .request(request.method.clone(), request.url.clone())
        .header(ACCEPT, "application/json, text/plain, */*")
        .header(AUTHORIZATION, token.authorization.clone())
        .timeout(limit);
    let source = FirstError::default();
    let call = match load(call, request, &source).await {
        Ok(call) => call,
        Err(reason) => return Attempt::BadFile(reason),
    };
    let response = match redirects::watched(call.send()).await {
        (Ok(response), _) => response,
        (Err(error), redirected) => return unanswered(&error, source.seen(), redirected),
    };
    let elsewhere = !same_origin(response.url(), &request.url);
    let answer = match &request.sink {
        Some(sink) if response.status().is_success() => pour(response, sink.as_ref()).await,
        _ => read(response, settings.max_response, profile.settings.max_response).await,
    };
    answer.map_or_else(|broken| broken, |answer| Attempt::Answered { answer, elsewhere })
}

/// Reads an answer whole.
async fn read(response: Response, limit: usize, setting: &str) -> Result<Answer, Attempt> {
    Answer::read(response, limit).await.map_err(|error| match error {
        ReadError::Broken(error) => Attempt::Broken(http::reason(&error)),
        ReadError::TooLarge => Attempt::Hopeless(format!(
            "the answer has more than {limit} bytes ({setting}); ask for less, e.g. with limit and offset"
        )),
    })
}

/// Puts the payload onto a call; a file is opened for this attempt.
async fn load(call: RequestBuilder, request: &Request, source: &FirstError) -> Result<RequestBuilder, String> {
    Ok(match &request.payload {
        // Servers may refuse a POST that says nothing of its length (RFC 9110, section 8.6).
        None if request.has_content() => call.header(CONTENT_LENGTH, 0),
        None => call,
        Some(Payload::Json(bytes)) => call.header(CONTENT_TYPE, "application/json").body(bytes.clone()),
        Some(Payload::Text(bytes)) if request.has_content() => {
            call.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(bytes.clone())
        }
        Some(Payload::Text(bytes)) => call.body(bytes.clone()),
        Some(Payload::File(upload)) => {
            let file = upload.source.open().await?;
            let form = transfer::form(file, &upload.name, &upload.media, source);
            call.multipart(form.map_err(|_| "the file's content type is no media type, e.g. \"image/png\"".to_owned())?)
        }
    })
}

/// What a call that got no answer was; `source`: what broke in the file that it carried. One that was `redirected`
/// reached the API, which may have executed it, even when there is no connection to where it was sent next.
fn unanswered(error: &reqwest::Error, source: Option<String>, redirected: bool) -> Attempt {
    if let Some(reason) = source {
        return Attempt::BadFile(reason);
    }
    let reason = http::reason(error);
    match error {
        error if error.is_connect() && !redirected => Attempt::NotSent(reason),
        error if error.is_builder() || error.is_redirect() => Attempt::Hopeless(reason),
        _ => Attempt::Broken(reason),
    }
}

/// Lets an answer's body flow into a sink.
async fn pour(mut response: Response, sink: &dyn FileSink) -> Result<Answer, Attempt> {
    let head = Answer::head(&mut response);
    let api = FirstError::default();
    let file = api.watch(transfer::file_of(response).bytes);
    match (sink.take(file).await, api.seen()) {
        (Ok(()), None) => Ok(head),
        (_, Some(reason)) => Err(Attempt::Broken(reason)),
        (Err(reason), None) => Err(Attempt::Hopeless(reason)),
    }
}

impl Attempt {
    /// What the retry policy sees of it.
    pub(super) fn outcome(&self, profile: &Profile) -> Outcome {
        match self {
            Self::Answered { answer, elsewhere } => {
                let status = answer.status.as_u16();
                let rate_limit = profile.is_rate_limit(status).then(|| answer.named_wait(profile.wait_in_body));
                Outcome::of_answer(status, rate_limit, *elsewhere)
            }
            Self::NotSent(_) => Outcome::NotSent,
            Self::Broken(_) => Outcome::Broken,
            Self::Hopeless(_) | Self::BadFile(_) => Outcome::Hopeless,
        }
    }

    /// The result of the request, after its last attempt.
    pub(super) fn conclude(
        self,
        profile: &'static Profile,
        decision: Decision,
        request: &Request,
        attempts: u32,
    ) -> Result<Answer, CallError> {
        let request = request.name();
        let unknown = decision == Decision::OutcomeUnknown;
        let problem = match self {
            Self::Answered { answer, .. } if decision == Decision::Done => return Ok(answer),
            Self::Answered { answer, .. } if decision == Decision::Unauthorized => {
                Problem::Unauthorized { answer: Box::new(answer), why: "a refreshed one was rejected too".to_owned() }
            }
            Self::Answered { answer, .. } if unknown => Problem::OutcomeUnknown {
                request,
                reason: format!("{} answered {}", profile.name, answer.status.as_u16()),
                answer: Some(Box::new(answer)),
            },
            Self::Answered { answer, elsewhere } => {
                Problem::Answered { answer: Box::new(answer), elsewhere, attempts, request }
            }
            Self::Broken(reason) if unknown => Problem::OutcomeUnknown { request, answer: None, reason },
            Self::NotSent(reason) | Self::Broken(reason) => Problem::Unreachable { request, reason, attempts },
            Self::Hopeless(reason) => Problem::Hopeless { request, reason },
            Self::BadFile(reason) => Problem::BadFile { reason },
        };
        Err(problem.of(profile))
    }

    /// The problem with a rejected token that was not refreshed: with the answer that rejected it, unless the message
    /// is to come again.
    pub(super) fn unauthorized(self, error: TokenError) -> Problem {
        match (self, Problem::from(error)) {
            (Self::Answered { answer, .. }, Problem::Credential(why)) => {
                Problem::Unauthorized { answer: Box::new(answer), why: why.to_string() }
            }
            (_, problem) => problem,
        }
    }
}
