//! The one registry of losses and modifiers: command line, documents, plots, checks and comparisons iterate
//! it.

use crate::Pt;
use crate::equation::{Declaration, Equation, Points};
use crate::erased::{Hard, Set, Soft};
use crate::info::{Alpha, Head, ParamInfo, Range, TargetKind};
use crate::loss::{Loss, SetLoss, SoftLoss};
use crate::modifiers::{
    ModifierInfo, ProbabilityEffect, Stage, class_weights, ghm, logit_adjust, ohem, prior_bias, sampling,
    smooth, threshold,
};
use crate::probabilities::Probabilities;
use crate::spec::Spec;
use crate::zoo;
use losslab_base::Domain;
use std::marker::PhantomData;
use std::sync::Arc;

/// The allowed values of alpha.
pub const ALPHA_RANGE: Range = Range::closed(0.0, 1.0);

/// The values of alpha that tuning tries where a spec leaves it open.
pub const ALPHA_TUNED: Domain = Domain::Linear(0.05, 0.95);

/// The losses and modifiers that specs are resolved against. It is a value: a crate extends it by its own.
#[derive(Clone)]
pub struct Registry {
    losses: Vec<Arc<dyn Equation>>,
    modifiers: Vec<ModifierInfo>,
}

impl Registry {
    /// The losses and modifiers of this crate.
    pub fn standard() -> Self {
        Self { losses: Vec::new(), modifiers: Vec::new() }
            .with_soft(zoo::Ce)
            .with(zoo::AlphaCe)
            .with(zoo::Focal)
            .with(zoo::FocalStar)
            .with(zoo::Poly1)
            .with(zoo::Poly1Focal)
            .with(zoo::Gce)
            .with(zoo::ReducedFocal)
            .with(zoo::Asl)
            .with(zoo::Ldam)
            .with(zoo::DualFocal)
            .with_soft(zoo::Qfl)
            .with_soft(zoo::Vfl)
            .with(zoo::HingeP)
            .with_set(zoo::Dice)
            .with_modifier(class_weights::INVERSE_FREQUENCY)
            .with_modifier(class_weights::CLASS_BALANCED)
            .with_modifier(logit_adjust::LOGIT_ADJUST)
            .with_modifier(logit_adjust::BALANCED_SOFTMAX)
            .with_modifier(ohem::RATIO)
            .with_modifier_form(ohem::COUNT)
            .with_modifier_form(ohem::FRACTION)
            .with_modifier(ghm::GHM_C)
            .with_modifier(smooth::SMOOTH)
            .with_modifier(prior_bias::PRIOR_BIAS)
            .with_modifier(sampling::OVERSAMPLE)
            .with_modifier(sampling::UNDERSAMPLE)
            .with_modifier(threshold::BEST)
            .with_modifier_form(threshold::FIXED)
    }

    /// This registry and one loss more.
    ///
    /// # Panics
    /// If a loss or a modifier of this name is there already, or its declaration contradicts itself: one name
    /// for two losses, or a default outside its range, is a mistake of the program, not of its user.
    #[track_caller]
    pub fn with<L: Loss<P>, const P: usize>(self, _loss: L) -> Self {
        self.add(Hard::<L, P>(PhantomData), TargetKind::Hard)
    }

    /// This registry and one loss more, which takes soft targets.
    ///
    /// # Panics
    /// As [`Registry::with`].
    #[track_caller]
    pub fn with_soft<L: SoftLoss<P>, const P: usize>(self, _loss: L) -> Self {
        self.add(Soft::<L, P>(PhantomData), TargetKind::Soft)
    }

    /// This registry and one loss more, which is one number for a whole batch.
    ///
    /// # Panics
    /// As [`Registry::with`], and if it declares a curve or the softmax head.
    #[track_caller]
    pub fn with_set<L: SetLoss<P>, const P: usize>(self, _loss: L) -> Self {
        let info = L::INFO;
        assert!(
            !info.has_curve && !info.heads.contains(Head::Softmax),
            "{}: a loss of a whole batch has no curve and no softmax form",
            info.name
        );
        self.add(Set::<L, P>(PhantomData), TargetKind::Hard)
    }

    /// This registry and one modifier more.
    ///
    /// # Panics
    /// If a modifier or a loss of this name is there already, or its declaration contradicts itself.
    #[track_caller]
    pub fn with_modifier(mut self, modifier: ModifierInfo) -> Self {
        self.check_name("modifier", modifier.name);
        check_modifier(&modifier);
        self.modifiers.push(modifier);
        self
    }

    /// This registry and one form more of a modifier that is there already, told apart from its other forms
    /// by its parameters: a spec without any means the first form.
    ///
    /// # Panics
    /// If there is no modifier of this name, it acts on another stage, an earlier form has all these
    /// parameters too, or the declaration contradicts itself.
    #[track_caller]
    pub fn with_modifier_form(mut self, form: ModifierInfo) -> Self {
        let name = form.name;
        check_modifier(&form);
        let mut earlier = self.modifiers.iter().filter(|modifier| modifier.name == name).peekable();
        assert!(earlier.peek().is_some(), "there is no modifier '{name}' that this could be a form of");
        for earlier in earlier {
            assert!(
                earlier.stage == form.stage,
                "{name}: one form acts on {}, one on {}",
                earlier.stage,
                form.stage
            );
            let is_known = |param: &ParamInfo| earlier.params.iter().any(|other| other.name == param.name);
            assert!(
                !form.params.iter().all(is_known),
                "{name}: no parameter tells '{}' from '{}'",
                form.title,
                earlier.title
            );
        }
        self.modifiers.push(form);
        self
    }

