//! A training that is killed and resumed saves the model of one that was not.

use losslab_testing::Files;
use std::process::Command;

/// Killed at a few moments, with a signal that no program can catch; `cargo xtask soak --part kills` does it
/// at many.
#[test]
fn a_training_that_is_killed_and_resumed_saves_the_same_model() {
    let rows = ["--synthetic", "rows=2020,ratio=20", "--epochs", "25", "--optimizer", "sgd"];
    let scenes = ["--scenes", "images=16,size=40,ratio=60", "--epochs", "8", "--width", "8", "--batch", "4"];
    for problem in [&rows[..], &scenes[..]] {
        let files = Files::new();
        let train = |save: &str| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_losslab"));
            command
                .args(["train", "--loss", "focal", "--quiet"])
                .args(problem)
                .arg("--save")
                .arg(files.path(save));
            command.stdout(std::process::Stdio::null());
            command
        };
        assert!(train("whole.safetensors").status().unwrap().success());
        let mut kills = 0;
        for attempt in 1.. {
            let mut command = train("resumed.safetensors");
            // It may be killed between saving the model and its end.
            command.args(["--resume", "--force", "--checkpoint"]).arg(files.path("kept"));
            let mut child = command.spawn().unwrap();
            if attempt > 3 {
                assert!(child.wait().unwrap().success());
                break;
            }
            // The first is killed as soon as there is something to go on from, the others at some moment.
            let kept = files.path("kept").join("checkpoint.safetensors");
            while attempt == 1 && !kept.exists() && child.try_wait().unwrap().is_none() {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            std::thread::sleep(std::time::Duration::from_millis(20 * (attempt - 1)));
            child.kill().unwrap();
            kills += i32::from(!child.wait().unwrap().success());
        }
        assert!(kills > 0, "the training is too short to be killed");
        let [whole, resumed] =
            ["whole", "resumed"].map(|name| std::fs::read(files.path(&format!("{name}.safetensors"))));
        assert!(whole.unwrap() == resumed.unwrap());
    }
}
