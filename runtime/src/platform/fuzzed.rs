//! Properties of what the platform and the steps before send.

use std::sync::LazyLock;

use serde_json::{Value as Json, value::RawValue};

use super::{
    cipher::{Cipher, Encoding},
    error_message::{ErrorBody, decrypt_error, encrypt_error, error_input, error_payload},
    headers::Value,
    json::{Kind, RawObject},
    message::{Message, Outgoing},
    passthrough::{Passthrough, entries},
};

pub use super::{api::fuzzed::secret, cipher::fuzzed::amqp_body, json::fuzzed::json, step_data::fuzzed::step_data};

pub(super) static CIPHER: LazyLock<Cipher> =
    LazyLock::new(|| Cipher::new(&"testCryptoPassword".into(), *b"iv=any16_symbols"));

/// A decrypted payload.
pub fn message(data: &[u8]) {
    let json = serde_json::from_slice::<&RawValue>(data).ok();
    let message = Message::parse(data);
    let is_object = json.is_some_and(|json| Kind::of(json) == Kind::Object);
    assert!(message.is_ok() == is_object, "a message is a JSON object");
    let Ok(message) = message else { return };
    assert!(message.body().map(RawValue::get) == message.fields().get("body").map(RawValue::get));
    assert!(message.object_id().is_none_or(|id| !id.is_empty()));
    let own = Outgoing::new(Json::Null).to_json();
    for (no_self, step, reply_to) in [(false, None, None), (true, None, None), (true, Some("a"), Some("b"))] {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let carried = entries(&message);
        let passthrough = Passthrough::of(&message, carried, "own", no_self, owned(step), owned(reply_to));
        let mut out = Vec::new();
        passthrough.write(&mut out, &own);
        assert!(passthrough.written_size(own.len()) == out.len(), "the size is known before it is written");
        let written: RawObject<'_> = serde_json::from_slice(&out).expect("a passthrough is an object");
        assert!(written.get("own").is_some() || no_self);
        assert!(written.get("a").is_some() || step.is_none());
        for entry in &passthrough.entries {
            assert!(written.entries().any(|(key, _)| key == entry.step), "an entry is lost");
        }
    }
}

/// The body of an error message, and the parts of one.
pub fn error_message(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let headers = [("name".to_owned(), Value::Text(data.to_vec()))];
    if let Ok(read) = decrypt_error(&CIPHER, data, &headers) {
        Message::parse(&read).expect("an error handler gets a message");
    }
    let error = encrypt_error(
        &CIPHER,
        &ErrorBody { name: "Error", message: &text, stack: &text, fields: serde_json::Map::new() },
    );
    let payload = serde_json::to_vec(&serde_json::json!({ "body": text })).expect("JSON");
    let raw = CIPHER.encrypt(payload.clone(), Encoding::Raw);
    let input = error_input(&CIPHER, &raw, Encoding::Raw).expect("it was encrypted");
    let read = decrypt_error(&CIPHER, &error_payload(&error, Some(&input)), &headers).expect("an error message");
    let read: Json = serde_json::from_slice(&read).expect("a message");
    let (body, headers) = (&read["body"], &read["headers"]);
    assert!(
        body["error"]["message"] == *text && body["error"]["stack"] == *text && body["errorInput"]["body"] == *text
    );
    assert!(headers["name"] == *text);
}
