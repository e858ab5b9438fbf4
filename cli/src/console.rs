//! The streams and the person behind them. Everything that is printed or asked passes through here.

use std::any::Any;
use std::io::{self, BufRead, IsTerminal, Read, Write};

use veldboek_core::record::Lang;

use crate::message::{Exit, Problem, Text, system, text};
use crate::render::{self, Format, Output};

/// Where data, hints and answers go and come from.
pub struct Console {
    /// Data.
    out: Box<dyn Write>,
    /// Hints, progress and errors.
    err: Box<dyn Write>,
    /// What the person types or pipes in.
    input: Box<dyn BufRead>,
    /// Whether a person can be asked.
    person: bool,
    /// Columns of the terminal that shows the data.
    width: Option<u16>,
    /// Whether errors may be coloured.
    pub(crate) color: bool,
    /// Whether hints are left out.
    pub(crate) quiet: bool,
}

impl Console {
    /// The standard streams.
    pub fn real() -> Self {
        // Panics are caught and told in one line; the default hook would print a backtrace's invitation first.
        std::panic::set_hook(Box::new(|_| {}));
        let width = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0.max(60));
        Self {
            out: Box::new(io::BufWriter::new(io::stdout())),
            err: Box::new(io::stderr()),
            input: Box::new(io::BufReader::new(io::stdin())),
            person: io::stdin().is_terminal() && io::stderr().is_terminal(),
            width,
            color: io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
            quiet: false,
        }
    }

    /// Streams in memory, for tests: nobody can be asked.
    pub fn with(out: impl Write + 'static, err: impl Write + 'static, input: impl Read + 'static) -> Self {
        let input = Box::new(io::BufReader::new(input));
        Self { out: Box::new(out), err: Box::new(err), input, person: false, width: None, color: false, quiet: false }
    }

    /// Prints what a command found, its hints, and says how it ended.
    pub(crate) fn show(&mut self, output: &Output, format: Format, lang: Lang) -> Exit {
        let printed = render::print(output, format, lang, self.width, &mut self.out).and_then(|()| self.out.flush());
        match printed {
            Ok(()) => {}
            // The reader of a pipe may have had enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return output.exit,
            Err(error) => return self.problem(&Problem::File("-".into(), system(&error)), lang),
        }
        for note in &output.notes {
            self.hint(note, lang);
        }
        match &output.problem {
            Some(problem) => self.problem(problem, lang),
            None => output.exit,
        }
    }

    /// Plain text on the data stream: help and version.
    pub(crate) fn plain(&mut self, text: &str) {
        let _ = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
    }

    /// A hint, unless hints are unwanted.
    pub(crate) fn hint(&mut self, note: &Text, lang: Lang) {
        if !self.quiet {
            let _ = writeln!(self.err, "{}", note.say(lang));
        }
    }

    /// An error: what is the matter and what to do next.
    pub(crate) fn problem(&mut self, problem: &Problem, lang: Lang) -> Exit {
        self.error(problem.what().say(lang), problem.hint().say(lang), lang);
        problem.exit()
    }

    /// Prints an error in two lines.
    pub(crate) fn error(&mut self, what: &str, hint: &str, lang: Lang) {
        let _ = self.out.flush();
        let (error, tip) = match lang {
            Lang::Nl => ("fout:", "tip:"),
            Lang::En => ("error:", "hint:"),
        };
        let (red, cyan, plain) = if self.color { ("\x1b[1;31m", "\x1b[36m", "\x1b[0m") } else { ("", "", "") };
        let _ = writeln!(self.err, "{red}{error}{plain} {what}");
        if !hint.is_empty() {
            let _ = writeln!(self.err, "{cyan}{tip}{plain} {hint}");
        }
    }

    /// A fault of the program itself.
    pub(crate) fn fault(&mut self, panic: &(dyn Any + Send), lang: Lang) -> Exit {
        let why = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_default();
        let what = text!("een fout in veldboek zelf: {why}", "a fault in veldboek itself: {why}");
        let hint = text!(
            "wat was opgeslagen, is er nog; meld deze fout met wat u deed",
            "what was saved is still there; please report this with what you did"
        );
        self.error(what.say(lang), hint.say(lang), lang);
        Exit::Failed
    }

    /// Asks for confirmation of something that cannot be undone easily.
    pub(crate) fn confirm(&mut self, question: &Text, yes: bool, lang: Lang) -> Result<(), Problem> {
        if yes {
            return Ok(());
        }
        if !self.person {
            return Err(Problem::NotConfirmed);
        }
        let choices = if lang == Lang::Nl { "[j/N]" } else { "[y/N]" };
        let _ = write!(self.err, "{} {choices} ", question.say(lang)).and_then(|()| self.err.flush());
        let mut answer = String::new();
        let read = self.input.read_line(&mut answer);
        let agreed = matches!(answer.trim().to_lowercase().as_str(), "j" | "ja" | "y" | "yes");
        if read.is_ok() && agreed { Ok(()) } else { Err(Problem::NotConfirmed) }
    }

    /// Whether a person can be asked.
    pub(crate) fn has_person(&self) -> bool {
        self.person
    }

    /// All of standard input as text.
    pub(crate) fn read_input(&mut self) -> Result<String, Problem> {
        let mut bytes = Vec::new();
        self.input.read_to_end(&mut bytes).map_err(|error| Problem::File("-".into(), system(&error)))?;
        String::from_utf8(bytes).map_err(|_| Problem::File("-".into(), text!("geen UTF-8", "not UTF-8")))
    }
}

/// Asks at the terminal for what nobody may see.
pub(crate) fn ask_hidden(prompt: &str) -> Result<String, Problem> {
    rpassword::prompt_password(prompt).map_err(|error| Problem::File("/dev/tty".into(), system(&error)))
}

/// Tells something between two questions, where those are asked.
#[expect(clippy::print_stderr, reason = "a person reads it at the terminal, beside the hidden questions")]
pub(crate) fn tell(text: &str) {
    eprint!("{text}");
}
