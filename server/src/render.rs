//! The one place that prints data: tables for people, JSON for scripts, CSV for spreadsheets.
#![allow(clippy::print_stdout, reason = "standard output is where the data of a command goes")]

pub mod csv;
pub mod lines;

use std::net::SocketAddr;

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use veldboek_core::record::Lang;

use crate::admin::{Device, Erased, Invited, KeyRotated, Person, Reopened, Revoked, Verified};
use crate::args::Format;
use crate::backup::{BackedUp, Manifest, Restored};
use crate::setup::FirstStart;

/// Data that can be a table.
pub trait Render: Serialize {
    /// As people read it.
    fn table(&self, lang: Lang) -> String;
}

/// Prints data as asked.
pub fn print(data: &impl Render, format: Format, lang: Lang) {
    match format {
        Format::Table => println!("{}", data.table(lang)),
        // Everything that is printed has string keys and plain values, so this cannot fail.
        Format::Json => println!("{}", serde_json::to_string_pretty(data).unwrap_or_default()),
        // Whoever closed the pipe does not want the rest.
        Format::Csv => drop(csv::print(&serde_json::to_value(data).unwrap_or_default(), std::io::stdout().lock())),
    }
}

/// What `serve` prints once devices may come; tests wait for the last line.
pub fn announce(first: Option<&FirstStart>, region: &str, address: SocketAddr, lang: Lang) {
    if let Some(FirstStart { code, expires, escrow }) = first {
        let escrow = escrow.display();
        println!(
            "{}",
            match lang {
                Lang::Nl => format!(
                    "regio {region}: er is nog niemand aangemeld\n\
                     code voor de beheerder    {code}   (eenmalig, tot {expires})\n\
                     zo meldt u zich aan       veldboek enrol {code} --server http://{address}\n\
                     reservekopie van sleutel  {escrow}\n\
                     \x20                         leg die in een kluis: papier of een stick, niet op deze machine"
                ),
                Lang::En => format!(
                    "region {region}: nobody is enrolled yet\n\
                     administrator's code      {code}   (good once, until {expires})\n\
                     to use it                 veldboek enrol {code} --server http://{address}\n\
                     escrow copy of the key    {escrow}\n\
                     \x20                         move it to a safe: paper or a stick, not this machine"
                ),
            }
        );
    }
    println!("listening on http://{address}");
}

impl Render for Invited {
    fn table(&self, lang: Lang) -> String {
        let Self { code, person, role, expires } = self;
        match lang {
            Lang::Nl => format!(
                "Aanmeldcode voor {person} ({}): {code}\n\
                 Eenmalig, tot {expires}. Op het apparaat: veldboek enrol {code} --server URL",
                role.label
            ),
            Lang::En => format!(
                "Enrolment code for {person} ({}): {code}\n\
                 Good once, until {expires}. On the device: veldboek enrol {code} --server URL",
                role.label
            ),
        }
    }
}

impl Render for Vec<Device> {
    fn table(&self, lang: Lang) -> String {
        let header = match lang {
            Lang::Nl => ["apparaat", "persoon", "rol", "naam", "laatste contact", "niet verstuurd", "ingetrokken"],
            Lang::En => ["device", "person", "role", "label", "last contact", "unsynced", "revoked"],
        };
        let rows = self.iter().map(|device| {
            [
                device.device.clone(),
                device.person.clone(),
                device.role.label.to_owned(),
                device.label.clone(),
                some(device.last_contact.as_ref()),
                some(device.unsynced.as_ref()),
                some(device.revoked.as_ref()),
            ]
        });
        let note = match lang {
            Lang::Nl => {
                "Zolang de server draait, kan het laatste contact hier tot tien minuten achterlopen; `veldboek device list` \
                 van een coördinator toont het precies. Na terugzetten, tot `reopen`, staat het hier wel meteen."
            }
            Lang::En => {
                "While the server runs, the last contact can lag here by up to ten minutes; a coordinator's `veldboek device \
                 list` shows it exactly. After a restore, until `reopen`, it is here at once."
            }
        };
        format!("{}\n{note}", table(Some(header), rows))
    }
}

