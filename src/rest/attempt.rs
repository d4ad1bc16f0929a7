//! One attempt of a request: the call, and what its result means for the retry policy and for the caller.

use std::time::Duration;

use reqwest::{
    RequestBuilder, Response, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE},
};
use tokio::time::{Instant, timeout_at};

use elasticio_runtime::http::{self, SendError, body::ReadError};

use super::{
    Answer, ByStatus, CallError, ClientSettings, Problem, Profile, Request,
    access_token::{AUTHORIZE_AGAIN, AccessToken, TokenError},
    address::same_origin,
    request::Payload,
    retry::{Decision, History, Outcome},
    transfer::{self, FileSink, FirstError, Flow, Source, StreamError},
};

/// The result of one attempt.
pub(super) enum Attempt {
    /// An answer came. `other_origin`: it came from another origin, to which the API redirected the call.
    Answered { answer: Answer, other_origin: bool },
    /// There was no connection, so the API never saw the request.
    NotSent(String),
    /// The answer is missing or incomplete; the API may have executed the request.
    Broken(String),
    /// An answer came and cannot be read; the API has most likely executed the request.
    Unreadable(String),
    /// Repeating the call would not help.
    Permanent(String),
    /// The file to upload cannot be read or sent. The API is not at fault.
    BadFile(String),
}

/// Sends a request once.
pub(super) async fn attempt(
    http: &http::Client,
    profile: &Profile,
    settings: &ClientSettings,
    request: &Request,
    token: &AccessToken,
) -> Attempt {
    let limit = if request.is_transfer() { settings.transfer_timeout } else { settings.timeout };
    let deadline = Instant::now() + limit.min(settings.time_left(request));
    let call = http
        .request(request.method.clone(), request.url.clone())
        .header(ACCEPT, "application/json, text/plain, */*")
        .header(AUTHORIZATION, token.authorization.clone());
    let mut source = Source::default();
    let call = match attach_payload(call, request, &mut source).await {
        Ok(call) => call,
        Err(reason) => return Attempt::BadFile(reason),
    };
    let sent = http.send(call, deadline);
    let sent = if matches!(request.payload, Some(Payload::File(_))) {
        tokio::select! {
            sent = sent => sent,
            () = source.flow.stalled(settings.stall_timeout) => {
                return Attempt::Broken(transfer::silent(settings.stall_timeout));
            }
        }
    } else {
        sent.await
    };
    let response = match sent {
        Ok(response) => response,
        Err(error) => return classify_error(error, source.error.seen().map(|error| error.to_string())),
    };
    let other_origin = !same_origin(response.url(), &request.url);
    let answer = match &request.sink {
        Some(sink) if response.status().is_success() => {
            let streamed = stream_into(response, sink.as_ref(), settings.stall_timeout);
            match timeout_at(deadline, streamed).await {
                Ok(answer) => answer,
                Err(_) => Err(Attempt::Broken(ReadError::Late.to_string())),
            }
        }
        _ => read(response, settings.max_response, profile.settings.max_response, deadline).await,
    };
    answer.map_or_else(|broken| broken, |answer| Attempt::Answered { answer, other_origin })
}

/// Reads the answer into memory.
async fn read(response: Response, limit: usize, setting: &str, deadline: Instant) -> Result<Answer, Attempt> {
    let status = response.status();
    Answer::read(response, limit, deadline).await.map_err(|error| match error {
        ReadError::Broken(error) => http::unreadable(&error)
            .map_or_else(|| Attempt::Broken(http::reason(&error)), |what| Attempt::unreadable(status, &what)),
        ReadError::Late => Attempt::Broken(error.to_string()),
        ReadError::NoMemory(_) => Attempt::Permanent(error.to_string()),
        ReadError::TooLarge => Attempt::Permanent(format!(
            "the answer has more than {limit} bytes ({setting}); ask for less, e.g. with limit and offset"
        )),
    })
}

/// Adds the payload to a call. A file is opened again for each attempt.
async fn attach_payload(
    call: RequestBuilder,
    request: &Request,
    source: &mut Source,
) -> Result<RequestBuilder, String> {
    Ok(match &request.payload {
        // Servers may refuse a POST without a length (RFC 9110, section 8.6).
        None if request.has_content() => call.header(CONTENT_LENGTH, 0),
        None => call,
        Some(Payload::Json(bytes)) => call.header(CONTENT_TYPE, "application/json").body(bytes.clone()),
        Some(Payload::Text(bytes)) if request.has_content() => {
            call.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(bytes.clone())
        }
        Some(Payload::Text(bytes)) => call.body(bytes.clone()),
        Some(Payload::File(file)) => {
            let file = file.open().await?;
            source.flow = Flow::new();
            let form = transfer::form(file, source);
            call.multipart(
                form.map_err(|_| "the file's content type is not a media type such as \"image/png\"".to_owned())?,
            )
        }
    })
}

