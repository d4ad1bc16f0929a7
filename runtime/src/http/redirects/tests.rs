use super::*;

fn url(text: &str) -> Url {
    Url::parse(text).expect("an address")
}

fn chain(method: Method, content: Content) -> Chain {
    Chain { method, content, ..Chain::default() }
}

#[test]
fn content_stays_within_its_origin() {
    use Content::{Absent, Bytes};
    let elsewhere = ["http://other/b", "http://h:81/b", "https://h/b", "https://h:80/b", "http://h.evil/b"];
    for (method, content, status, allowed) in [
        (Method::GET, Absent, 302, true),
        (Method::GET, Absent, 308, true),
        (Method::GET, Bytes, 301, false),
        (Method::GET, Bytes, 307, false),
        (Method::GET, Bytes, 303, true),
        (Method::POST, Bytes, 301, true),
        (Method::POST, Bytes, 302, true),
        (Method::POST, Bytes, 303, true),
        (Method::POST, Bytes, 307, false),
        (Method::POST, Bytes, 308, false),
        (Method::POST, Absent, 307, false),
        (Method::PUT, Bytes, 301, false),
        (Method::PUT, Bytes, 302, false),
        (Method::PUT, Bytes, 303, true),
        (Method::PUT, Bytes, 307, false),
        (Method::DELETE, Absent, 302, false),
        (Method::DELETE, Absent, 307, false),
    ] {
        let status = StatusCode::from_u16(status).expect("a status");
        for next in elsewhere {
            let mut chain = chain(method.clone(), content);
            let step = chain.step(status, &url("http://h/a"), &url(next));
            let wanted = if allowed { Ok(Step::Elsewhere) } else { Err(Refusal::Content(place(&url(next)))) };
            assert_eq!(step, wanted, "{method} {content:?} {status} {next}");
        }
        let mut chain = chain(method.clone(), content);
        assert_eq!(chain.step(status, &url("http://h/a"), &url("http://h:80/b?c")), Ok(Step::Within), "{method}");
    }
}

#[test]
fn a_method_that_became_get_stays_get() {
    let mut chain = chain(Method::POST, Content::Bytes);
    assert_eq!(chain.step(StatusCode::SEE_OTHER, &url("http://h/a"), &url("http://h/b")), Ok(Step::Within));
    let step = chain.step(StatusCode::TEMPORARY_REDIRECT, &url("http://h/b"), &url("http://other/c"));
    assert_eq!(step, Ok(Step::Elsewhere));
}

#[test]
fn at_most_five_are_followed_and_only_to_plain_http_addresses() {
    let mut chain = chain(Method::GET, Content::Absent);
    for next in ["http://h/b", "http://other/c", "http://other/d", "http://h/e", "http://h/f"] {
        chain.step(StatusCode::FOUND, &url("http://h/a"), &url(next)).expect("one of five");
    }
    let step = chain.step(StatusCode::FOUND, &url("http://h/a"), &url("http://h/g"));
    assert_eq!(step, Err(Refusal::TooMany));

    for (next, refusal) in [
        ("http://user:pass@h/secret?q", Refusal::Login("http://h".to_owned())),
        ("https://token@other:8443/", Refusal::Login("https://other:8443".to_owned())),
        ("ftp://h/b", Refusal::Scheme("ftp".to_owned())),
    ] {
        let step = Chain::default().step(StatusCode::FOUND, &url("http://h/a"), &url(next));
        assert_eq!(step.as_ref(), Err(&refusal), "{next}");
        let text = refusal.to_string();
        assert!(!text.contains("user:") && !text.contains("token") && !text.contains("secret"), "{text}");
    }
}

#[test]
fn a_stream_is_not_sent_again() {
    let (last, next) = (url("http://h/a"), url("http://other/b?secret"));
    for status in [301, 302, 307, 308] {
        let status = StatusCode::from_u16(status).expect("a status");
        let step = chain(Method::POST, Content::Stream).step(status, &last, &next);
        assert_eq!(step, Err(Refusal::Stream("http://other".to_owned())), "{status}");
    }
    let step = chain(Method::POST, Content::Stream).step(StatusCode::SEE_OTHER, &last, &next);
    assert_eq!(step, Ok(Step::Elsewhere));
}

#[test]
fn only_a_redirect_with_an_address_leads_anywhere() {
    let last = url("http://h/a/b");
    for (status, location, wanted) in [
        (302, Some("c?d"), Some("http://h/a/c?d")),
        (307, Some("//other/"), Some("http://other/")),
        (302, None, None),
        (302, Some("http://[::"), None),
        (300, Some("/c"), None),
        (304, Some("/c"), None),
        (200, Some("/c"), None),
    ] {
        let headers = location.map(|location| (LOCATION, location.parse().expect("a header")));
        let found = target(StatusCode::from_u16(status).expect("a status"), &headers.into_iter().collect(), &last);
        assert_eq!(found.as_ref().map(Url::as_str), wanted, "{status} {location:?}");
    }
}

#[test]
fn a_request_without_its_content_says_nothing_of_it() {
    let mut request = Request::new(Method::POST, url("http://h/a"));
    request.headers_mut().insert(CONTENT_TYPE, "text/plain".parse().expect("a header"));
    request.headers_mut().insert(ACCEPT, "a/b".parse().expect("a header"));
    *request.body_mut() = Some("content".into());
    let mut chain = Chain::of(&request);
    let next = chain.follow(StatusCode::SEE_OTHER, request, url("http://h/b")).expect("the next request");
    assert_eq!((next.method(), next.url().path(), next.body().is_none()), (&Method::GET, "/b", true));
    assert!(next.headers().contains_key(ACCEPT) && !next.headers().contains_key(CONTENT_TYPE));
}
