//! The devices of the region, for those who look after them: which there are, what could be on one, and the end of one.

use serde_json::{Value, json};
use veldboek_core::clock::Timestamp;
use veldboek_core::ids::{DeviceId, ServerId};
use veldboek_core::keyring::LockState;
use veldboek_core::record::{Code, Lang};
use veldboek_core::statement::Role;
use veldboek_core::wire::{DeviceInfo, DeviceList, MAX_BODY, RevokeAnswer, RevokeRequest, VERSION};

use super::book::Book;
use super::context::Context;
use super::{find, revoked};
use crate::args::{DeviceCommand, DeviceName, DeviceRevoke};
use crate::client::Client;
use crate::message::{Problem, text};
use crate::render::{Output, Table};

const DEVICES: &str = "/v1/devices";
const REVOCATIONS: &str = "/v1/revocations";

/// The line to the server, for questions about devices.
struct Desk {
    book: Book,
    client: Client,
    server: ServerId,
}

/// `device`
pub(super) fn device(context: &mut Context<'_>, command: &DeviceCommand) -> Result<Output, Problem> {
    let book = context.book()?;
    let server = book.inner.identity().server.ok_or(Problem::NotEnrolled)?;
    let client = Client::new(&server.url, Some(&book.dir))?;
    let mut desk = Desk { book, client, server: server.id };
    match command {
        DeviceCommand::List => list(context, &mut desk),
        DeviceCommand::Show(name) => {
            let device = desk.meant(name)?.device;
            show(context, &mut desk, device)
        }
        DeviceCommand::Revoke(options) => revoke(context, &mut desk, options).map_err(|problem| {
            problem.undone(text!(
                "er is niets ingetrokken en `sync` doet dat ook niet: probeer dit opnieuw zodra er contact is. Is een telefoon kwijt, \
                 bel dan nu de beheerder: die trekt haar in op de server",
                "nothing was revoked, and `sync` will not do it: try this again once there is contact. When a phone is lost, call the \
                 administrator now, who revokes it at the server"
            ))
        }),
        DeviceCommand::AllowUnsent(name) => allow_unsent(context, &mut desk, name),
    }
}

impl Desk {
    fn ask(&mut self, path: &str) -> Result<Vec<DeviceInfo>, Problem> {
        let body = revoked::ask(&mut self.book, &mut self.client, self.server, "GET", path, &[])?;
        Ok(DeviceList::decode(&body, MAX_BODY).map_err(|why| self.unreadable(&why))?.devices)
    }

    fn revoke(&mut self, request: &RevokeRequest) -> Result<RevokeAnswer, Problem> {
        let body = revoked::ask(&mut self.book, &mut self.client, self.server, "POST", REVOCATIONS, &request.encode())?;
        RevokeAnswer::decode(&body, MAX_BODY).map_err(|why| self.unreadable(&why))
    }

    fn unreadable(&self, why: &veldboek_core::wire::FormatError) -> Problem {
        self.client.nonsense(text!("het antwoord is niet te lezen ({why})", "the answer cannot be read ({why})"))
    }

    /// The one device whose id begins like this.
    fn meant(&mut self, name: &DeviceName) -> Result<DeviceInfo, Problem> {
        let devices = self.ask(DEVICES)?;
        let wanted = name.device.trim();
        let mut found: Vec<DeviceInfo> =
            devices.into_iter().filter(|one| wanted.len() >= 4 && one.device.to_string().starts_with(wanted)).collect();
        let kind = text!("apparaat", "device");
        match (found.pop(), found.as_slice()) {
            (Some(one), []) => Ok(one),
            (None, _) => Err(Problem::Unknown {
                kind,
                wanted: wanted.to_owned(),
                hint: text!("`veldboek device list` toont de kenmerken", "`veldboek device list` shows the ids"),
            }),
            (Some(one), others) => {
                let candidates = others.iter().chain([&one]).map(|one| format!("{} ({})", one.device, one.person)).collect();
                Err(Problem::Ambiguous { kind, wanted: wanted.to_owned(), candidates })
            }
        }
    }
}

fn list(context: &Context<'_>, desk: &mut Desk) -> Result<Output, Problem> {
    let devices = desk.ask(DEVICES)?;
    let names = find::short(devices.iter().map(|device| device.device));
    let mut table = context.headings(&[
        "Kenmerk|Id",
        "Persoon|Person",
        "Rol|Role",
        "Organisatie|Organisation",
        "Apparaat|Device",
        "Aangemeld|Enrolled",
        "Laatste contact|Last contact",
        "Achtergebleven|Left behind",
        "Slot|Lock",
        "Ingetrokken|Revoked",
        "Gewist|Wiped",
    ]);
    for device in &devices {
        table.row([
            names.get(&device.device).cloned().unwrap_or_default(),
            format!("{} ({})", device.display_name, device.person),
            device.role.label(context.lang).to_owned(),
            device.organisation.clone(),
            device.label.clone(),
            device.enrolled.to_string(),
            instant(device.last_contact),
            number(device.unsynced),
            lock(device.lock, context),
            instant(device.revoked),
            instant(device.wiped),
        ]);
    }
    let rows: Vec<_> = devices.iter().map(|device| device_json(device, context)).collect();
    Ok(Output::new(json!({ "rows": rows }), table).columns(["device", "person", "name", "role", "role_label"]))
}

