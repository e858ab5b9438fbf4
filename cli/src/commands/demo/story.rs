//! One region's story: enrol, import, cut the connection, log visits, carry a bundle, sync, settle, report.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Time;
use serde_json::Value;
use veldboek_core::clock::{Day, LocalTime, Moment, Timestamp};
use veldboek_core::codes::{AssignmentRole, Competence, ContactMode, PartySpoken, Score, VisitType};
use veldboek_core::field_book::{Job, Target};
use veldboek_core::ids::{DocumentId, PlacementId, TrajectoryId};
use veldboek_core::statement::Role;
use veldboek_core::trajectory::Assignment;
use veldboek_core::visit::{Agreement, Visit};
use veldboek_core::wire::{InviteRequest, VERSION};

use super::super::book::Book;
use super::super::context::Context;
use super::super::keys::Access;
use super::super::{bundle, exchange, import, reports, setup, visits};
use super::Told;
use super::server::Running;
use crate::args::{AsOf, BudgetReport, Caseload, ImportFile, MonitorReport, OutflowReport, ReportCommand};
use crate::client::Client;
use crate::demo::compare;
use crate::demo::{FileContent, Region};
use crate::message::{Problem, Text, system, text};

/// Visits that each coach logs without a connection.
const VISITS: usize = 8;
/// What was noticed; invented, as are the people.
const NOTES: &[&str] = &[
    "Op tijd, had de werkschoenen al aan. Samen de weekplanning doorgenomen; vrijdag blijft lastig.",
    "Begeleider is tevreden over het tempo. Vraagt nog veel bevestiging bij nieuwe taken.",
    "Twee keer te laat geweest door de bus. Afgesproken om een bus eerder te nemen en te bellen als dat niet lukt.",
    "Werkt zelfstandig aan de kassa op rustige uren. Drukte gaat beter met een vaste collega ernaast.",
    "Gesprek met de werkgever over verlenging. Contract ligt klaar als de certificaten binnen zijn.",
    "Wil meer uren. Eerst vier weken kijken hoe het reizen gaat, dan opnieuw bespreken.",
    "Heeft de veiligheidsinstructie gehaald. Gereedschap ligt nu elke avond op zijn plek.",
    "Rustig bezoek. Collega's vertellen dat er weer gelachen wordt in de kantine.",
];

/// The day and hour on which the demo plays.
fn moment(day: Day, hour: i8, minute: i8) -> Moment {
    let time = Time::new(hour, minute, 0, 0).unwrap_or(Time::midnight());
    let local = LocalTime::new(day.date().to_datetime(time));
    let at = crate::clock::instant(local);
    Moment { at: at.unwrap_or(Timestamp::from_millis(0)), local }
}

struct Cast<'a> {
    region: &'a Region,
    dir: &'a Path,
}

impl Cast<'_> {
    fn open(&self, code: &str) -> Result<Book, Problem> {
        let mut book = Book::open(&self.dir.join(code), &Access::without_passphrase())?;
        self.hold(&mut book);
        Ok(book)
    }

    fn hold(&self, book: &mut Book) {
        book.moment = moment(self.region.today, 16, 30);
    }

    fn enrol(&self, code: &str, invitation: &str, url: &str) -> Result<Book, Problem> {
        let dir = self.dir.join(code);
        // The people are invented: their keys need no passphrase.
        let mut book = Book::create(&dir, setup::nobodys(), None)?;
        self.hold(&mut book);
        let mut client = Client::new(url, Some(&dir))?;
        setup::join(&mut book, &mut client, invitation, "demo")?;
        Ok(book)
    }

    fn invite(&self, by: &mut Book, person: &crate::demo::Person, role: Role) -> Result<String, Problem> {
        let request = InviteRequest {
            version: VERSION,
            person: person.code.to_owned(),
            display_name: person.name.to_owned(),
            role,
            organisation: self.region.organisation.to_owned(),
        };
        Ok(setup::ask_code(by, &request)?.code)
    }
}

