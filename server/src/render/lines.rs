//! Lines of the record book on standard output, each as soon as it is known.
#![allow(clippy::print_stdout, reason = "standard output is where the data of a command goes")]

use std::io::{BufWriter, Stdout, Write};

use veldboek_core::record::Lang;

use crate::args::LineFormat;
use crate::audit::Exported;

const COLUMNS: [&str; 13] = [
    "number",
    "at",
    "made_at",
    "action",
    "label",
    "person",
    "device",
    "documents",
    "about_person",
    "about_device",
    "count",
    "reason",
    "erased",
];

/// Where lines go.
pub struct Lines {
    out: Out,
    lang: Lang,
    any: bool,
    /// The reader of a pipe had enough.
    closed: bool,
}

enum Out {
    Table(BufWriter<Stdout>),
    Json(BufWriter<Stdout>),
    JsonLines(BufWriter<Stdout>),
    Csv(Box<csv::Writer<BufWriter<Stdout>>>),
}

impl Lines {
    /// Begins, with a heading where the format has one.
    pub fn begin(format: LineFormat, lang: Lang) -> Self {
        let out = BufWriter::new(std::io::stdout());
        let out = match format {
            LineFormat::Table => Out::Table(out),
            LineFormat::Json => Out::Json(out),
            LineFormat::Jsonl => Out::JsonLines(out),
            LineFormat::Csv => Out::Csv(Box::new(csv::Writer::from_writer(out))),
        };
        let mut this = Self { out, lang, any: false, closed: false };
        let begun = match &mut this.out {
            Out::Table(out) => {
                let [number, at, who, what, about] = match lang {
                    Lang::Nl => ["regel", "wanneer (UTC)", "wie", "wat", "waarover"],
                    Lang::En => ["record", "when (UTC)", "who", "what", "about"],
                };
                writeln!(out, "{number:>8}  {at:<20}  {who:<40}  {what:<30}  {about}")
            }
            Out::Json(out) => write!(out, "["),
            Out::JsonLines(_) => Ok(()),
            Out::Csv(out) => out.write_record(COLUMNS).map_err(Into::into),
        };
        this.closed = begun.is_err();
        this
    }

    /// One line.
    pub fn print(&mut self, line: &Exported) {
        if self.closed {
            return;
        }
        // Everything that is printed has string keys and plain values, so this cannot fail.
        let json = || serde_json::to_string(line).unwrap_or_default();
        let printed = match &mut self.out {
            Out::Table(out) => {
                let who = match (&line.person, &line.device, self.lang) {
                    (Some(person), Some(device), _) => format!("{person} ({device})"),
                    (None, Some(device), _) => device.clone(),
                    (Some(person), None, _) => person.clone(),
                    (None, None, Lang::Nl) => "bij de server".to_owned(),
                    (None, None, Lang::En) => "at the server".to_owned(),
                };
                let about = about(line, self.lang);
                writeln!(out, "{:>8}  {:<20}  {who:<40}  {:<30}  {about}", line.number, line.at, line.label)
            }
            Out::Json(out) => write!(out, "{}\n  {}", if self.any { "," } else { "" }, json()),
            Out::JsonLines(out) => writeln!(out, "{}", json()),
            Out::Csv(out) => out.write_record(cells(line)).map_err(Into::into),
        };
        self.any = true;
        self.closed = printed.is_err();
    }

    /// Ends, and lets go of what was held back.
    pub fn end(mut self) {
        if self.closed {
            return;
        }
        // Whoever closed the pipe does not want the rest.
        let _ = match &mut self.out {
            Out::Json(out) => writeln!(out, "{}]", if self.any { "\n" } else { "" }).and_then(|()| out.flush()),
            Out::Table(out) | Out::JsonLines(out) => out.flush(),
            Out::Csv(out) => out.flush(),
        };
    }
}

fn cells(line: &Exported) -> [String; 13] {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    [
        line.number.to_string(),
        line.at.clone(),
        text(&line.made_at),
        line.action.clone(),
        line.label.clone(),
        text(&line.person),
        text(&line.device),
        line.documents.join("|"),
        text(&line.about_person),
        text(&line.about_device),
        line.count.map(|count| count.to_string()).unwrap_or_default(),
        text(&line.reason),
        line.erased.to_string(),
    ]
}

/// What a line is about, as one reads it in a table.
fn about(line: &Exported, lang: Lang) -> String {
    let mut parts: Vec<String> = line.about_person.iter().chain(&line.about_device).cloned().collect();
    match line.documents.as_slice() {
        [] => {}
        [one] => parts.push(one.clone()),
        several => parts.push(match lang {
            Lang::Nl => format!("{} documenten", several.len()),
            Lang::En => format!("{} documents", several.len()),
        }),
    }
    parts.extend(line.count.map(|count| format!("{count}×")));
    parts.extend(line.reason.clone());
    if line.erased {
        parts.push(if lang == Lang::Nl { "gewist".to_owned() } else { "erased".to_owned() });
    }
    parts.join(" · ")
}