    #[track_caller]
    fn add(mut self, loss: impl Equation + 'static, targets: TargetKind) -> Self {
        let Declaration { name, params, alpha, .. } = loss.declaration();
        self.check_name("loss", name);
        check_params(name, params);
        assert!(
            loss.targets() == targets,
            "{name} declares {:?} targets: register soft losses with `with_soft`, others with `with`",
            loss.targets()
        );
        assert!(
            loss.soft().is_none() || !loss.needs_counts(),
            "{name}: soft losses cannot shift the margin by class"
        );
        assert!(
            loss.set().is_none() || alpha == Alpha::None,
            "{name}: a loss of a whole batch takes no alpha"
        );
        assert!(
            !loss.may_be_smoothed() || is_cross_entropy(&loss),
            "{name} declares that it may be smoothed, which is defined for L = -log(p_t) only"
        );
        assert!(
            params.iter().all(|param| param.name != "alpha"),
            "{name}: alpha is declared by `Info::alpha`, not as a parameter"
        );
        if let Alpha::Default(alpha) = alpha {
            assert!(ALPHA_RANGE.contains(alpha), "{name}: default alpha={alpha} lies outside {ALPHA_RANGE}");
        }
        self.losses.push(Arc::new(loss));
        self
    }

    /// That a name is well formed and nobody else's: losses and modifiers share one list of names.
    #[track_caller]
    fn check_name(&self, kind: &str, name: &str) {
        let well_formed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(
            !name.is_empty() && name.chars().all(well_formed),
            "the name of a {kind} is like 'my-{kind}', found '{name}'"
        );
        assert!(self.find(name).is_none(), "a loss named '{name}' is in the registry already");
        assert!(
            self.modifiers.iter().all(|modifier| modifier.name != name),
            "a modifier named '{name}' is in the registry already"
        );
    }

    /// All losses, in the order of registration.
    pub fn losses(&self) -> impl Iterator<Item = &Arc<dyn Equation>> {
        self.losses.iter()
    }

    /// The loss of this name.
    pub fn find(&self, name: &str) -> Option<&Arc<dyn Equation>> {
        self.losses.iter().find(|loss| loss.name() == name)
    }

    /// The loss that others are judged against unless a user names another, as its spec: the first of those
    /// that with their defaults report true probabilities of any number of classes and weigh no class. `None`
    /// if there is none.
    pub fn default_reference(&self) -> Option<Spec> {
        let mut specs = self.losses().filter_map(|loss| Spec::parse(loss.name(), self).ok());
        specs.find(|spec| spec.alpha().is_none() && matches!(spec.probabilities(), Probabilities::True))
    }

    /// The modifiers that may follow a loss, in the order of registration; one with several forms is listed
    /// once per form.
    pub fn modifiers(&self) -> &[ModifierInfo] {
        &self.modifiers
    }
}

#[track_caller]
fn check_modifier(modifier: &ModifierInfo) {
    let ModifierInfo { name, params, stage, probabilities, .. } = *modifier;
    check_params(name, params);
    let weighs = stage == Stage::ClassWeights;
    let fits = match probabilities {
        ProbabilityEffect::Unchanged => !weighs,
        ProbabilityEffect::ClassWeights => weighs,
        ProbabilityEffect::Unknown => true,
    };
    assert!(
        fits,
        "{name} acts on {stage}, and declares what that does to probabilities as {probabilities:?}"
    );
}

/// That defaults and tuned values lie in their ranges, and that names differ.
#[track_caller]
fn check_params(owner: &str, params: &[ParamInfo]) {
    for (i, ParamInfo { name, default, range, tuned, .. }) in params.iter().enumerate() {
        assert!(range.contains(*default), "{owner}: default {name}={default} lies outside {range}");
        if let Some(tuned) = tuned {
            assert!(tuned.is_valid(), "{owner}: {name} is tuned over {tuned}, which has no values");
            let inside = tuned.ends().into_iter().all(|end| range.contains(end));
            assert!(inside, "{owner}: {name} is tuned over {tuned}, beyond {range}");
        }
        assert!(
            params[..i].iter().all(|other| other.name != *name),
            "{owner}: two parameters are named {name}"
        );
    }
}

/// Whether the equation with its default parameters is -log(p_t), on both sides.
fn is_cross_entropy(loss: &impl Equation) -> bool {
    const MARGINS: [f64; 4] = [-3.0, -0.5, 0.0, 2.0];
    if loss.set().is_some() || loss.needs_counts() {
        return false;
    }
    let params: Vec<f64> = loss.params().iter().map(|param| param.default).collect();
    [1.0, -1.0].into_iter().all(|sign| {
        let (mut value, mut slope) = ([0.0; 4], [0.0; 4]);
        loss.slopes_f64(&params, Points { margin: &MARGINS, sign: &[sign; 4] }, &mut value, &mut slope);
        value.iter().zip(MARGINS).all(|(value, x)| (value + Pt::at(x).log_p).abs() < 1e-12)
    })
}
