//! Names that do not exist: one line that lists what there is, and the nearest name.

use crate::common::complaint;
use losslab_testing::Files;

#[test]
fn an_unknown_name_is_answered_with_what_there_is_and_the_nearest() {
    let files = Files::new();
    let complaint = |arguments: &[&str]| complaint(arguments, files.0.path());
    let rows = ["compare", "--synthetic", "rows=1010"];
    let of = |extra: &[&str]| complaint(&[&rows[..], extra].concat());
    assert_eq!(
        of(&["--model", "linaer"]),
        "error: --model: there is no model 'linaer'; there are mlp, linear, convnet (did you mean \
         'linear'?)\n"
    );
    assert_eq!(
        of(&["--model", "mlp:hiden=8"]),
        "error: --model: mlp:hiden=8: there is no parameter 'hiden'; there are hidden (did you mean \
         'hidden'?)\n"
    );
    let metric = of(&["--metric", "rocauc"]);
    assert!(
        metric.starts_with(
            "error: --metric: there is no metric 'rocauc'; there are average_precision, roc_auc, "
        ),
        "{metric}"
    );
    assert!(metric.ends_with("(did you mean 'roc_auc'?)\n"), "{metric}");
    assert_eq!(
        complaint(&["compare", "--scenes", "--detector", "retina"]),
        "error: --detector: there is no detector 'retina'; there are retinanet (did you mean 'retinanet'?)\n"
    );
    let loss = of(&["--loss", "focl"]);
    assert!(loss.contains("there is no loss 'focl'; there are ce, alpha-ce, focal, "), "{loss}");
    assert!(loss.ends_with("(did you mean 'focal'?)\n"), "{loss}");
    for (arguments, kind, near) in
        [(["--optimizer", "adm"], "optimizer", "adam"), (["--loss-set", "quik"], "set", "quick")]
    {
        let message = of(&arguments);
        assert!(message.contains(&format!("there is no {kind} '{}'", arguments[1])), "{message}");
        assert!(message.contains(&format!("(did you mean '{near}'?)")), "{message}");
    }
    let norm = complaint(&["compare", "--scenes", "--norm", "bacth"]);
    assert!(
        norm.contains("there is no norm 'bacth'; there are batch, group, none (did you mean 'batch'?)"),
        "{norm}"
    );
    let key = complaint(&["compare", "--synthetic", "overlp=1"]);
    assert!(key.starts_with("error: --synthetic: found the key \"overlp\", expected one of rows ("), "{key}");
    assert!(key.ends_with("; did you mean overlap?\n"), "{key}");
    // A name of the other kind of data is known.
    assert_eq!(
        complaint(&["compare", "--scenes", "--metric", "roc_auc"]),
        "error: --metric roc_auc: a metric of rows; objects in images are learnt from here\n"
    );
    let reference = of(&["--reference", "focl"]);
    assert!(
        reference.starts_with("error: --reference: loss spec 'focl': there is no loss 'focl'"),
        "{reference}"
    );
    // Far from everything there is nothing to guess.
    assert_eq!(
        of(&["--model", "xyz"]),
        "error: --model: there is no model 'xyz'; there are mlp, linear, convnet\n"
    );
}
