//! Properties of the settings: whatever the variables hold, the bounds hold, every problem is named, and no secret is.

use super::WorkerSettings;
use crate::settings::{Known, Reader, Source, variables as v};

/// A secret that is found wherever it is printed.
const SECRET: &str = "sEcReT-7781";
const KNOWN: Known = Known { variables: &[], settings_file: "SETTINGS" };

/// Lines, each with the number of a variable in its first byte, and its value behind it. The same bytes as the text of a
/// settings file.
pub fn settings(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    // Who says it elsewhere shows it.
    if text.contains(SECRET) {
        return;
    }
    let given = text.split('\n').filter_map(|line| {
        let number = line.chars().next()?;
        let variable = v::ALL[u32::from(number) as usize % v::ALL.len()];
        Some((variable.name.to_owned(), line[number.len_utf8()..].to_owned()))
    });
    let source: Source = good().chain(given).chain(secrets()).collect();
    let mut reader = Reader::new(&source);
    let settings = WorkerSettings::read(&mut reader, "component");
    match reader.finish(settings) {
        Ok(settings) => check(&settings),
        Err(problems) => assert!(!problems.to_string().contains(SECRET), "a problem names a secret"),
    }
    let file = format!("{} = \"{SECRET}{text}\"\n{text}", v::API_KEY.name);
    match Source::of_file(&file, KNOWN) {
        Ok(source) => assert!(source.get(v::API_KEY.name).is_some_and(|key| key.starts_with(SECRET))),
        Err(problem) => assert!(!problem.contains(SECRET) && problem.lines().count() == 1, "a problem quotes the file"),
    }
}

fn check(settings: &WorkerSettings) {
    assert!(!format!("{settings:?}").contains(SECRET), "a secret is printed");
    assert!(settings.broker.prefetch > 0 && !settings.broker.addresses.is_empty());
    assert!(settings.broker.queue.len() <= 255 && settings.broker.exchange.len() <= 255);
    assert!(settings.memory.budget > 0 && settings.emit.size_limit > 0 && settings.emit.rebound_limit > 0);
    for (header, _) in &settings.emit.additional_headers {
        assert!(header.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
}

/// A value for everything that must be set.
fn good() -> impl Iterator<Item = (String, String)> {
    v::ALL.iter().filter(|variable| variable.default == crate::settings::Unset::Required).map(|variable| {
        let value = match variable.name {
            name if name == v::API_URI.name => "http://h",
            name if name == v::AMQP_URI.name => "amqp://h",
            name if name == v::MESSAGE_CRYPTO_IV.name => "iv=any16_symbols",
            _ => "x",
        };
        (variable.name.to_owned(), value.to_owned())
    })
}

fn secrets() -> impl Iterator<Item = (String, String)> {
    let secrets = [v::API_KEY, v::MESSAGE_CRYPTO_PASSWORD, v::OBJECT_STORAGE_TOKEN];
    secrets.into_iter().map(|variable| (variable.name.to_owned(), SECRET.to_owned()))
}
