//! Checkpoints: a training that was ended and resumed has the bits of one that was not; no damaged file is
//! ever taken.

use crate::common::{images, model, retinanet, rows, scenes, spec, synthetic, trained};
use losslab_data::files::owner::{Claim, Owner};
use losslab_data::files::{Temporary, remove_leftovers};
use losslab_losses::Spec;
use losslab_models::{NamedTensor, Numbers, State};
use losslab_testing::Files;
use losslab_train::checkpoint::{
    Checkpoint, Disk, Folder, Identity, Keeper, RealDisk, Which, decode, encode,
};
use losslab_train::tasks::boxes::{DetectorSettings, EpochDetail, NormKind};
use losslab_train::tasks::table::{TableSettings, TableTask};
use losslab_train::{OptimizerKind, Start, Task, TrainError, save_model, train};
use serde_json::json;
use std::cell::Cell;
use std::io;
use std::mem::forget;
use std::ops::ControlFlow::{Break, Continue};
use std::path::Path;
use std::sync::Arc;

fn small_rows() -> TableTask {
    rows(synthetic("rows=505,ratio=20"), 3)
}

fn keeper(folder: &Path, every: usize, loss: &Spec, resume: bool) -> Keeper {
    let identity = Identity::new("data", &"fingerprint", "split", &json!({}), loss, 3);
    let mut keeper = Keeper::new(Folder::new(folder), every, identity);
    if resume {
        keeper.resume(Which::Latest).unwrap();
    }
    keeper
}

#[test]
fn rows_resumed_after_any_epoch_have_the_bits_of_an_uninterrupted_training() {
    let (task, model) = (small_rows(), model("mlp:hidden=7x5"));
    let cases = [
        (OptimizerKind::Sgd, "ce", 6, 15),
        (OptimizerKind::Adam, "focal:gamma=2+undersample:ratio=3", 6, 15),
        (OptimizerKind::AdamW, "ce+oversample", 60, 1),
    ];
    for (optimizer, loss, epochs, patience) in cases {
        let loss = spec(loss);
        let learning_rate = 0.01;
        let settings = TableSettings {
            epochs: Some(epochs),
            patience: Some(patience),
            optimizer,
            learning_rate,
            ..TableSettings::default()
        };
        let start =
            |threads| Start { run: 0, learner: &model, loss: &loss, settings: &settings, seed: 3, threads };
        let whole = train(&task, &start(1), None, &mut |_| Continue(())).unwrap();
        let run = whole.history.epochs.len();
        assert!(patience > 1 || run < epochs, "early stopping is one of the cases");
        for every in [1, 2] {
            let files = Files::new();
            let mut epochs = Vec::new();
            for end in 1..=run {
                let mut keeper = keeper(&files.path("kept"), every, &loss, end > 1);
                let ended = train(&task, &start(end), Some(&mut keeper), &mut |epoch| {
                    if epoch.epoch == end { Break(()) } else { Continue(()) }
                });
                assert!(matches!(ended, Err(TrainError::Stopped { epoch }) if epoch == end));
            }
            let mut keeper = keeper(&files.path("kept"), every, &loss, true);
            let resumed = train(&task, &start(2), Some(&mut keeper), &mut |epoch| {
                epochs.push(epoch.epoch);
                Continue(())
            });
            let resumed = resumed.unwrap();
            assert!(format!("{resumed:?}") == format!("{whole:?}"), "{loss}, every {every}");
            assert_eq!(epochs, (1..=run).collect::<Vec<_>>(), "the whole curve is told again");
        }
    }
}