impl Render for Device {
    fn table(&self, lang: Lang) -> String {
        let names = match lang {
            Lang::Nl => [
                "apparaat",
                "persoon",
                "rol",
                "organisatie",
                "naam",
                "aangemeld",
                "laatste contact",
                "toen niet verstuurd",
                "slot",
                "ingetrokken",
                "reden",
                "neemt niet-verstuurd werk nog aan",
                "gewist",
                "daarbij verloren",
                "kon bevatten (dossiers)",
            ],
            Lang::En => [
                "device",
                "person",
                "role",
                "organisation",
                "label",
                "enrolled",
                "last contact",
                "unsynced then",
                "lock",
                "revoked",
                "reason",
                "unsent work still taken",
                "wiped",
                "lost with it",
                "could hold (dossiers)",
            ],
        };
        let documents = self.documents.as_deref().unwrap_or_default();
        let values = [
            self.device.clone(),
            format!("{} ({})", self.person, self.name),
            self.role.label.to_owned(),
            self.organisation.clone(),
            self.label.clone(),
            self.enrolled.clone(),
            some(self.last_contact.as_ref()),
            some(self.unsynced.as_ref()),
            self.lock.label.to_owned(),
            some(self.revoked.as_ref()),
            some(self.reason.as_ref()),
            match (self.accept_unsent, lang) {
                (true, Lang::Nl) => "ja".to_owned(),
                (true, Lang::En) => "yes".to_owned(),
                (false, _) => "-".to_owned(),
            },
            some(self.wiped.as_ref()),
            some(self.lost.as_ref()),
            documents.len().to_string(),
        ];
        let facts = names.iter().zip(values).map(|(name, value)| [(*name).to_owned(), value]);
        let held = documents.iter().map(|document| [String::new(), document.clone()]);
        table(None, facts.chain(held))
    }
}

impl Render for Revoked {
    fn table(&self, lang: Lang) -> String {
        let Self { device, revoked, documents, .. } = self;
        let contact = some(self.last_contact.as_ref());
        let (unsynced, taken) = (self.unsynced.unwrap_or(0), self.accept_unsent);
        match lang {
            Lang::Nl => {
                let unsent = match (unsynced, taken) {
                    (_, true) => "Wat alleen daar staat wordt nog aangenomen en wacht dan op de coördinator.".to_owned(),
                    (0, false) => "Bij het laatste contact stond er niets dat alleen daar is.".to_owned(),
                    (1, false) => format!(
                        "Bij het laatste contact stond er 1 wijziging die alleen daar is: die gaat verloren, tenzij u \
                         `device allow-unsent {device}` geeft voordat het apparaat zich wist."
                    ),
                    (count, false) => format!(
                        "Bij het laatste contact stonden er {count} wijzigingen die alleen daar zijn: die gaan verloren, tenzij u \
                         `device allow-unsent {device}` geeft voordat het apparaat zich wist."
                    ),
                };
                format!(
                    "Apparaat {device} is ingetrokken sinds {revoked} (laatste contact {contact}).\n\
                     Het krijgt niets meer en wist zich bij het volgende contact. {unsent}\n\
                     Het kon {} bevatten: `device show {device}` noemt ze, voor een melding binnen 72 uur.",
                    counted(*documents, "dossier", "dossiers")
                )
            }
            Lang::En => {
                let unsent = match (unsynced, taken) {
                    (_, true) => "What is only there is still taken, and waits for the coordinator then.".to_owned(),
                    (0, false) => "At the last contact nothing was only there.".to_owned(),
                    (1, false) => format!(
                        "At the last contact 1 change was only there: it is lost, unless you give `device allow-unsent \
                         {device}` before the device wipes itself."
                    ),
                    (count, false) => format!(
                        "At the last contact {count} changes were only there: they are lost, unless you give `device \
                         allow-unsent {device}` before the device wipes itself."
                    ),
                };
                format!(
                    "Device {device} is revoked since {revoked} (last contact {contact}).\n\
                     It gets nothing any more, and wipes itself at its next contact. {unsent}\n\
                     It could hold {}: `device show {device}` names them, for a notice within 72 hours.",
                    counted(*documents, "dossier", "dossiers")
                )
            }
        }
    }
}

