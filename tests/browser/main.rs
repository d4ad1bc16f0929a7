//! What people do in a browser, in a headless Chromium: the sandbox's page, and the consent of a login.

mod driver;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use driver::Browser;
use fantoccini::Locator;
use podio_sandbox::{Options, Sandbox};
use podio_test_support::{Ended, run_to_end, until};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

const BOUND: Duration = Duration::from_secs(30);

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_podio-component"))
}

/// The text of an element; empty while there is none. The page replaces its rows again and again.
async fn text(browser: &Browser, css: &str) -> Result<String> {
    let element = match browser.client.find(Locator::Css(css)).await {
        Ok(element) => element,
        Err(error) if error.is_no_such_element() => return Ok(String::new()),
        Err(error) => return Err(error.into()),
    };
    match element.text().await {
        Ok(text) => Ok(text),
        Err(error) if error.is_stale_element_reference() => Ok(String::new()),
        Err(error) => Err(error.into()),
    }
}

/// Waits until the element has a text with this part.
async fn shows(browser: &Browser, css: &str, part: &str) -> Result<()> {
    let what = format!("{part:?} in {css}");
    until(&what, BOUND, async || Ok(text(browser, css).await?.contains(part).then_some(()))).await
}

async fn fill(browser: &Browser, css: &str, value: &str) -> Result<()> {
    let field = browser.client.find(Locator::Css(css)).await?;
    field.clear().await?;
    Ok(field.send_keys(value).await?)
}

async fn get_user(sandbox: &Sandbox) -> Result<()> {
    let message = r#"{"body":{"method":"GET","url":"/user"}}"#;
    let finished = run_to_end(program(), &["exec", "--sandbox", &sandbox.podio_url(), message], &[], "", BOUND).await?;
    assert_eq!(finished.ended, Ended(0), "{}{}", finished.output, finished.errors);
    Ok(())
}

#[tokio::test]
async fn the_sandbox_s_page_orders_faults_and_shows_the_calls_live() -> Result<()> {
    let sandbox = podio_sandbox::start(Options::default()).await?;
    let browser = Browser::start().await?;
    browser.client.goto(&format!("{}/_sandbox/", sandbox.podio_url())).await?;
    shows(&browser, "#addresses", &sandbox.platform_url()).await?;
    shows(&browser, "#tokens", "sandbox-access-token").await?;

    fill(&browser, "#fault input[name=times]", "1").await?;
    let answers = browser.client.find(Locator::Css("#fault select")).await?;
    answers.select_by_label("500 server error").await?;
    browser.client.find(Locator::Css("#fault button")).await?.click().await?;
    shows(&browser, "#faults", "500 → normal").await?;
    get_user(&sandbox).await?;
    shows(&browser, "#calls tr.failed", "500").await?;
    shows(&browser, "#calls", "200").await?;
    assert!(text(&browser, "#faults").await?.trim_end().ends_with('1'), "it was given once");

    fill(&browser, "#short input", "GET /user=status:many").await?;
    browser.client.find(Locator::Css("#short button")).await?.click().await?;
    shows(&browser, "#problem", "status is `many`").await?;
    fill(&browser, "#limit input", "1/3600").await?;
    browser.client.find(Locator::Css("#limit button")).await?.click().await?;
    shows(&browser, "#pools", "1 in 60 min").await?;
    browser.client.find(Locator::Css("button[data-call='POST expire-tokens']")).await?.click().await?;
    until("no token", BOUND, async || Ok(text(&browser, "#tokens").await?.is_empty().then_some(()))).await?;
    browser.close().await
}

#[tokio::test]
async fn a_login_ends_when_the_browser_has_consented() -> Result<()> {
    let sandbox = podio_sandbox::start(Options::default()).await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("credential.json");
    let mut login = Command::new(program())
        .args(["login", "--sandbox", &sandbox.podio_url(), "--credential"])
        .arg(&file)
        .env_clear()
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(login.stderr.take().context("standard error")?).lines();
    let address = loop {
        let line = timeout(BOUND, lines.next_line()).await??.context("the address to open")?;
        if line.starts_with("    http") {
            break line.trim().to_owned();
        }
    };
    let browser = Browser::start().await?;
    browser.client.goto(&address).await?;
    shows(&browser, "body", "You can close this page").await?;
    assert_eq!(Ended::from(timeout(BOUND, login.wait()).await??), Ended(0));
    assert!(file.exists());
    browser.close().await
}
