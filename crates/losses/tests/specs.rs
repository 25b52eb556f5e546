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
        ("focal:gamma=1e+0", "focal:gamma=1"),
        ("focal:gamma=2.5E+0+ohem:ratio=3e+0", "focal:gamma=2.5+ohem:ratio=3"),
        ("ce+inverse-freq", "ce+inverse-freq"),
        ("ce+ohem", "ce+ohem:ratio=3"),
        ("ce+ohem:fraction=.5", "ce+ohem:fraction=0.5"),
        ("ce+threshold", "ce+threshold"),
        ("ce + threshold:at=0.3 + smooth", "ce+threshold:at=0.3+smooth:eps=0.1"),
        ("asl:margin=0.1", "asl:gamma_pos=0,gamma_neg=4,margin=0.1"),
        ("ldam+oversample", "ldam:max_margin=0.5,scale=1+oversample"),
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

#[test]
fn numbers_that_f32_cannot_hold_are_refused() {
    for text in ["1e39", "1e-60"] {
        let error = parse(&format!("ce+logit-adjust:tau={text}")).unwrap_err();
        assert!(error.contains(&format!("tau={text} is beyond the range of f32")), "{error}");
    }
}

#[test]
fn what_contradicts_is_refused() {
    let message = |text: &str| parse(text).unwrap_err();
    insta::assert_snapshot!(
        [
            "ce+inverse-freq+class-balanced",
            "ce+logit-adjust+balanced-softmax",
            "ce+ohem+ghm-c",
            "ce+ohem:ratio=3+ohem:count=5",
            "ce+ohem:ratio=3,count=5",
            "ce+ohem:share=0.5",
            "ce+oversample+undersample",
            "ce+threshold:at=2",
            "focal+smooth",
            "dice+ohem",
            "dice+smooth",
            "ldam+logit-adjust",
            "qfl:alpha=0.25",
        ]
        .map(message)
        .join("\n")
    );
}