impl Render for Vec<Person> {
    fn table(&self, lang: Lang) -> String {
        let header = match lang {
            Lang::Nl => ["code", "naam", "rol", "organisatie", "apparaten"],
            Lang::En => ["code", "name", "role", "organisation", "devices"],
        };
        let rows = self.iter().map(|person| {
            [
                person.person.clone(),
                person.name.clone(),
                person.role.label.to_owned(),
                person.organisation.clone(),
                person.devices.to_string(),
            ]
        });
        table(Some(header), rows)
    }
}

impl Render for Vec<Erased> {
    fn table(&self, lang: Lang) -> String {
        let header = match lang {
            Lang::Nl => [
                "document",
                "stand",
                "gevraagd door",
                "sinds",
                "bevestigd",
                "apparaat dat nog niet bevestigde",
                "laatste contact",
            ],
            Lang::En => ["document", "state", "asked by", "since", "confirmed", "device that has not confirmed", "last contact"],
        };
        let mut rows = Vec::new();
        for one in self {
            let state = match (one.state, lang, &one.replaced_by) {
                ("asked", Lang::Nl, _) => "gevraagd".to_owned(),
                ("asked", Lang::En, _) => "asked".to_owned(),
                (_, Lang::Nl, Some(new)) => format!("gewist, gaat verder in {new}"),
                (_, Lang::En, Some(new)) => format!("erased, goes on in {new}"),
                (_, Lang::Nl, None) => "gewist".to_owned(),
                (_, Lang::En, None) => "erased".to_owned(),
            };
            let since = one.erased_at.as_ref().or(one.asked_at.as_ref());
            let confirmed = if one.state == "asked" { "-".to_owned() } else { one.confirmed.to_string() };
            let head = [one.document.clone(), state, some(one.asked_by.as_ref()), some(since), confirmed];
            let mut devices = one.waiting.iter().map(|device| {
                let revoked = match (device.revoked, lang) {
                    (true, Lang::Nl) => ", ingetrokken",
                    (true, Lang::En) => ", revoked",
                    (false, _) => "",
                };
                [format!("{} ({}, {}{revoked})", device.device, device.person, device.label), some(device.last_contact.as_ref())]
            });
            let [first, last] = devices.next().unwrap_or_else(|| ["-".to_owned(), "-".to_owned()]);
            let [document, state, asked, since, confirmed] = head;
            rows.push([document, state, asked, since, confirmed, first, last]);
            rows.extend(devices.map(|[device, contact]| {
                let empty = String::new;
                [empty(), empty(), empty(), empty(), empty(), device, contact]
            }));
        }
        table(Some(header), rows.into_iter())
    }
}

impl Render for BackedUp {
    fn table(&self, lang: Lang) -> String {
        let Self { folder, keyring, segments, bytes, erased, manifest } = self;
        let Manifest { records, head_seq, head, keyring_generation, .. } = manifest;
        let mib = bytes >> 20;
        match lang {
            Lang::Nl => format!(
                "reservekopie in {folder}: {}, {mib} MiB, {}, waarvan {erased} met opzet gewist\n\
                 sleutelbos {keyring_generation} in {keyring}: bewaar daarvan alleen de nieuwste\n\
                 kop {head} (regel {head_seq})\n\
                 nagekeken: heel. De sleutel om de sleutelbos zit er niet bij: bewaar die elders",
                counted(*segments, "bestand", "bestanden"),
                counted(*records, "regel", "regels")
            ),
            Lang::En => format!(
                "backup in {folder}: {}, {mib} MiB, {}, {erased} of them erased on purpose\n\
                 keyring {keyring_generation} in {keyring}: keep only the newest of those\n\
                 head {head} (record {head_seq})\n\
                 checked: whole. The key around the keyring is not in it: keep that elsewhere",
                counted(*segments, "file", "files"),
                counted(*records, "record", "records")
            ),
        }
    }
}

