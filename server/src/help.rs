//! Help in the reader's language. A help text is written `Nederlands | English`; [`localised`] keeps the half that the
//! reader asked for and says in the same language what clap would say in English. The command line of `veldboek` uses this too.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use veldboek_core::record::{Lang, Unreadable};

/// What stands in usage lines for what a person fills in, in Dutch.
const FILL_IN: [(&str, &str); 43] = [
    ("ADDR", "ADRES"),
    ("AGREEMENT", "AFSPRAAK"),
    ("BY", "KENMERK"),
    ("CODE=VALUE", "CODE=WAARDE"),
    ("COHORT", "COHORT"),
    ("CONFLICT", "CONFLICT"),
    ("DATE", "DATUM"),
    ("DESTINATION", "BESTEMMING"),
    ("DEVICE", "APPARAAT"),
    ("DIR", "MAP"),
    ("DOSSIER", "DOSSIER"),
    ("FILE", "BESTAND"),
    ("FILES", "BESTANDEN"),
    ("FORMAT", "VORM"),
    ("HOURS", "UREN"),
    ("INCOME_SITUATION", "INKOMEN"),
    ("LABEL", "NAAM"),
    ("NAME", "NAAM"),
    ("NUMBER", "NUMMER"),
    ("ORG", "ORGANISATIE"),
    ("ORGANISATION", "ORGANISATIE"),
    ("OUTFLOW_DESTINATION", "BESTEMMING"),
    ("OUTFLOW_PROFILE", "PROFIEL"),
    ("PARTY", "WIE"),
    ("PHASE", "FASE"),
    ("PLACEMENT", "PLAATSING"),
    ("REASON", "REDEN"),
    ("REGION", "REGIO"),
    ("RESULT", "RESULTAAT"),
    ("ROLE", "ROL"),
    ("SCHOOL", "SCHOOL"),
    ("SCHOOL_TYPE", "SCHOOLSOORT"),
    ("SCHOOL_YEAR", "SCHOOLJAAR"),
    ("SECONDS", "SECONDEN"),
    ("TEXT", "TEKST"),
    ("TRAINEE", "PERSOON"),
    ("TRAINING", "SCHOLING"),
    ("TRAJECTORY", "TRAJECT"),
    ("VALUE", "WAARDE"),
    ("VISIT", "BEZOEK"),
    ("WHICH", "WELKE"),
    ("NOTE", "OPMERKING"),
    ("PERSON", "PERSOON"),
];

/// The half of a text that is in this language.
pub fn half(text: &str, lang: Lang) -> String {
    match (text.split_once(" | "), lang) {
        (Some((nl, _)), Lang::Nl) => nl.to_owned(),
        (Some((_, en)), Lang::En) => en.to_owned(),
        (None, _) => text.to_owned(),
    }
}

/// The whole command, its texts in one language.
pub fn localised(command: clap::Command, lang: Lang) -> clap::Command {
    let template = match lang {
        Lang::Nl => "{about-with-newline}\nGebruik: {usage}\n\n{all-args}{after-help}\n",
        Lang::En => "{about-with-newline}\n{usage-heading} {usage}\n\n{all-args}{after-help}\n",
    };
    let mut command = texts(command, lang, template);
    command.build();
    match lang {
        Lang::Nl => dutch_usage(command),
        Lang::En => command,
    }
}

/// What clap writes in usage lines is English whatever the language of everything else.
fn dutch_usage(mut command: clap::Command) -> clap::Command {
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").replace("[OPTIONS]", "[OPTIES]").replace("COMMAND", "OPDRACHT");
    command = command.override_usage(usage);
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, name| command.mut_subcommand(name, dutch_usage))
}

