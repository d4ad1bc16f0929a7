//! What lapin reports of a connection.

use std::{pin::pin, time::Duration};

use futures_util::StreamExt;
use lapin::{Connection, Event};
use tokio::time::timeout;

use super::events::{Blocked, Unblocked};

/// How often the state of a connection is looked at, whatever is reported: an error may be reported before it shows.
const LOOK: Duration = Duration::from_secs(1);

/// Ends when a connection breaks, or when it has broken before; returns why. A channel's end is not its connection's.
/// Tells the operator when the broker blocks the connection. A connection has one watcher: its events go to one listener.
pub(super) async fn failure(connection: &Connection) -> String {
    let mut events = pin!(connection.events_listener());
    let mut reported = None;
    // Events from before there was a listener are lost, but not the state that they led to.
    while connection.status().connected() {
        match timeout(LOOK, events.next()).await {
            Ok(Some(Event::Error(error))) => reported = Some(error.to_string()),
            Ok(Some(Event::ConnectionBlocked(reason))) => {
                Blocked { reason: &reason }.emit();
            }
            Ok(Some(Event::ConnectionUnblocked)) => Unblocked::emit(),
            Ok(Some(_)) => {}
            // What was reported before was a channel's.
            Err(_) => reported = None,
            Ok(None) => break,
        }
    }
    reported.unwrap_or_else(|| "the connection was closed".to_owned())
}
