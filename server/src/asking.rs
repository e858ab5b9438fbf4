//! Whether the person at the terminal means it. A script has no terminal: it said what it wants, and is not asked.

use std::io::{self, BufRead, IsTerminal, Write};

use veldboek_core::record::Lang;
use veldboek_core::words::Words;

use crate::failure::ServerError;

/// Asks before something that cannot be undone, where a person can answer and did not say so already.
///
/// # Errors
/// [`ServerError::NotConfirmed`].
pub fn confirm(question: Words, yes: bool, lang: Lang) -> Result<(), ServerError> {
    if yes || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(());
    }
    ask(question, lang, &mut io::stdin().lock(), &mut io::stderr().lock())
}

fn ask(question: Words, lang: Lang, from: &mut impl BufRead, to: &mut impl Write) -> Result<(), ServerError> {
    let choices = if lang == Lang::Nl { "[j/N]" } else { "[y/N]" };
    let _ = write!(to, "{} {choices} ", question.say(lang)).and_then(|()| to.flush());
    let mut answer = String::new();
    let read = from.read_line(&mut answer);
    let agreed = matches!(answer.trim().to_lowercase().as_str(), "j" | "ja" | "y" | "yes");
    if read.is_ok() && agreed { Ok(()) } else { Err(ServerError::NotConfirmed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes() {
        let question = Words::new("Wissen?", "Erase it?");
        let mut said = Vec::new();
        for answer in ["j\n", "ja\n", "Y\n", "yes"] {
            assert!(ask(question, Lang::Nl, &mut answer.as_bytes(), &mut said).is_ok(), "{answer}");
        }
        for answer in ["", "\n", "n\n", "nee\n", "jan\n"] {
            let refused = ask(question, Lang::En, &mut answer.as_bytes(), &mut said).unwrap_err();
            assert!(matches!(refused, ServerError::NotConfirmed), "{answer}");
        }
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains("Wissen? [j/N] ") && said.contains("Erase it? [y/N] "), "{said}");
    }
}
