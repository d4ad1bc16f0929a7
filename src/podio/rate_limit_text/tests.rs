use super::*;

fn seconds(body: &str) -> Option<u64> {
    requested_wait(body.as_bytes()).map(|wait| wait.as_secs())
}

fn described(text: &str) -> Option<u64> {
    seconds(&serde_json::json!({ "error": "rate_limit", "error_description": text }).to_string())
}

#[test]
fn the_description_takes_precedence_over_the_request() {
    let long = "x".repeat(3 * TEXT_WINDOW);
    let limit = "You have hit the rate limit. Please wait 300 seconds before trying again";
    let request = |text: &str| format!(r#"{{"request":{{"body":"{text}"}},"error_description":"{limit}"}}"#);
    assert_eq!(seconds(&request(&long)), Some(300));
    assert_eq!(seconds(&request("please wait 9 seconds ")), Some(300));
    let code = r#"{"error_description":"rate_limit","error_detail":"please wait 7 seconds"}"#;
    assert_eq!(seconds(code), Some(7));
    let limit = r#"{"error_description":"Limit: 1000","error_detail":"please wait 7 seconds"}"#;
    assert_eq!(seconds(limit), Some(7), "a time, rather than a number");
    let other = r#"{"error_description":"rate_limit","request":{"body":"please wait 9 seconds"}}"#;
    assert_eq!(seconds(other), Some(9));
    let ids = r#"{"error_description":"rate_limit","request":{"url":"http://h/item/123456"}}"#;
    assert_eq!(seconds(ids), None, "the request's numbers say nothing");
    assert_eq!(seconds(&format!("{long} please wait 7 seconds")), None, "the search is bounded");
    assert_eq!(described(&format!("{long} please wait 7 seconds")), None, "the search is bounded");
}

#[test]
fn waits_in_other_bodies() {
    for (body, want) in [
        ("", None),
        ("Please WAIT 1 Second.", Some(1)),
        ("wait for it", None),
        ("wait 99999999999999999999 seconds", Some(u64::MAX)),
        ("Espere 2 segundos", Some(2)),
        ("\"Espere 2 segundos\"", Some(2)),
        ("7", Some(7)),
        ("<html><body style=\"margin: 8\">Bitte 2 Minuten warten</body></html>", Some(120)),
        ("<html><h1>420</h1></html>", None),
        (r#"{"error_description":7,"retry":9}"#, None),
        ("[1, 2]", None),
    ] {
        assert_eq!(seconds(body), want, "{body}");
    }
}

#[test]
fn waits_in_descriptions_of_any_language() {
    for (text, want) in [
        ("Ha alcanzado el límite. Espere 2 segundos antes de intentarlo de nuevo", Some(2)),
        ("Límite de 1000 llamadas por hora. Espere 2 segundos", Some(2)),
        ("Sie haben 250 Anfragen in 60 Minuten gestellt. Bitte warten Sie noch 2 weitere Sekunden", Some(2)),
        ("1000 Anfragen in 3600 Sekunden sind erlaubt. Bitte 2 Sekunden warten.", Some(2)),
        ("Veuillez patienter 1\u{202F}200 secondes", Some(1200)),
        ("Aguarde 2,5 segundos", Some(3)),
        ("Подождите 45 секунд", Some(45)),
        ("Du har nået grænsen. Vent venligst 300 sekunder", Some(300)),
        ("请等待300秒后再试", Some(300)),
        ("300초 후에 다시 시도하세요", Some(300)),
        ("يرجى الانتظار ٣٠ ثانية", Some(30)),
        ("कृपया ३० सेकंड प्रतीक्षा करें", Some(30)),
        ("กรุณารอ 30 วินาที", Some(30)),
        ("Warte 2s", Some(2)),
        ("Odota 5 minuuttia", Some(300)),
        ("Please wait 1 minute and 30 seconds", Some(90)),
        ("Please wait 1 hour, 5 minutes", Some(3900)),
        ("Please wait 300 seconds; the limit of 250 calls is reset every 3600 seconds", Some(300)),
        ("Fan 7 wachtsje asjebleaft", Some(7)),
        ("Limite 250, attende 7", Some(7)),
        ("rate_limit", None),
        ("HTTP420 v2", None),
        ("Please wait 99999999999999999999 seconds", Some(u64::MAX)),
    ] {
        assert_eq!(described(text), want, "{text}");
    }
}

#[test]
fn escapes_and_a_cut_in_one_are_read() {
    let escaped = r#"{"error_description":"\u0422\u0430\u043a. \u041f\u043e\u0434\u043e\u0436\u0434\u0438\u0442\u0435 45 \u0441\u0435\u043a\u0443\u043d\u0434"}"#;
    assert_eq!(seconds(escaped), Some(45));
    for pad in 0..8 {
        let text = format!("wait 3 seconds {}{}", "x".repeat(pad), "\\ud83d\\ude00".repeat(TEXT_WINDOW));
        assert_eq!(seconds(&format!(r#"{{"error_description":"{text}"}}"#)), Some(3));
    }
}