fn texts(mut command: clap::Command, lang: Lang, template: &'static str) -> clap::Command {
    let pick = |nl: &'static str, en: &'static str| if lang == Lang::Nl { nl } else { en };
    command = command.help_template(template).disable_help_subcommand(true).disable_help_flag(true).disable_version_flag(true);
    let everywhere = pick("Algemeen", "Everywhere");
    if command.get_version().is_some() {
        let version = clap::Arg::new("version").short('V').long("version").action(clap::ArgAction::Version);
        command = command.arg(version.help(pick("De versie", "The version")).help_heading(everywhere));
    }
    if lang == Lang::Nl {
        command = command.subcommand_help_heading("Opdrachten").subcommand_value_name("OPDRACHT");
        command = command.next_help_heading("Opties");
    }
    if let Some(about) = command.get_about().map(ToString::to_string) {
        command = command.about(half(&about, lang)).long_about(None::<&str>);
    }
    if let Some(after) = command.get_after_help().map(ToString::to_string) {
        command = command.after_help(half(&after, lang));
    }
    let help = clap::Arg::new("help").short('h').long("help").action(clap::ArgAction::HelpShort);
    command = command.arg(help.help(pick("Deze uitleg", "This help")).help_heading(everywhere));
    command = command.mut_args(|argument| option(argument, lang));
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        command = command.mut_subcommand(name, |sub| texts(sub, lang, template));
    }
    command
}

/// One option or argument, with what clap would add in English: its choices, its default and its variable.
fn option(mut argument: clap::Arg, lang: Lang) -> clap::Arg {
    let pick = |nl: &'static str, en: &'static str| if lang == Lang::Nl { nl } else { en };
    let mut help = argument.get_help().map(|help| half(&help.to_string(), lang)).unwrap_or_default();
    let takes = argument.get_action().takes_values();
    let choices: Vec<String> =
        argument.get_possible_values().iter().filter(|one| !one.is_hide_set()).map(|one| one.get_name().to_owned()).collect();
    if takes && !choices.is_empty() {
        help += &format!(" [{}: {}]", pick("keuze", "choices"), choices.join(", "));
    }
    let defaults: Vec<String> = argument.get_default_values().iter().map(|one| one.to_string_lossy().into_owned()).collect();
    if takes && !defaults.is_empty() {
        help += &format!(" [{}: {}]", pick("standaard", "default"), defaults.join(", "));
    }
    if let Some(variable) = argument.get_env() {
        help += &format!(" [{}: {}]", pick("omgeving", "environment"), variable.to_string_lossy());
    }
    if takes && lang == Lang::Nl {
        let id = argument.get_id().as_str().to_uppercase().replace('-', "_");
        let names: Vec<String> = match argument.get_value_names() {
            Some(names) => names.iter().map(ToString::to_string).collect(),
            None => vec![id],
        };
        let dutch = |name: &String| FILL_IN.iter().find(|(en, _)| en == name).map_or(name.clone(), |(_, nl)| (*nl).to_owned());
        argument = argument.value_names(names.iter().map(|name| half(name, lang)).map(|name| dutch(&name)).collect::<Vec<_>>());
    } else if let (true, Some(names)) = (takes, argument.get_value_names()) {
        let names: Vec<String> = names.iter().map(|name| half(name, lang)).collect();
        argument = argument.value_names(names);
    }
    if takes {
        argument = argument.hide_possible_values(true).hide_default_value(true).hide_env(true);
    }
    if !help.is_empty() {
        argument = argument.help(help.trim().to_owned()).long_help(None::<&str>);
    }
    let place = argument.get_help_heading().map(|heading| half(heading, lang));
    let positional = argument.is_positional();
    match place {
        Some(place) => argument.help_heading(place),
        None if positional => argument.help_heading(pick("Argumenten", "Arguments")),
        None => argument.help_heading(pick("Opties", "Options")),
    }
}

/// The language that a command line asks for, wherever it does so.
pub fn asked(arguments: &[OsString]) -> Option<Lang> {
    let mut arguments = arguments.iter().filter_map(|argument| argument.to_str());
    let mut given = None;
    while let Some(argument) = arguments.next() {
        match argument.strip_prefix("--lang") {
            Some("") => given = arguments.next(),
            Some(value) if value.starts_with('=') => given = Some(&value[1..]),
            _ => {}
        }
    }
    given.map(|given| if given == "en" { Lang::En } else { Lang::Nl })
}

