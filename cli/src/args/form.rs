//! Options that follow from the fields of a record, so that a field has one name everywhere.

use std::marker::PhantomData;

use clap::{Arg, ArgAction, ArgMatches, Args, FromArgMatches};
use veldboek_core::record::{FieldInfo, Lang, Merge, Record, Scalar};

/// One option and the field that it fills.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opt {
    /// Name of the field.
    pub(crate) field: &'static str,
    /// Name of the option.
    pub(crate) long: &'static str,
    /// Whether the command needs it.
    pub(crate) required: bool,
}

/// An option named otherwise than its field, or needed.
pub(crate) const fn opt(field: &'static str, long: &'static str) -> Opt {
    Opt { field, long, required: false }
}

/// An option without which a new record makes no sense.
pub(crate) const fn needed(field: &'static str, long: &'static str) -> Opt {
    Opt { field, long, required: true }
}

/// Which fields of a record a command offers.
pub(crate) trait Form: Send + Sync + 'static {
    /// The record.
    type Record: Record;
    /// Its options.
    const OPTIONS: &'static [Opt];
}

/// What was given to change a record.
pub(crate) type Changes<F> = Fields<F, true>;

/// The cells that one option gave.
#[derive(Debug, Clone, PartialEq)]
struct Cells(Vec<(String, Scalar)>);

/// What was given for the fields of a form. To edit, nothing is required.
pub(crate) struct Fields<F: Form, const EDIT: bool = false> {
    given: Vec<(&'static FieldInfo, Vec<(String, Scalar)>)>,
    form: PhantomData<F>,
}

impl<F: Form, const EDIT: bool> std::fmt::Debug for Fields<F, EDIT> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.given.iter().map(|(info, cells)| (info.name, cells))).finish()
    }
}

impl<F: Form, const EDIT: bool> Default for Fields<F, EDIT> {
    fn default() -> Self {
        Self { given: Vec::new(), form: PhantomData }
    }
}

fn info<F: Form>(field: &str) -> Option<&'static FieldInfo> {
    F::Record::fields().iter().find(|info| info.name == field)
}

fn several(info: &FieldInfo) -> bool {
    matches!(info.merge, Merge::Set | Merge::Map)
}

/// The codes that a field takes, from what it says when it is given another.
fn codes(info: &FieldInfo) -> Option<String> {
    let refused = (info.parse)("?").err()?;
    Some(refused.message(Lang::En).split_once("choose from: ")?.1.to_owned())
}

impl<F: Form, const EDIT: bool> Fields<F, EDIT> {
    /// Whether no option was given.
    pub(crate) fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    /// Whether this field was given.
    pub(crate) fn has(&self, field: &str) -> bool {
        self.given.iter().any(|(info, _)| info.name == field)
    }

    /// The record with what was given written over it. An empty text empties a field; a set becomes what was given;
    /// of a map only the given members change.
    pub(crate) fn over(&self, record: &F::Record) -> F::Record {
        let mut cells = record.cells();
        for (info, given) in &self.given {
            if info.merge != Merge::Map || given.is_empty() {
                cells.retain(|key, _| key != info.key && !key.starts_with(&format!("{}:", info.key)));
            }
            cells.extend(given.iter().map(|(suffix, value)| (format!("{}{suffix}", info.key), value.clone())));
        }
        F::Record::read(&cells)
    }

    /// A new record with what was given.
    pub(crate) fn fresh(&self) -> F::Record {
        self.over(&F::Record::default())
    }
}

impl<F: Form, const EDIT: bool> FromArgMatches for Fields<F, EDIT> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given = Vec::new();
        for option in F::OPTIONS {
            let Some(info) = info::<F>(option.field) else { continue };
            if let Some(values) = matches.try_get_many::<Cells>(option.long).ok().flatten() {
                given.push((info, values.flat_map(|cells| cells.0.clone()).collect()));
            }
        }
        Ok(Self { given, form: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<F: Form, const EDIT: bool> Args for Fields<F, EDIT> {
    fn augment_args(command: clap::Command) -> clap::Command {
        F::OPTIONS.iter().fold(command, |command, option| {
            let Some(info) = info::<F>(option.field) else { return command };
            let mut label = info.label_nl.to_owned();
            let mut english = info.name.replace('_', " ");
            if let Some(codes) = codes(info) {
                label = format!("{label}: {codes}");
                english = format!("{english}: {codes}");
            }
            let action = if several(info) { ArgAction::Append } else { ArgAction::Set };
            let name = match info.merge {
                Merge::Map => "CODE=VALUE".to_owned(),
                _ => {
                    let (nl, en) =
                        (info.label_nl.to_uppercase().replace([' ', '-'], "_"), option.long.to_uppercase().replace('-', "_"));
                    format!("{nl} | {en}")
                }
            };
            command.arg(
                Arg::new(option.long)
                    .long(option.long)
                    .value_name(name)
                    .help(format!("{label} | {english}"))
                    .required(option.required && !EDIT)
                    .action(action)
                    .value_parser(move |text: &str| (info.parse)(text).map(Cells)),
            )
        })
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}
