//! Items of Podio's apps.

mod apps;
mod calls;
