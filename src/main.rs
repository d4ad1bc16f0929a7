//! The program.

use std::process::ExitCode;

use mimalloc::MiMalloc;
use podio_component::PodioComponent;

/// Chosen by measurement (docs/performance.md).
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    elasticio_runtime::main::<PodioComponent>()
}
