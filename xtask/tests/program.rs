//! The program itself. Being tested, it is built with all other tests, so that `.ci/run` need not build it
//! again.

use std::process::Command;

#[test]
fn it_says_what_it_can_do() {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    for command in ["soak", "miri", "asan", "docs"] {
        assert!(help.contains(&format!("\n  {command} ")), "{help}");
    }
}
