//! The sandbox as a program: what it prints, what it reads from its environment, how it stops.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use crate::client::{OAUTH2, get};

/// A running program, which is killed when its test ends.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        if let Err(error) = self.0.kill() {
            panic!("the program cannot be killed: {error}");
        }
    }
}

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> (Program, Vec<SocketAddr>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_podio-sandbox"));
    command.args(["--podio", "127.0.0.1:0"]).args(arguments);
    command.env("SANDBOX_PLATFORM", "127.0.0.1:0").envs(environment.iter().copied());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().take(2);
    let addrs = lines.zip(["podio http://", "platform http://"]).map(|(line, prefix)| {
        let line = line.expect("a line");
        line.strip_prefix(prefix).and_then(|addr| addr.parse().ok()).expect("an address")
    });
    let addrs = addrs.collect();
    (Program(child), addrs)
}

#[tokio::test]
async fn it_gives_scripted_answers_and_stops_at_once_on_sigterm() {
    let file = std::env::temp_dir().join(format!("sandbox-answers-{}.json", std::process::id()));
    std::fs::write(&file, r#"{"podio": {"GET /a": [{"status": 500}], "GET /slow": [{"delay": 60}]}}"#).expect("a file");
    let answers = file.to_str().expect("a path in UTF-8");
    let environment = [
        ("SANDBOX_ANSWER", "GET /a=status:502\nGET /b=text:x"),
        ("SANDBOX_TOKEN_LIFETIME", "0"),
        ("SANDBOX_ONLY_ANSWERS", "no"),
    ];
    let (mut program, addrs) = run(&["--answers", answers], &environment);
    let mut statuses = Vec::new();
    for path in ["/a", "/a", "/b", "/user"] {
        statuses.push(get(addrs[0], path, OAUTH2).await.status);
    }
    assert_eq!(statuses, [500, 502, 200, 401]);
    let waiting = tokio::spawn(async move { crate::client::try_send(addrs[0], "GET /slow", &[], "").await.is_err() });
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let pid = program.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs").success());
    assert!(program.0.wait().expect("the program ends").success());
    assert!(waiting.await.expect("the call ends"));
    std::fs::remove_file(&file).expect("the file is there");
}

#[test]
fn an_invalid_answer_is_reported_and_nothing_starts() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_podio-sandbox"));
    let output = command.args(["--podio", "127.0.0.1:0", "--answer", "GET /a=status:1"]).output().expect("it runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors.contains("answer for `GET /a`: status 1 is not one from 200 to 999"), "{errors}");
    assert!(output.stdout.is_empty());
}