#[test]
fn detectors_resumed_after_any_epoch_have_the_bits_of_an_uninterrupted_training() {
    let parts = scenes("images=9,size=32,ratio=60,classes=2");
    let (loss, detector) = (spec("focal:gamma=2,alpha=0.25"), retinanet());
    for (norm, optimizer) in [(NormKind::Batch, OptimizerKind::AdamW), (NormKind::Group, OptimizerKind::Sgd)]
    {
        let settings = DetectorSettings {
            epochs: Some(4),
            width: 8,
            batch: 4,
            shift: 2,
            norm,
            optimizer,
            ..DetectorSettings::default()
        };
        let task = images(parts.clone(), &settings);
        let start =
            Start { run: 0, learner: &detector, loss: &loss, settings: &settings, seed: 3, threads: 1 };
        let files = Files::new();
        let run = |keeper: Option<&mut Keeper>, end: usize| {
            train(&task, &start, keeper, &mut |epoch| {
                if epoch.epoch == end { Break(()) } else { Continue(()) }
            })
        };
        let whole = run(None, usize::MAX).unwrap();
        for end in 1..=4 {
            let ended = run(Some(&mut keeper(&files.path("kept"), 1, &loss, end > 1)), end);
            assert!(matches!(ended, Err(TrainError::Stopped { epoch }) if epoch == end));
        }
        let resumed = run(Some(&mut keeper(&files.path("kept"), 1, &loss, true)), usize::MAX).unwrap();
        assert_eq!(resumed.weights, whole.weights);
        assert!(format!("{resumed:?}") == format!("{whole:?}"));
        let details = whole.history.epochs.iter().filter_map(EpochDetail::of);
        assert!(details.into_iter().any(|detail| detail.shares.is_some()));
    }
}

fn small(epoch: usize) -> Checkpoint {
    let weights = vec![0.5, -0.0, f32::MIN_POSITIVE / 2.0, 3e38, epoch as f32, 6.0];
    let tensor = |name: &str, shape: &[usize], numbers| NamedTensor {
        name: name.into(),
        shape: shape.to_vec(),
        numbers,
    };
    Checkpoint {
        identity: Identity::new("a.csv", &"f00d", "5711", &json!({"batch": 128}), &spec("ce"), 0),
        epoch,
        progress: json!({"loss": 0.1 + 0.2, "word": u64::MAX}),
        tensors: State(vec![
            tensor("order/0", &[3], Numbers::U32(vec![2, 0, u32::MAX])),
            tensor("weights/w", &[2, 3], Numbers::F32(weights)),
        ]),
    }
}

/// Tensors come back in the order of the file.
fn sorted(mut checkpoint: Checkpoint) -> Checkpoint {
    checkpoint.tensors.0.sort_by(|a, b| a.name.cmp(&b.name));
    checkpoint
}

#[test]
fn every_truncation_and_every_flipped_bit_is_refused() {
    let bytes = encode(&small(1)).unwrap();
    assert_eq!(bytes, encode(&small(1)).unwrap(), "the bytes of a checkpoint do not vary");
    let whole = sorted(decode(&bytes).unwrap());
    assert_eq!(format!("{whole:?}"), format!("{:?}", small(1)), "also the signs of zeros");
    for length in 0..bytes.len() {
        assert!(decode(&bytes[..length]).is_err(), "cut to {length} bytes");
    }
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            assert!(decode(&damaged).is_err(), "bit {bit} of byte {at} flipped");
        }
    }
    assert!(decode(&[&bytes[..], b"\0"].concat()).is_err(), "a byte too many");
}

/// A disk that breaks at one of the things that are asked of it; a file that it breaks at keeps its first
/// bytes, under its temporary name, as if the program had been killed.
struct TornDisk {
    operations: Cell<usize>,
    breaks_at: usize,
    bytes: usize,
}

impl TornDisk {
    fn next(&self) -> io::Result<()> {
        let operation = self.operations.replace(self.operations.get() + 1);
        if operation == self.breaks_at { Err(io::Error::other("torn")) } else { Ok(()) }
    }
}

