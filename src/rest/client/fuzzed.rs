//! A client whose HTTP client is shared: to make one takes longer than a call.

use std::sync::Arc;

use elasticio_runtime::http::Client;
use elasticio_runtime::platform::credential_store::NoStore;

use super::{Address, ApiClient, ClientSettings, Credential, OAuth, OwnCredential, Profile, RetryFields, TokenSource};

impl ApiClient {
    /// A client without anything that an earlier one has learned.
    pub(crate) fn over(http: Client, profile: &'static Profile, settings: ClientSettings, oauth: OAuth) -> Self {
        let own = OwnCredential::new(profile, oauth, None, Arc::new(NoStore));
        Self {
            http,
            profile,
            address: Address::new(settings.api_url.clone()),
            credential: Some(Credential::new(TokenSource::Own(Box::new(own)))),
            step_retry: RetryFields { retries: Some(0), delay: None },
            settings,
        }
    }
}
