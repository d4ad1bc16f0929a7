//! The words of Podio's paths, which logs may hold; everything else in a path is an id or a text.

/// The words, as in <https://developers.podio.com/doc>.
#[rustfmt::skip]
pub(super) const ROUTE_WORDS: &[&str] = &[
    "action", "activate", "activity", "all", "app", "app_store", "archive", "attach", "auth", "available", "batch",
    "bulk", "by_name", "calculate", "calendar", "category", "clone", "comment", "connection", "contact", "conversation",
    "copy", "count", "csv", "deactivate", "default", "delete", "dependencies", "device", "email", "embed", "event",
    "export", "external_id", "features", "field", "fields", "file", "filter", "flow", "form", "friend", "from_url",
    "grant", "hook", "ical", "icon", "import", "importer", "install", "integration", "invite", "item", "join", "label",
    "layout", "leave", "linked_account", "location", "meeting", "member", "mention", "merge", "message", "meta",
    "notification", "oauth", "on_behalf_of", "org", "owner", "participation", "pin", "preference", "profile", "promote",
    "property", "public", "query", "question", "range", "rank", "rating", "raw", "read", "recommendation", "recurrence",
    "ref", "reference", "referencing", "refresh", "related", "reminder", "replace", "reply", "revert_to", "revision",
    "rights", "role", "scope", "search", "settings", "share", "shared", "space", "star", "starred", "start",
    "statistics", "status", "store", "stream", "subscribers", "subscription", "summary", "tag", "task", "thread",
    "title", "token", "top", "total", "transfer", "transfer_ownership", "undo", "unread", "unread_count",
    "update_reference", "url", "user", "v2", "v3", "value", "verify", "view", "viewed", "vote", "voting", "webforms",
    "widget", "xlsx",
];
