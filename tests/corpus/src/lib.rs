//! Runs the bodies of the fuzz targets as tests: on their seeds, on changed seeds, and on random bytes. A fuzzer finds new
//! inputs (`make fuzz`); here they are held for ever. Seeds of random schedules come from here too.

mod change;
mod schedules;

use std::{fs, path::PathBuf};

use proptest::{
    prelude::*,
    sample::Index,
    test_runner::{Config, TestRunner},
};

use change::{Change, changes};
pub use schedules::seeds;

/// How often a body runs on a changed seed or on random bytes, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 1000;

/// A test for each of these functions, by their names, which are those of their targets too.
#[macro_export]
macro_rules! hold {
    ($($target:ident),+ $(,)?) => {
        $(
            #[test]
            fn $target() {
                $crate::hold(stringify!($target), super::$target);
            }
        )+
    };
}

/// Runs `body` on the seeds of `target` and on what becomes of them; `body` panics on what should not be.
pub fn hold(target: &str, body: fn(&[u8])) {
    let seeds = inputs(target);
    assert!(!seeds.is_empty(), "{target} has no seeds in fuzz/seeds");
    for seed in &seeds {
        body(seed);
    }
    let changed =
        (any::<Index>(), changes()).prop_map(|(seed, changes)| Change::all(&seeds[seed.index(seeds.len())], &changes));
    let input = prop_oneof![
        3 => changed,
        1 => proptest::collection::vec(any::<u8>(), 0..300),
    ];
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    runner
        .run(&input.prop_map(Input), |Input(input)| {
            body(&input);
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{target}: {failure}"));
}

/// An input that prints as text.
#[derive(Clone)]
struct Input(Vec<u8>);

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

/// The contents of the files in `fuzz/seeds/TARGET`, in the order of their names.
fn inputs(target: &str) -> Vec<Vec<u8>> {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../fuzz/seeds", target].iter().collect();
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a seed is a file")).collect()
}
