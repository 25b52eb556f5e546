//! Comparisons of several models with several losses, and models named in several ways.

use crate::common::{complaint, determined, model_file, printed};
use losslab_testing::Files;
use serde_json::json;

const SMALL: [&str; 8] =
    ["compare", "--synthetic", "rows=1010,ratio=100", "--seeds", "3", "--epochs", "3", "--out"];

#[test]
fn models_and_losses_make_a_grid() {
    let files = Files::new();
    let compare = |name: &str, extra: &[&str]| {
        let out = files.path(name);
        let text = printed(&[&SMALL[..], &[out.to_str().unwrap()], extra].concat());
        (text, determined(&out))
    };
    let grid = ["--model", "mlp", "--model", "linear", "--loss", "ce", "--loss", "focal"];
    let (text, results) = compare("grid", &grid);
    assert!(text.contains("training 2 models x 2 losses x 3 seeds, at most 3 epochs each"), "{text}");
    assert!(text.contains("verdicts rest on Average precision, against mlp / ce\n"), "{text}");
    let arm = |model: &str, loss: &str| json!({ "model": model, "loss": loss });
    let [ce, focal] = ["ce", "focal:gamma=2"];
    let arms = [arm("mlp", ce), arm("mlp", focal), arm("linear", ce), arm("linear", focal)];
    assert_eq!(results["arms"], json!(arms));
    assert_eq!(results["reference"], arm("mlp", ce));
    assert_eq!(results["runs"].as_array().unwrap().len(), 12);
    assert!(files.path("grid/runs/linear__focal_gamma=2__2.json").is_file());

    // Losses within each model, and models at the reference loss; the correction covers these and says so.
    let verdicts = &results["verdicts"];
    let pair = |label: &str, reference: &str| (json!(label), json!(reference));
    let comparisons = verdicts["comparisons"].as_array().unwrap();
    let pairs: Vec<_> =
        comparisons.iter().map(|one| (one["label"].clone(), one["reference"].clone())).collect();
    assert_eq!(
        pairs,
        [
            pair("mlp / focal:gamma=2", "mlp / ce"),
            pair("linear / ce", "mlp / ce"),
            pair("linear / focal:gamma=2", "linear / ce")
        ]
    );
    let correction = verdicts["correction"].as_str().unwrap();
    assert!(correction.contains("over the 3 comparisons listed"), "{correction}");
    assert!(correction.contains("within each model") && correction.contains("every model"), "{correction}");
    for comparison in comparisons {
        assert!(
            comparison["p"].is_f64() && text.contains(comparison["sentence"].as_str().unwrap()),
            "{text}"
        );
    }
    let page = std::fs::read_to_string(files.path("grid/report.html")).unwrap();
    assert!(page.contains("2 models with 2 losses each were compared"));
    assert!(page.contains(verdicts["sentence"].as_str().unwrap()));

    // What stands beside a run changes nothing in it.
    let (_, alone) = compare("alone", &["--model", "linear", "--loss", "focal"]);
    assert_eq!(alone["runs"].as_array().unwrap()[..], results["runs"].as_array().unwrap()[9..]);
    assert_eq!(alone["verdicts"]["comparisons"], json!([]));

    // With one loss the models are what is compared.
    let (text, models) = compare("models", &["--model", "mlp", "--model", "linear", "--loss", "ce"]);
    assert_eq!(models["verdicts"]["comparisons"][0]["label"], "linear");
    assert!(text.contains("against mlp\n"), "{text}");
    assert_eq!(models["verdicts"]["comparisons"][0]["difference"], comparisons[1]["difference"]);
}

#[test]
fn a_network_without_hidden_layers_is_a_linear_model() {
    let files = Files::new();
    let train = |name: &str, extra: &[&str]| {
        let path = files.path(name);
        let arguments = ["train", "--quiet", "--synthetic", "rows=1010", "--epochs", "2", "--save"];
        printed(&[&arguments[..], &[path.to_str().unwrap()], extra].concat());
        model_file::read(&path)
    };
    let (about, linear) = train("linear", &["--model", "linear"]);
    assert_eq!(about["model"]["model"], "linear");
    assert_eq!(linear.len(), 2);
    for (name, extra) in [("none", &["--hidden", "none"][..]), ("spec", &["--model", "mlp:hidden=none"])] {
        let (about, tensors) = train(name, extra);
        assert_eq!(about["model"]["model"], "mlp:hidden=none");
        // Both start from the same weights, and there is nothing else to differ in.
        assert_eq!(tensors, linear, "{name}");
    }
    let (about, deep) = train("deep", &["--hidden", "8,4"]);
    assert_eq!(about["model"]["model"], "mlp:hidden=8x4");
    assert_eq!(deep["layer1.weight"].0, [8, 4]);
    assert_eq!(train("same", &["--model", "mlp:hidden=8x4"]), (about, deep));
}

#[test]
fn what_is_no_grid_is_one_clear_line() {
    let files = Files::new();
    let out = files.path("out");
    let mut lines = String::new();
    for extra in [
        &["--model", "mlp", "--model", "mlp:hidden=64x64"][..],
        &["--model", "linear", "--hidden", "8"],
        &["--model", "mlp:hidden=8xwide"],
        &["--model", "mlp:hidden"],
        &["--model", "mlp:hidden=8,hidden=9"],
        &["--detector", "retinanet"],
    ] {
        lines += &complaint(&[&SMALL[..], &[out.to_str().unwrap()], extra].concat(), files.0.path());
    }
    let save = files.path("m.safetensors");
    let train = ["train", "--synthetic", "rows=1010", "--save", save.to_str().unwrap()];
    lines += &complaint(&[&train[..], &["--model", "mlp", "--model", "linear"]].concat(), files.0.path());
    lines += &complaint(&["compare", "--scenes", "--model", "mlp"], files.0.path());
    lines += &complaint(&["compare", "--model", "mlp", "--detector", "retinanet"], files.0.path());
    insta::assert_snapshot!(lines);
    assert!(!out.join("results.json").exists());
}

#[test]
fn hidden_layers_are_described_once() {
    let files = Files::new();
    let message = complaint(
        &[&SMALL[..], &["out", "--model", "mlp:hidden=3", "--hidden", "8"]].concat(),
        files.0.path(),
    );
    assert_eq!(
        message,
        "error: --hidden: --model mlp:hidden=3 says already how wide the hidden layers are\n"
    );
    let message = complaint(&[&SMALL[..], &["out", "--hidden", "60000,60000"]].concat(), files.0.path());
    assert!(message.contains("weights, expected at most 1073741824"), "{message}");
}
