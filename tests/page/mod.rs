//! `report.html`: what stands in it, and how it works in a browser.

mod browser;
mod contents;
