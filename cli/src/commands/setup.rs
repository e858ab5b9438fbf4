//! This device: its field book, whose it is, and its place at the server.

use std::collections::BTreeMap;

use serde_json::json;
use veldboek_core::disk::RealDisk;
use veldboek_core::keyring::{self, LockState};
use veldboek_core::notes::Setup;
use veldboek_core::record::Code;
use veldboek_core::statement::{Role, is_person_code};
use veldboek_core::wire::{EnrolAnswer, InviteAnswer, InviteRequest, MAX_BODY, VERSION};

use super::book::Book;
use super::context::Context;
use super::keys::{state, unprotected};
use super::revoked;
use crate::args::*;
use crate::client::Client;
use crate::message::{Problem, text};
use crate::render::{Output, Table};

/// Where codes are made.
const INVITATIONS: &str = "/v1/invitations";

/// `init`
pub(super) fn init(context: &Context<'_>, init: Init) -> Result<Output, Problem> {
    if let Some(code) = init.coach.as_deref().filter(|code| !is_person_code(code)) {
        return Err(not_a_code(code));
    }
    let dir = context.dir()?;
    let setup = Setup {
        region: init.region.unwrap_or_default(),
        organisation: init.organisation,
        display_name: init.name.or_else(|| init.coach.clone()),
        person: init.coach,
        server_url: None,
        server: None,
        server_keys: None,
    };
    let nobody = setup.person.is_none();
    if Book::exists(&dir)? {
        // One whose keys are gone is not to be used, as the other answer would say.
        keyring::lock_state(&RealDisk::open(&dir)?)?;
        return Err(Problem::StoreExists(dir));
    }
    let passphrase = context.access().new_keys(&init.keys)?;
    let book = Book::create(&dir, setup, passphrase.as_ref())?;
    let output = identity(context, &book);
    let output = if passphrase.is_none() { output.note(unprotected()) } else { output };
    Ok(match nobody {
        true => output.note(text!(
            "van wie dit veldboek is, blijkt bij `veldboek enrol`; wie alleen werkt, begint met `veldboek init --coach CODE`",
            "whose field book this is, shows at `veldboek enrol`; who works alone begins with `veldboek init --coach CODE`"
        )),
        false => output,
    })
}

fn not_a_code(code: &str) -> Problem {
    Problem::Usage(
        text!("'{code}' is geen code van een persoon", "'{code}' is not the code of a person"),
        text!(
            "gebruik 2 tot 32 kleine letters, cijfers of streepjes, zoals anna",
            "use 2 to 32 small letters, digits or dashes, such as anna"
        ),
    )
}

/// `whoami`
pub(super) fn whoami(context: &Context<'_>) -> Result<Output, Problem> {
    let book = context.book()?;
    Ok(identity(context, &book))
}

fn identity(context: &Context<'_>, book: &Book) -> Output {
    let identity = book.inner.identity();
    let role = identity.role.map(|role| role.label(context.lang).to_owned());
    let url = identity.server.as_ref().map(|server| server.url.clone());
    let (lock, locked) = state(context, book);
    let value = json!({
        "device": identity.device.to_string(),
        "coach": identity.person,
        "name": identity.display_name,
        "role": identity.role.map(Code::code),
        "role_label": role,
        "organisation": identity.organisation,
        "region": identity.region,
        "server": identity.server.as_ref().map(|server| server.id.to_string()),
        "url": url,
        "store": book.dir.display().to_string(),
        "lock": lock,
    });
    let unknown = || context.say("nog niet bekend", "not known yet");
    let rows = [
        (
            context.say("persoon", "person"),
            identity.person.map_or_else(unknown, |code| match identity.display_name {
                Some(name) if name != code => format!("{name} ({code})"),
                _ => code,
            }),
        ),
        (context.say("rol", "role"), role.unwrap_or_else(unknown)),
        (context.say("organisatie", "organisation"), identity.organisation.unwrap_or_else(unknown)),
        (context.say("regio", "region"), if identity.region.is_empty() { unknown() } else { identity.region }),
        (context.say("apparaat", "device"), identity.device.to_string()),
        (context.say("server", "server"), url.unwrap_or_else(|| context.say("nog niet aangemeld", "not enrolled yet"))),
        (context.say("veldboek", "field book"), book.dir.display().to_string()),
        (context.say("slot", "lock"), locked),
    ];
    Output::new(value, Table::sheet(rows))
}

