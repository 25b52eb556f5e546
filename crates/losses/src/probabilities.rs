//! What the probabilities that a loss makes a network report are worth.

use std::fmt;

/// log h(r), from the parameters of the loss, log r and log(1 - r), of a reported probability r.
///
/// h is what the true probabilities of the classes are proportional to where the expected loss is least: over
/// rows alike, of which shares eta_k are of class k, its minimum sum_k eta_k L(r_k) has eta_k ~ h(r_k) = -1 /
/// L'(r_k). A factor that all classes share does not matter. Class weights are divided out by
/// [`Inverse`](crate::Inverse).
pub type LogH = fn(params: &[f64], log_r: f64, log_rest: f64) -> f64;

/// How the probabilities that a network reports relate to the true ones where its expected loss is least, on
/// hard targets and with classes of equal weight.
#[derive(Clone, Copy, Debug)]
pub enum Probabilities {
    /// Nothing is declared: neither are the reports taken for true ones, nor is anybody warned of them.
    Undeclared,
    /// They are the true ones, whatever the number of classes: the loss is a strictly proper scoring rule. Of
    /// all losses of the true class's probability only cross-entropy is.
    True,
    /// They are the true ones of two classes, and biased of more: L'(r) / L'(1 - r) = (1 - r) / r, as of (1 -
    /// p_t)^2.
    TrueOfTwo,
    /// They are biased, and this map leads back. The equation is the same for positives and negatives.
    Invertible(LogH),
    /// They are biased, and no map back is declared.
    Biased,
}

impl Probabilities {
    /// True where a loss has become a proper one, such as focal loss at gamma = 0; else biased.
    pub fn true_if(proper: bool) -> Self {
        if proper { Probabilities::True } else { Probabilities::Biased }
    }

    /// Whether they are the true ones of so many classes; a sigmoid head has two.
    pub fn are_true(self, classes: usize) -> bool {
        match self {
            Probabilities::True => true,
            Probabilities::TrueOfTwo => classes == 2,
            Probabilities::Undeclared | Probabilities::Invertible(_) | Probabilities::Biased => false,
        }
    }

    /// Whether they are declared not to be the true ones of so many classes.
    pub fn are_biased(self, classes: usize) -> bool {
        !self.are_true(classes) && !matches!(self, Probabilities::Undeclared)
    }
}

impl fmt::Display for Probabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Probabilities::Undeclared => "undeclared",
            Probabilities::True => "true",
            Probabilities::TrueOfTwo => "true of two classes",
            Probabilities::Invertible(_) => "biased, with a known inverse",
            Probabilities::Biased => "biased",
        })
    }
}
