//! The worker, started as the platform starts it, with an allocator that counts. When it stops it prints how often it
//! allocated, and how many bytes in all: `allocated BLOCKS BYTES`, the last line of standard error.

use std::process::ExitCode;

use dhat::{Alloc, HeapStats, Profiler};

#[global_allocator]
static ALLOCATOR: Alloc = Alloc;

fn main() -> ExitCode {
    let _profiler = Profiler::builder().testing().build();
    let code = elasticio_runtime::main::<podio_component::PodioComponent>();
    let HeapStats { total_blocks, total_bytes, .. } = HeapStats::get();
    eprintln!("allocated {total_blocks} {total_bytes}");
    code
}
