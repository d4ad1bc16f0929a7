//! The commands in documents work. A block `sh run` is run as it stands, in a folder that looks like the repository after
//! a build, with the sandbox in the place of Podio. Of other blocks, which say in a word why they are not run, the make
//! targets, scripts, test targets and packages that they name are there.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use podio_sandbox::Options;
use regex_lite::Regex;

use super::{Block, pages, root};

/// Why a block is not run.
const NOT_RUN: [&str; 6] = [
    "make",       // takes minutes, and runs by itself
    "terminal",   // does not end
    "containers", // needs an engine
    "cluster",    // needs kubectl
    "toolchain",  // installs or builds, or needs another toolchain
    "release",    // belongs to a repository of its own
];
/// What documents call the sandbox.
const SANDBOX: &str = "http://127.0.0.1:8090";

/// A folder with what the repository has, the built programs where `make programs` puts them, and a cargo that has
/// nothing to build.
fn prepare(folder: &Path) -> Result<()> {
    for entry in ["deploy", "docs", "schemas", "component.json", "scripts", "Makefile"] {
        symlink(root().join(entry), folder.join(entry))?;
    }
    fs::create_dir_all(folder.join("target/debug"))?;
    symlink(env!("CARGO_BIN_EXE_podio-component"), folder.join("target/debug/podio-component"))?;
    fs::create_dir(folder.join("bin"))?;
    let cargo = folder.join("bin/cargo");
    fs::write(&cargo, "#!/bin/sh\n[ \"$1\" = build ] || { echo \"cargo $*: not in a test\" >&2; exit 1; }\n")?;
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

#[tokio::test]
async fn the_commands_of_the_documents_work() -> Result<()> {
    let sandbox = podio_sandbox::start(Options::default()).await?;
    let mut run = 0;
    for page in pages()? {
        // The blocks of one page are typed one after the other.
        let folder = tempfile::tempdir()?;
        prepare(folder.path())?;
        for block in page.parts().0.iter().filter(|block| block.info == "sh run") {
            run += 1;
            let script = block.code.replace(SANDBOX, sandbox.podio_url().trim_end_matches('/'));
            let path = format!("{}:{}", folder.path().join("bin").display(), std::env::var("PATH")?);
            let mut shell = tokio::process::Command::new("bash");
            shell.args(["-euo", "pipefail", "-c", &script]).current_dir(folder.path());
            shell.env_clear().env("PATH", path).env("HOME", folder.path()).kill_on_drop(true);
            let output = shell.output().await?;
            ensure!(
                output.status.success(),
                "{}: {}\n{}{}",
                page.path.display(),
                block.code,
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
    ensure!(run >= 3, "only {run} blocks were run");
    sandbox.shutdown().await;
    Ok(())
}

/// Fails unless what the block names is there.
fn ensure_names_exist(block: &Block<'_>) -> Result<()> {
    let makefile = fs::read_to_string(root().join("Makefile"))?;
    for found in Regex::new(r"(?m)^(?:[A-Z]+=\S+ )*make ([a-z-]+)")?.captures_iter(&block.code) {
        let target = &found[1];
        ensure!(makefile.contains(&format!("\n{target}: ")), "there is no target {target}");
    }
    for found in Regex::new(r"(?:^|[\s(])(scripts/[a-z-]+)")?.captures_iter(&block.code) {
        let mode = fs::metadata(root().join(&found[1])).with_context(|| found[1].to_owned())?.permissions().mode();
        ensure!(mode & 0o111 != 0, "{} cannot be run", &found[1]);
    }
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let metadata = Command::new(cargo).args(["metadata", "--no-deps", "--format-version", "1"]).output()?;
    let metadata = String::from_utf8(metadata.stdout)?;
    for found in Regex::new(r"(?:-p|--test|--example) ([a-z_-]+)")?.captures_iter(&block.code) {
        ensure!(metadata.contains(&format!("\"name\":\"{}\"", &found[1])), "there is no {}", &found[0]);
    }
    Ok(())
}

#[test]
fn commands_that_are_not_run_name_what_is_there() -> Result<()> {
    let mut count = 0;
    for page in pages()? {
        for block in page.parts().0 {
            let place = || format!("{}: {}", page.path.display(), block.code);
            match block.info.split(' ').collect::<Vec<_>>()[..] {
                ["sh", "run"] => {}
                ["sh", why] if NOT_RUN.contains(&why) => {
                    count += 1;
                    ensure_names_exist(&block).with_context(place)?;
                }
                ["sh", ..] => bail!("say whether it is run, or why it is not: {}", place()),
                // Without a word, commands would go unnoticed.
                [""] => ensure!(!block.code.contains("cargo ") && !block.code.contains("curl "), "{}", place()),
                _ => {}
            }
        }
    }
    ensure!(count > 5, "only {count} blocks were found");
    Ok(())
}

#[test]
fn a_name_that_is_not_there_is_found() {
    let check = |code: &str| ensure_names_exist(&Block { info: "sh make", code: code.to_owned() });
    for code in ["make nothing", "BROKER=4 make nothing", "x=$(scripts/nothing a)", "cargo test --test nothing"] {
        assert!(check(code).is_err(), "{code}");
    }
    for code in ["make test # make nothing", "scripts/broker start", "cargo test -p podio-sandbox --test it"] {
        assert!(check(code).is_ok(), "{code}: {:?}", check(code));
    }
}