/// `enrol`
pub(super) fn enrol(context: &Context<'_>, enrol: &Enrol) -> Result<Output, Problem> {
    let dir = context.dir()?;
    // The address is looked at before anything is made.
    let mut client = Client::new(&enrol.server, Some(&dir))?;
    revoked::make_room(&dir)?;
    let mut book = match Book::exists(&dir)? {
        true => context.book()?,
        false => Book::create(&dir, nobodys(), context.access().new_keys(&enrol.keys)?.as_ref())?,
    };
    if let Some(server) = book.inner.identity().server.filter(|_| !context.globals.yes) {
        let url = server.url;
        return Err(Problem::Rule(
            text!("dit apparaat is al aangemeld bij {url}", "this device is enrolled at {url} already"),
            text!(
                "gebruik `veldboek sync`; opnieuw aanmelden kan met --yes, een ander veldboek met --store MAP",
                "use `veldboek sync`; enrol again with --yes, or use another field book with --store DIR"
            ),
        ));
    }
    let label = enrol.label.clone().unwrap_or_else(|| "veldboek".to_owned());
    join(&mut book, &mut client, enrol.code.trim(), &label)?;
    let url = client.url().to_owned();
    let mut output = identity(context, &book);
    if book.inner.keyring().lock_state() == LockState::None {
        output = output.note(unprotected());
    }
    if client.in_the_clear() {
        output = output.note(text!(
            "let op: de verbinding met {url} is niet versleuteld; vraag de beheerder om https",
            "note: the connection with {url} is not encrypted; ask the administrator for https"
        ));
    }
    let (mine, elsewhere) = elsewhere(&mut book)?;
    for (organisation, count) in elsewhere {
        output = output.note(text!(
            "let op: {count} dossiers op dit apparaat horen bij '{organisation}' en niet bij '{mine}'; de coördinator van '{mine}' \
             ziet ze niet. Overleg met de beheerder: een code voor '{organisation}', of leg ze onder '{mine}' opnieuw vast",
            "note: {count} dossiers on this device belong to '{organisation}' and not to '{mine}'; the coordinator of '{mine}' \
             does not see them. Talk to the administrator: a code for '{organisation}', or record them again under '{mine}'"
        ));
    }
    Ok(output
        .note(text!("aangemeld; haal de dossiers op met `veldboek sync`", "enrolled; fetch the dossiers with `veldboek sync`")))
}

/// The organisation of the person, and how many dossiers of this device belong to others: whose coordinators see those.
fn elsewhere(book: &mut Book) -> Result<(String, BTreeMap<String, usize>), Problem> {
    let mine = book.inner.identity().organisation.unwrap_or_default();
    let mut elsewhere = BTreeMap::new();
    for (document, _) in book.inner.dossiers()? {
        if let Some(other) = book.inner.organisation_of(document).filter(|other| *other != mine) {
            *elsewhere.entry(other).or_default() += 1;
        }
    }
    Ok((mine, elsewhere))
}

/// Until it is enrolled, a field book is nobody's.
pub(super) fn nobodys() -> Setup {
    Setup {
        region: String::new(),
        organisation: None,
        person: None,
        display_name: None,
        server_url: None,
        server: None,
        server_keys: None,
    }
}