/// Tells the story of a region in a directory of its own.
pub(super) fn tell(context: &mut Context<'_>, region: &Region, dir: &Path) -> Result<Told, Problem> {
    let cast = &Cast { region, dir };
    let files = dir.join("files");
    std::fs::create_dir_all(&files).map_err(|error| Problem::File(files.clone(), system(&error)))?;
    let mut told = Told::default();
    say(context, &Text::new(format!("\n== {} ==", region.title), format!("\n== {} ==", region.title)));

    // The server, and everyone's device.
    let server_dir = dir.join("server");
    let server = Running::start(&server_dir, region.name, None)?;
    let (address, url) = (server.address, server.url());
    let code = server.code.clone().unwrap_or_default();
    let mut administrator = cast.enrol("beheer", &code, &url)?;
    let code = cast.invite(&mut administrator, &region.coordinator, Role::Coordinator)?;
    let mut coordinator = cast.enrol(region.coordinator.code, &code, &url)?;
    drop(administrator);
    for coach in &region.coaches {
        let code = cast.invite(&mut coordinator, coach, Role::Coach)?;
        cast.enrol(coach.code, &code, &url)?;
    }
    let names = region.coaches.iter().map(|coach| coach.name).collect::<Vec<_>>().join(", ");
    let who = region.coordinator.name;
    say(
        context,
        &text!("coördinator {who} en coaches {names} zijn aangemeld", "coordinator {who} and coaches {names} are enrolled"),
    );

    read_files(context, region, &files, &mut coordinator)?;
    let shared = share(region, &mut coordinator)?;
    let done = exchange::exchange(&mut coordinator)?;
    let (sent, trips) = (done.outcome.accepted, done.traffic.round_trips);
    say(
        context,
        &text!("{sent} wijzigingen naar de server in {trips} keer", "{sent} changes to the server in {trips} round trips"),
    );
    for coach in &region.coaches {
        let mut book = cast.open(coach.code)?;
        exchange::exchange(&mut book)?;
        let (name, dossiers) = (coach.name, book.inner.status()?.dossiers);
        say(context, &text!("{name} heeft {dossiers} dossiers bij zich", "{name} carries {dossiers} dossiers"));
    }

    // The connection is cut; work goes on.
    server.stop()?;
    let mut texts: Vec<String> = Vec::new();
    for (index, coach) in region.coaches.iter().enumerate() {
        let mut book = cast.open(coach.code)?;
        if !matches!(exchange::exchange(&mut book), Err(Problem::NoContact(..))) {
            return Err(Problem::Store(text!(
                "de server antwoordt terwijl hij gestopt is",
                "the server answers although it was stopped"
            )));
        }
        texts.extend(log_visits(region, &mut book, index)?);
        if let (Some((document, placement)), Some(supervisor)) = (shared, ["Kees", "Ria"].get(index)) {
            edit_supervisor(&mut book, document, placement, supervisor)?;
        }
    }
    told.visits_offline = texts.len();
    let count = texts.len();
    say(
        context,
        &text!(
            "verbinding weg: {count} bezoeken vastgelegd zonder server",
            "connection cut: {count} visits logged without the server"
        ),
    );

    // One coach's work arrives as a file.
    let [.., third] = &region.coaches;
    let file = carry(cast, third.code, &files)?;
    let mut coordinator = cast.open(region.coordinator.code)?;
    let merged = bundle::take_in(&mut coordinator, &file)?;
    let (name, received) = (third.name, merged.received);
    say(context, &text!("bundel van {name}: {received} wijzigingen", "bundle of {name}: {received} changes"));

    // The others' work by sync; the conflict is settled.
    let server = Running::start(&server_dir, region.name, Some(address))?;
    for coach in region.coaches.iter().take(2) {
        exchange::exchange(&mut cast.open(coach.code)?)?;
    }
    let done = exchange::exchange(&mut coordinator)?;
    let received = done.outcome.received;
    say(
        context,
        &text!("de verbinding is terug: {received} wijzigingen ontvangen", "connection restored: {received} changes received"),
    );
    told.conflicts_settled = settle(context, &mut coordinator)?;
    exchange::exchange(&mut coordinator)?;
    for coach in &region.coaches {
        let mut book = cast.open(coach.code)?;
        exchange::exchange(&mut book)?;
        let open = book.inner.conflicts()?.len();
        told.lost += usize::from(open > 0);
    }
    exchange::exchange(&mut coordinator)?;
    server.stop()?;

    told.lost += missing(&mut coordinator, &texts)?;
    told.changes = coordinator.inner.status()?.changes;
    let [first, ..] = &region.coaches;
    let caseload = visits::caseload(context, &mut cast.open(first.code)?, &Caseload { overdue: false, ics: None })?;
    let title = match context.lang {
        veldboek_core::record::Lang::Nl => format!("{}: wat {} te doen heeft", region.title, first.name),
        veldboek_core::record::Lang::En => format!("{}: what {} has to do", region.title, first.name),
    };
    told.tables.extend(caseload.tables.into_iter().map(|table| table.titled(title.clone())));
    told.comparisons = compared(context, region, &mut coordinator)?;
    Ok(told)
}

