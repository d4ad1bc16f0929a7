use super::{
    super::variables::{ERROR_ROUTING_KEY, OBJECT_STORAGE_TOKEN},
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
