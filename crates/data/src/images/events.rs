//! What a loader changed or left out, counted for the notes of a set.

/// Something that happened to one image or one of its boxes. The order is that of the notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    NoArea,
    Outside,
    Clipped,
    Resized,
    ToColour,
    ToGrey,
    Alpha,
}

impl Event {
    /// The words after the count: for one and for several.
    fn words(self) -> [&'static str; 2] {
        match self {
            Event::NoArea => ["box without area is not trained on", "boxes without area are not trained on"],
            Event::Outside => [
                "box outside of its image is not trained on",
                "boxes outside of their image are not trained on",
            ],
            Event::Clipped => [
                "box reaches over the edge of its image and is clipped in training",
                "boxes reach over the edge of their image and are clipped in training",
            ],
            Event::Resized => {
                ["image of another size was letter-boxed", "images of another size were letter-boxed"]
            }
            Event::ToColour => ["grey image became colour", "grey images became colour"],
            Event::ToGrey => ["colour image became grey", "colour images became grey"],
            Event::Alpha => [
                "image has transparent pixels, which keep their colours",
                "images have transparent pixels, which keep their colours",
            ],
        }
    }
}

/// One note per kind: how many, and which came first.
pub(super) fn notes(mut events: Vec<(Event, String)>) -> Vec<String> {
    events.sort_by_key(|(event, _)| *event); // stable: within a kind the order of the images stays
    events
        .chunk_by(|a, b| a.0 == b.0)
        .map(|same| {
            let (event, first) = &same[0];
            let [one, many] = event.words();
            match same.len() {
                1 => format!("1 {one}: {first}"),
                n => format!("{n} {many}: first {first}"),
            }
        })
        .collect()
}
