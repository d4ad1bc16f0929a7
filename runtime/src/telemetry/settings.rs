//! Where health and figures are served.

use std::net::SocketAddr;

use crate::settings::{Reader, Variable};

/// Where health and figures are served, and the variable that says so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HttpAddress {
    /// The variable's name.
    pub(crate) variable: &'static str,
    /// Its value.
    pub(crate) address: SocketAddr,
}

impl HttpAddress {
    /// Reads the component's `variable`; `None` if the component has none or it is not set.
    pub(crate) fn read(reader: &mut Reader<'_>, variable: Option<Variable>) -> Option<Self> {
        let variable = variable?;
        let text = reader.optional(variable)?;
        let address = text.parse().ok();
        if address.is_none() {
            reader.problem(variable, "must be an IP address and a port, such as 0.0.0.0:9464 or [::1]:9464");
        }
        Some(Self { variable: variable.name, address: address? })
    }
}
