//! Requests, answers and limits of paging.

use bytes::Bytes;
use elasticio_runtime::action::Interruption;

use super::*;
use crate::rest::request::Payload;

fn request(method: Method, url: &str, data: Option<&str>) -> Request {
    let payload = data.map(|text| Payload::Json(Bytes::copy_from_slice(text.as_bytes())));
    Request { payload, ..Request::new(method, url.parse().expect("an address")) }
}

fn walk(option: &str, request: &Request) -> Result<Option<Walk>, String> {
    let raw: Box<RawValue> = serde_json::from_str(option).expect("valid JSON");
    Walk::new(&raw, request).map_err(|failure| failure.message().to_owned())
}

fn read(text: &str) -> Option<(u64, Option<u64>)> {
    let objects = wire::objects(&serde_json::from_str::<Box<RawValue>>(text).expect("valid JSON"));
    objects.map(|objects| (objects.count, objects.total))
}

#[test]
fn limit_and_offset_go_into_the_query_or_the_body() {
    let get = request(Method::GET, "http://h/org/?a=b&offset=7", None);
    let walk_get = walk("true", &get).expect("valid").expect("a walk");
    assert_eq!(walk_get.request().url.as_str(), "http://h/org/?a=b&limit=100&offset=7");
    let post = request(Method::POST, "http://h/item/app/1/filter/", Some(r#"{"filters":{"x":1.50},"limit":5}"#));
    let walk_post = walk(r#"{"limit":30}"#, &post).expect("valid").expect("a walk");
    let Some(Payload::Json(payload)) = walk_post.request().payload else { panic!("a JSON body") };
    assert_eq!(payload.as_ref(), br#"{"filters":{"x":1.50},"limit":30,"offset":0}"#);
    assert!(walk("null", &get).expect("valid").is_none() && walk("false", &get).expect("valid").is_none());
}

#[test]
fn the_limit_of_the_request_is_the_page_size_unless_the_option_has_one() {
    let size = |option: &str, request: &Request| walk(option, request).expect("valid").expect("a walk").limit;
    let get = |query: &str| request(Method::GET, &format!("http://h/org/?{query}"), None);
    let post = |body: &str| request(Method::POST, "http://h/item/app/1/filter/", Some(body));
    for (request, want) in [
        (get("limit=7"), 7),
        (get("limit=7&limit=8"), 8),
        (get("limit=9000"), MAX_LIMIT),
        (get("limits=7"), DEFAULT_LIMIT),
        (post(r#"{"limit":30}"#), 30),
        (post(r#"{"limit":"30"}"#), 30),
        (post(r#"{"limit":501}"#), MAX_LIMIT),
        (post(r#"{"limit":null}"#), DEFAULT_LIMIT),
    ] {
        assert_eq!(size("true", &request), want, "{request:?}");
        assert_eq!(size(r#"{"maxPages":2}"#, &request), want, "{request:?}");
        assert_eq!(size(r#"{"limit":3}"#, &request), 3, "{request:?}");
    }
    for bad in [get("limit=0"), get("limit=many"), post(r#"{"limit":-1}"#), post(r#"{"limit":1.5}"#)] {
        assert!(walk("true", &bad).expect_err("a bad limit").contains("limit"));
    }
}

#[test]
fn the_rest_of_a_query_is_kept_byte_for_byte() {
    for (query, want) in [
        ("?a=%2f+%20b&sort=x%2Cy,z&flag&l%69mit=3&offset=4", "a=%2f+%20b&sort=x%2Cy,z&flag&limit=3&offset=4"),
        ("?key=a=b&=c", "key=a=b&=c&limit=100&offset=0"),
        ("?", "limit=100&offset=0"),
        ("", "limit=100&offset=0"),
    ] {
        let walk = walk("true", &request(Method::GET, &format!("http://h/org/{query}"), None)).expect("valid");
        assert_eq!(walk.expect("a walk").request().url.query(), Some(want));
    }
}

#[test]
fn errors_name_the_option() {
    let get = request(Method::GET, "http://h/org/", None);
    for (option, word) in [
        ("7", "pagination"),
        (r#"{"limit":0}"#, "limit"),
        (r#"{"limit":501}"#, "limit"),
        (r#"{"maxPages":-1}"#, "maxPages"),
        (r#"{"maxPages":99999}"#, "maxPages"),
    ] {
        assert!(walk(option, &get).expect_err(option).contains(word), "{option}");
    }
    let create = request(Method::POST, "http://h/item/app/1/", Some("{}"));
    assert!(walk("true", &create).expect_err("a POST that creates").contains("filter"));
    let list = request(Method::POST, "http://h/item/app/1/filter/", Some("[]"));
    assert!(walk("true", &list).expect_err("a list").contains("data"));
}

#[test]
fn objects_are_counted() {
    assert_eq!(read(r#"{"total":9,"filtered":5,"items":[{"a":[1,2]},2]}"#), Some((2, Some(5))));
    assert_eq!(read(r#"{"total":9,"items":[]}"#), Some((0, Some(9))));
    assert_eq!(read("[1, [2, 3]]"), Some((2, None)));
    assert_eq!(read(r#"{"item_id":1}"#), None);
    assert_eq!(read("7"), None);
}

#[test]
fn a_rebound_after_the_first_page_is_an_error_that_names_the_page() {
    let mut walk = walk("true", &request(Method::GET, "http://h/org/", None)).expect("valid").expect("a walk");
    let rebound = || Interruption::Rebound { reason: "limit".to_owned(), wait: std::time::Duration::from_secs(300) };
    assert!(matches!(walk.interrupted(rebound()), Interruption::Rebound { .. }));
    (walk.pages, walk.offset) = (2, 200);
    let Interruption::Failed(failure) = walk.interrupted(rebound()) else { panic!("a failure") };
    assert!(failure.message().starts_with("Page 3 (\"offset\" 200;"), "{}", failure.message());
}

#[test]
fn a_walk_that_emits_at_its_end_says_that_nothing_was_emitted() {
    let get = request(Method::GET, "http://h/org/", None);
    let mut walk = walk("true", &get).expect("valid").expect("a walk").emitting(EmitBehavior::All);
    (walk.pages, walk.offset) = (100, 200);
    let rebound = Interruption::Rebound { reason: "limit".to_owned(), wait: std::time::Duration::from_secs(300) };
    assert!(matches!(walk.interrupted(rebound), Interruption::Rebound { .. }), "nothing would be emitted twice");
    let failed = walk.interrupted(Failure::new("why").into());
    let Interruption::Failed(failure) = failed else { panic!("a failure") };
    assert_eq!(failure.message(), "Page 101 (\"offset\" 200; nothing was emitted): why");
    let error = walk.page(&Answer::ok("[1]")).expect_err("too many");
    assert!(error.message().starts_with("There are more than 100 pages; nothing was emitted. Set"), "{error}");
}

#[test]
fn the_end_is_a_total_that_is_reached_or_an_empty_page() {
    let next = |offset: u64, body: &str| {
        let get = request(Method::GET, &format!("http://h/org/?limit=3&offset={offset}"), None);
        let mut walk = walk("true", &get).expect("valid").expect("a walk");
        walk.page(&Answer::ok(body))
            .map(|page| page.and_then(|page| page.next_offset))
            .map_err(|failure| failure.message().to_owned())
    };
    for (offset, body, want) in [
        (0, "[1,2,3]", Some(3)),
        (0, "[1]", Some(1)),
        (0, "[]", None),
        (0, "", None),
        (4, r#"{"items":[1]}"#, Some(5)),
        (4, r#"{"items":[1],"total":5}"#, None),
        (4, r#"{"items":[1],"total":6}"#, Some(5)),
        (4, r#"{"items":[],"total":6}"#, None),
        (4, r#"{"items":[1],"total":1}"#, Some(5)),
        (4, r#"{"items":[1],"total":"many"}"#, Some(5)),
        (u64::MAX - 1, "[1]", Some(u64::MAX)),
        (u64::MAX, "[]", None),
    ] {
        assert_eq!(next(offset, body), Ok(want), "{offset} {body}");
    }
    assert!(next(0, "[1,2,3,4]").expect_err("too many").contains("4 objects, not 3"));
    assert!(next(u64::MAX, "[1]").expect_err("a wrap").contains("too large"));
}

/// Walks these pages; returns how many were emitted, and the error.
fn walked(option: &str, pages: impl IntoIterator<Item = String>) -> (u64, Option<String>) {
    let get = request(Method::GET, "http://h/org/?limit=3", None);
    let mut walk = walk(option, &get).expect("valid").expect("a walk");
    for body in pages {
        match walk.page(&Answer::ok(&body)) {
            Err(failure) => return (walk.pages, Some(failure.message().to_owned())),
            Ok(None) => return (walk.pages, None),
            Ok(Some(page)) if walk.advance(page.next_offset) == Next::End => return (walk.pages, None),
            Ok(Some(_)) => {}
        }
    }
    panic!("the walk asks for more pages than there are");
}

#[test]
fn a_list_may_end_exactly_at_the_default_limit_of_pages() {
    let list = |pages: u64| (0..pages).map(|page| format!("[{page}]")).chain(["[]".to_owned()]);
    assert_eq!(walked("true", list(99)), (100, None), "the empty page is one of the hundred");
    assert_eq!(walked("true", list(100)), (100, None), "the empty page is not emitted");
    let (emitted, error) = walked("true", list(101));
    assert_eq!(emitted, 100);
    let error = error.expect("too many pages");
    assert!(error.starts_with("There are more than 100 pages;") && error.ends_with("\"offset\" 100."), "{error}");
    assert_eq!(walked(r#"{"maxPages":100}"#, list(101)), (100, None), "no more than asked for is fetched");
    let total = (0..100).map(|page| format!(r#"{{"items":[{page}],"total":100}}"#));
    assert_eq!(walked("true", total), (100, None));
}

#[test]
fn a_page_that_comes_again_ends_the_walk_however_long_ago_it_came() {
    for (pages, emitted, how) in [
        (&["[1]", "[1]"][..], 1, "it is the same as the page before,"),
        (&["[1]", "[2]", "[1]"], 2, "it is the same as page 1,"),
        (&["[1]", "[2]", "[3]", "[4]", "[2]"], 4, "it is the same as page 2,"),
        (&[r#"{"items":[1],"total":9}"#, r#"{"items":[2],"total":9}"#, r#"{"items":[1],"total":9}"#], 2, "as page 1,"),
    ] {
        for option in ["true", r#"{"maxPages":9000}"#] {
            let (count, error) = walked(option, pages.iter().map(|page| (*page).to_owned()));
            assert_eq!(count, emitted, "{pages:?}");
            let error = error.expect("an error");
            assert!(error.contains(how) && error.contains("does not obey"), "{error}");
        }
    }
    // The page after the last one that may be emitted is told apart, too.
    let cycle = (0..101).map(|page| format!("[{}]", page % 100));
    assert!(walked("true", cycle).1.expect("an error").contains("it is the same as page 1,"));
}
