//! The forms: those of the classes, and the near-misses that only look like them.
//!
//! A form is a set of points of the plane around (0, 0), about as large as the unit disc. Membership is
//! decided with products and comparisons alone, which are the same on every machine.

/// A form in its own coordinates; u to the right, v downwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    // The classes.
    Disc,
    Triangle,
    Cross,
    Ring,
    Square,
    Bow,
    // Broken ones.
    HalfDisc,
    CutTriangle,
    Tee,
    OpenRing,
    NotchedSquare,
    // Of no class.
    Bar,
    Crescent,
    Blob,
}

/// The forms of the classes with their names, in the order in which `classes=` takes them.
pub(super) const CLASSES: [(Form, &str); 6] = [
    (Form::Disc, "disc"),
    (Form::Triangle, "triangle"),
    (Form::Cross, "cross"),
    (Form::Ring, "ring"),
    (Form::Square, "square"),
    (Form::Bow, "bow"),
];

/// What is always a near-miss; the forms of classes that are not asked for are added.
pub(super) const NEAR_MISSES: [Form; 8] = [
    Form::HalfDisc,
    Form::CutTriangle,
    Form::Tee,
    Form::OpenRing,
    Form::NotchedSquare,
    Form::Bar,
    Form::Crescent,
    Form::Blob,
];

/// Radius of the circle around the largest form.
pub(super) const REACH: f64 = 1.25;

const SQUARE_HALF_SIDE: f64 = 0.87;
/// Half the width of the arms of a cross.
const ARM: f64 = 0.31;
const ARM_LENGTH: f64 = 1.1;
/// Square of the inner radius of a ring.
const RING_INNER_SQUARED: f64 = 0.34;
const TRIANGLE_INNER_RADIUS: f64 = 0.6;
const SQRT_3: f64 = 1.732_050_807_568_877_2;

impl Form {
    /// How much of the form is at (u, v): 1 inside, 0 outside; a blob fades.
    pub fn at(self, u: f64, v: f64) -> f64 {
        let r2 = u * u + v * v;
        let inside = match self {
            Form::Disc => r2 <= 1.0,
            Form::Triangle => triangle(u, v),
            Form::Cross => cross(u, v),
            Form::Ring => ring(r2),
            Form::Square => square(u, v),
            Form::Bow => u.abs() <= 1.0 && v.abs() <= 0.12 + 0.8 * u.abs(),
            Form::HalfDisc => r2 <= 1.0 && v <= 0.1,
            Form::CutTriangle => triangle(u, v) && v >= -0.3,
            Form::Tee => cross(u, v) && v >= -ARM,
            Form::OpenRing => ring(r2) && !(u > 0.0 && v.abs() <= 0.7 * u),
            Form::NotchedSquare => square(u, v) && !(u > 0.0 && v > 0.0),
            Form::Bar => u.abs() <= 1.2 && v.abs() <= 0.35,
            Form::Crescent => r2 <= 1.0 && (u - 0.55) * (u - 0.55) + v * v >= 0.64,
            Form::Blob => return if r2 < 1.44 { (1.0 - r2 / 1.44) * (1.0 - r2 / 1.44) } else { 0.0 },
        };
        if inside { 1.0 } else { 0.0 }
    }
}

/// Equilateral, a corner above; its centre is (0, 0).
fn triangle(u: f64, v: f64) -> bool {
    v <= TRIANGLE_INNER_RADIUS && SQRT_3 * u.abs() - v <= 2.0 * TRIANGLE_INNER_RADIUS
}

fn cross(u: f64, v: f64) -> bool {
    let (u, v) = (u.abs(), v.abs());
    (u <= ARM && v <= ARM_LENGTH) || (v <= ARM && u <= ARM_LENGTH)
}

fn ring(r2: f64) -> bool {
    (RING_INNER_SQUARED..=1.0).contains(&r2)
}

fn square(u: f64, v: f64) -> bool {
    u.abs() <= SQUARE_HALF_SIDE && v.abs() <= SQUARE_HALF_SIDE
}
