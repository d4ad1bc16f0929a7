//! The step's fields. Pure.

use chrono::NaiveDateTime;
use elasticio_runtime::action::Failure;
use serde_json::{Map, Value, json};

use super::{MAX_LIMIT, walk::Query};
use crate::podio::{
    fields::Moment,
    items::{EmitBehavior, ItemSettings},
};

/// New items of a call, unless the step says otherwise.
const PAGE_SIZE: usize = 100;
/// How Podio spells a time, in UTC.
pub(super) const PODIO_TIME: &str = "%Y-%m-%d %H:%M:%S";

/// By which time the items are polled: the step's field `pollConfig`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PollField {
    /// When they were created: each is seen once.
    Created,
    /// When they were last changed, which their creation is, too.
    LastModified,
}

impl PollField {
    /// Its value in the select box.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::LastModified => "lastModified",
        }
    }

    /// What had been done at that time.
    pub(super) fn done(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::LastModified => "created or changed",
        }
    }

    /// Podio's key, in filters and sort orders.
    fn key(self) -> &'static str {
        match self {
            Self::Created => "created_on",
            Self::LastModified => "last_edit_on",
        }
    }
}

/// The fields of a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct PollSettings {
    /// The app's id.
    pub(super) app: u64,
    pub(super) field: PollField,
    pub(super) emit_behavior: EmitBehavior,
    /// The most new items of a page.
    pub(super) page_size: usize,
    /// Nothing older is polled. UTC.
    pub(super) start: NaiveDateTime,
    /// Nothing newer is polled. UTC.
    end: Option<NaiveDateTime>,
    /// A poll ends with its first page that has new items.
    pub(super) single_page: bool,
}

impl PollSettings {
    /// Reads the step's fields.
    ///
    /// # Errors
    /// The field that is wrong.
    pub(super) fn read(settings: &ItemSettings) -> Result<Self, Failure> {
        if settings.text("objectType").is_some_and(|kind| kind != "item") {
            return Err(unfit("Object Type (objectType)", "\"item\", the only type that Podio can be polled for"));
        }
        let field = match settings.text("pollConfig").as_deref() {
            None | Some("lastModified") => PollField::LastModified,
            Some("created") => PollField::Created,
            Some(_) => return Err(unfit("Timestamp field to poll on (pollConfig)", "created or lastModified")),
        };
        let max = u64::try_from(MAX_LIMIT).unwrap_or(u64::MAX);
        let page_size = settings.number("pageSize", "Page Size", max)?.and_then(|size| usize::try_from(size).ok());
        let start = time(settings, "startTime", "Start Time")?.map_or_else(NaiveDateTime::default, first_second);
        let end = time(settings, "endTime", "End Time")?.map(last_second);
        if end.is_some_and(|end| end < start) {
            return Err(unfit("End Time (endTime)", "after its Start Time (startTime)"));
        }
        Ok(Self {
            app: settings.app()?,
            field,
            emit_behavior: emit_behavior(settings)?,
            page_size: page_size.unwrap_or(PAGE_SIZE),
            start,
            end,
            single_page: settings.flag("singlePagePerInterval"),
        })
    }

    /// The body of a call of the filter.
    pub(super) fn body(&self, query: &Query, newest_first: bool) -> Value {
        let times = [("from", Some(query.from)), ("to", self.end)];
        let times = times.into_iter().filter_map(|(name, time)| Some((name.to_owned(), podio_time(time?).into())));
        json!({
            "filters": { self.field.key(): times.collect::<Map<_, _>>() },
            "sort_by": self.field.key(),
            "sort_desc": newest_first,
            "limit": query.limit,
            "offset": query.offset,
            "remember": false,
        })
    }

    /// The time that is polled, in words.
    pub(super) fn period(&self) -> String {
        let since = format!("since {} UTC", podio_time(self.start));
        self.end.map_or(since.clone(), |end| format!("{since} and until {} UTC", podio_time(end)))
    }
}

/// How the items of a poll are emitted; individually if nothing is chosen.
pub(super) fn emit_behavior(settings: &ItemSettings) -> Result<EmitBehavior, Failure> {
    settings.emit_behavior(EmitBehavior::Individually)
}

fn podio_time(time: NaiveDateTime) -> String {
    time.format(PODIO_TIME).to_string()
}

fn time(settings: &ItemSettings, name: &str, label: &str) -> Result<Option<Moment>, Failure> {
    let Some(text) = settings.text(name) else { return Ok(None) };
    let unfit = || unfit(&format!("{label} ({name})"), "a time such as 2026-09-01T10:00:00.000Z, or a day");
    Moment::parse(&text).map(Some).ok_or_else(unfit)
}

fn first_second(moment: Moment) -> NaiveDateTime {
    match moment {
        Moment::Day(day) => day.into(),
        Moment::Local(time) | Moment::Utc(time) => time,
    }
}

fn last_second(moment: Moment) -> NaiveDateTime {
    match moment {
        Moment::Day(day) => day.and_hms_opt(23, 59, 59).unwrap_or_else(|| day.into()),
        Moment::Local(time) | Moment::Utc(time) => time,
    }
}

fn unfit(field: &str, expected: &str) -> Failure {
    Failure::input(format!("The step's {field} must be {expected}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: &Value) -> Result<PollSettings, String> {
        let settings = ItemSettings::read(fields.as_object().expect("an object"));
        PollSettings::read(&settings).map_err(|failure| failure.message().to_owned())
    }

    fn body(fields: &Value) -> Value {
        let settings = read(fields).expect("right");
        settings.body(&Query { from: settings.start, limit: 10, offset: 0 }, false)
    }

    #[test]
    fn what_is_left_empty_has_its_default() {
        let settings = read(&json!({ "app": "7", "objectType": "item" })).expect("right");
        assert_eq!((settings.app, settings.page_size, settings.single_page), (7, 100, false));
        assert_eq!((settings.field, settings.emit_behavior), (PollField::LastModified, EmitBehavior::Individually));
        assert_eq!(
            body(&json!({ "app": 7 })),
            json!({ "filters": { "last_edit_on": { "from": "1970-01-01 00:00:00" } }, "sort_by": "last_edit_on",
                    "sort_desc": false, "limit": 10, "offset": 0, "remember": false })
        );
    }

    #[test]
    fn times_are_taken_in_utc_and_a_day_as_an_end_means_all_of_it() {
        let fields = json!({ "app": 7, "pollConfig": "created", "startTime": "2026-09-01T12:00:00.500+02:00", "endTime": "2026-09-02" });
        assert_eq!(
            body(&fields)["filters"],
            json!({ "created_on": { "from": "2026-09-01 10:00:00", "to": "2026-09-02 23:59:59" } })
        );
        let settings = read(&fields).expect("right");
        assert_eq!(settings.period(), "since 2026-09-01 10:00:00 UTC and until 2026-09-02 23:59:59 UTC");
    }

    #[test]
    fn a_wrong_field_is_named() {
        for (name, value) in [
            ("objectType", json!("task")),
            ("pollConfig", json!("deleted")),
            ("emitBehavior", json!("emitTwice")),
            ("pageSize", json!("0")),
            ("pageSize", json!(501)),
            ("pageSize", json!("many")),
            ("startTime", json!("yesterday")),
            ("endTime", json!("2026-02-30")),
            ("endTime", json!("1969-12-31")),
            ("app", json!("Leads")),
        ] {
            let mut fields = json!({ "app": 7 });
            fields[name] = value.clone();
            let error = read(&fields).expect_err("wrong");
            assert!(error.starts_with("The step's ") && error.contains(&format!("({name})")), "{value}: {error}");
        }
    }
}
