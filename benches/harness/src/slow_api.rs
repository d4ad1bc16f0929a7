//! A Podio that takes its time: `GET /delay/MS` answers after that many milliseconds.

use std::time::Duration;

use anyhow::Result;
use axum::{Router, extract::Path, http::header::CONTENT_TYPE, response::IntoResponse, routing::get};
use tokio::net::TcpListener;

/// The answer: about 1 KB of JSON.
fn body() -> String {
    format!("{{\"text\":\"{}\"}}", "x".repeat(1000))
}

async fn delayed(Path(milliseconds): Path<u64>) -> impl IntoResponse {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    ([(CONTENT_TYPE, "application/json")], body())
}

/// Starts it; gives its address.
pub(crate) async fn serve() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    let app = Router::new().route("/delay/{milliseconds}", get(delayed));
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}
