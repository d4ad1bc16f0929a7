//! Properties of answers, through the client and a socket: whatever comes, the call ends within its time, what is returned
//! is bounded and can be emitted, and no text holds the token.

use std::{
    sync::{LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};

use elasticio_runtime::{
    settings::{Reader, Source},
    stop::Stop,
};
use serde_json::{Map, Value, value::RawValue};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
};

use super::{PODIO, read_settings, variables as v};
use crate::rest::{Answer, ApiClient, CallError, ClientSettings, OAuth, Request};

pub use super::rate_limit_text::fuzzed::rate_limit_text;

const TOKEN: &str = "t0ken-of-the-api";
/// The longest time of one call.
const TIME_OUT: Duration = Duration::from_millis(60);
/// What a busy machine needs besides.
const MARGIN: Duration = Duration::from_secs(20);
/// Bytes of the largest answer that is kept.
const MAX_ANSWER: usize = 16 * 1024;

/// How the server sends the answer.
#[derive(Clone, Copy)]
enum Sends {
    /// In pieces of so many bytes, then it closes the connection.
    Pieces(usize),
    /// The whole answer, then its second half without end.
    Endlessly,
    /// A byte each millisecond; then nothing more, but it stays.
    Dripping,
}

impl Sends {
    fn of(byte: u8) -> Self {
        match byte {
            0xFF => Self::Endlessly,
            0xFE => Self::Dripping,
            0 => Self::Pieces(usize::MAX),
            size => Self::Pieces(size.into()),
        }
    }
}

/// What all runs share.
struct Setup {
    runtime: Runtime,
    listener: TcpListener,
    client: ApiClient,
}

static SETUP: LazyLock<Mutex<Setup>> = LazyLock::new(|| Mutex::new(Setup::new()));

impl Setup {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        let variables = [(v::PODIO_API_URL.name, url), (v::PODIO_MAX_RESPONSE_SIZE.name, MAX_ANSWER.to_string())];
        let source = Source::from_iter(variables.map(|(name, value)| (name.to_owned(), value)));
        let settings = ClientSettings { timeout: TIME_OUT, ..read_settings(&mut Reader::new(&source)) };
        Self { runtime, listener, client: ApiClient::for_this_machine(&PODIO, settings, credential()) }
    }

    fn call(&self, answer: &[u8], sends: Sends) -> Result<Answer, CallError> {
        let client = self.client.anew(credential());
        let request = Request::get(client.address().resolve("/user?a=b").expect("an address"));
        let stop = Stop::default();
        self.runtime.block_on(async {
            tokio::select! {
                outcome = client.send(&request, &stop) => outcome,
                never = serve(&self.listener, answer, sends) => match never {},
            }
        })
    }
}

fn credential() -> OAuth {
    OAuth::read(Map::from_iter([("access_token".to_owned(), Value::from(TOKEN))])).expect("a credential")
}

/// The bytes of an answer, head and all. The first byte says how they are sent.
pub fn answer(data: &[u8]) {
    let Some((how, bytes)) = data.split_first() else { return };
    let setup = SETUP.lock().unwrap_or_else(PoisonError::into_inner);
    let began = Instant::now();
    let outcome = setup.call(bytes, Sends::of(*how));
    assert!(began.elapsed() < TIME_OUT + MARGIN, "the call takes longer than its time-out");
    match outcome {
        Ok(answer) => check(&answer),
        Err(error) => {
            let (owner, log) = (error.message(), error.to_string());
            assert!(!owner.contains(TOKEN) && !log.contains(TOKEN), "the token is shown");
            assert!(owner.len() < 70_000 && log.len() < 2000, "an error is long");
            if let Ok(answer) = error.into_answer() {
                check(&answer);
            }
        }
    }
}

fn check(answer: &Answer) {
    assert!(answer.len() <= MAX_ANSWER, "more is kept than the limit");
    let mut json = Vec::new();
    answer.write_headers(&mut json);
    json.push(b' ');
    let headers = json.len();
    answer.write_body(&mut json);
    for part in [&json[..headers], &json[headers..]] {
        serde_json::from_slice::<&RawValue>(part).expect("an answer is JSON");
    }
}

/// Answers every connection, a redirect's too.
async fn serve(listener: &TcpListener, answer: &[u8], sends: Sends) -> std::convert::Infallible {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            // A client that has heard enough hangs up.
            let _ = send(stream, answer, sends).await;
        }
    }
}

async fn send(mut stream: TcpStream, answer: &[u8], sends: Sends) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    stream.set_nodelay(true)?;
    match sends {
        Sends::Pieces(size) => {
            for piece in answer.chunks(size) {
                stream.write_all(piece).await?;
                tokio::task::yield_now().await;
            }
        }
        Sends::Endlessly => {
            stream.write_all(answer).await?;
            let again = answer[answer.len() / 2..].repeat(64);
            while !again.is_empty() {
                stream.write_all(&again).await?;
            }
        }
        Sends::Dripping => {
            for byte in answer {
                stream.write_all(&[*byte]).await?;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            return std::future::pending().await;
        }
    }
    stream.shutdown().await?;
    // What is not read would reset the connection, and the answer with it.
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
    Ok(())
}
