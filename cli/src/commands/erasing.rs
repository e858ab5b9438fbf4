//! `trainee erase`: a coordinator asks, an administrator confirms, and everyone can see which devices have not.

use serde_json::{Value, json};
use veldboek_core::clock::Timestamp;
use veldboek_core::field_book::{ErasureNews, Kept, NotWithdrawn, Wiped};
use veldboek_core::ids::DocumentId;
use veldboek_core::record::Lang;
use veldboek_core::statement::Role;
use veldboek_core::wire::{ErasureDecision, ErasureInfo, ErasureList, MAX_BODY, VERSION};

use super::book::Book;
use super::context::Context;
use super::find::{self, Found, reference};
use super::look::local;
use super::revoked;
use crate::args::TraineeErase;
use crate::client::Client;
use crate::message::{Problem, Text, text};
use crate::render::{Output, Table};

const ERASURES: &str = "/v1/erasures";

/// `trainee erase`
pub(super) fn erase(context: &mut Context<'_>, mut book: Book, options: &TraineeErase) -> Result<Output, Problem> {
    match (&options.trainee, &options.confirm, &options.refuse) {
        (Some(trainee), ..) => ask(context, &mut book, trainee, options.take_back),
        (_, Some(id), _) => decide(context, &mut book, id, true),
        (_, _, Some(id)) => decide(context, &mut book, id, false),
        _ => {
            let erasures = exchange(&mut book, "GET", &[])?;
            Ok(listed(context, &mut book, &erasures))
        }
    }
}

fn ask(context: &mut Context<'_>, book: &mut Book, trainee: &str, take_back: bool) -> Result<Output, Problem> {
    let Found { document, dossier, .. } = find::trainee(&book.inner.dossiers()?, trainee)?;
    let of = reference(document, &dossier);
    // Before anybody is asked whether they are sure.
    book.inner.may_ask_erasure(&document)?;
    let asked = book.inner.erasure_asked(&document).cloned();
    match (&asked, take_back) {
        (Some(asked), false) => {
            let (by, at) = (&asked.by, local(asked.at));
            return Err(Problem::Rule(
                text!("{by} vroeg op {at} al om dit dossier te wissen", "{by} asked on {at} already to erase this dossier"),
                waiting_for(&document),
            ));
        }
        (None, true) => {
            return Err(Problem::Rule(
                text!("niemand vroeg om {of} te wissen", "nobody asked to erase {of}"),
                text!("`veldboek trainee erase --list` toont de verzoeken", "`veldboek trainee erase --list` shows the requests"),
            ));
        }
        _ => {}
    }
    if !take_back {
        let question = text!(
            "het hele dossier {of} laten wissen, bij iedereen en ook wat collega's nog niet verstuurd hebben? Het komt niet terug",
            "have the whole dossier {of} erased, with everyone and also what colleagues have not sent yet? It does not come back"
        );
        context.console.confirm(&question, context.globals.yes, context.lang)?;
    }
    let (moment, rng) = (book.moment, &mut book.rng);
    book.inner.ask_erasure(document, take_back, moment, rng)?;
    let state = if take_back { "taken_back" } else { "asked" };
    let value = json!({ "reference": of, "document": document.to_string(), "state": state, "saved": "device" });
    let done = match take_back {
        true => context.say("verzoek teruggenomen", "request taken back"),
        false => context.say("gevraagd te wissen", "asked to erase"),
    };
    let output = Output::new(value, Table::sheet([(done, format!("{of}  {document}"))]));
    let output = output.note(text!("`veldboek sync` brengt het naar de server", "`veldboek sync` takes it to the server"));
    Ok(if take_back { output } else { output.note(waiting_for(&document)) })
}

fn waiting_for(document: &DocumentId) -> Text {
    text!(
        "een beheerder bevestigt: `veldboek trainee erase --confirm {document}`, of op de server `veldboek-server erase confirm {document}`",
        "an administrator confirms: `veldboek trainee erase --confirm {document}`, or at the server `veldboek-server erase confirm {document}`"
    )
}

