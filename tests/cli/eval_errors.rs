//! What `losslab eval` says of bad input and bad arguments.

use crate::common::eval::run;

/// The one line of error.
#[track_caller]
fn complaint(arguments: &str, input: &[u8]) -> String {
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    let output = run(&arguments, input);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?} {}: {text}", String::from_utf8_lossy(input));
    assert!(output.stdout.is_empty(), "{arguments:?}");
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[test]
fn bad_input_is_one_clear_line() {
    let inputs = [
        ("--loss ce", ""),
        ("--loss ce", "logits"),
        ("--loss ce", r#"{"logits": [1, 2], "targets": [1, 0]"#),
        ("--loss ce", r#"{"logits": [1, 2], "targets": [1, 0]} {}"#),
        ("--loss ce", r#"{"logits": [1, NaN], "targets": [1, 0]}"#),
        ("--loss ce", r#"{"logits": [1, 1e999], "targets": [1, 0]}"#),
        ("--loss ce", "[1, 0]"),
        ("--loss ce", r#"{"logits": [1, 2]}"#),
        ("--loss ce", r#"{"logits": [1, 2], "targets": [1, 0], "mask": [1, 1]}"#),
        ("--loss ce", r#"{"logits": [1, 2], "logits": [1, 2], "targets": [1, 0]}"#),
        ("--loss ce", r#"{"logits": 1, "targets": [1]}"#),
        ("--loss ce", r#"{"logits": null, "targets": [1]}"#),
        ("--loss ce", r#"{"logits": [], "targets": []}"#),
        ("--loss ce", r#"{"logits": [[], []], "targets": [[], []]}"#),
        ("--loss ce", r#"{"logits": [1, "two"], "targets": [1, 0]}"#),
        ("--loss ce", r#"{"logits": [1, null], "targets": [1, 0]}"#),
        ("--loss ce", r#"{"logits": [1, [2]], "targets": [1, 0]}"#),
        ("--loss ce", r#"{"logits": [[1, 2], 3], "targets": [1, 0]}"#),
        ("--loss ce", r#"{"logits": [[1, 2], [3]], "targets": [[1, 0], [1, 0]]}"#),
        ("--loss ce", r#"{"logits": [[1, 2], [3, {}]], "targets": [[1, 0], [1, 0]]}"#),
        ("--loss ce", r#"{"logits": [1, 2], "targets": [1]}"#),
        ("--loss ce", r#"{"logits": [[1, 2], [3, 4]], "targets": [1, 0]}"#),
        ("--loss ce", r#"{"logits": [1, 2], "targets": [1, 0], "weights": [1]}"#),
        ("--loss ce", r#"{"logits": [1, 2], "targets": [1, 0], "valid": [1, 0, 1]}"#),
        ("--loss ce", r#"{"logits": [1, 2], "targets": [1, 0], "valid": [1, 2]}"#),
        ("--loss ce", r#"{"logits": [1, 2], "targets": [1, 1.5]}"#),
        ("--loss ce", r#"{"logits": [1, 2], "targets": [1, "NaN"]}"#),
        ("--loss focal", r#"{"logits": [1, 2], "targets": [1, 0.5]}"#),
        ("--loss focal", r#"{"logits": [1, 2], "targets": [1, 2]}"#),
        ("--loss ce", r#"{"logits": [1, 2], "targets": [1, 0], "class_counts": [1, 2, 3]}"#),
        ("--loss ce", r#"{"logits": [1, 2], "targets": [1, 0], "class_counts": [1, -2]}"#),
        ("--loss ce", r#"{"logits": [1, 2], "targets": [1, 0], "class_counts": [1, 2.5]}"#),
        ("--loss ce+inverse-freq", r#"{"logits": [1, 2], "targets": [1, 0]}"#),
        ("--loss ldam", r#"{"logits": [1, 2], "targets": [1, 0]}"#),
        ("--loss ldam", r#"{"logits": [1, 2], "targets": [1, 0], "class_counts": [10, 0]}"#),
        ("--loss dice --reduction none", r#"{"logits": [1, 2], "targets": [1, 0]}"#),
        ("--loss ce --head softmax", r#"{"logits": [1, 2], "targets": [1, 0]}"#),
        ("--loss ce --head softmax", r#"{"logits": [[1], [2]], "targets": [0, 0]}"#),
        ("--loss ce --head softmax", r#"{"logits": [[1, 2], [3, 4]], "targets": [0, 2]}"#),
        ("--loss ce --head softmax", r#"{"logits": [[1, 2], [3, 4]], "targets": [0, -1]}"#),
        ("--loss ce --head softmax", r#"{"logits": [[1, 2], [3, 4]], "targets": [0, 0.5]}"#),
        ("--loss ce --head softmax", r#"{"logits": [[1, 2], [3, 4]], "targets": [0, 4294967296]}"#),
        ("--loss ce --head softmax", r#"{"logits": [[1, 2], [3, 4]], "targets": [[1, 0], [0, 1]]}"#),
        ("--loss asl --head softmax", r#"{"logits": [[1, 2], [3, 4]], "targets": [0, 1]}"#),
        ("--loss focal:alpha=0.5 --head softmax", r#"{"logits": [[1, 2, 3]], "targets": [0]}"#),
    ];
    let mut lines: Vec<String> =
        inputs.iter().map(|(args, input)| complaint(args, input.as_bytes())).collect();
    lines.push(complaint("--loss ce", b"{\"logits\": [1], \"targets\": [1], \"\xff\": 0}"));
    insta::assert_snapshot!(lines.concat());
}

#[test]
fn bad_arguments_are_one_clear_line() {
    let lines: String = [
        "",
        "--loss focus",
        "--loss focal:gamma=-1",
        "--loss ce --head relu",
        "--loss ce --reduction max",
        "--loss ce --normalizer anchors",
        "--loss ce --reduction sum --normalizer positives",
        "--loss ce --dtype f16",
        "--loss ce --isa avx3",
    ]
    .map(|arguments| complaint(arguments, b""))
    .concat();
    insta::assert_snapshot!(lines);
}
