//! Which format a command names, and whether its flags belong together.

use super::registry::{FlagsOf, LEARNING, NEW};
use super::{Flag, Format, Formats, Given, Takes};
use losslab_base::{DataError, unknown};

impl Formats {
    /// The format whose first flag is given: what a command learns from. None if no flag is given at all.
    ///
    /// # Errors
    /// If a flag is unknown or of a format that is not named, two formats are named, or flags do not belong
    /// together.
    pub fn select(&self, given: &Given) -> Result<Option<&dyn Format>, DataError> {
        self.select_by(LEARNING, given).map_err(DataError::Flags)
    }

    /// The same for a command that gives new rows or images to a saved model.
    ///
    /// # Errors
    /// As [`select`](Formats::select).
    pub fn select_new(&self, given: &Given) -> Result<Option<&dyn Format>, DataError> {
        self.select_by(NEW, given).map_err(DataError::Flags)
    }

    fn select_by(&self, flags_of: FlagsOf, given: &Given) -> Result<Option<&dyn Format>, String> {
        let all = self.distinct(flags_of);
        if let Some(name) = given.names().find(|name| all.iter().all(|(_, flag)| flag.name != *name)) {
            let known: Vec<String> = all.iter().map(|(_, flag)| format!("--{}", flag.name)).collect();
            return Err(unknown("data flag", &format!("--{name}"), known.iter().map(String::as_str)));
        }
        let is_named = |format: &&dyn Format| key(flags_of(*format)).is_some_and(|key| given.has(key.name));
        let mut named = self.iter().filter(is_named);
        let selected = named.next();
        if let (Some(first), Some(second)) = (selected, named.next()) {
            let names = [first, second].map(|format| key(flags_of(format)).map_or("", |key| key.name));
            return Err(format!("--{} and --{}: two data sets, expected one of them", names[0], names[1]));
        }
        let own = selected.map_or(&[][..], flags_of);
        // In the order of declaration, so that the message does not depend on the alphabet.
        for (_, flag) in all.iter().filter(|(_, flag)| given.has(flag.name)) {
            if own.iter().all(|own| own.name != flag.name) {
                return Err(self.out_of_place(flags_of, flag));
            }
        }
        own.iter().try_for_each(|flag| check(flag, given))?;
        Ok(selected)
    }

    /// The message on a flag of formats that are not named.
    fn out_of_place(&self, flags_of: FlagsOf, flag: &Flag) -> String {
        let owners: Vec<String> = self
            .iter()
            .filter(|format| flags_of(*format).iter().any(|other| other.name == flag.name))
            .filter_map(|format| key(flags_of(format)).map(|key| format!("--{}", key.name)))
            .collect();
        let owners = match &owners[..] {
            [first @ .., last] if !first.is_empty() => {
                format!("{} or {last}, none of which is given", first.join(", "))
            }
            _ => format!("{}, which is not given", owners.concat()),
        };
        format!("--{}: a flag of {owners}", flag.name)
    }
}

/// The flag that selects a format.
fn key(flags: &[Flag]) -> Option<&Flag> {
    flags.first()
}

/// Whether a flag, if given, has as many values as it takes, and the flags beside it that it needs.
fn check(flag: &Flag, given: &Given) -> Result<(), String> {
    let Flag { name, requires, conflicts, .. } = *flag;
    if !given.has(name) {
        return Ok(());
    }
    match (flag.takes, given.all(name).len()) {
        (Takes::Switch, 0) | (Takes::One, 1) => {}
        (Takes::One, 0) if flag.default_missing.is_some() => {}
        (Takes::Switch, _) => return Err(format!("--{name}: expected no value")),
        (_, 0) => return Err(format!("--{name}: expected a value")),
        (Takes::Many, _) => {}
        (Takes::One, count) => return Err(format!("--{name}: given {count} times, expected once")),
    }
    let missing: Vec<String> =
        requires.iter().filter(|other| !given.has(other)).map(|other| format!("--{other}")).collect();
    if !missing.is_empty() {
        return Err(format!("--{name}: expected {} beside it", missing.join(" and ")));
    }
    match conflicts.iter().find(|other| given.has(other)) {
        Some(other) => Err(format!("--{name} and --{other}: expected only one of them")),
        None => Ok(()),
    }
}
