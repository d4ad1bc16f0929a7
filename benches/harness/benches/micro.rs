//! What the worker itself does to a message, piece by piece, each beside its floor: a copy of the same bytes.
//! `podio-bench micro` reads the results and prints the ratios.

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use elasticio_runtime::platform::{
    cipher::{Cipher, Encoding},
    error_message::{ErrorBody, encrypt_error, error_payload},
    headers::{EmitHeaders, Incoming, Times, Value, new_id},
    identity::Identity,
    message::{Message, Outgoing},
};
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

/// Sizes of a payload, in bytes.
const SIZES: [usize; 2] = [1_000, 100_000];

fn cipher() -> Cipher {
    Cipher::new(&"bench-password".into(), *b"bench-iv-16bytes")
}

/// A JSON text of `size` bytes.
fn json_text(size: usize) -> String {
    let overhead = json!({ "text": "" }).to_string().len();
    json!({ "text": "x".repeat(size - overhead) }).to_string()
}

/// A message's body of `size` bytes.
fn body(size: usize) -> Box<RawValue> {
    RawValue::from_string(json_text(size)).expect("the text is JSON")
}

/// A message, in the order in which the platform writes its fields.
#[derive(Serialize)]
struct Envelope<'a> {
    id: &'a str,
    body: &'a RawValue,
    headers: BTreeMap<&'a str, &'a str>,
}

fn cipher_operations(criterion: &mut Criterion) {
    let cipher = cipher();
    for size in SIZES {
        let plain = json_text(size).into_bytes();
        let mut group = criterion.benchmark_group("cipher");
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::new("copy", size), |bencher| bencher.iter(|| black_box(&plain).clone()));
        for (name, encoding) in [("raw", Encoding::Raw), ("base64", Encoding::Base64)] {
            group.bench_function(BenchmarkId::new(format!("seal-{name}"), size), |bencher| {
                bencher.iter_batched(|| plain.clone(), |plain| cipher.encrypt(plain, encoding), BatchSize::SmallInput);
            });
            let ciphertext = cipher.encrypt(plain.clone(), encoding);
            group.bench_function(BenchmarkId::new(format!("open-{name}"), size), |bencher| {
                bencher.iter(|| cipher.decrypt(black_box(&ciphertext), encoding));
            });
        }
        group.finish();
    }
}

/// The headers of an ordinary message.
fn received() -> Vec<(String, Value)> {
    let uuid = "7f3f6bd0-5a0f-4e0c-9d64-0c6f1f0a9d11";
    ["execId", "taskId", "userId", "stepId", "threadId", "messageId", "x-eio-meta-trace-id"]
        .map(|name| (name.to_owned(), Value::text(uuid)))
        .into()
}

fn headers(criterion: &mut Criterion) {
    let received = received();
    let bytes: Vec<u8> =
        received.iter().flat_map(|(name, value)| [name.clone(), value.to_text()].concat().into_bytes()).collect();
    let id = || "5a0f4e0c9d640c6f1f0a9d11".to_owned();
    let identity = Identity {
        flow_id: id(),
        exec_id: id(),
        step_id: id(),
        container_id: id(),
        workspace_id: id(),
        user_id: id(),
        comp_id: id(),
        function: id(),
    };
    let emit = EmitHeaders::new(&identity, &[]);
    let incoming = Incoming::read(&received);
    let mut group = criterion.benchmark_group("headers");
    group.bench_function(BenchmarkId::new("copy", bytes.len()), |bencher| bencher.iter(|| black_box(&bytes).clone()));
    group.bench_function(BenchmarkId::new("read", bytes.len()), |bencher| {
        bencher.iter(|| Incoming::read(black_box(&received)));
    });
    group.bench_function(BenchmarkId::new("emit", bytes.len()), |bencher| {
        bencher.iter(|| emit.error(black_box(&incoming), new_id(), Times { start: 1, end: 2 }));
    });
    group.finish();
}

fn envelope(criterion: &mut Criterion) {
    for size in SIZES {
        let envelope = Envelope { id: "i", body: &body(size), headers: BTreeMap::new() };
        let payload = serde_json::to_vec(&envelope).expect("the envelope serializes");
        let mut group = criterion.benchmark_group("envelope");
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::new("copy", size), |bencher| bencher.iter(|| black_box(&payload).clone()));
        group.bench_function(BenchmarkId::new("parse", size), |bencher| {
            bencher.iter(|| Message::parse(black_box(&payload)).map(|message| message.body().is_some()));
        });
        let message = Outgoing::new(body(size));
        group.bench_function(BenchmarkId::new("write", size), |bencher| bencher.iter(|| black_box(&message).to_json()));
        group.finish();
    }
}

fn errors(criterion: &mut Criterion) {
    let cipher = cipher();
    let message = "Got error \"Not Found\", status - \"404\", body: {\"error\":\"not_found\"}";
    let error = ErrorBody { name: "Error", message, stack: "Not Available", fields: serde_json::Map::new() };
    for size in SIZES {
        let input = cipher.encrypt(json_text(size).into_bytes(), Encoding::Base64);
        let encrypted_error = encrypt_error(&cipher, &error);
        let all = [encrypted_error.as_slice(), &input].concat();
        let mut group = criterion.benchmark_group("error");
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::new("copy", size), |bencher| bencher.iter(|| black_box(&all).clone()));
        group.bench_function(BenchmarkId::new("encode", size), |bencher| {
            bencher.iter(|| error_payload(&encrypt_error(&cipher, black_box(&error)), Some(&input)));
        });
        group.finish();
    }
}

criterion_group!(micro, cipher_operations, headers, envelope, errors);
criterion_main!(micro);
