//! The Tidings node.

fn main() -> std::process::ExitCode {
    tidings::run(std::env::args_os(), std::env::vars_os())
}
