//! Clients that share their HTTP client: to make one takes longer than a call.

use std::sync::Arc;

use elasticio_runtime::{
    http::{Client, Reach},
    platform::credential_store::NoStore,
};

use super::{Address, ApiClient, ClientSettings, Credential, OAuth, OwnCredential, Profile, RetryFields, TokenSource};

impl ApiClient {
    /// A client that calls this machine only, wherever an answer redirects to.
    pub(crate) fn for_this_machine(profile: &'static Profile, settings: ClientSettings, oauth: OAuth) -> Self {
        let reach = Reach::parse("127.0.0.1", "fuzzed").expect("a host");
        Self::over(Client::within("fuzzed", reach).expect("a client"), profile, settings, oauth)
    }

    /// The same without what it has learned.
    pub(crate) fn anew(&self, oauth: OAuth) -> Self {
        Self::over(self.http.clone(), self.profile, self.settings.clone(), oauth)
    }

    fn over(http: Client, profile: &'static Profile, settings: ClientSettings, oauth: OAuth) -> Self {
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
