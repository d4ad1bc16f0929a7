//! The program `podio-component`.

use std::process::ExitCode;

use mimalloc::MiMalloc;
use podio_component::PodioComponent;

/// Faster than the system's allocator; docs/performance.md has the measurements.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    elasticio_runtime::main::<PodioComponent>()
}
