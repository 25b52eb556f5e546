//! `report.html` in a real browser, headless, at the width of a phone and of a desk.
//!
//! The browser is the one named by `CHROME`, else the first of those below on the `PATH`. Without one the
//! test says so and skips; with `LOSSLAB_REQUIRE_BROWSER=1` it fails.

use crate::common::page::small_report;
use serde_json::Value;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

fn browser() -> Option<PathBuf> {
    let named = std::env::var_os("CHROME").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = named.or_else(|| {
        let places = std::env::split_paths(&path).flat_map(|folder| BROWSERS.map(|name| folder.join(name)));
        places.into_iter().find(|place| place.is_file())
    });
    if found.is_none() {
        let message = "no browser on the PATH; set CHROME to chromium or Chrome";
        assert!(std::env::var("LOSSLAB_REQUIRE_BROWSER").as_deref() != Ok("1"), "{message}");
        // Not `eprintln!`, which the test runner would swallow.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {message}");
    }
    found
}

/// Collects errors from the start on.
const WATCH: &str = "<script>window.faults=[];addEventListener('error',e=>faults.push(e.message));\
                     addEventListener('securitypolicyviolation',\
                     e=>faults.push(e.violatedDirective));</script>";

/// Looks, moves the slider and the theme, looks again, opens all tables, and tells the page around it.
const PROBE: &str = "<script>addEventListener('load',()=>{\
const root=document.documentElement,slider=document.getElementById('gamma');\
const look=()=>({line:document.querySelector('#gamma-drawing svg svg .l.c1').getBoundingClientRect().height+\
document.querySelector('#gamma-drawing svg svg .l.c1').getAttribute('d'),\
bar:document.querySelector('#bars-gradient .fill').getBoundingClientRect().width,\
value:document.getElementById('gamma-value').textContent,\
ground:getComputedStyle(document.body).backgroundColor,\
ink:getComputedStyle(document.querySelector('figure svg text')).fill});\
const before=look();slider.value=0;slider.dispatchEvent(new Event('input'));\
document.getElementById('theme').click();\
document.querySelectorAll('details').forEach(d=>d.open=true);const after=look();\
parent.postMessage({width:innerWidth,scroll:root.scrollWidth,before,after,faults},'*');});</script>";

#[test]
fn the_report_works_in_a_browser_on_a_phone_and_on_a_desk() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = small_report(folder.path());
    let probed = page.replacen("<head>", &format!("<head>{WATCH}"), 1).replacen(
        "</body>",
        &format!("{PROBE}</body>"),
        1,
    );
    std::fs::write(folder.path().join("probed.html"), probed).unwrap();
    // Headless windows have a least width; frames have none.
    let frames: String = [360, 1280]
        .map(|width| {
            format!("<iframe src='probed.html' style='width:{width}px;height:800px;border:0'></iframe>")
        })
        .concat();
    let around = format!(
        "<!DOCTYPE html><body><script>let seen=[];addEventListener('message',e=>{{seen.push(e.data);\
         document.getElementById('seen').textContent=\
         btoa(unescape(encodeURIComponent(JSON.stringify(seen))))}});</script>{frames}<pre id=seen></pre>"
    );
    let around_path = folder.path().join("around.html");
    std::fs::write(&around_path, around).unwrap();

    for scheme in ["0", "1"] {
        let output = Command::new(&browser)
            // The only page it sees is ours; containers have no sandbox to offer.
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--dump-dom"])
            .args(["--enable-logging=stderr", "--window-size=1300,900", "--virtual-time-budget=10000"])
            .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .arg(format!("file://{}", around_path.display()))
            .output()
            .unwrap();
        let (dom, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!log.contains("CONSOLE"), "{log}");
        let text =
            dom.split("<pre id=\"seen\">").nth(1).and_then(|rest| rest.split('<').next()).unwrap_or_default();
        let seen: Value =
            serde_json::from_slice(&decode(text)).unwrap_or_else(|e| panic!("{e}: {dom}\n{log}"));
        let seen = seen.as_array().unwrap();
        let mut widths: Vec<i64> = seen.iter().filter_map(|frame| frame["width"].as_i64()).collect();
        widths.sort_unstable();
        assert_eq!(widths, [360, 1280]);
        for frame in seen {
            assert_eq!(frame["faults"], serde_json::json!([]));
            let [scroll, width] = ["scroll", "width"].map(|key| frame[key].as_i64().unwrap());
            assert!(scroll <= width, "wider than its window: {frame}");
            let (before, after) = (&frame["before"], &frame["after"]);
            for what in ["line", "bar", "value", "ground", "ink"] {
                assert_ne!(before[what], after[what], "{what}");
            }
            assert_eq!((&before["value"], &after["value"]), (&Value::from("2"), &Value::from("0")));
            let dark = before["ground"] == "rgb(20, 23, 26)";
            assert_eq!(dark, scheme == "0", "the preferred colours: {before}");
        }
    }
}

/// Base64 to bytes; anything else is left out.
fn decode(text: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => Some(c - b'A'),
        b'a'..=b'z' => Some(c - b'a' + 26),
        b'0'..=b'9' => Some(c - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let digits: Vec<u32> = text.bytes().filter_map(digit).map(u32::from).collect();
    let group = |four: &[u32]| {
        let bits = four.iter().enumerate().fold(0, |bits, (i, &d)| bits | d << (18 - 6 * i));
        (0..four.len() - 1).map(move |i| (bits >> (16 - 8 * i)) as u8).collect::<Vec<u8>>()
    };
    digits.chunks(4).filter(|four| four.len() > 1).flat_map(group).collect()
}
