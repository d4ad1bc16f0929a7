//! Tests of the built program as a process, against a real broker and the sandbox.

mod bad_input;
mod cooldown;
mod duplicates;
mod exec;
mod faults;
mod files;
mod pages;
mod refresh;
mod startup;
mod step;
mod stop;
