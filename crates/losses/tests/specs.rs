//! Specs: what parses, how it prints, and what the errors say.

use losslab_losses::{Registry, Spec};

fn parse(text: &str) -> Result<Spec, String> {
    Spec::parse(text, &Registry::standard()).map_err(|e| e.to_string())
}

#[test]
fn canonical_forms() {
    for (typed, canonical) in [
        ("ce", "ce"),
        ("alpha-ce", "alpha-ce:alpha=0.75"),
        (" focal ", "focal:gamma=2"),
        ("focal:alpha=0.25", "focal:gamma=2,alpha=0.25"),
        ("focal: alpha = .25 , gamma = 1e0", "focal:gamma=1,alpha=0.25"),
        ("ce + class-balanced : beta=0.99 + prior-bias", "ce+class-balanced:beta=0.99+prior-bias:pi=0.01"),
        ("ce+inverse-freq", "ce+inverse-freq"),
    ] {
        let spec = parse(typed).unwrap();
        assert_eq!(spec.to_string(), canonical);
        assert_eq!(parse(canonical).unwrap().to_string(), canonical);
    }
}

#[test]
fn errors_say_what_would_be_right() {
    let message = |text: &str| parse(text).unwrap_err();
    insta::assert_snapshot!(
        [
            "",
            "foo",
            "focal:",
            "focal:gamma",
            "focal:gama=2",
            "focal:gamma=-1",
            "focal:gamma=NaN",
            "focal:gamma=inf",
            "focal:gamma=two",
            "focal:gamma=1,gamma=2",
            "focal:alpha=1.5",
            "ce:alpha=0.5",
            "ce+",
            "ce+foo",
            "ce+inverse-freq+inverse-freq",
            "ce+class-balanced:beta=1",
            "ce+inverse-freq:x=1",
        ]
        .map(message)
        .join("\n")
    );
}
