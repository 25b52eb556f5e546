//! The `losslab` command.

fn main() -> std::process::ExitCode {
    losslab::cli::run(std::env::args_os())
}
