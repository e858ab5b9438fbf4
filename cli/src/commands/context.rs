//! What every command works with: its options, the reader's language, the person, and the field book when it asks for it.

use std::path::PathBuf;

use serde_json::{Value, json};
use veldboek_core::record::Lang;
use veldboek_core::rules::Warning;

use super::book::Book;
use super::find::Dossiers;
use super::keys::Access;
use crate::args::Globals;
use crate::console::Console;
use crate::message::{Problem, Text};
use crate::paths;
use crate::render::{Output, Table};

/// The surroundings of one command.
pub(super) struct Context<'a> {
    /// Options of every command.
    pub(super) globals: Globals,
    /// The reader's language.
    pub(super) lang: Lang,
    /// The person and the streams.
    pub(super) console: &'a mut Console,
}

impl Context<'_> {
    /// The store's directory.
    pub(super) fn dir(&self) -> Result<PathBuf, Problem> {
        paths::store(self.globals.store.as_deref())
    }

    /// The field book of this device.
    pub(super) fn book(&self) -> Result<Book, Problem> {
        let book = self.book_for_contact()?;
        match book.inner.revoked() {
            Some(revoked) => Err(super::revoked::may_only_sync(&revoked)),
            None => Ok(book),
        }
    }

    /// The same for the contact with the server that ends it when its device was revoked.
    pub(super) fn book_for_contact(&self) -> Result<Book, Problem> {
        Book::open(&self.dir()?, &self.access())
    }

    /// How this command comes by the passphrase.
    pub(super) fn access(&self) -> Access {
        let file = self.globals.passphrase_file.clone();
        Access { file, person: self.console.has_person(), lang: self.lang }
    }

    /// The version of a text for the reader.
    pub(super) fn say(&self, nl: &str, en: &str) -> String {
        match self.lang {
            Lang::Nl => nl.to_owned(),
            Lang::En => en.to_owned(),
        }
    }

    /// Headings, each as `nl|en`.
    pub(super) fn headings(&self, texts: &[&str]) -> Table {
        Table::new(texts.iter().map(|text| match text.split_once('|') {
            Some((nl, en)) => self.say(nl, en),
            None => (*text).to_owned(),
        }))
    }

    /// What a command did: one line for a person, ids for a program, warnings for both.
    pub(super) fn done(&self, what: &Text, of: &str, ids: &[(&str, String)], warnings: &[Warning]) -> Output {
        let mut value = serde_json::Map::new();
        value.insert("reference".into(), json!(of));
        for (name, id) in ids {
            value.insert((*name).to_owned(), json!(id));
        }
        value.insert("saved".into(), json!("device"));
        value.insert("warnings".into(), warnings_json(warnings, self.lang));
        let id = ids.first().map(|(_, id)| id.clone()).unwrap_or_default();
        let table = Table::sheet([(what.say(self.lang).to_owned(), format!("{of}  {id}"))]);
        warning_notes(Output::new(Value::Object(value), table), warnings)
    }
}

/// Warnings for people, below what a command says.
pub(super) fn warning_notes(output: Output, warnings: &[Warning]) -> Output {
    let notes = warnings.iter().map(|warning| {
        let (nl, en) = (warning.message(Lang::Nl), warning.message(Lang::En));
        Text::new(format!("let op: {nl}"), format!("note: {en}"))
    });
    notes.fold(output, Output::note)
}

/// Warnings for programs.
pub(super) fn warnings_json(warnings: &[Warning], lang: Lang) -> Value {
    warnings.iter().map(|warning| json!({"rule": warning.rule(), "message": warning.message(lang)})).collect()
}

/// The dossiers, those of the trainee only when one is named.
pub(super) fn chosen(
    book: &mut Book,
    trainee: Option<&str>,
) -> Result<Vec<(veldboek_core::ids::DocumentId, std::sync::Arc<veldboek_core::dossier::Dossier>)>, Problem> {
    let all = book.inner.dossiers()?;
    let dossiers: &Dossiers = &all;
    match trainee {
        None => Ok(all),
        Some(name) => {
            let found = super::find::trainee(dossiers, name)?;
            Ok(vec![(found.document, found.dossier)])
        }
    }
}
