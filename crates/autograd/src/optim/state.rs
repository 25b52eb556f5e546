//! What an optimiser remembers between steps, as checkpoints keep it.

/// The memory of an optimiser. Before the first step its lists are empty.
#[derive(Clone, Debug, PartialEq)]
pub struct OptimizerState<T> {
    /// The steps that each parameter has taken, where the optimiser counts them.
    pub steps: Vec<u64>,
    /// By name (`velocity` of SGD; `m` and `v` of Adam): one list of numbers per parameter.
    pub moments: Vec<(&'static str, Vec<Vec<T>>)>,
}

impl<T> OptimizerState<T> {
    /// The lists of moments, which must bear these names.
    #[track_caller]
    pub(super) fn named<const N: usize>(self, names: [&str; N]) -> [Vec<Vec<T>>; N] {
        let found: Vec<&str> = self.moments.iter().map(|(name, _)| *name).collect();
        assert!(found == names, "optimiser with moments {names:?}, state with {found:?}");
        let mut moments = self.moments.into_iter().map(|(_, moments)| moments);
        names.map(|_| moments.next().unwrap_or_default())
    }
}
