//! `login`: gets a credential for `exec` through the authorization-code flow (RFC 6749, section 4.1) and writes it to a
//! file.

use std::{
    io::{BufRead, Write, stderr, stdin},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use secrecy::SecretString;
use tokio::{net::TcpListener, sync::mpsc, time::timeout};
use url::Url;

use super::{credential_file::CredentialFile, process};
use crate::{Component, settings::Reader, stop::Stop, telemetry::LogTarget};

mod args;
mod listener;
mod redirect;

pub(crate) use args::LoginArgs;
use redirect::{RedirectError, code_in};

/// Longest time until the consent is there.
const CONSENT_TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// Runs the command; the exit code is 0 when the credential is in the file.
pub(crate) fn run<C: Component>(args: &LoginArgs) -> ExitCode {
    process::exit_code::<C>(start::<C>(args))
}

fn start<C: Component>(args: &LoginArgs) -> anyhow::Result<ExitCode> {
    let source = process::start::<C>(LogTarget::Stderr)?;
    let runtime = process::runtime()?;
    let outcome = runtime.block_on(async {
        let stop = process::stop_on_signal()?;
        let source = args.sandbox.applied::<C>(source).await?;
        let mut reader = Reader::new(&source);
        let settings = C::settings(&mut reader);
        let settings = reader.finish(settings)?;
        tokio::select! {
            outcome = login::<C>(args, &settings) => outcome.map(|()| ExitCode::SUCCESS),
            () = stopped(stop) => bail!("stopped before the consent was given"),
        }
    });
    // A line of standard input may still be awaited on a thread of its own.
    runtime.shutdown_background();
    outcome
}

async fn stopped(stop: Stop) {
    stop.requested().await;
}

async fn login<C: Component>(args: &LoginArgs, settings: &C::Settings) -> anyhow::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", args.port))
        .await
        .with_context(|| format!("--port {}: 127.0.0.1 cannot be listened on", args.port))?;
    let redirect: Url = format!("http://127.0.0.1:{}/callback", listener.local_addr()?.port()).parse()?;
    // 122 random bits: nobody guesses them while the login waits.
    let state: Arc<str> = uuid::Uuid::new_v4().simple().to_string().into();
    let authorize = C::authorize_url(settings, &redirect, &state)?;
    writeln!(
        stderr(),
        "Open this address in a browser, log in and consent:\n\n    {authorize}\n\n\
         The browser is then sent to {redirect}, where this program waits. If the browser runs on another machine, it \
         shows an error there: paste the address that it was sent to here, and press Enter."
    )?;
    let code = timeout(CONSENT_TIMEOUT, consent(listener, &state)).await;
    let minutes = CONSENT_TIMEOUT.as_secs() / 60;
    let code = code.with_context(|| format!("nobody consented within {minutes} minutes; run login again"))??;
    let credential = C::exchange_code(settings, &code, &redirect).await?;
    let file = args.credential.display();
    CredentialFile::new(args.credential.clone())
        .put(&credential)
        .with_context(|| format!("--credential {file}: the credential cannot be written there"))?;
    let (name, example) = (C::INFO.name, C::INFO.example);
    writeln!(stderr(), "The credential is in {file}. Try it:\n\n    {name} exec --credential {file} '{example}'")?;
    Ok(())
}

/// Waits for the code: from the browser, or pasted.
async fn consent(listener: TcpListener, state: &Arc<str>) -> anyhow::Result<SecretString> {
    let (answers, mut answered) = mpsc::channel(1);
    let serving = tokio::spawn(listener::serve(listener, state.clone(), answers.clone()));
    read_pasted(state.clone(), answers);
    let answer = answered.recv().await.context("neither the browser nor standard input can be waited for")?;
    serving.abort();
    Ok(answer?)
}

/// Reads pasted addresses on a thread of its own, until one is an answer.
fn read_pasted(state: Arc<str>, answers: mpsc::Sender<Result<SecretString, RedirectError>>) {
    std::thread::spawn(move || {
        for line in stdin().lock().lines().map_while(Result::ok).filter(|line| !line.trim().is_empty()) {
            match code_in(&line, &state) {
                Err(error) if error.is_foreign() => {
                    // Nobody reads what cannot be written.
                    let _ = writeln!(stderr(), "{error}. Paste the whole address.");
                }
                answer => {
                    let _ = answers.blocking_send(answer);
                    return;
                }
            }
        }
    });
}
