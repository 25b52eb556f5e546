//! The message for a name that does not exist: what there is, and the nearest name.

/// The name among `known` that `name` was probably meant to be, if one is near: by Jaro-Winkler similarity,
/// which is kind to typing errors behind a right beginning; of names equally alike it is the shortest.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Names less alike than this are not worth a guess.
    const LEAST: f64 = 0.8;
    // Rounded, so that equal scores are equal.
    let score = |known: &'a str| ((strsim::jaro_winkler(name, known) * 1e9).round() / 1e9, known);
    let scored = known.into_iter().map(score).filter(|(score, _)| *score >= LEAST);
    scored.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.len().cmp(&a.1.len()))).map(|(_, known)| known)
}

/// One line for a name that does not exist: `there is no metric 'auc'; there are ap, roc_auc (did you mean
/// 'roc_auc'?)`.
pub fn unknown<'a>(kind: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let hint = match nearest(name, known.iter().copied()) {
        Some(nearest) => format!(" (did you mean '{nearest}'?)"),
        None => String::new(),
    };
    match &known[..] {
        [] => format!("there is no {kind} '{name}', nor any other"),
        _ => format!("there is no {kind} '{name}'; there are {}{hint}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_where_one_is_near() {
        let known = ["ce", "alpha-ce", "focal", "focal-star"];
        assert_eq!(nearest("focall", known), Some("focal"));
        assert_eq!(nearest("foacl-star", known), Some("focal-star"));
        assert_eq!(nearest("focus", known), Some("focal"));
        assert_eq!(nearest("hinge", known), None);
    }

    #[test]
    fn the_message_lists_what_there_is() {
        let message = unknown("loss", "focl", ["ce", "focal"]);
        assert_eq!(message, "there is no loss 'focl'; there are ce, focal (did you mean 'focal'?)");
        assert_eq!(unknown("model", "x", ["mlp"]), "there is no model 'x'; there are mlp");
    }
}
