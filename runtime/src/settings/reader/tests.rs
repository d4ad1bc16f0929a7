use super::{
    super::variables::{
        ADDITIONAL_VARS_FOR_HEADERS, API_KEY, ERROR_ROUTING_KEY, MESSAGE_CRYPTO_PASSWORD, OBJECT_STORAGE_TOKEN,
    },
    Reader, Source, leading_digits,
};

#[test]
fn a_name_that_is_too_long_for_amqp_is_a_problem() {
    for (length, problems) in [(255, 0), (256, 1)] {
        let source = Source::from_iter([(ERROR_ROUTING_KEY.name.to_owned(), "k".repeat(length))]);
        let mut reader = Reader::new(&source);
        reader.name(ERROR_ROUTING_KEY);
        assert_eq!(reader.problems.len(), problems, "{length} bytes");
    }
}

#[test]
fn a_secret_that_no_header_can_hold_is_a_problem_and_is_not_printed() {
    for (token, problems) in [("token", 0), ("", 0), ("tökén\t", 0), ("token\n", 1), ("to\u{7f}ken", 1)] {
        let source = Source::from_iter([(OBJECT_STORAGE_TOKEN.name.to_owned(), token.to_owned())]);
        let mut reader = Reader::new(&source);
        reader.header_secret(OBJECT_STORAGE_TOKEN);
        assert_eq!(reader.problems.len(), problems, "{token:?}");
        assert!(!reader.problems.concat().contains("ken"), "{:?}", reader.problems);
    }
}

#[test]
fn a_secret_is_no_header_of_outgoing_messages() {
    let read = |named: &str| {
        let values =
            [(ADDITIONAL_VARS_FOR_HEADERS.name, named), (API_KEY.name, "key"), (OBJECT_STORAGE_TOKEN.name, "token")];
        let source = Source::from_iter(values.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let mut reader = Reader::new(&source);
        // Before the secrets are read and after that.
        let headers = reader.additional_headers();
        reader.secret(API_KEY);
        reader.header_secret(OBJECT_STORAGE_TOKEN);
        reader.optional_secret(MESSAGE_CRYPTO_PASSWORD);
        reader.finish(headers)
    };
    assert_eq!(read("OTHER, ELASTICIO_FLOW_ID").map(|headers| headers.len()), Ok(0));
    for secret in ["ELASTICIO_API_KEY", " ELASTICIO_OBJECT_STORAGE_TOKEN", "OTHER,ELASTICIO_MESSAGE_CRYPTO_PASSWORD,"] {
        let problems = read(secret).expect_err("it is refused").problems;
        let name = secret.trim_start_matches("OTHER,").trim_matches([' ', ',']);
        assert!(
            matches!(&problems[..], [problem] if problem.contains(&format!("names {name}, which"))),
            "{problems:?}"
        );
    }
}

#[test]
fn only_leading_digits_are_read() {
    for (text, number) in [
        (" +12 s", Some(12)),
        ("0", Some(0)),
        ("007x", Some(7)),
        ("-1", None),
        ("x1", None),
        ("", None),
        ("18446744073709551615", Some(u64::MAX)),
        ("99999999999999999999999", Some(u64::MAX)),
    ] {
        assert_eq!(leading_digits(text), number, "{text:?}");
    }
}
