//! `podio-component login`: the authorization-code flow against the sandbox's authorize page.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use elasticio_runtime::http::Client;
use podio_sandbox::{Answers, Options, Sandbox};
use podio_test_support::{Ended, run_to_end};
use reqwest::{Response, StatusCode, Url};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::{Instant, timeout};

use crate::step::{BOUND, program};

/// A login that waits for the consent.
struct Login {
    sandbox: Sandbox,
    folder: TempDir,
    process: Child,
    errors: Lines<BufReader<ChildStderr>>,
    authorize: Url,
    redirect: Url,
    state: String,
}

impl Login {
    async fn start() -> Result<Self> {
        let sandbox = podio_sandbox::start(Options::default()).await?;
        let folder = tempfile::tempdir()?;
        let mut process = Command::new(program())
            .args(["login", "--credential"])
            .arg(folder.path().join("credential.json"))
            .env_clear()
            .env("PODIO_AUTHORIZE_URL", format!("{}/oauth/authorize", sandbox.podio_url()))
            .env("PODIO_TOKEN_URL", format!("{}/oauth/token", sandbox.podio_url()))
            .env("PODIO_API_URL", sandbox.podio_url())
            .env("PODIO_CLIENT_ID", "sandbox-client")
            .env("PODIO_CLIENT_SECRET", "sandbox-secret")
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut errors = BufReader::new(process.stderr.take().context("standard error")?).lines();
        let authorize: Url = loop {
            let line = timeout(BOUND, errors.next_line()).await??.context("the address to open")?;
            if let Some(address) = line.trim().strip_prefix("http").filter(|_| line.starts_with("    ")) {
                break format!("http{address}").parse()?;
            }
        };
        let parameter = |name: &str| {
            let found = authorize.query_pairs().find(|(key, _)| key == name);
            found.map(|(_, value)| value.into_owned()).with_context(|| format!("{name} in {authorize}"))
        };
        ensure!(parameter("response_type")? == "code" && parameter("client_id")? == "sandbox-client");
        let (redirect, state) = (parameter("redirect_uri")?.parse()?, parameter("state")?);
        Ok(Self { sandbox, folder, process, errors, authorize, redirect, state })
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("credential.json")
    }

    /// What a browser sees that is sent to `redirect` with this query.
    async fn visit(&self, query: &str) -> Result<(StatusCode, String)> {
        let mut url = self.redirect.clone();
        url.set_query(Some(query));
        let answer = browse(url).await?;
        Ok((answer.status(), answer.text().await?))
    }

    /// How the program ended, and what it said after the address.
    async fn ended(&mut self) -> Result<(Ended, String)> {
        let mut said = Vec::new();
        while let Some(line) = timeout(BOUND, self.errors.next_line()).await?? {
            said.push(line);
        }
        Ok((timeout(BOUND, self.process.wait()).await??.into(), said.join("\n")))
    }

    async fn paste(&mut self, text: &str) -> Result<()> {
        let stdin = self.process.stdin.as_mut().context("standard input")?;
        Ok(stdin.write_all(format!("{text}\n").as_bytes()).await?)
    }
}

/// What a browser gets, which follows redirects.
async fn browse(url: Url) -> Result<Response> {
    let http = Client::new("browser")?;
    Ok(http.send(http.get(url), Instant::now() + BOUND).await?)
}

/// Where the authorize page sends the browser.
async fn consented(authorize: Url) -> Result<String> {
    let http = Client::without_redirects("browser")?;
    let answer = http.send(http.get(authorize), Instant::now() + BOUND).await?;
    Ok(answer.headers().get("location").context("a redirect")?.to_str()?.to_owned())
}

/// The credential in the file works, and nobody else can read it.
async fn assert_usable(file: &Path, sandbox: &Sandbox) -> Result<()> {
    assert_eq!(std::fs::metadata(file)?.permissions().mode() & 0o777, 0o600);
    let credential: Value = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    for field in ["access_token", "refresh_token"] {
        assert!(credential[field].as_str().is_some_and(|token| !token.is_empty()), "{field}");
    }
    let file = file.to_str().context("UTF-8")?;
    let message = json!({ "body": { "method": "GET", "url": "/user" } }).to_string();
    let url = sandbox.podio_url();
    let finished =
        run_to_end(program(), &["exec", "--credential", file, &message], &[("PODIO_API_URL", &url)], "", BOUND).await?;
    assert_eq!(finished.ended, Ended(0), "{}", finished.errors);
    Ok(())
}

#[tokio::test]
async fn the_browser_comes_back_and_the_credential_is_in_a_file_of_mode_0600() -> Result<()> {
    let mut login = Login::start().await?;
    let page = browse(login.authorize.clone()).await?;
    assert_eq!((page.status(), page.text().await?.contains("close this page")), (StatusCode::OK, true));
    let (ended, said) = login.ended().await?;
    assert_eq!(ended, Ended(0), "{said}");
    assert!(said.contains("podio-component exec --credential"), "{said}");
    assert_usable(&login.file(), &login.sandbox).await
}

#[tokio::test]
async fn over_ssh_the_address_is_pasted() -> Result<()> {
    let mut login = Login::start().await?;
    let address = consented(login.authorize.clone()).await?;
    login.paste("hello").await?;
    login.paste(&format!("  {address} ")).await?;
    let (ended, said) = login.ended().await?;
    assert_eq!(ended, Ended(0), "{said}");
    assert!(said.contains("this is not the address"), "{said}");
    assert_usable(&login.file(), &login.sandbox).await
}

#[tokio::test]
async fn a_wrong_state_changes_nothing_and_the_login_goes_on() -> Result<()> {
    let mut login = Login::start().await?;
    let (status, page) = login.visit("code=code-of-an-attacker&state=guessed").await?;
    assert!(status == StatusCode::BAD_REQUEST && page.contains("another login"), "{page}");
    let (status, _) = login.visit("error=access_denied&state=guessed").await?;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(login.sandbox.calls().len(), 0, "the code was not exchanged");
    browse(login.authorize.clone()).await?;
    assert_eq!(login.ended().await?.0, Ended(0));
    Ok(())
}

#[tokio::test]
async fn a_denied_consent_and_a_code_that_is_used_up_end_the_login_with_what_to_do() -> Result<()> {
    let mut login = Login::start().await?;
    let query = format!("error=access_denied&error_description=The+user&state={}", login.state);
    login.visit(&query).await?;
    let (ended, said) = login.ended().await?;
    assert!(ended == Ended(1) && said.contains("the consent was denied"), "{said}");
    assert!(!login.file().exists());

    let mut login = Login::start().await?;
    let mut answers = Answers::default();
    answers.push_short(r#"POST /oauth/token=status:400,json:{"error":"invalid_grant"}"#)?;
    login.sandbox.set_answers(answers)?;
    let query = format!("code=code-s3cret&state={}", login.state);
    login.visit(&query).await?;
    let (ended, said) = login.ended().await?;
    assert!(ended == Ended(1) && said.contains("used already or has expired; run login again"), "{said}");
    assert!(!said.contains("s3cret") && !login.file().exists(), "{said}");
    Ok(())
}

#[tokio::test]
async fn what_is_missing_is_named() -> Result<()> {
    let finished = run_to_end(program(), &["login", "--credential", "/nowhere/c.json"], &[], "", BOUND).await?;
    assert_eq!(finished.ended, Ended(1));
    assert!(finished.errors.contains("set PODIO_CLIENT_ID and PODIO_CLIENT_SECRET"), "{}", finished.errors);
    Ok(())
}