impl Render for Restored {
    fn table(&self, lang: Lang) -> String {
        let Self { store, epoch, erased, torn_keyrings, manifest, .. } = self;
        let Manifest { taken_at, records, .. } = manifest;
        let told = match lang {
            Lang::Nl => format!(
                "teruggezet in {store}: {} van {taken_at}, waarvan {erased} gewist; nieuw leven {epoch}\n\
                 De server weet niet welke apparaten sindsdien zijn ingetrokken en welke dossiers gewist. Daarom geeft hij nog niets.\n\
                 1. Start hem, en laat de coördinatoren synchroniseren: hun apparaten brengen terug wat hij ondertekende.\n\
                 2. Bekijk `device list`, en trek met `device revoke` in wat dan nog ontbreekt.\n\
                 3. Geef hem vrij met `veldboek-server reopen`.",
                counted(*records, "regel", "regels")
            ),
            Lang::En => format!(
                "put back in {store}: {} of {taken_at}, {erased} of them erased; new life {epoch}\n\
                 The server does not know which devices were revoked since then, and which dossiers erased. So it gives nothing yet.\n\
                 1. Start it, and let the coordinators sync: their devices bring back what it signed.\n\
                 2. Look at `device list`, and revoke with `device revoke` what is still missing then.\n\
                 3. Reopen it with `veldboek-server reopen`.",
                counted(*records, "record", "records")
            ),
        };
        if torn_keyrings.is_empty() {
            return told;
        }
        let torn = torn_keyrings.join(", ");
        let older = match lang {
            Lang::Nl => format!("let op: {torn} is niet heel en is overgeslagen; een oudere sleutelbos is teruggezet"),
            Lang::En => format!("note: {torn} is not whole and was passed over; an older keyring was put back"),
        };
        format!("{told}\n{older}")
    }
}

impl Render for Reopened {
    fn table(&self, lang: Lang) -> String {
        let Self { was_held, trusted, heard_of, revoked } = self;
        match (lang, was_held) {
            (Lang::Nl, true) => format!(
                "vrijgegeven: {} vertrouwd, waarvan er {heard_of} sinds het terugzetten contact {}; {revoked} ingetrokken",
                counted(*trusted, "apparaat", "apparaten"),
                if *heard_of == 1 { "had" } else { "hadden" }
            ),
            (Lang::En, true) => format!(
                "reopened: {} trusted, of which {heard_of} {} in contact since the restore; {revoked} revoked",
                counted(*trusted, "device", "devices"),
                if *heard_of == 1 { "was" } else { "were" }
            ),
            (Lang::Nl, false) => "deze server was al vrijgegeven; er is niets veranderd".to_owned(),
            (Lang::En, false) => "this server was open already; nothing was changed".to_owned(),
        }
    }
}