impl Disk for TornDisk {
    fn write(&self, folder: &Path, bytes: &[u8]) -> io::Result<Temporary> {
        match self.next() {
            Ok(()) => RealDisk.write(folder, bytes),
            Err(error) => {
                forget(RealDisk.write(folder, &bytes[..self.bytes.min(bytes.len())])?);
                Err(error)
            }
        }
    }
    fn persist(&self, temporary: Temporary, path: &Path) -> io::Result<()> {
        match self.next() {
            Ok(()) => RealDisk.persist(temporary, path),
            Err(error) => {
                forget(temporary);
                Err(error)
            }
        }
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.next().and_then(|()| RealDisk.rename(from, to))
    }
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.next().and_then(|()| RealDisk.sync_folder(folder))
    }
}

#[test]
fn wherever_a_write_is_torn_one_of_the_last_two_checkpoints_loads() {
    let length = encode(&small(4)).unwrap().len();
    let writes = (0..=length).step_by(97).map(|bytes| (0, bytes));
    for (breaks_at, bytes) in writes.chain((1..4).map(|operation| (operation, 0))) {
        let files = Files::new();
        let mut folder = Folder::new(files.0.path());
        (1..=3).for_each(|epoch| folder.save(&small(epoch)).unwrap());
        let torn = TornDisk { operations: Cell::new(0), breaks_at, bytes };
        let mut folder = Folder::on(files.0.path(), Box::new(torn));
        folder.load(Which::Latest).unwrap();
        assert!(folder.save(&small(4)).is_err());

        // The program that comes after it.
        let mut folder = Folder::new(files.0.path());
        remove_leftovers(files.0.path()).unwrap();
        let loaded = folder.load(Which::Latest).unwrap().unwrap();
        assert_eq!(loaded.checkpoint.epoch, if breaks_at == 3 { 4 } else { 3 }, "operation {breaks_at}");
        (5..=6).for_each(|epoch| folder.save(&small(epoch)).unwrap());
        let epochs = [Which::Latest, Which::Previous]
            .map(|which| Folder::new(files.0.path()).load(which).unwrap().unwrap().checkpoint.epoch);
        assert_eq!(epochs, [6, 5]);
        assert_eq!(std::fs::read_dir(files.0.path()).unwrap().count(), 2, "nothing else is left");
    }
}

#[test]
fn nothing_is_written_into_a_folder_that_another_took_over() {
    let files = Files::new();
    let claim = |process, start| Claim { host: "a".into(), process, start, heartbeat: start };
    let claimed = |claim| Arc::new(Owner::claim(files.0.path(), claim).unwrap().0);
    let mut folder = Folder::new(files.0.path()).owned_by(claimed(claim(7, 1000)));
    folder.save(&small(1)).unwrap();
    let _second = claimed(claim(8, 2000));
    let message = folder.save(&small(2)).unwrap_err().to_string();
    assert!(message.contains("the folder was taken over by process 8 on \"a\""), "{message}");
    assert_eq!(folder.load(Which::Latest).unwrap().unwrap().checkpoint.epoch, 1);
}

#[test]
fn a_damaged_checkpoint_does_not_take_the_place_of_the_one_before_it() {
    let files = Files::new();
    let mut folder = Folder::new(files.0.path());
    (1..=2).for_each(|epoch| folder.save(&small(epoch)).unwrap());
    let mut bytes = std::fs::read(folder.file(Which::Latest)).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(folder.file(Which::Latest), bytes).unwrap();

    let mut folder = Folder::new(files.0.path());
    assert!(folder.load(Which::Latest).is_err());
    assert_eq!(folder.load(Which::Previous).unwrap().unwrap().checkpoint.epoch, 1);
    folder.save(&small(7)).unwrap();
    let mut folder = Folder::new(files.0.path());
    let epochs = [Which::Latest, Which::Previous].map(|w| folder.load(w).unwrap().unwrap().checkpoint.epoch);
    assert_eq!(epochs, [7, 1]);
}

