//! The one place that prints data: tables for people, JSON for scripts.
#![allow(clippy::print_stdout, reason = "standard output is where the data of a command goes")]

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use crate::admin::{Device, Invited, Person, Verified};
use crate::args::Format;

/// Data that can be a table.
pub trait Render: Serialize {
    /// As people read it.
    fn table(&self) -> String;
}

/// Prints data as asked.
pub fn print(data: &impl Render, format: Format) {
    match format {
        Format::Table => println!("{}", data.table()),
        // Everything that is printed has string keys and plain values, so this cannot fail.
        Format::Json => println!("{}", serde_json::to_string_pretty(data).unwrap_or_default()),
    }
}

impl Render for Invited {
    fn table(&self) -> String {
        format!(
            "Enrolment code for {} ({}): {}\n\
             Good once, until {}. On the device: veldboek enrol {} --server URL",
            self.person, self.role.label, self.code, self.expires, self.code
        )
    }
}

impl Render for Vec<Device> {
    fn table(&self) -> String {
        let rows = self.iter().map(|device| {
            [
                device.device.clone(),
                device.person.clone(),
                device.role.label.to_owned(),
                device.label.clone(),
                device.last_contact.clone().unwrap_or_else(|| "-".to_owned()),
                device.unsynced.map_or("-".to_owned(), |number| number.to_string()),
                device.revoked.clone().unwrap_or_default(),
            ]
        });
        table(["device", "person", "role", "label", "last contact", "unsynced", "revoked"], rows)
    }
}

impl Render for Device {
    fn table(&self) -> String {
        let some = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let mut rows = vec![
            ["device".to_owned(), self.device.clone()],
            ["person".to_owned(), format!("{} ({})", self.person, self.name)],
            ["role".to_owned(), self.role.label.to_owned()],
            ["organisation".to_owned(), self.organisation.clone()],
            ["label".to_owned(), self.label.clone()],
            ["enrolled".to_owned(), self.enrolled.clone()],
            ["last contact".to_owned(), some(&self.last_contact)],
            ["unsynced then".to_owned(), self.unsynced.map_or("-".to_owned(), |number| number.to_string())],
            ["revoked".to_owned(), some(&self.revoked)],
        ];
        let documents = self.documents.as_deref().unwrap_or_default();
        rows.push(["could hold".to_owned(), format!("{} documents", documents.len())]);
        rows.extend(documents.iter().map(|document| [String::new(), document.clone()]));
        table(["", ""], rows.into_iter())
    }
}

impl Render for Vec<Person> {
    fn table(&self) -> String {
        let rows = self.iter().map(|person| {
            [
                person.person.clone(),
                person.name.clone(),
                person.role.label.to_owned(),
                person.organisation.clone(),
                person.devices.to_string(),
            ]
        });
        table(["person", "name", "role", "organisation", "devices"], rows)
    }
}

impl Render for Verified {
    fn table(&self) -> String {
        let mut lines = vec![
            format!("{} records, {} of them erased on purpose", self.records, self.erased),
            format!("head {} (record {})", self.head, self.seq),
        ];
        if let Some(seq) = self.noted_head_seq {
            lines.push(format!("the head that was noted is record {seq} of this chain"));
        }
        if self.unfinished_bytes > 0 {
            lines.push(format!(
                "{} bytes after the last whole record: being written, or left by a writer that was cut off",
                self.unfinished_bytes
            ));
        }
        lines.extend(self.set_aside.iter().map(|name| format!("set aside after a cut-off write: {name}")));
        lines.extend(self.damage.iter().map(|damage| format!("DAMAGE: {damage}")));
        lines.push(if self.whole { "whole" } else { "damaged" }.to_owned());
        lines.join("\n")
    }
}

fn table<const N: usize>(header: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    if header.iter().any(|name| !name.is_empty()) {
        table.set_header(header);
    }
    rows.for_each(|row| {
        table.add_row(row);
    });
    table.trim_fmt()
}