fn decide(context: &mut Context<'_>, book: &mut Book, id: &str, confirm: bool) -> Result<Output, Problem> {
    let document: DocumentId = id.trim().parse().map_err(|_| {
        Problem::Usage(
            text!("'{id}' is geen kenmerk van een document", "'{id}' is not the id of a document"),
            text!("`veldboek trainee erase --list` toont de kenmerken", "`veldboek trainee erase --list` shows the ids"),
        )
    })?;
    if book.inner.identity().role != Some(Role::Administrator) {
        return Err(Problem::Refused(
            text!("alleen een beheerder beslist over wissen", "only an administrator decides about erasing"),
            text!(
                "bel de beheerder, of laat op de server `veldboek-server erase confirm {document}` uitvoeren: wie vraagt, bevestigt niet",
                "call the administrator, or have `veldboek-server erase confirm {document}` run at the server: who asks does not confirm"
            ),
        ));
    }
    if confirm {
        let question = text!(
            "document {document} wissen, op de server en op alle apparaten? Dit kan niet ongedaan worden gemaakt",
            "erase document {document}, at the server and on all devices? This cannot be undone"
        );
        context.console.confirm(&question, context.globals.yes, context.lang)?;
    }
    let body = ErasureDecision { version: VERSION, document, confirm }.encode();
    let erasures = exchange(book, "POST", &body)?;
    if confirm {
        return Ok(listed(context, book, &erasures).note(text!(
            "gewist op de server; elk apparaat wist het bij het volgende contact en bevestigt dat",
            "erased at the server; each device wipes it at its next contact and confirms that"
        )));
    }
    let value = json!({ "document": document.to_string(), "state": "refused" });
    Ok(Output::new(value, Table::sheet([(context.say("verzoek afgewezen", "request refused"), document.to_string())])))
}

fn exchange(book: &mut Book, method: &str, body: &[u8]) -> Result<Vec<ErasureInfo>, Problem> {
    let server = book.inner.identity().server.ok_or(Problem::NotEnrolled)?;
    let mut client = Client::new(&server.url, Some(&book.dir))?;
    let answer = revoked::ask(book, &mut client, server.id, method, ERASURES, body)?;
    let list = ErasureList::decode(&answer, MAX_BODY)
        .map_err(|why| client.nonsense(text!("het antwoord is niet te lezen ({why})", "the answer cannot be read ({why})")))?;
    Ok(list.erasures)
}

fn listed(context: &Context<'_>, book: &mut Book, erasures: &[ErasureInfo]) -> Output {
    let instant = |at: Option<Timestamp>| at.map(local).unwrap_or_default();
    let mut table = context.headings(&[
        "Document",
        "Dossier",
        "Stand|State",
        "Gevraagd door|Asked by",
        "Sinds|Since",
        "Bevestigd|Confirmed",
        "Nog niet bevestigd|Not confirmed",
        "Laatste contact|Last contact",
    ]);
    let mut rows: Vec<Value> = Vec::new();
    for one in erasures {
        // Who may see dossiers sees which one is meant, as long as it is there.
        let of = book.inner.dossier(one.document).map(|dossier| reference(one.document, &dossier)).ok();
        let state = match (one.erased_at, one.replaced_by) {
            (None, _) => context.say("gevraagd", "asked"),
            (Some(_), None) => context.say("gewist", "erased"),
            (Some(_), Some(_)) => context.say("gewist, gaat elders verder", "erased, goes on elsewhere"),
        };
        let since = instant(one.erased_at.or(one.asked_at));
        let confirmed = if one.erased_at.is_some() { one.confirmed.to_string() } else { String::new() };
        let mut devices = one.waiting.iter().map(|device| {
            let revoked = if device.revoked { context.say(", ingetrokken", ", revoked") } else { String::new() };
            (format!("{} ({}{revoked})", device.label, device.person), instant(device.last_contact))
        });
        let (first, contact) = devices.next().unwrap_or_default();
        let asked = one.asked_by.clone().unwrap_or_default();
        table.row([one.document.to_string(), of.clone().unwrap_or_default(), state, asked, since, confirmed, first, contact]);
        for (device, contact) in devices {
            let empty = String::new;
            table.row([empty(), empty(), empty(), empty(), empty(), empty(), device, contact]);
        }
        rows.push(json!({
            "document": one.document.to_string(),
            "reference": of,
            "state": if one.erased_at.is_some() { "erased" } else { "asked" },
            "asked_by": one.asked_by,
            "asked_at": one.asked_at.map(|at| at.to_string()),
            "erased_at": one.erased_at.map(|at| at.to_string()),
            "replaced_by": one.replaced_by.map(|document| document.to_string()),
            "confirmed": one.confirmed,
            "unsent": one.unsent,
            "waiting": one
                .waiting
                .iter()
                .map(|device| json!({
                    "device": device.device.to_string(),
                    "person": device.person,
                    "label": device.label,
                    "last_contact": device.last_contact.map(|at| at.to_string()),
                    "revoked": device.revoked,
                }))
                .collect::<Vec<_>>(),
        }));
    }
    Output::new(json!({ "rows": rows }), table)
}

