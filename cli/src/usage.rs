//! Wrong usage, explained in the reader's language; and which language that is.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use veldboek_core::record::Lang;

use crate::console::Console;
use crate::message::{self, Exit, text};

/// The language: the option, else the system's locale, else Dutch.
pub(crate) fn language(arguments: &[OsString]) -> Lang {
    let mut arguments = arguments.iter().filter_map(|argument| argument.to_str());
    let mut given = None;
    while let Some(argument) = arguments.next() {
        match argument.strip_prefix("--lang") {
            Some("") => given = arguments.next(),
            Some(value) if value.starts_with('=') => given = Some(&value[1..]),
            _ => {}
        }
    }
    match given {
        Some("en") => Lang::En,
        Some(_) => Lang::Nl,
        None => locale(),
    }
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
    let context = |kind| error.get(kind).map(shown).unwrap_or_default();
    let wrong = context(ContextKind::InvalidArg);
    let value = context(ContextKind::InvalidValue);
    let what = match error.kind() {
        ErrorKind::UnknownArgument => text!("onbekende optie {wrong}", "unknown option {wrong}"),
        ErrorKind::InvalidSubcommand => {
            let name = context(ContextKind::InvalidSubcommand);
            text!("onbekende opdracht {name}", "unknown command {name}")
        }
        ErrorKind::MissingRequiredArgument => text!("er ontbreekt {wrong}", "{wrong} is missing"),
        ErrorKind::MissingSubcommand => text!("er ontbreekt een opdracht", "a command is missing"),
        ErrorKind::ArgumentConflict => {
            let other = context(ContextKind::PriorArg);
            text!("{wrong} gaat niet samen met {other}", "{wrong} does not go with {other}")
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            text!("{wrong} heeft een waarde nodig", "{wrong} needs a value")
        }
        ErrorKind::InvalidValue => {
            let valid = context(ContextKind::ValidValue);
            text!("'{value}' kan niet bij {wrong}; kies uit: {valid}", "'{value}' cannot be {wrong}; choose from: {valid}")
        }
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            let nl = message::unreadable(&why, Lang::Nl);
            text!("{wrong}: {nl}", "{wrong}: {why}")
        }
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            text!("{wrong} heeft niet het juiste aantal waarden", "{wrong} has the wrong number of values")
        }
        _ => message::Text::same(error.render().to_string().trim_start_matches("error: ").trim()),
    };
    let suggested = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue]
        .into_iter()
        .map(context)
        .find(|text| !text.is_empty());
    let hint = match suggested {
        Some(name) => text!("bedoelt u {name}? --help toont wat er kan", "did you mean {name}? --help shows what there is"),
        None => text!("voeg --help toe om te zien wat er kan", "add --help to see what there is"),
    };
    console.error(what.say(lang), hint.say(lang), lang);
    Exit::Usage
}

fn shown(value: &ContextValue) -> String {
    match value {
        ContextValue::String(text) => text.clone(),
        ContextValue::Strings(texts) => texts.join(", "),
        ContextValue::StyledStr(text) => text.to_string(),
        ContextValue::StyledStrs(texts) => texts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        ContextValue::Number(number) => number.to_string(),
        ContextValue::Bool(value) => value.to_string(),
        _ => String::new(),
    }
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