/// What is wrong with a command line, and what to do next.
pub fn explained(error: &clap::Error, lang: Lang) -> (String, String) {
    let pick = |nl: String, en: String| if lang == Lang::Nl { nl } else { en };
    let context = |kind| error.get(kind).map(shown).unwrap_or_default();
    let wrong = context(ContextKind::InvalidArg);
    let value = context(ContextKind::InvalidValue);
    let what = match error.kind() {
        ErrorKind::UnknownArgument => pick(format!("onbekende optie {wrong}"), format!("unknown option {wrong}")),
        ErrorKind::InvalidSubcommand => {
            let name = context(ContextKind::InvalidSubcommand);
            pick(format!("onbekende opdracht {name}"), format!("unknown command {name}"))
        }
        ErrorKind::MissingRequiredArgument => pick(format!("er ontbreekt {wrong}"), format!("{wrong} is missing")),
        ErrorKind::MissingSubcommand => pick("er ontbreekt een opdracht".into(), "a command is missing".into()),
        ErrorKind::ArgumentConflict => {
            let other = context(ContextKind::PriorArg);
            pick(format!("{wrong} gaat niet samen met {other}"), format!("{wrong} does not go with {other}"))
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            pick(format!("{wrong} heeft een waarde nodig"), format!("{wrong} needs a value"))
        }
        ErrorKind::InvalidValue => {
            let valid = context(ContextKind::ValidValue);
            pick(
                format!("'{value}' kan niet bij {wrong}; kies uit: {valid}"),
                format!("'{value}' cannot be {wrong}; choose from: {valid}"),
            )
        }
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(error);
            match why.and_then(|why| why.downcast_ref::<Unreadable>()) {
                Some(why) => format!("{wrong}: {}", why.message(lang)),
                None => {
                    let why = why.map(ToString::to_string).unwrap_or_default();
                    pick(
                        format!("'{value}' kan niet bij {wrong}; schrijf: {why}"),
                        format!("'{value}' cannot be {wrong}; write: {why}"),
                    )
                }
            }
        }
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            pick(format!("{wrong} heeft niet het juiste aantal waarden"), format!("{wrong} has the wrong number of values"))
        }
        ErrorKind::InvalidUtf8 => pick("een argument is geen UTF-8".into(), "an argument is not UTF-8".into()),
        ErrorKind::NoEquals => pick(format!("{wrong} heeft een = nodig"), format!("{wrong} needs a =")),
        _ => pick("deze opdracht kan niet worden gelezen".into(), "this command cannot be read".into()),
    };
    let suggested = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue]
        .into_iter()
        .map(context)
        .find(|text| !text.is_empty());
    let hint = match suggested {
        Some(name) => {
            pick(format!("bedoelt u {name}? --help toont wat er kan"), format!("did you mean {name}? --help shows what there is"))
        }
        None => pick("voeg --help toe om te zien wat er kan".into(), "add --help to see what there is".into()),
    };
    (what, hint)
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

/// Words of a text that its language does not have: what was left untranslated. What is the same in any language (options, code
/// in backticks, codes) is passed over. For tests.
pub fn foreign_words(text: &str, lang: Lang) -> Vec<String> {
    const ENGLISH: [&str; 30] = [
        "the", "and", "with", "without", "this", "that", "which", "what", "from", "for", "not", "are", "has", "have", "be", "by",
        "its", "it", "who", "only", "other", "another", "command", "an", "you", "did", "default", "possible", "usage", "options",
    ];
    const DUTCH: [&str; 30] = [
        "de", "het", "een", "van", "voor", "niet", "zonder", "bij", "wordt", "zijn", "naar", "geen", "met", "deze", "dit", "wie",
        "die", "dat", "aan", "uit", "moet", "kan", "staat", "er", "maar", "alleen", "ook", "als", "gebruik", "opties",
    ];
    let (mut plain, mut code) = (String::new(), false);
    for char in text.chars() {
        match char {
            '`' => code = !code,
            char if !code => plain.push(char),
            _ => {}
        }
    }
    let foreign: &[&str] = if lang == Lang::Nl { &ENGLISH } else { &DUTCH };
    // Codes are in capitals; so is what clap calls options and commands in a usage line.
    let code = |word: &str| word.chars().all(|char| !char.is_lowercase()) && !["OPTIONS", "COMMAND"].contains(&word);
    plain
        .split(|char: char| char.is_whitespace() || "()[]<>,;:.?!'\"/".contains(char))
        .filter(|word| !word.starts_with('-') && !code(word) && foreign.contains(&word.to_lowercase().as_str()))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_untranslated_is_found() {
        assert_eq!(foreign_words("Met --from en `from` komt het from FILE", Lang::Nl), ["from"]);
        assert_eq!(foreign_words("the file of een coach", Lang::En), ["een"]);
        assert_eq!(foreign_words("Gebruik: veldboek [OPTIONS] kies uit: OTHER", Lang::Nl), ["OPTIONS"]);
    }
}