impl Render for Verified {
    fn table(&self, lang: Lang) -> String {
        let Self { records, erased, unfinished_bytes, seq, head, .. } = self;
        let pick = |nl: String, en: String| if lang == Lang::Nl { nl } else { en };
        let mut lines = vec![
            pick(
                format!("{}, waarvan {erased} met opzet gewist", counted(*records, "regel", "regels")),
                format!("{}, {erased} of them erased on purpose", counted(*records, "record", "records")),
            ),
            pick(format!("kop {head} (regel {seq})"), format!("head {head} (record {seq})")),
        ];
        if let Some(seq) = self.noted_head_seq {
            lines.push(pick(
                format!("de genoteerde kop is regel {seq} van deze keten"),
                format!("the head that was noted is record {seq} of this chain"),
            ));
        }
        if *unfinished_bytes > 0 {
            lines.push(pick(
                format!("{unfinished_bytes} bytes na de laatste hele regel: in de maak, of van een afgebroken schrijver"),
                format!(
                    "{unfinished_bytes} bytes after the last whole record: being written, or left by a writer that was cut off"
                ),
            ));
        }
        lines.extend(self.set_aside.iter().map(|name| {
            pick(format!("apart gelegd na een afgebroken schrijver: {name}"), format!("set aside after a cut-off write: {name}"))
        }));
        if !self.set_aside.is_empty() {
            lines.push(pick(
                "wat apart ligt is aan niemand bevestigd en komt vanzelf opnieuw; bewaar de bestanden".into(),
                "what is set aside was acknowledged to nobody and is sent again by itself; keep the files".into(),
            ));
        }
        lines.extend(self.contradicted.iter().map(|missed| {
            let crate::admin::Contradicted { device, at, number, hash } = missed;
            pick(
                format!("WEERSPROKEN: apparaat {device} toonde op {at} regel {number}:{hash}, die niet in deze keten staat"),
                format!("CONTRADICTED: device {device} showed record {number}:{hash} at {at}, which is not in this chain"),
            )
        }));
        lines.extend(self.damage.iter().map(|damage| pick(format!("SCHADE: {damage}"), format!("DAMAGE: {damage}"))));
        lines.push(if !self.whole {
            pick("beschadigd".into(), "damaged".into())
        } else if self.head_missing || !self.contradicted.is_empty() {
            pick(
                "geen regel is beschadigd, maar deze keten is niet de keten die eerder werd gezien".into(),
                "no record is damaged, but this is not the chain that was seen before".into(),
            )
        } else {
            pick("heel".into(), "whole".into())
        });
        lines.join("\n")
    }
}

impl Render for KeyRotated {
    fn table(&self, lang: Lang) -> String {
        let Self { master_key, before, configured, in_store } = self;
        let mut lines = vec![match lang {
            Lang::Nl => format!(
                "de sleutelbos is opnieuw verzegeld; de hoofdsleutel is nu {master_key}\n\
                 de oude ({before}) opent deze opslag niet meer: vernietig haar, en bewaar een kopie van de nieuwe in een kluis"
            ),
            Lang::En => format!(
                "the keyring is sealed anew; the master key is now {master_key}\n\
                 the old one ({before}) no longer opens this store: destroy it, and keep a copy of the new one in a safe"
            ),
        }];
        if *in_store {
            lines.push(match lang {
                Lang::Nl => {
                    "let op: dit bestand ligt in de opslag zelf, en wie die kopieert kan haar dan lezen; verzegel nog eens, \
                             met een bestand op een andere schijf"
                        .to_owned()
                }
                Lang::En => {
                    "note: this file lies in the store itself, so that whoever copies the store can read it; rotate once \
                             more, to a file on another disk"
                        .to_owned()
                }
            });
        }
        if !configured {
            lines.push(match lang {
                Lang::Nl => format!("zet in de configuratie: master_key = \"{master_key}\""),
                Lang::En => format!("set in the configuration: master_key = \"{master_key}\""),
            });
        }
        lines.join("\n")
    }
}

/// A number with what it counts.
fn counted(count: impl Into<Count>, one: &str, several: &str) -> String {
    let Count(count) = count.into();
    format!("{count} {}", if count == 1 { one } else { several })
}

/// How many.
struct Count(u64);

impl From<u64> for Count {
    fn from(count: u64) -> Self {
        Self(count)
    }
}

impl From<usize> for Count {
    fn from(count: usize) -> Self {
        Self(count as u64)
    }
}

fn some(value: Option<&impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), ToString::to_string)
}

fn table<const N: usize>(header: Option<[&str; N]>, rows: impl Iterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    if let Some(header) = header {
        table.set_header(header);
    }
    rows.for_each(|row| {
        table.add_row(row);
    });
    table.trim_fmt()
}
