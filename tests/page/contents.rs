//! `report.html` as a file: what stands in it, that it is well formed, and that it needs nothing but itself.

use crate::common::page::small_report;
use std::collections::HashSet;

/// Elements without an end tag.
const VOID: [&str; 6] = ["meta", "input", "img", "br", "wbr", "link"];

/// The tags of a page in order, without the contents of scripts and styles.
fn tags(page: &str) -> Vec<&str> {
    let (mut tags, mut rest) = (Vec::new(), page);
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').expect("a tag that ends");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        tags.push(tag);
        for raw in ["script", "style"] {
            if tag.split(' ').next() == Some(raw) {
                rest = &rest[rest.find(&format!("</{raw}>")).expect("an end")..];
            }
        }
    }
    tags
}

fn name(tag: &str) -> &str {
    tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default()
}

/// The values of an attribute, in order.
fn attributes<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    let key = format!(" {attribute}=\"");
    page.split(&key).skip(1).map(|rest| rest.split('"').next().unwrap_or_default()).collect()
}

#[test]
fn a_report_is_whole_and_needs_nothing_but_itself() {
    let folder = tempfile::tempdir().unwrap();
    let page = small_report(folder.path());

    // Tags balance.
    let mut open: Vec<&str> = Vec::new();
    for tag in tags(&page) {
        match tag {
            _ if tag.starts_with('!') || tag.ends_with('/') || VOID.contains(&name(tag)) => {}
            _ if tag.starts_with('/') => assert_eq!(open.pop(), Some(name(tag)), "</{}>", name(tag)),
            _ => open.push(name(tag)),
        }
    }
    assert!(open.is_empty(), "{open:?}");

    // Ids are unique and whatever is referred to exists.
    let ids = attributes(&page, "id");
    let unique: HashSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), unique.len());
    for attribute in ["aria-labelledby", "aria-describedby", "for"] {
        for reference in attributes(&page, attribute).into_iter().flat_map(str::split_whitespace) {
            assert!(unique.contains(reference), "{attribute} {reference}");
        }
    }

    // In the order in which it is to be read; headings never leave a level out.
    let sections = [
        "verdict",
        "subject",
        "metrics",
        "differences",
        "ranking",
        "calibration",
        "training",
        "gamma-heading",
        "planes",
    ];
    let places: Vec<usize> =
        sections.iter().map(|id| page.find(&format!("<h2 id=\"{id}\"")).expect(id)).collect();
    assert!(places.is_sorted(), "{places:?}");
    let levels: Vec<u8> = tags(&page)
        .into_iter()
        .filter(|tag| tag.len() >= 2 && tag.starts_with('h') && tag.as_bytes()[1].is_ascii_digit())
        .map(|tag| tag.as_bytes()[1] - b'0')
        .collect();
    assert!(levels[0] == 1 && levels.windows(2).all(|w| w[1] <= w[0] + 1 && w[1] > 1), "{levels:?}");

    // Every drawing has words and a table, and stands as a file of its own.
    let drawings = page.matches("role=\"img\"").count();
    assert!(drawings >= 12, "{drawings}");
    // And there are the verdicts on probabilities, the differences in all metrics, and the table of all
    // pairs.
    assert_eq!(page.matches("<details>").count(), drawings + 3);
    let titled = ids.iter().filter(|id| id.ends_with("-description")).count();
    assert_eq!(titled, drawings);
    let plots: Vec<_> =
        std::fs::read_dir(folder.path().join("plots")).unwrap().map(|f| f.unwrap().path()).collect();
    assert_eq!(plots.len(), drawings);
    for plot in plots {
        let svg = std::fs::read_to_string(&plot).unwrap();
        let parsed = roxmltree::Document::parse(&svg).unwrap_or_else(|e| panic!("{}: {e}", plot.display()));
        assert!(parsed.descendants().any(|node| node.has_tag_name("desc")) && !svg.contains("var(--ground"));
        assert!(!svg.contains("NaN") && !svg.contains("inf,"), "{}", plot.display());
    }

    // Nothing is loaded from anywhere.
    assert!(!page.contains("http://") && !page.contains("https://"));
    assert!(attributes(&page, "src").iter().all(|src| src.starts_with("data:")));
    assert!(page.contains("default-src 'none'") && page.contains("lang=\"en\""));
    assert!(!page.contains("NaN"), "a number that is none");
    assert!(page.len() < 400_000, "{} bytes", page.len());

    // From what stands in the footer it can be run again.
    let footer = &page[page.find("<footer>").unwrap()..];
    for fact in [
        "losslab compare --quiet --synthetic rows=2020,ratio=50",
        "0, 1, 2",
        env!("CARGO_PKG_VERSION"),
        "Fingerprint",
    ] {
        assert!(footer.contains(fact), "{fact}");
    }
}

#[test]
fn the_opening_says_what_the_results_say() {
    let folder = tempfile::tempdir().unwrap();
    let page = small_report(folder.path());
    let results = std::fs::read_to_string(folder.path().join("results.json")).unwrap();
    let results: serde_json::Value = serde_json::from_str(&results).unwrap();
    let sentence = results["verdicts"]["sentence"].as_str().unwrap();
    let opening = &page[..page.find("id=\"subject\"").unwrap()];
    assert!(opening.contains(sentence), "{sentence}");
    // `losslab report` makes the same page from what is kept, but for the time it took.
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_losslab"))
        .args(["report", "--quiet"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(out.status.success());
    let again = std::fs::read_to_string(folder.path().join("report.html")).unwrap();
    // The time stands in the footer.
    let timeless = |page: &str| page.split("<footer>").next().unwrap_or_default().to_owned();
    assert_eq!(timeless(&page), timeless(&again));
}
