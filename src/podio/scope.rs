//! What a token may be used for, as `GET /oauth/scope` tells it
//! (<https://developers.podio.com/authentication/scopes>).

use serde::Deserialize;

use crate::rest::{Answer, answer::Body};

#[derive(Deserialize)]
struct Grant {
    ref_type: Option<String>,
    ref_id: Option<u64>,
    #[serde(default)]
    permissions: Vec<String>,
}

/// The grants as Podio writes them in a scope, e.g. `scope global:all` or `scope org_1:read app_7:write`.
pub(crate) fn in_words(answer: &Answer) -> String {
    let Body::Json(json) = answer.body() else { return words_of(&[]) };
    words_of(&serde_json::from_str::<Vec<Grant>>(json.get()).unwrap_or_default())
}

fn words_of(grants: &[Grant]) -> String {
    let scopes: Vec<String> = grants
        .iter()
        .flat_map(|Grant { ref_type, ref_id, permissions }| {
            let place = ref_type.as_deref().unwrap_or("global");
            let place = ref_id.map_or_else(|| place.to_owned(), |id| format!("{place}_{id}"));
            permissions.iter().map(move |permission| format!("{place}:{permission}"))
        })
        .collect();
    if scopes.is_empty() { "it is accepted".to_owned() } else { format!("it is accepted, scope {}", scopes.join(" ")) }
}

#[cfg(test)]
mod tests {
    use super::words_of;

    #[test]
    fn grants_are_written_as_in_a_scope() {
        for (answer, words) in [
            (r#"[{"ref_type":null,"ref_id":null,"permissions":["all"]}]"#, "it is accepted, scope global:all"),
            (
                r#"[{"ref_type":"org","ref_id":1,"permissions":["read","write"]},{"ref_type":"user","permissions":["all"]}]"#,
                "it is accepted, scope org_1:read org_1:write user:all",
            ),
            ("[]", "it is accepted"),
        ] {
            assert_eq!(words_of(&serde_json::from_str::<Vec<_>>(answer).expect("grants")), words, "{answer}");
        }
    }
}
