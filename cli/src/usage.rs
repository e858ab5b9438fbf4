//! Wrong usage, explained in the reader's language; and which language that is.

use std::ffi::OsString;

use clap::error::ErrorKind;
use veldboek_core::record::Lang;
use veldboek_server::help::{asked, explained};

use crate::console::Console;
use crate::message::{self, Exit};

/// The language: the option, else the system's locale, else Dutch.
pub(crate) fn language(arguments: &[OsString]) -> Lang {
    asked(arguments).unwrap_or_else(locale)
}

fn locale() -> Lang {
    let variables = ["LC_ALL", "LC_MESSAGES", "LANG"];
    let unset = variables.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    // The locale "C" says that nobody chose one.
    if unset.is_some_and(|value| value == "POSIX" || value == "C" || value.starts_with("C.")) {
        return Lang::Nl;
    }
    match sys_locale::get_locale() {
        Some(locale) if locale.starts_with("en") => Lang::En,
        _ => Lang::Nl,
    }
}

/// Prints help, or what is wrong with the command line.
pub(crate) fn explain(error: &clap::Error, lang: Lang, console: &mut Console) -> Exit {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            console.plain(&error.render().to_string());
            return Exit::Done;
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            console.hint(&message::Text::same(error.render()), lang);
            return Exit::Usage;
        }
        _ => {}
    }
    let (what, hint) = explained(error, lang);
    console.error(&what, &hint, lang);
    Exit::Usage
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_an_option_wherever_it_stands() {
        let of = |line: &str| language(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(of("veldboek --lang en status"), Lang::En);
        assert_eq!(of("veldboek status --lang=en"), Lang::En);
        assert_eq!(of("veldboek status --lang=nl"), Lang::Nl);
    }
}
