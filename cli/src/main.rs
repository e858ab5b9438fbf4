//! The `veldboek` program: see the library of this package.

use std::process::ExitCode;

fn main() -> ExitCode {
    veldboek::run(std::env::args_os(), &mut veldboek::Console::real()).into()
}