/// Makes the device of a field book one of the person for whom the code was made.
pub(super) fn join(book: &mut Book, client: &mut Client, code: &str, label: &str) -> Result<(), Problem> {
    let request = book.inner.enrol_request(code, label).encode();
    book.leave_cache();
    let body = client.unsigned("/v1/enrol", &request);
    book.take_cache();
    let body = body.map_err(|problem| {
        problem.undone(text!(
            "dit apparaat is niet aangemeld: controleer het adres en de verbinding, en probeer dit opnieuw met dezelfde code",
            "this device was not enrolled: check the address and the connection, and try this again with the same code"
        ))
    })?;
    let answer = EnrolAnswer::decode(&body, MAX_BODY)
        .map_err(|why| client.nonsense(text!("het antwoord is niet te lezen ({why})", "the answer cannot be read ({why})")))?;
    let url = client.url().to_owned();
    book.inner.enrolled(&answer, &url, book.moment, &mut book.rng).map_err(|error| super::trouble::sync(error, &url))?;
    client.keep_text(&answer.nonce);
    Ok(())
}

/// Asks the server for a code.
pub(super) fn ask_code(book: &mut Book, request: &InviteRequest) -> Result<InviteAnswer, Problem> {
    let server = book.inner.identity().server.ok_or(Problem::NotEnrolled)?;
    let mut client = Client::new(&server.url, Some(&book.dir))?;
    let body = revoked::ask(book, &mut client, server.id, "POST", INVITATIONS, &request.encode())?;
    InviteAnswer::decode(&body, MAX_BODY)
        .map_err(|why| client.nonsense(text!("het antwoord is niet te lezen ({why})", "the answer cannot be read ({why})")))
}

/// `invite`
pub(super) fn invite(context: &Context<'_>, invite: Invite) -> Result<Output, Problem> {
    if !is_person_code(&invite.person) {
        return Err(not_a_code(&invite.person));
    }
    let mut book = context.book()?;
    let role = Role::from_text(&invite.role).ok_or_else(|| {
        let (role, choices) = (invite.role.clone(), veldboek_core::record::choices::<Role>().to_lowercase());
        Problem::Usage(
            text!("'{role}' is geen rol", "'{role}' is not a role"),
            text!("kies uit: {choices}", "choose from: {choices}"),
        )
    })?;
    let identity = book.inner.identity();
    let server = identity.server.ok_or(Problem::NotEnrolled)?;
    let register = book.inner.register()?;
    let known = register.coaches.get(&invite.person);
    let organisation = invite
        .organisation
        .or_else(|| known.and_then(|coach| coach.organisation.clone()))
        .or(identity.organisation)
        .unwrap_or_default();
    let display_name =
        invite.name.or_else(|| known.and_then(|coach| coach.display_name.clone())).unwrap_or_else(|| invite.person.clone());
    let request = InviteRequest { version: VERSION, person: invite.person.clone(), display_name, role, organisation };
    let answer = ask_code(&mut book, &request).map_err(|problem| {
        problem.undone(text!(
            "er is niemand uitgenodigd en `sync` doet dat ook niet: probeer dit opnieuw zodra er contact is",
            "nobody was invited, and `sync` will not do it: try this again once there is contact"
        ))
    })?;
    let (code, url, person) = (answer.code.clone(), server.url.clone(), invite.person);
    let value = json!({
        "code": answer.code,
        "expires": answer.expires.to_string(),
        "person": person,
        "role": role.code(),
        "role_label": role.label(context.lang),
        "organisation": request.organisation,
        "server": url,
    });
    let rows = [
        (context.say("code", "code"), answer.code),
        (context.say("voor", "for"), format!("{person} ({})", role.label(context.lang))),
        (context.say("geldig tot", "valid until"), answer.expires.to_string()),
    ];
    Ok(Output::new(value, Table::sheet(rows)).note(text!(
        "op het apparaat van {person}: veldboek enrol {code} --server {url}. De code werkt één keer; geef haar aan niemand anders",
        "on the device of {person}: veldboek enrol {code} --server {url}. The code works once; give it to nobody else"
    )))
}
