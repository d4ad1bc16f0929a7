//! The people of the account, who never change. A contact field refers to one of them.

use serde_json::{Value, json};

use super::tokens::USER_ID;

/// A person.
#[derive(Debug)]
pub(crate) struct Profile {
    pub(crate) id: u64,
    pub(crate) user_id: u64,
    pub(crate) name: &'static str,
    pub(crate) mail: &'static str,
}

/// The user that every token belongs to.
pub(crate) const ME: &Profile = &PROFILES[0];

const PROFILES: [Profile; 3] = [
    Profile { id: 8_800_456, user_id: USER_ID, name: "Ops Bot", mail: "ops@example.test" },
    Profile { id: 8_800_457, user_id: USER_ID + 1, name: "Ann Smith", mail: "ann@example.test" },
    Profile { id: 8_800_458, user_id: USER_ID + 2, name: "Bo Larsen", mail: "bo@example.test" },
];

impl Profile {
    /// The person with this profile.
    pub(crate) fn by_id(id: u64) -> Option<&'static Self> {
        PROFILES.iter().find(|profile| profile.id == id)
    }

    /// The person with this user.
    pub(crate) fn by_user(user_id: u64) -> Option<&'static Self> {
        PROFILES.iter().find(|profile| profile.user_id == user_id)
    }

    /// The person whom a contact identifier means: `{"type": "user" | "profile" | "mail", "id": …}`.
    pub(crate) fn identified(identifier: &Value) -> Option<&'static Self> {
        let id = &identifier["id"];
        match identifier["type"].as_str()? {
            "profile" => Self::by_id(id.as_u64()?),
            "user" => Self::by_user(id.as_u64()?),
            "mail" => PROFILES.iter().find(|profile| Some(profile.mail) == id.as_str()),
            _ => None,
        }
    }

    /// As a contact field shows the person.
    pub(crate) fn show(&self) -> Value {
        json!({
            "profile_id": self.id, "user_id": self.user_id, "name": self.name, "mail": [self.mail],
            "type": "user", "space_id": null, "org_id": null, "rights": ["view"],
            "link": format!("https://podio.com/users/{}", self.user_id),
        })
    }

    /// As `created_by` shows the person.
    pub(crate) fn byline(&self) -> Value {
        json!({"type": "user", "id": self.user_id, "user_id": self.user_id, "name": self.name})
    }
}