/// What to tell of dossiers that were wiped here.
pub(super) fn notices(wiped: &[Wiped]) -> Vec<Text> {
    wiped.iter().map(|one| Text::new(one.message(Lang::Nl), one.message(Lang::En))).collect()
}

/// What to tell of dossiers that were kept although the server says that they are erased.
pub(super) fn kept_notices(kept: &[Kept]) -> Vec<Text> {
    kept.iter().map(|one| Text::new(one.message(Lang::Nl), one.message(Lang::En))).collect()
}

/// The same for programs.
pub(super) fn kept_json(kept: &[Kept]) -> Value {
    kept.iter().map(|one| json!({ "document": one.document.to_string(), "reference": one.reference })).collect()
}

/// What to tell of dossiers that came to wait to be erased, or do not any more.
pub(super) fn news_notices(news: &[ErasureNews]) -> Vec<Text> {
    news.iter().map(|one| Text::new(one.message(Lang::Nl), one.message(Lang::En))).collect()
}

/// The same for programs.
pub(super) fn news_json(news: &[ErasureNews]) -> Value {
    news.iter()
        .map(|one| {
            json!({
                "document": one.document.to_string(),
                "reference": one.reference,
                "what": one.what.code(),
                "by": one.by,
                "at": one.at.to_string(),
            })
        })
        .collect()
}

/// Who asked when that a dossier be erased, for programs; nothing when nobody did.
pub(super) fn asked_json(book: &Book, document: DocumentId) -> Value {
    book.inner.erasure_asked(&document).map_or(Value::Null, |asked| json!({ "by": asked.by, "at": asked.at.to_string() }))
}

/// A short mark behind the reference of a dossier that waits to be erased.
pub(super) fn marked(context: &Context<'_>, book: &Book, document: DocumentId, reference: String) -> String {
    match book.inner.erasure_asked(&document) {
        Some(_) => format!("{reference} {}", context.say("(wissen gevraagd)", "(erasure asked)")),
        None => reference,
    }
}

/// What to tell whoever looks at a dossier that waits to be erased.
pub(super) fn asked_note(book: &Book, document: DocumentId) -> Option<Text> {
    let asked = book.inner.erasure_asked(&document)?;
    let (by, at) = (&asked.by, local(asked.at));
    Some(text!(
        "let op: {by} vroeg op {at} om dit dossier te wissen; bevestigt een beheerder dat, dan verdwijnt het bij iedereen, ook wat \
         nog niet verstuurd is",
        "note: {by} asked on {at} to erase this dossier; once an administrator confirms it goes with everyone, also what was not \
         sent yet"
    ))
}

/// The same of what was wiped, for programs.
pub(super) fn wiped_json(wiped: &[Wiped]) -> Value {
    wiped
        .iter()
        .map(|one| {
            json!({
                "document": one.document.to_string(),
                "reference": one.reference,
                "unsent": one.unsent,
                "performed": one.performed,
                "to_record": one.to_record,
                "replaced_by": one.replaced_by.map(|document| document.to_string()),
                "not_withdrawn": one.not_withdrawn.map(|why| match why {
                    NotWithdrawn::Overtaken => "OVERTAKEN",
                    NotWithdrawn::Refused(_) => "REFUSED",
                }),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_hears_too_that_a_withdrawal_was_not_done() {
        let one = |not_withdrawn| Wiped {
            document: veldboek_core::ids::DocumentId::from_bytes([1; 16]),
            reference: Some("WF-1".into()),
            unsent: 2,
            performed: 0,
            to_record: 0,
            replaced_by: None,
            not_withdrawn,
        };
        let told = wiped_json(&[one(None), one(Some(NotWithdrawn::Overtaken)), one(Some(NotWithdrawn::Refused(None)))]);
        let why: Vec<&Value> = told.as_array().unwrap().iter().map(|one| &one["not_withdrawn"]).collect();
        assert_eq!(why, [&Value::Null, &json!("OVERTAKEN"), &json!("REFUSED")]);
    }
}