/// What whoever finds the device could see: the basis of a notice within 72 hours. Who may see a dossier sees its reference; an
/// administrator sees the id of its document.
fn show(context: &Context<'_>, desk: &mut Desk, device: DeviceId) -> Result<Output, Problem> {
    let one = desk.ask(&format!("{DEVICES}/{device}"))?;
    let Some(device) = one.first() else {
        return Err(desk.client.nonsense(text!("het noemt het apparaat niet meer", "it does not name the device any more")));
    };
    let dossiers = desk.book.inner.dossiers()?;
    let reference = |id: &veldboek_core::ids::DocumentId| {
        dossiers.iter().find(|(document, _)| document == id).map(|(document, dossier)| find::reference(*document, dossier))
    };
    let held: Vec<(String, Option<String>)> = device.documents.iter().map(|id| (id.to_string(), reference(id))).collect();
    let mut value = device_json(device, context);
    value["references"] = held.iter().filter_map(|(_, reference)| reference.clone()).collect::<Vec<_>>().into();
    value["dossiers"] =
        held.iter().map(|(document, reference)| json!({ "document": document, "reference": reference })).collect::<Value>();
    let yes = |flag: bool| if flag { context.say("ja", "yes") } else { String::new() };
    let mut rows = vec![
        (context.say("apparaat", "device"), device.device.to_string()),
        (context.say("naam", "label"), device.label.clone()),
        (context.say("persoon", "person"), format!("{} ({})", device.display_name, device.person)),
        (context.say("rol", "role"), device.role.label(context.lang).to_owned()),
        (context.say("organisatie", "organisation"), device.organisation.clone()),
        (context.say("aangemeld", "enrolled"), device.enrolled.to_string()),
        (context.say("laatste contact", "last contact"), instant(device.last_contact)),
        (context.say("achtergebleven", "left behind"), number(device.unsynced)),
        (context.say("slot", "lock"), lock(device.lock, context)),
        (context.say("ingetrokken", "revoked"), instant(device.revoked)),
    ];
    if device.revoked.is_some() {
        rows.extend([
            (context.say("reden", "reason"), device.reason.clone().unwrap_or_default()),
            (context.say("neemt niet-verstuurd werk nog aan", "unsent work still taken"), yes(device.accept_unsent)),
            (context.say("gewist", "wiped"), instant(device.wiped)),
            (context.say("daarbij verloren", "lost with it"), number(device.lost)),
        ]);
    }
    rows.push((context.say("kon bevatten", "could hold"), format!("{} dossiers", held.len())));
    rows.extend(held.into_iter().map(|(document, reference)| (String::new(), reference.unwrap_or(document))));
    let mut output = Output::new(value, Table::sheet(rows));
    if device.unsynced.is_some_and(|count| count > 0) && device.wiped.is_none() {
        output = output.note(text!(
            "let op: op het apparaat staat ook werk dat de server niet heeft, misschien in dossiers die hier niet genoemd zijn",
            "note: the device also holds work that the server does not have, perhaps in dossiers that are not named here"
        ));
    }
    Ok(output)
}

fn revoke(context: &mut Context<'_>, desk: &mut Desk, options: &DeviceRevoke) -> Result<Output, Problem> {
    let reason = options.reason.trim();
    if reason.is_empty() || reason.chars().count() > 200 || reason.chars().any(char::is_control) {
        return Err(Problem::Usage(
            text!("een reden is één regel van hoogstens 200 tekens", "a reason is one line of at most 200 characters"),
            text!("bijvoorbeeld --reason 'telefoon verloren'", "such as --reason 'phone lost'"),
        ));
    }
    if options.accept_unsent {
        administrators_only(desk)?;
    }
    let device = desk.meant(&DeviceName { device: options.device.clone() })?;
    if device.device == desk.book.inner.identity().device {
        return Err(Problem::Rule(
            text!("dit is het apparaat waarop u werkt", "this is the device you are working on"),
            text!(
                "trek het in vanaf een ander apparaat, of op de server met `veldboek-server device revoke`",
                "revoke it from another device, or at the server with `veldboek-server device revoke`"
            ),
        ));
    }
    let (label, person) = (&device.label, &device.display_name);
    let unsent = device.unsynced.unwrap_or(0);
    let question = match (unsent, options.accept_unsent) {
        (0, _) | (_, true) => text!(
            "'{label}' van {person} intrekken? Het wist zich bij het volgende contact; dit kan niet ongedaan worden gemaakt",
            "revoke '{label}' of {person}? It wipes itself at its next contact; this cannot be undone"
        ),
        (_, false) => text!(
            "'{label}' van {person} intrekken? Het wist zich bij het volgende contact, en de {unsent} wijzigingen die bij het laatste \
             contact alleen daar stonden gaan verloren; een beheerder kan die laten afleveren met --accept-unsent",
            "revoke '{label}' of {person}? It wipes itself at its next contact, and the {unsent} changes that were only there at its \
             last contact are lost; an administrator can have them delivered with --accept-unsent"
        ),
    };
    context.console.confirm(&question, context.globals.yes, context.lang)?;
    let request = RevokeRequest {
        version: VERSION,
        device: device.device,
        reason: Some(reason.to_owned()),
        accept_unsent: options.accept_unsent,
    };
    let answer = desk.revoke(&request)?;
    Ok(outcome(context, &answer))
}

