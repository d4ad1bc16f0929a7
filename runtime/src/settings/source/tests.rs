use std::os::unix::ffi::OsStringExt;

use super::*;

const KNOWN: Known = Known { variables: &[], settings_file: "ECHO_COMPONENT_SETTINGS" };

/// A text that is not UTF-8.
fn bytes() -> OsString {
    OsString::from_vec(vec![b'x', 0xFF])
}

fn source(variables: &[(&str, &str)], more: Vec<(OsString, OsString)>) -> Result<Source, String> {
    let texts = variables.iter().map(|(name, value)| (name.into(), value.into()));
    Source::of_environment(texts.chain(more), KNOWN).map_err(|error| error.to_string())
}

#[test]
fn foreign_variables_do_not_matter() {
    let others = [("com.docker.compose", "1"), ("X[0]", "1"), ("X", "2"), ("a.", "3"), ("[", "4"), ("hostname", "5")];
    let more = vec![("OTHER".into(), bytes()), (bytes(), "6".into())];
    let source = source(&[&others[..], &[("HOSTNAME", "h")]].concat(), more).expect("settings");
    assert_eq!(source.get("HOSTNAME"), Some("h"));
    assert_eq!(source.get("com.docker.compose"), Some("1"), "an additional header may be any variable");
}

#[test]
fn a_read_value_that_is_not_utf_8_is_named() {
    let named = [("ELASTICIO_ADDITIONAL_VARS_FOR_HEADERS", "A, OTHER")];
    let more = || vec![("OTHER".into(), bytes()), ("ELASTICIO_API_KEY".into(), bytes()), ("B".into(), bytes())];
    let problem = source(&named, more()).err().expect("a problem");
    assert_eq!(problem, "settings are malformed: not UTF-8 text: OTHER, ELASTICIO_API_KEY");
}

#[test]
fn the_environment_wins_over_the_file() {
    let path = std::env::temp_dir().join(format!("elasticio-runtime-settings-{}.toml", std::process::id()));
    std::fs::write(&path, "HOSTNAME = \"file\"\nLOG_LEVEL = \"debug\"\nELASTICIO_REBOUND_LIMIT = 7\n").expect("a file");
    let file = path.to_str().expect("UTF-8");
    let source = source(&[(KNOWN.settings_file, file), ("HOSTNAME", "environment")], Vec::new());
    std::fs::remove_file(&path).expect("the file");
    let source = source.expect("settings");
    assert_eq!(source.get("HOSTNAME"), Some("environment"));
    assert_eq!(source.get("LOG_LEVEL"), Some("debug"));
    assert_eq!(source.get("ELASTICIO_REBOUND_LIMIT"), Some("7"));
    assert!(Source::of_environment([(KNOWN.settings_file.into(), file.into())].into_iter(), KNOWN).is_err());
}

#[test]
fn a_key_is_a_name_whatever_it_looks_like() {
    let text = "\"A[44444444405700000]\" = 1\n\"a.b\" = 2\nHOSTNAME = \"h\"\n";
    let source = Source::of_file(text, KNOWN).expect("settings");
    assert_eq!((source.get("A[44444444405700000]"), source.get("a.b")), (Some("1"), Some("2")));
    assert_eq!((source.get("HOSTNAME"), source.unknown_keys().count()), (Some("h"), 2));
}

#[test]
fn a_wrong_file_is_named_by_place_and_key_never_by_content() {
    let path = std::env::temp_dir().join(format!("elasticio-runtime-wrong-{}.toml", std::process::id()));
    let file = path.to_str().expect("UTF-8");
    for (text, wants) in [
        ("HOSTNAME = \"a\"\nELASTICIO_API_KEY = s3cret\n", &["line 2, column ", "(ELASTICIO_API_KEY)"][..]),
        ("LOG_LEVEL = \"s3cret\"\nLOG_LEVEL = \"s3cret\"\n", &["line 2, column 1", "(LOG_LEVEL)"]),
        ("s3cret\n", &["line 1, column "]),
        ("A = 1\nHOSTNAME = [\"s3cret\"]\n", &["line 2: HOSTNAME must be a text"]),
        ("LOG_LEVEL = { s3cret = 1 }\n", &["line 1: LOG_LEVEL must be a text"]),
    ] {
        std::fs::write(&path, text).expect("a file");
        let problem = source(&[(KNOWN.settings_file, file)], Vec::new()).err().expect("a problem");
        assert!(wants.iter().all(|want| problem.contains(want)), "{problem}");
        assert!(!problem.contains("s3cret") && !problem.contains('\n'), "{problem}");
    }
    std::fs::remove_file(&path).expect("the file");
}
