//! A flag as a format declares it: command lines, config files and their help are made from it.

/// A flag of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The name without its dashes.
    pub name: &'static str,
    /// What stands for the value in the help; a switch has none.
    pub value_name: Option<&'static str>,
    /// What it does, in a line.
    pub help: &'static str,
    /// How many values it takes.
    pub takes: Takes,
    /// Whether its values are paths of files or folders.
    pub is_path: bool,
    /// The value that it has where it is given without one; by default a value is needed.
    pub default_missing: Option<&'static str>,
    /// Flags of the same format that have to be given, too.
    pub requires: &'static [&'static str],
    /// Flags of the same format that must not be given, too.
    pub conflicts: &'static [&'static str],
}

/// How many values a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// One value.
    One,
    /// A value each time that it is given.
    Many,
    /// No value: it is given or not.
    Switch,
}

impl Flag {
    /// A flag with one value.
    pub const fn one(name: &'static str, value_name: &'static str, help: &'static str) -> Flag {
        Flag {
            name,
            value_name: Some(value_name),
            help,
            takes: Takes::One,
            is_path: false,
            default_missing: None,
            requires: &[],
            conflicts: &[],
        }
    }

    /// A flag that may be repeated.
    pub const fn many(name: &'static str, value_name: &'static str, help: &'static str) -> Flag {
        Flag { takes: Takes::Many, ..Flag::one(name, value_name, help) }
    }

    /// A flag without a value.
    pub const fn switch(name: &'static str, help: &'static str) -> Flag {
        Flag { takes: Takes::Switch, value_name: None, ..Flag::one(name, "", help) }
    }

    /// The same flag, of paths.
    pub const fn path(self) -> Flag {
        Flag { is_path: true, ..self }
    }

    /// The same flag, which may stand without its value.
    pub const fn default_missing(self, value: &'static str) -> Flag {
        Flag { default_missing: Some(value), ..self }
    }

    /// The same flag, to be given with these.
    pub const fn requires(self, flags: &'static [&'static str]) -> Flag {
        Flag { requires: flags, ..self }
    }

    /// The same flag, not to be given with these.
    pub const fn conflicts(self, flags: &'static [&'static str]) -> Flag {
        Flag { conflicts: flags, ..self }
    }
}
