//! Statistics over several data sets: the data set is the unit.
//!
//! | file | what is asked |
//! |---|---|
//! | [`pooled`] | by how much do two arms differ on average, and on another data set? |
//! | [`ranks`] | in which order do arms come, and which of them can be told apart? |
//! | [`profile`] | how often is an arm the best, or nearly so? |
//!
//! All three take the data sets as a random sample of those that one could have met: what they say holds for
//! others of that kind, and for nothing else.

pub mod pooled;
pub mod profile;
pub mod ranks;

/// With fewer data sets no conclusion is drawn. The variance between sets is then hardly known (5 degrees of
/// freedom at 6 sets), and the signed-rank test cannot reach 5 % with fewer: its least p is 2^-4 at 5 sets
/// and 2^-5 at 6.
pub const LEAST_SETS: usize = 6;
