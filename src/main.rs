//! The `losslab` command.

fn main() -> std::process::ExitCode {
    losslab::run_with(losslab::Lab::standard(), std::env::args_os())
}
