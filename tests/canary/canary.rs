//! The secrets, each a text that occurs nowhere else, and where each belongs.

use std::sync::LazyLock;

use podio_test_support::cipher;
use rand::RngExt;
use rand::distr::Alphanumeric;

use crate::place::Place;

/// Random characters on either side of a secret's middle.
const RANDOM: usize = 14;

/// What a secret may be made of.
#[derive(Clone, Copy)]
enum Form {
    /// Characters that pass everywhere unchanged.
    Word,
    /// Also characters that JSON, addresses and forms write in another way.
    Text,
    /// Given by the tests' cipher.
    Given(&'static str),
}

macro_rules! canaries {
    ($($(#[$doc:meta])* $name:ident: $form:expr => [$($place:ident),*];)*) => {
        /// A secret that a flow puts somewhere.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Canary { $($(#[$doc])* $name,)* }

        impl Canary {
            /// All of them.
            pub(crate) const ALL: &[Self] = &[$(Self::$name),*];

            /// Where it belongs: it is seen in each of these places, and in no other.
            pub(crate) fn places(self) -> &'static [Place] {
                match self { $(Self::$name => &[$(Place::$place),*],)* }
            }

            fn form(self) -> Form {
                match self { $(Self::$name => $form,)* }
            }
        }
    };
}

canaries! {
    /// In `ELASTICIO_AMQP_URI`.
    AmqpPassword: Form::Text => [Environment, Broker];
    /// One that the broker refuses.
    WrongPassword: Form::Word => [Environment, Broker];
    /// Every log line carries it (protocol, section 13.8).
    ApiUser: Form::Text => [Environment, Log, Platform];
    ApiKey: Form::Text => [Environment, Platform];
    CryptoPassword: Form::Given(cipher::PASSWORD) => [Environment];
    CryptoIv: Form::Given(cipher::IV) => [Environment];
    StorageToken: Form::Word => [Environment, Storage];
    /// Of the step's own credential.
    AccessToken: Form::Word => [Environment, Podio];
    RefreshToken: Form::Word => [Environment, TokenEndpoint, Platform];
    /// Another field of the step's config.
    ConfigField: Form::Text => [Environment];
    ClientId: Form::Word => [Environment, TokenEndpoint];
    ClientSecret: Form::Text => [Environment, TokenEndpoint];
    /// From the token endpoint.
    NewAccessToken: Form::Word => [Podio, Platform, Files];
    NewRefreshToken: Form::Word => [TokenEndpoint, Platform, Files];
    /// What the token endpoint says besides.
    TokenAnswer: Form::Text => [];
    /// Of a secret that the platform keeps.
    PlatformToken: Form::Word => [Podio];
    NewPlatformToken: Form::Word => [Podio];
    /// What the platform says to a call that fails.
    PlatformAnswer: Form::Text => [Errors];
    /// The snapshot in the step's data.
    StepSnapshot: Form::Text => [];
    /// What the startup hook has stored.
    StartupData: Form::Text => [];
    /// In an AMQP header that the platform passes on.
    AmqpHeader: Form::Word => [Broker];
    /// In the headers inside a message.
    MessageHeader: Form::Text => [Errors, Rebounds];
    Body: Form::Text => [Podio, Errors, Rebounds];
    /// Values in the address of a request.
    Query: Form::Word => [Podio, Errors, Rebounds];
    Path: Form::Word => [Podio, Errors, Rebounds];
    Passthrough: Form::Text => [Results, Errors, Rebounds];
    /// A message that nobody can read.
    Unreadable: Form::Text => [];
    PodioAnswer: Form::Text => [Results, Errors, Output, Posted];
    PodioHeader: Form::Word => [Results, Output];
    /// In the address of a file to upload.
    SourceQuery: Form::Word => [Source, Errors];
    FileContent: Form::Text => [Podio, Storage];
    /// What the source of a file says when it fails.
    SourceAnswer: Form::Text => [];
    /// In the address that a server redirects to.
    Redirect: Form::Word => [OtherHost];
    /// `PODIO_ACCESS_TOKEN` and `PODIO_REFRESH_TOKEN`.
    ExecAccessToken: Form::Word => [Environment, Podio];
    ExecRefreshToken: Form::Word => [Environment, TokenEndpoint];
    /// In the credential file of `exec`.
    FileAccessToken: Form::Word => [Podio];
    FileRefreshToken: Form::Word => [TokenEndpoint];
    FileField: Form::Text => [Files];
    /// In `ELASTICIO_POST_RESULT_URL`.
    PostPassword: Form::Text => [Environment, ResultHost];
    PostQuery: Form::Word => [Environment, ResultHost];
    /// In `HTTPS_PROXY`.
    ProxyPassword: Form::Word => [Environment, Proxy];
    /// In a setting that is malformed.
    Malformed: Form::Word => [Environment];
    /// The text of a panic, and of what an action emits before it.
    PanicText: Form::Text => [Errors];
    Snapshot: Form::Text => [Snapshots, Broker, Errors];
    Reply: Form::Text => [Results, Errors];
}

static VALUES: LazyLock<Vec<String>> = LazyLock::new(|| Canary::ALL.iter().map(|secret| make(secret.form())).collect());

fn make(form: Form) -> String {
    let random = || rand::rng().sample_iter(Alphanumeric).take(RANDOM).map(char::from).collect::<String>();
    match form {
        Form::Word => random() + "-" + &random(),
        Form::Text => random() + "\"/+&=%ü " + &random(),
        Form::Given(text) => text.to_owned(),
    }
}

impl Canary {
    /// The secret itself.
    pub(crate) fn value(self) -> &'static str {
        &VALUES[self as usize]
    }

    /// Percent-encoded, for an address.
    pub(crate) fn encoded(self) -> String {
        percent_encoding::utf8_percent_encode(self.value(), percent_encoding::NON_ALPHANUMERIC).to_string()
    }
}
