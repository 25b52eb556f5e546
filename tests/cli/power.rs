//! `losslab power`: what it takes to see a difference.

use crate::common::{complaint, printed};
use losslab_testing::Files;

#[test]
fn a_pilot_says_how_many_seeds_and_rows_a_difference_needs() {
    let files = Files::new();
    let out = files.path("out");
    let out = out.to_str().unwrap();
    let data = ["compare", "--synthetic", "rows=2000,ratio=9,overlap=0.9,seed=3"];
    let losses = ["--seeds", "4", "--loss", "ce", "--loss", "focal:gamma=1", "--out", out];
    printed(&[&data[..], &losses].concat());
    let of = |more: &[&str]| printed(&[&["power", out], more].concat());
    // A difference of 1 is seen by 2 seeds; one of a ten-thousandth by none.
    let large = of(&["--difference", "1"]);
    assert!(large.contains("to see a difference of 1.00 AP, with 80 % power at the 5 % level"), "{large}");
    assert!(large.contains("as now") && !large.contains("none is enough"), "{large}");
    let small = of(&["--difference", "0.0001"]);
    assert!(small.contains("none is enough") && small.contains("x 200)"), "{small}");
    assert!(of(&[]).contains("the equivalence margin"));
    let absent = files.path("absent");
    for (arguments, expected) in [
        (["power", out, "--difference", "-1"], "--difference -1: expected a positive number"),
        (["power", out, "--power", "1"], "--power 1: expected a probability above 0.05 and below 1"),
    ] {
        let said = complaint(&arguments, &absent);
        assert!(said.contains(expected), "{said}");
    }
    assert!(complaint(&["power", absent.to_str().unwrap()], &absent).contains("comparison.json: not found"));
}
