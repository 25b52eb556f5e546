//! Metrics of detectors: the trait, and COCO's twelve numbers as entries of the registry.

use crate::boxes::{CocoResults, WeightedBoxes};
use crate::registry::{MetricInfo, Weighted};

/// A metric of what a detector found, made of COCO's numbers.
///
/// ```
/// use losslab_metrics::{BoxMetric, MetricInfo, Metrics, boxes::CocoResults};
///
/// /// How well boxes are placed: what is left of AP50 at IoU .75.
/// struct Tightness;
///
/// impl BoxMetric for Tightness {
///     fn info(&self) -> MetricInfo {
///         MetricInfo::new("tightness", "Tightness", "tightness", "AP75 over AP50")
///     }
///     fn value(&self, results: &CocoResults) -> Option<f64> {
///         results.ap50.filter(|ap| *ap > 0.0).and_then(|ap50| Some(results.ap75? / ap50))
///     }
/// }
/// assert!(Metrics::standard().with_boxes(Tightness).find_boxes("tightness").is_ok());
/// ```
pub trait BoxMetric: Send + Sync {
    /// Its name, meaning, direction and range.
    fn info(&self) -> MetricInfo;

    /// Its value; `None` where it is undefined.
    fn value(&self, results: &CocoResults) -> Option<f64>;

    /// The metric as a function of how often each image counts.
    ///
    /// As provided, all of COCO's numbers are computed for each set of weights; a metric that can do with
    /// less says so here, as AP, AP50 and AP75 do.
    fn weighted<'a>(&'a self, boxes: &'a WeightedBoxes) -> Weighted<'a> {
        Box::new(move |weights| self.value(&boxes.results(weights)))
    }
}

/// One of COCO's numbers.
#[derive(Clone, Copy)]
pub(crate) struct CocoNumber {
    info: MetricInfo,
    value: fn(&CocoResults) -> Option<f64>,
    /// A shorter way to it for given weights.
    weighted: Option<ForWeights>,
}

/// A number for given weights of the images.
type ForWeights = fn(&WeightedBoxes, &[u32]) -> Option<f64>;

impl BoxMetric for CocoNumber {
    fn info(&self) -> MetricInfo {
        self.info
    }

    fn value(&self, results: &CocoResults) -> Option<f64> {
        (self.value)(results)
    }

    fn weighted<'a>(&'a self, boxes: &'a WeightedBoxes) -> Weighted<'a> {
        match self.weighted {
            Some(weighted) => Box::new(move |weights| weighted(boxes, weights)),
            None => Box::new(move |weights| self.value(&boxes.results(weights))),
        }
    }
}

const fn entry(
    name: &'static str,
    title: &'static str,
    words: &'static str,
    meaning: &'static str,
    value: fn(&CocoResults) -> Option<f64>,
) -> CocoNumber {
    let info = MetricInfo::new(name, title, words, meaning).undefined_if(Some("there is no such object"));
    CocoNumber { info, value, weighted: None }
}

/// COCO's twelve numbers, in the order in which results and reports show them.
pub(crate) const ALL: [CocoNumber; 12] = [
    CocoNumber {
        weighted: Some(WeightedBoxes::ap),
        ..entry(
            "ap",
            "AP",
            "AP",
            "average precision, mean over IoU thresholds .50 to .95 and categories",
            |r| r.ap,
        )
    },
    CocoNumber {
        weighted: Some(WeightedBoxes::ap50),
        ..entry("ap50", "AP50", "AP50", "average precision at IoU .50", |r| r.ap50)
    },
    CocoNumber {
        weighted: Some(WeightedBoxes::ap75),
        ..entry("ap75", "AP75", "AP75", "average precision at IoU .75", |r| r.ap75)
    },
    entry(
        "ap_small",
        "AP small",
        "AP on small objects",
        "average precision on objects of up to 32^2 pixels",
        |r| r.ap_small,
    ),
    entry(
        "ap_medium",
        "AP medium",
        "AP on medium objects",
        "average precision on objects of 32^2 to 96^2 pixels",
        |r| r.ap_medium,
    ),
    entry(
        "ap_large",
        "AP large",
        "AP on large objects",
        "average precision on objects from 96^2 pixels on",
        |r| r.ap_large,
    ),
    entry("ar1", "AR1", "AR1", "average recall with one detection per image and category", |r| r.ar1),
    entry("ar10", "AR10", "AR10", "average recall with ten detections per image and category", |r| r.ar10),
    entry("ar100", "AR100", "AR100", "average recall with 100 detections per image and category", |r| {
        r.ar100
    }),
    entry(
        "ar_small",
        "AR small",
        "AR on small objects",
        "average recall on objects of up to 32^2 pixels",
        |r| r.ar_small,
    ),
    entry(
        "ar_medium",
        "AR medium",
        "AR on medium objects",
        "average recall on objects of 32^2 to 96^2 pixels",
        |r| r.ar_medium,
    ),
    entry(
        "ar_large",
        "AR large",
        "AR on large objects",
        "average recall on objects from 96^2 pixels on",
        |r| r.ar_large,
    ),
];
