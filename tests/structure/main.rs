//! The walls of the house: which crate and which module may use which. The compiler holds those between the crates as
//! long as their manifests stay as they are; these tests hold the manifests and the modules. `make map` prints what
//! they see.
#![expect(clippy::print_stdout, reason = "the map is printed for people")]

mod lines;
mod modules;
mod texts;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use modules::{Arrows, arrows};
use serde_json::Value;

/// A module, and the modules of its crate that it may use. There is no arrow the other way.
type Rules = &'static [(&'static str, &'static [&'static str])];

const RUNTIME: Rules = &[
    ("amqp", &["platform", "settings", "stop", "telemetry", "tls"]),
    ("cli", &["commands", "component"]),
    (
        "commands",
        &[
            "amqp",
            "component",
            "dispatcher",
            "http",
            "large",
            "platform",
            "settings",
            "stop",
            "telemetry",
            "tls",
            "worker",
        ],
    ),
    ("component", &["dispatcher", "platform", "settings"]),
    ("dispatcher", &["platform", "stop"]),
    ("fuzzed", &["amqp", "commands", "platform", "worker"]),
    ("http", &["large", "tls"]),
    ("large", &["settings", "telemetry"]),
    ("platform", &["http", "large", "settings", "telemetry"]),
    ("settings", &[]),
    ("stop", &[]),
    ("telemetry", &["settings"]),
    ("tls", &["settings"]),
    ("worker", &["amqp", "dispatcher", "large", "platform", "settings", "stop", "telemetry"]),
];

const COMPONENT: Rules = &[
    ("actions", &["podio", "rest"]),
    ("component", &["actions", "podio", "rest", "triggers"]),
    ("fuzzed", &["actions", "podio", "rest"]),
    ("podio", &["rest"]),
    ("rest", &[]),
    ("triggers", &["podio", "rest"]),
];

/// A library, and the only files and folders that may name it.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("lapin", &["runtime/src/amqp"]),
    ("oauth2", &["src/rest/token_endpoint"]),
    ("reqwest", &["runtime/src/commands", "runtime/src/http", "runtime/src/platform", "src/actions", "src/rest"]),
    (
        "clap",
        &[
            "runtime/src/cli.rs",
            "runtime/src/commands/check/args.rs",
            "runtime/src/commands/exec/args.rs",
            "runtime/src/commands/login/args.rs",
            "runtime/src/commands/sandbox.rs",
        ],
    ),
    ("opentelemetry", &["runtime/src/telemetry"]),
    ("opentelemetry_http", &["runtime/src/commands/otlp.rs", "runtime/src/telemetry/traces"]),
    ("opentelemetry_otlp", &["runtime/src/telemetry/traces"]),
    ("opentelemetry_sdk", &["runtime/src/telemetry/traces"]),
    ("prometheus", &["runtime/src/telemetry/metrics"]),
    ("tracing_subscriber", &["runtime/src/telemetry"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The dependencies of every workspace member that its program is built of, by name.
fn members() -> Result<BTreeMap<String, BTreeSet<String>>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--locked", "--format-version", "1"])
        .current_dir(root())
        .output()
        .context("cargo metadata")?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("the output of cargo metadata")?;
    let packages = metadata["packages"].as_array().context("packages")?;
    let member = |package: &Value| {
        let dependencies = package["dependencies"].as_array()?;
        let built = dependencies.iter().filter(|dependency| dependency["kind"].is_null());
        let names = built.filter_map(|dependency| Some(dependency["name"].as_str()?.to_owned()));
        Some((package["name"].as_str()?.to_owned(), names.collect()))
    };
    packages.iter().map(|package| member(package).context("a package")).collect()
}

/// A module uses only what it may, and every rule is about a module that is there.
fn ensure_kept(source: &str, rules: Rules) -> Result<Arrows> {
    let arrows = arrows(&root().join(source))?;
    for (module, used) in &arrows {
        let (_, allowed) = rules
            .iter()
            .find(|(name, _)| name == module)
            .with_context(|| format!("{source}/{module} is new: say here what it may use"))?;
        for (other, file) in used {
            ensure!(
                allowed.contains(&other.as_str()),
                "{module} may not use {other}: see {}",
                file.strip_prefix(root()).unwrap_or(file).display()
            );
        }
    }
    for (module, _) in rules {
        ensure!(arrows.contains_key(*module), "{source}/{module} is gone: take its rule away");
    }
    Ok(arrows)
}

/// Prints a crate's map, a module a line.
fn print_map(name: &str, arrows: &Arrows) {
    println!("{name}");
    for (module, used) in arrows {
        let used: Vec<&str> = used.keys().map(String::as_str).collect();
        println!(
            "  {module:<12} {}",
            if used.is_empty() { "–".to_owned() } else { format!("──► {}", used.join(", ")) }
        );
    }
}

#[test]
fn the_runtime_knows_no_component() -> Result<()> {
    let members = members()?;
    let own = |package: &str| -> Result<BTreeSet<&str>> {
        let dependencies = members.get(package).with_context(|| format!("there is no package {package}"))?;
        Ok(dependencies.iter().map(String::as_str).filter(|name| members.contains_key(*name)).collect())
    };
    assert_eq!(own("elasticio-runtime")?, BTreeSet::new());
    assert_eq!(own("podio-component")?, BTreeSet::from(["elasticio-runtime"]));
    assert_eq!(own("echo-component")?, BTreeSet::from(["elasticio-runtime"]));
    assert!(!members["elasticio-runtime"].contains("oauth2"), "OAuth2 is a component's business");
    for (package, dependencies) in &members {
        let used: Vec<&str> = own(package)?.into_iter().collect();
        println!("{package:<22} {} crates, of this workspace: {}", dependencies.len(), used.join(", "));
    }
    Ok(())
}

#[test]
fn modules_use_only_what_lies_below_them() -> Result<()> {
    print_map("elasticio_runtime (runtime/src)", &ensure_kept("runtime/src", RUNTIME)?);
    print_map("podio_component (src)", &ensure_kept("src", COMPONENT)?);
    Ok(())
}

#[test]
fn rules_have_no_circle() {
    for rules in [RUNTIME, COMPONENT] {
        let mut left: BTreeMap<_, _> = rules.iter().copied().collect();
        while let Some(module) =
            left.iter().find(|(_, used)| used.iter().all(|other| !left.contains_key(other))).map(|(module, _)| *module)
        {
            left.remove(module);
        }
        assert!(left.is_empty(), "a circle: {left:?}");
    }
}

#[test]
fn libraries_are_named_only_where_they_may_be() -> Result<()> {
    for source in ["runtime/src", "src"] {
        for (file, text) in modules::sources(&root().join(source))? {
            let place = file.strip_prefix(root())?;
            for (library, places) in LIBRARIES {
                let named = text.contains(&format!("{library}::"));
                let allowed = places.iter().any(|allowed| place.starts_with(allowed));
                ensure!(!named || allowed, "{} names {library}, which only {places:?} may", place.display());
            }
        }
    }
    Ok(())
}

#[test]
fn no_file_is_long() -> Result<()> {
    const LINES: usize = 250;
    let mut longest = (0, PathBuf::new());
    for source in ["runtime/src", "src", "sandbox/src", "benches", "examples", "tests"] {
        for (file, text) in modules::sources(&root().join(source))? {
            longest = longest.max((text.lines().count(), file));
        }
    }
    let (lines, file) = longest;
    println!("longest file: {} ({lines} lines)", file.strip_prefix(root())?.display());
    ensure!(lines <= LINES, "{} has {lines} lines: split it", file.display());
    Ok(())
}