fn allow_unsent(context: &Context<'_>, desk: &mut Desk, name: &DeviceName) -> Result<Output, Problem> {
    administrators_only(desk)?;
    let device = desk.meant(name)?;
    let id = device.device;
    if device.revoked.is_none() {
        return Err(Problem::Rule(
            text!(
                "apparaat {id} is niet ingetrokken en mag gewoon versturen",
                "device {id} is not revoked, and may send as always"
            ),
            text!(
                "`veldboek device revoke {id} --reason … --accept-unsent` doet beide tegelijk",
                "`veldboek device revoke {id} --reason … --accept-unsent` does both at once"
            ),
        ));
    }
    let answer = desk.revoke(&RevokeRequest { version: VERSION, device: id, reason: None, accept_unsent: true })?;
    Ok(outcome(context, &answer))
}

fn administrators_only(desk: &Desk) -> Result<(), Problem> {
    match desk.book.inner.identity().role {
        Some(Role::Administrator) => Ok(()),
        _ => Err(Problem::Refused(
            text!(
                "alleen een beheerder laat niet-verstuurd werk van een ingetrokken apparaat nog aannemen",
                "only an administrator has the unsent work of a revoked device taken"
            ),
            text!(
                "trek het apparaat zonder --accept-unsent in, en vraag de beheerder om `device allow-unsent`",
                "revoke the device without --accept-unsent, and ask the administrator for `device allow-unsent`"
            ),
        )),
    }
}

fn outcome(context: &Context<'_>, answer: &RevokeAnswer) -> Output {
    let id = answer.device;
    let value = json!({
        "device": id.to_string(),
        "revoked": answer.at.to_string(),
        "last_contact": answer.last_contact.map(|at| at.to_string()),
        "unsynced": answer.unsynced,
        "accept_unsent": answer.accept_unsent,
    });
    let rows = [
        (context.say("ingetrokken", "revoked"), id.to_string()),
        (context.say("sinds", "since"), answer.at.to_string()),
        (context.say("laatste contact", "last contact"), instant(answer.last_contact)),
        (context.say("toen achtergebleven", "left behind then"), number(answer.unsynced)),
    ];
    let output = Output::new(value, Table::sheet(rows)).note(text!(
        "het krijgt niets meer en wist zich bij het volgende contact; wat erop kon staan toont `veldboek device show {id}`",
        "it gets nothing any more, and wipes itself at its next contact; `veldboek device show {id}` names what could be on it"
    ));
    match (answer.accept_unsent, answer.unsynced) {
        (true, _) => output.note(text!(
            "wat alleen daar staat wordt nog aangenomen en wacht dan op de coördinator",
            "what is only there is still taken, and waits for the coordinator then"
        )),
        (false, Some(count)) if count > 0 => output.note(text!(
            "let op: {count} wijzigingen die alleen daar staan gaan verloren, tenzij een beheerder ze laat afleveren met \
             `veldboek device allow-unsent {id}` voordat het apparaat contact maakt",
            "note: {count} changes that are only there are lost, unless an administrator has them delivered with \
             `veldboek device allow-unsent {id}` before the device makes contact"
        )),
        _ => output,
    }
}

fn instant(at: Option<Timestamp>) -> String {
    at.map(|at| at.to_string()).unwrap_or_default()
}

fn number(count: Option<u32>) -> String {
    count.map(|count| count.to_string()).unwrap_or_default()
}

fn lock(state: Option<LockState>, context: &Context<'_>) -> String {
    state.map_or_else(|| unknown(context.lang).to_owned(), |state| state.label(context.lang).to_owned())
}

const fn unknown(lang: Lang) -> &'static str {
    match lang {
        Lang::Nl => "onbekend",
        Lang::En => "unknown",
    }
}

fn device_json(device: &DeviceInfo, context: &Context<'_>) -> Value {
    json!({
        "device": device.device.to_string(),
        "person": device.person,
        "name": device.display_name,
        "role": device.role.code(),
        "role_label": device.role.label(context.lang),
        "organisation": device.organisation,
        "label": device.label,
        "enrolled": device.enrolled.to_string(),
        "last_contact": device.last_contact.map(|at| at.to_string()),
        "unsynced": device.unsynced,
        "lock": device.lock.map_or("UNKNOWN", Code::code),
        "lock_label": lock(device.lock, context),
        "revoked": device.revoked.map(|at| at.to_string()),
        "reason": device.reason,
        "accept_unsent": device.accept_unsent,
        "wiped": device.wiped.map(|at| at.to_string()),
        "lost": device.lost,
        "documents": device.documents.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