/// Classifies a call without an answer. `source` is the error of the file that it carried, if any.
fn classify_error(error: SendError, source: Option<String>) -> Attempt {
    if let Some(reason) = source {
        return Attempt::BadFile(reason);
    }
    match error {
        SendError::NotSent(reason) => Attempt::NotSent(reason),
        SendError::Broken(reason) => Attempt::Broken(reason),
        SendError::Unreadable(what) => Attempt::Unreadable(what),
        SendError::Refused(reason) => Attempt::Permanent(reason),
    }
}

/// Streams the answer's body into a sink.
async fn stream_into(mut response: Response, sink: &dyn FileSink, limit: Duration) -> Result<Answer, Attempt> {
    let head = Answer::head(&mut response);
    let api = FirstError::default();
    let file = api.watch(transfer::file_of(response, limit).bytes);
    match (sink.take(file).await, api.seen()) {
        (Ok(()), None) => Ok(head),
        (_, Some(StreamError::Broken(reason))) => Err(Attempt::Broken(reason)),
        (_, Some(StreamError::Unreadable(what))) => Err(Attempt::unreadable(head.status, &what)),
        (Err(reason), None) => Err(Attempt::Permanent(reason)),
    }
}

impl Attempt {
    /// An answer with `status` whose body cannot be read.
    fn unreadable(status: StatusCode, what: &str) -> Self {
        Self::Unreadable(format!("status {}, but {what}", status.as_u16()))
    }

    /// The HTTP status of the answer, if one came and can be read.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Answered { answer, .. } => Some(answer.status.as_u16()),
            _ => None,
        }
    }

    /// What went wrong, in a word.
    pub(super) fn error_type(&self) -> &'static str {
        match self {
            Self::Answered { .. } => "",
            Self::NotSent(_) => "not_sent",
            Self::Broken(_) => "broken",
            Self::Unreadable(_) => "unreadable",
            Self::Permanent(_) => "refused",
            Self::BadFile(_) => "bad_file",
        }
    }

    /// The attempt as the retry policy sees it.
    pub(super) fn outcome(&self, profile: &Profile, by_status: &ByStatus) -> Outcome {
        match self {
            Self::Answered { answer, other_origin } => {
                let status = answer.status.as_u16();
                if profile.is_rate_limit(status) && !other_origin {
                    Outcome::RateLimited(answer.requested_wait(profile.wait_in_body))
                } else {
                    let retried = by_status.retried.contains(status);
                    Outcome::of_answer(status, answer.retry_after(), *other_origin, retried)
                }
            }
            Self::NotSent(_) => Outcome::NotSent,
            Self::Broken(_) => Outcome::Broken,
            Self::Unreadable(_) => Outcome::Unreadable,
            Self::Permanent(_) | Self::BadFile(_) => Outcome::Permanent,
        }
    }

    /// The result of the request, when this was its last attempt.
    pub(super) fn conclude(
        self,
        profile: &'static Profile,
        decision: Decision,
        request: &Request,
        history: History,
    ) -> Result<Answer, CallError> {
        let attempt = match self {
            Self::Answered { answer, .. } if decision == Decision::Done => return Ok(answer),
            attempt => attempt,
        };
        // Only an error names its request.
        let request = request.name(profile.route_words);
        let (attempts, repeated) = (history.attempts, history.ambiguous);
        let unknown = decision == Decision::OutcomeUnknown;
        let problem = match attempt {
            Self::Answered { answer, .. } if decision == Decision::Unauthorized => {
                let why = "a refreshed one was rejected too".to_owned();
                Problem::Unauthorized { answer: Box::new(answer), why, advice: AUTHORIZE_AGAIN }
            }
            Self::Answered { answer, .. } if unknown => Problem::OutcomeUnknown {
                request,
                reason: format!("{} answered {}", profile.name, answer.status.as_u16()),
                answer: Some(Box::new(answer)),
            },
            Self::Answered { answer, other_origin } => {
                Problem::Answered { answer: Box::new(answer), other_origin, attempts, request, repeated }
            }
            Self::Broken(reason) if unknown => Problem::OutcomeUnknown { request, answer: None, reason },
            Self::NotSent(reason) | Self::Broken(reason) => Problem::Unreachable { request, reason, attempts },
            Self::Unreadable(reason) => Problem::Unreadable { request, reason, attempts, unknown },
            Self::Permanent(reason) => Problem::Permanent { request, reason },
            Self::BadFile(reason) => Problem::BadFile { reason },
        };
        Err(problem.with_profile(profile))
    }

    /// The problem if the token was rejected and could not be refreshed. Includes the answer that rejected it, unless the
    /// message is rebounded or the worker stops.
    pub(super) fn unauthorized(self, error: TokenError) -> Problem {
        match (self, Problem::from(error)) {
            (Self::Answered { answer, .. }, Problem::Credential(why)) => {
                Problem::Unauthorized { answer: Box::new(answer), why: why.to_string(), advice: why.advice() }
            }
            (_, problem) => problem,
        }
    }
}
