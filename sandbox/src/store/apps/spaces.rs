//! Organizations and their spaces, which never change.

use serde::Serialize;

/// An organization with the spaces that the user may see, as Podio shows it.
#[derive(Debug, Serialize)]
pub(crate) struct Organization {
    org_id: u64,
    name: &'static str,
    url: &'static str,
    url_label: &'static str,
    r#type: &'static str,
    premium: bool,
    status: &'static str,
    role: &'static str,
    rights: [&'static str; 1],
    logo: Option<u64>,
    spaces: &'static [Space],
}

/// A space of an organization.
#[derive(Debug, Serialize)]
pub(crate) struct Space {
    #[serde(rename = "space_id")]
    pub(crate) id: u64,
    pub(crate) name: &'static str,
    pub(crate) url_label: &'static str,
    role: &'static str,
}

/// The space of an app whose definition does not name one.
pub(super) const SALES: u64 = 2_720_001;
/// A space that exists, but that the user may not see.
const FINANCE: u64 = 2_720_002;

pub(crate) const ORGANIZATIONS: [Organization; 2] = [
    organization(
        786_001,
        "Acme",
        "https://podio.com/acme",
        "acme",
        &[space(SALES, "Sales", "sales"), space(2_720_003, "Support", "support")],
    ),
    organization(
        786_002,
        "Globex",
        "https://podio.com/globex",
        "globex",
        &[space(2_730_001, "Field work", "field-work")],
    ),
];

const fn organization(
    org_id: u64,
    name: &'static str,
    url: &'static str,
    url_label: &'static str,
    spaces: &'static [Space],
) -> Organization {
    Organization {
        org_id,
        name,
        url,
        url_label,
        r#type: "free",
        premium: false,
        status: "active",
        role: "admin",
        rights: ["view"],
        logo: None,
        spaces,
    }
}

const fn space(id: u64, name: &'static str, url_label: &'static str) -> Space {
    Space { id, name, url_label, role: "admin" }
}

/// The space and its organization's address, if the user may see it.
pub(crate) fn visible(space_id: u64) -> Option<(&'static Space, &'static str)> {
    let spaces = ORGANIZATIONS.iter().flat_map(|org| org.spaces.iter().map(|space| (space, org.url)));
    spaces.into_iter().find(|(space, _)| space.id == space_id)
}

/// Whether the space exists, although the user may not see it.
pub(crate) fn is_hidden(space_id: u64) -> bool {
    space_id == FINANCE
}
