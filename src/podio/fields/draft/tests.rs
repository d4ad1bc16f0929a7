use super::{super::given::tests::with, *};

const APP: &str = r#"{"app_id":7,"config":{"name":"Leads"},"fields":[
    {"external_id":"title","type":"text","label":"Title","status":"active","config":{"required":true}},
    {"external_id":"score","type":"number","label":"Score","status":"active","config":{}},
    {"external_id":"sum","type":"calculation","label":"Sum","status":"active","config":{"required":true}},
    {"external_id":"old","type":"text","label":"Old","status":"deleted","config":{}}]}"#;

fn app() -> App {
    App::read(APP).expect("an app")
}

fn create(json: &str) -> Result<Value, String> {
    let app = app();
    with(json, |given| finish(&app, Draft::read(&app, Some(given)).for_create()))
}

fn update(json: &str) -> Result<Value, String> {
    let app = app();
    with(json, |given| finish(&app, Draft::read(&app, Some(given)).for_update()))
}

fn finish(app: &App, fields: Result<Map<String, Value>, Problems>) -> Result<Value, String> {
    fields.map(Value::Object).map_err(|problems| problems.failure(app).message().to_owned())
}

#[test]
fn an_empty_value_clears_in_a_change_and_is_left_out_of_a_new_item() {
    let given = r#"{"title":"Acme","score":null,"sum":null}"#;
    assert_eq!(create(given), Ok(json!({ "title": "Acme" })));
    assert_eq!(update(given), Ok(json!({ "title": "Acme", "score": [] })));
    assert_eq!(update("{}"), Ok(json!({})));
}

#[test]
fn every_problem_is_in_one_error() {
    let error = create(r#"{"score":"many","sum":5,"old":"x","Title":"Acme"}"#).expect_err("five problems");
    for part in [
        "5 values do not fit the app \"Leads\" (7); nothing was sent.",
        "\"Score\" (score) must be a number such as 12.5, but it is \"many\"",
        "\"Sum\" (sum) takes no value",
        "\"Old\" (old) is no longer active",
        "\"Title\" is no field of the app, which has title, score, sum",
        "\"Title\" (title) is required and has no value",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert!(update(r#"{"title":""}"#).expect_err("cleared").contains("\"Title\" (title) is required"));
    assert!(!create(r#"{"title":{}," ":1}"#).expect_err("unfit").contains("{}"));
    let unfit = create(r#"{"title":[1]}"#).expect_err("unfit");
    assert!(unfit.starts_with("A value does not fit") && !unfit.contains("required"), "{unfit}");
    assert!(create("[1]").expect_err("a list").contains("\"fields\" must be an object"));
}

#[test]
fn an_error_s_log_text_holds_no_value_and_its_text_is_bounded() {
    let app = app();
    let many: Map<String, Value> = (0..1000).map(|index| (format!("geheim-{index}"), json!("geheim"))).collect();
    with(&Value::Object(many).to_string(), |given| {
        let failure = Draft::read(&app, Some(given)).check().err().expect("unknown").failure(&app);
        assert!(!failure.to_string().contains("geheim"), "{failure}");
        assert!(failure.message().ends_with("; and 980 more."), "{}", failure.message());
        assert!(failure.message().len() < 4000, "{}", failure.message().len());
    });
}
