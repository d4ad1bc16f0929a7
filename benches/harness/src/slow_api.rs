//! A slow Podio: `GET /delay/MS` answers after that many milliseconds.

use std::time::Duration;

use anyhow::Result;
use axum::extract::Path;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Answers with about 1 KB of JSON.
async fn delayed(Path(milliseconds): Path<u64>) -> Json<Value> {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    Json(json!({ "text": "x".repeat(1000) }))
}

/// Serves it in the background and returns its URL.
pub(crate) async fn serve() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let app = Router::new().route("/delay/{milliseconds}", get(delayed));
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(url)
}