#[test]
fn what_is_no_checkpoint_of_this_training_is_refused_in_clear_words() {
    let files = Files::new();
    let mut folder = Folder::new(files.0.path());
    (1..=2).for_each(|epoch| folder.save(&small(epoch)).unwrap());
    let latest = folder.file(Which::Latest);
    let good = std::fs::read(&latest).unwrap();
    let mut messages = String::new();
    let mut refuse = |what: &str, bytes: &[u8]| {
        std::fs::write(&latest, bytes).unwrap();
        let message = files.message(Folder::new(files.0.path()).load(Which::Latest));
        messages += &format!("{what}\n  {message}\n");
    };
    let replaced = |from: &str, to: &str| {
        let at = good.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        [&good[..at], to.as_bytes(), &good[at + from.len()..]].concat()
    };
    refuse("empty", b"");
    refuse("cut off", &good[..good.len() - 5]);
    refuse("a text", b"epoch,loss\n1,0.5\n");
    refuse("a header of 2^56 bytes", &[&[0, 0, 0, 0, 0, 0, 0, 1], &good[8..]].concat());
    refuse("a later version", &replaced(r#"version\":1"#, r#"version\":2"#));
    refuse("another number", &replaced("128", "129"));
    refuse("another program's", &replaced("\"losslab\"", "\"elselab\""));
    let model_files = Files::new();
    let saved = model_files.path("m.safetensors");
    save_small_model(&saved);
    refuse("a model", &std::fs::read(saved).unwrap());
    std::fs::remove_file(folder.file(Which::Previous)).unwrap();
    refuse("cut off, without one before it", &good[..99]);

    let file = std::fs::File::create(&latest).unwrap();
    file.set_len(5 << 30).unwrap();
    let message = files.message(Folder::new(files.0.path()).load(Which::Latest));
    messages += &format!("5 GiB\n  {message}\n");
    std::fs::remove_file(&latest).unwrap();
    assert!(Folder::new(files.0.path()).load(Which::Latest).unwrap().is_none());
    let message = files.message(Folder::new(files.0.path()).load(Which::Previous));
    messages += &format!("no previous one\n  {message}\n");

    std::fs::write(&latest, &good).unwrap();
    let mut other = |what: &str, identity: Identity| {
        let mut keeper = Keeper::new(Folder::new(files.0.path()), 1, identity);
        let message = files.message(keeper.resume(Which::Latest).map(drop));
        messages += &format!("{what}\n  {message}\n");
    };
    let ce = spec("ce");
    other("settings", Identity::new("a.csv", &"f00d", "5711", &json!({"batch": 64}), &ce, 0));
    other("data", Identity::new("a.csv", &"beef", "5711", &json!({"batch": 128}), &ce, 0));
    other("loss", Identity::new("a.csv", &"f00d", "5711", &json!({"batch": 128}), &spec("focal"), 0));
    // A checkpoint of the same training whose state is another program's.
    let identity = Identity::new("a.csv", &"f00d", "5711", &json!({"batch": 128}), &ce, 0);
    let mut keeper = Keeper::new(Folder::new(files.0.path()), 1, identity);
    keeper.resume(Which::Latest).unwrap();
    let (model, settings) = (model("mlp"), TableSettings::default());
    let start = Start { run: 0, learner: &model, loss: &ce, settings: &settings, seed: 3, threads: 1 };
    let trained = train(&small_rows(), &start, Some(&mut keeper), &mut |_| Continue(()));
    messages += &format!("state\n  {}\n", files.message(trained.map(drop)));
    insta::assert_snapshot!(messages);
}

/// Trains for an epoch and saves the model.
fn save_small_model(path: &Path) {
    let (task, model, ce) = (small_rows(), model("mlp"), spec("ce"));
    let settings = TableSettings { epochs: Some(1), ..TableSettings::default() };
    let trained = trained(&task, &model, &ce, &settings, [3, 1]).unwrap();
    let start = Start { run: 0, learner: &model, loss: &ce, settings: &settings, seed: 3, threads: 1 };
    let description = task.model(&start, &trained.judged);
    save_model(path, TableTask::KIND, &description, &trained.weights).unwrap();
}