fn say(context: &mut Context<'_>, text: &Text) {
    context.console.hint(text, context.lang);
}

/// Writes the region's files as partners deliver them and imports them.
fn read_files(context: &mut Context<'_>, region: &Region, dir: &Path, book: &mut Book) -> Result<(), Problem> {
    for file in region.files.iter().chain(&region.variants) {
        let path = dir.join(file.name);
        std::fs::write(&path, &file.bytes).map_err(|error| Problem::File(path, system(&error)))?;
    }
    for file in &region.files {
        let path: PathBuf = dir.join(file.name);
        let imported = match file.content {
            FileContent::Register => import::register(book, &file.bytes, false)?,
            FileContent::Rows(kind) => {
                let options = ImportFile { file: path, dry_run: false, ignore_columns: false, organisation: None };
                import::rows(book, kind, &file.bytes, &options)?
            }
        };
        let (name, rows, rejected) = (file.name, imported.rows, imported.rejected.len());
        say(
            context,
            &text!("{name}: {rows} regels ingelezen, {rejected} geweigerd", "{name}: {rows} rows imported, {rejected} rejected"),
        );
    }
    Ok(())
}

/// Trajectories that a coach can visit: open, coached by them, with a running placement.
fn visitable(book: &mut Book, person: &str, today: Day) -> Result<Vec<(DocumentId, TrajectoryId, PlacementId)>, Problem> {
    let mut found = Vec::new();
    for (document, dossier) in book.inner.dossiers()? {
        for (id, trajectory) in dossier.trajectories.iter().filter(|(_, one)| one.open_on(today) && one.started_by(today)) {
            if trajectory.agreement_date.is_none() || dossier.primary_coach_on(*id, today) != Some(person) {
                continue;
            }
            let placement = dossier.placements.iter().find(|(_, one)| one.trajectory == Some(*id) && one.open_on(today));
            if let Some((placement, _)) = placement {
                found.push((document, *id, *placement));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Lets the second coach into a dossier of the first, so that two people will write in it.
fn share(region: &Region, coordinator: &mut Book) -> Result<Option<(DocumentId, PlacementId)>, Problem> {
    let [first, second, _] = &region.coaches;
    let Some((document, _, placement)) = visitable(coordinator, first.code, region.today)?.first().copied() else {
        return Ok(None);
    };
    let dossier = coordinator.inner.dossier(document)?;
    let draft = Assignment {
        coach: Some(second.code.to_owned()),
        role: Some(AssignmentRole::Support),
        from: Some(region.today),
        ..Assignment::default()
    };
    let plan = coordinator.plan(None, |by| dossier.assign_coach(by, draft))?;
    let grants = vec![(second.code.to_owned(), region.today, None)];
    coordinator.perform_all(vec![Job::new(Target::Existing(document), plan.writes).granting(grants)])?;
    Ok(Some((document, placement)))
}

/// Logs the visits of one coach; says their texts.
fn log_visits(region: &Region, book: &mut Book, coach: usize) -> Result<Vec<String>, Problem> {
    let person = book.person()?;
    let places = visitable(book, &person, region.today)?;
    let mut texts = Vec::new();
    for (index, (document, trajectory, placement)) in places.iter().cycle().take(VISITS.min(places.len() * VISITS)).enumerate() {
        let note = NOTES.get((index + coach) % NOTES.len()).copied().unwrap_or_default();
        // Each text is one of a kind, so that it can be found again.
        let summary = format!("{note} (bezoek {} van {person})", index + 1);
        let hour = i8::try_from(8 + index).unwrap_or(8);
        let visit = Visit {
            trajectory: Some(*trajectory),
            placement: Some(*placement),
            started_at: Some(moment(region.today, hour, 0).local),
            duration_min: Some(35),
            travel_min: Some(20),
            visit_type: Some(VisitType::WorkplaceVisit),
            mode: Some(ContactMode::OnSite),
            parties: [PartySpoken::Trainee, PartySpoken::WorkplaceSupervisor].into(),
            summary: Some(summary.clone()),
            scores: BTreeMap::from([
                (Competence::OnTime, Score::Three),
                (Competence::Pace, Score::Two),
                (Competence::Learn, Score::Four),
            ]),
            next_visit_on: Some(region.today.plus_days(28)),
            ..Visit::default()
        };
        let agreement = Agreement {
            text: Some("Weekplanning meebrengen naar het volgende bezoek".to_owned()),
            owner: Some(PartySpoken::Trainee),
            due: Some(region.today.plus_days(28)),
            ..Agreement::default()
        };
        book.moment = moment(region.today, hour, 40);
        let dossier = book.inner.dossier(*document)?;
        let plan = book.plan(None, |by| dossier.log_visit(by, None, visit, vec![agreement]))?;
        book.perform(*document, plan)?;
        texts.push(summary);
    }
    Ok(texts)
}

/// Two coaches hear two names for the same supervisor.
fn edit_supervisor(book: &mut Book, document: DocumentId, placement: PlacementId, name: &str) -> Result<(), Problem> {
    let dossier = book.inner.dossier(document)?;
    let mut draft = dossier.placement(placement)?.clone();
    draft.supervisor_first_name = Some(name.to_owned());
    let plan = book.plan(None, |by| dossier.edit_placement(by, placement, draft))?;
    book.perform(document, plan)?;
    Ok(())
}

/// Writes a coach's unsent work in a file.
fn carry(cast: &Cast<'_>, coach: &str, dir: &Path) -> Result<PathBuf, Problem> {
    let mut book = cast.open(coach)?;
    let file = dir.join(format!("{coach}.bundle"));
    let (bytes, _) =
        book.inner.export_bundle(false, &[], book.moment, &mut book.rng).map_err(|error| bundle::problem(error, &file))?;
    std::fs::write(&file, bytes).map_err(|error| Problem::File(file.clone(), system(&error)))?;
    Ok(file)
}

/// Chooses the first value of every conflict.
fn settle(context: &mut Context<'_>, book: &mut Book) -> Result<usize, Problem> {
    let conflicts = book.inner.conflicts()?;
    for conflict in &conflicts {
        let shown: Vec<String> = conflict
            .versions
            .iter()
            .map(|version| format!("{} ({})", conflict.show(version, context.lang), version.by))
            .collect();
        let Some(chosen) = conflict.versions.first() else { continue };
        let (of, what, values) =
            (conflict.reference.clone().unwrap_or_default(), conflict.field(context.lang), shown.join(" / "));
        let value = conflict.show(chosen, context.lang);
        say(
            context,
            &text!("conflict in {of}, {what}: {values}; gekozen: {value}", "conflict in {of}, {what}: {values}; chosen: {value}"),
        );
        let writes = book.inner.settle(conflict, chosen.value.clone(), book.moment, &mut book.rng)?;
        book.inner.perform(conflict.document, writes, book.moment, &mut book.rng)?;
    }
    Ok(conflicts.len() - book.inner.conflicts()?.len())
}

/// How many of these texts are not there exactly once, safe on the server.
fn missing(book: &mut Book, texts: &[String]) -> Result<usize, Problem> {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for (document, dossier) in book.inner.dossiers()? {
        let unsaved = book.inner.unsaved(document)?;
        for (id, visit) in &dossier.visits {
            let safe = !unsaved.contains(&(veldboek_core::record::Container::Visits, id.to_string()));
            if let (Some(text), true) = (&visit.summary, safe) {
                *found.entry(text.clone()).or_default() += 1;
            }
        }
    }
    Ok(texts.iter().filter(|text| found.get(*text) != Some(&1)).count())
}

/// Every published table of the region beside the computed one.
fn compared(context: &Context<'_>, region: &Region, book: &mut Book) -> Result<Vec<compare::Comparison>, Problem> {
    let as_of = AsOf { as_of: Some(region.today), known_on: None };
    let mut made = |command: ReportCommand| -> Result<Value, Problem> { Ok(reports::report(context, book, command)?.value) };
    let mut comparisons = Vec::new();
    for (school_type, school_year) in region.outflow {
        let (Some(school_type), Ok(school_year)) = (veldboek_core::record::Code::from_code(school_type), school_year.parse())
        else {
            continue;
        };
        let report = made(ReportCommand::Outflow(OutflowReport { school_type, school_year, as_of }))?;
        comparisons.push(compare::outflow(&report));
    }
    if let Some((funding, days)) = region.budget {
        let mut tables = Vec::new();
        // Whatever the demo's day is, the table is that of its own year.
        let now = AsOf { as_of: None, known_on: None };
        for reference_date in days {
            tables.push(made(ReportCommand::Budget(BudgetReport { funding: funding.to_owned(), reference_date, as_of: now }))?);
        }
        comparisons.push(compare::budget(&tables));
    }
    if let Some((period, umbrella)) = region.monitor {
        let report = made(ReportCommand::Monitor(MonitorReport { from: period.from, to: period.to, programme: None, as_of }))?;
        comparisons.push(compare::monitor(&report, umbrella));
    }
    Ok(comparisons)
}
