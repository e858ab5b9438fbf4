//! The feed: what the server admitted, in order, and which part of it a person may see.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::chunk::ChangeHash;
use crate::ids::*;
use crate::limits::MAX_PAGE_LINES;
use crate::wire::Cursor;

/// One line of the feed.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its number: that of its record in the journal.
    pub number: u64,
    /// What it is.
    pub what: What,
}

/// What a line of the feed is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A change of a document.
    Change(DocumentId, ChangeHash),
    /// A statement about a document.
    About(DocumentId, ChangeHash),
    /// A statement that everyone keeps: certificates and revocations.
    Public(ChangeHash),
    /// The document opened for a person.
    Opened(DocumentId, String),
    /// The document closed for a person.
    Closed(DocumentId, String),
}

/// For whom pages are made.
#[derive(Debug, Clone)]
pub struct Reader {
    /// Code of the person.
    pub person: String,
    /// The organisation whose every dossier the reader sees: coordinators only.
    pub organisation: Option<String>,
    /// Whether the reader sees documents at all; administrators do not.
    pub content: bool,
}

/// The lines of one page.
#[derive(Debug)]
pub struct Page {
    /// Lines to deliver, in the order of delivery.
    pub lines: Vec<Line>,
    /// Documents to drop.
    pub closed: Vec<DocumentId>,
    /// From where to go on.
    pub place: Cursor,
    /// Whether there is more.
    pub more: bool,
}

/// From an opened record to the closed record that ended it, if one did.
type Span = (u64, Option<u64>);

/// The feed in memory: numbers and names, no content.
#[derive(Debug, Default)]
pub struct Feed {
    lines: Vec<Line>,
    by_document: HashMap<DocumentId, Vec<usize>>,
    /// Organisation and opening number of each dossier.
    openings: HashMap<DocumentId, (String, u64)>,
    /// For each person, when documents opened and closed.
    access: HashMap<String, BTreeMap<DocumentId, Vec<Span>>>,
    register: Option<DocumentId>,
}

impl Feed {
    /// Says which document everyone reads.
    pub fn set_register(&mut self, document: DocumentId) {
        self.register = Some(document);
    }

    /// Adds a line; numbers ascend.
    pub fn push(&mut self, line: Line) {
        match &line.what {
            What::Change(document, _) | What::About(document, _) => {
                self.by_document.entry(*document).or_default().push(self.lines.len());
            }
            What::Opened(document, person) => {
                let spans = self.access.entry(person.clone()).or_default().entry(*document).or_default();
                if spans.last().is_none_or(|(_, closed)| closed.is_some()) {
                    spans.push((line.number, None));
                }
            }
            What::Closed(document, person) => {
                if let Some(span) = self.access.get_mut(person).and_then(|documents| documents.get_mut(document)?.last_mut()) {
                    span.1.get_or_insert(line.number);
                }
            }
            What::Public(_) => {}
        }
        self.lines.push(line);
    }

    /// Notes the organisation of a dossier, fixed by its opening.
    pub fn opened_by(&mut self, document: DocumentId, organisation: &str, number: u64) {
        self.openings.entry(document).or_insert_with(|| (organisation.to_owned(), number));
    }

    /// Takes a document out: nobody is shown anything of it any more.
    pub fn forget(&mut self, document: &DocumentId) {
        self.by_document.remove(document);
        self.openings.remove(document);
        for spans in self.access.values_mut() {
            spans.remove(document);
        }
    }

    /// Everyone for whom a document was ever open.
    pub fn people_of(&self, document: &DocumentId) -> HashSet<String> {
        let open = self.access.iter().filter(|(_, documents)| documents.contains_key(document));
        open.map(|(person, _)| person.clone()).collect()
    }

    /// Whether a document is open for the person by an opened record.
    pub fn is_open(&self, person: &str, document: &DocumentId) -> bool {
        self.access.get(person).and_then(|documents| documents.get(document)?.last()).is_some_and(|(_, closed)| closed.is_none())
    }

    /// The dossiers that a device may hold which had read up to `read` when it was last heard of, and can have got nothing after
    /// `until`: all that were open to its person at some time in between.
    pub fn could_hold(&self, reader: &Reader, read: u64, until: u64) -> Vec<DocumentId> {
        if !reader.content {
            return Vec::new();
        }
        let held = |(opened, closed): &Span| *opened <= until && closed.is_none_or(|closed| closed > read);
        let opened = self.access.get(&reader.person).into_iter().flatten();
        let mut documents: BTreeSet<DocumentId> = opened.filter(|(_, spans)| spans.iter().any(held)).map(|(id, _)| *id).collect();
        if let Some(organisation) = &reader.organisation {
            let theirs = self.openings.iter().filter(|(_, (owner, opened))| owner == organisation && *opened <= until);
            documents.extend(theirs.map(|(id, _)| *id));
        }
        documents.into_iter().collect()
    }

    /// Whether the reader sees the document at present.
    pub fn shows(&self, reader: &Reader, document: &DocumentId) -> bool {
        self.sees(reader, document, u64::MAX)
    }

    /// Whether the reader sees lines of a document from this number on without an opened record to wait for.
    fn sees(&self, reader: &Reader, document: &DocumentId, number: u64) -> bool {
        if !reader.content {
            return false;
        }
        if self.register == Some(*document) {
            return true;
        }
        if let (Some(mine), Some((owner, opened))) = (&reader.organisation, self.openings.get(document))
            && mine == owner
            && *opened <= number
        {
            return true;
        }
        // The last span counts: what lay before it comes with its opened record.
        self.access
            .get(&reader.person)
            .and_then(|documents| documents.get(document)?.last())
            .is_some_and(|(opened, closed)| closed.is_none() && *opened < number)
    }

    /// The next page for a reader: as many lines as fit, in bytes and in number. `weigh` says how many bytes a line takes, `skip` leaves out
    /// what the device itself just sent.
    pub fn page(
        &self,
        reader: &Reader,
        from: Cursor,
        skip: &HashSet<ChangeHash>,
        budget: usize,
        weigh: &mut dyn FnMut(&Line) -> usize,
    ) -> Page {
        let mut page = Page { lines: Vec::new(), closed: Vec::new(), place: from, more: false };
        let mut left = budget;
        // The first line always fits, so that every page makes progress.
        let mut take = |page: &mut Page, line: &Line| {
            let weight = weigh(line);
            if (weight > left && !page.lines.is_empty()) || page.lines.len() == MAX_PAGE_LINES {
                return false;
            }
            left = left.saturating_sub(weight);
            page.lines.push(line.clone());
            true
        };
        let mut closed = HashSet::new();
        let start = self.lines.partition_point(|line| line.number <= from.position);
        for line in &self.lines[start..] {
            match &line.what {
                What::Opened(document, person)
                    if *person == reader.person && reader.content && self.opens_now(reader, document, line.number) =>
                {
                    let read = page.place.backfill.unwrap_or(0);
                    for index in self.by_document.get(document).into_iter().flatten() {
                        let earlier = &self.lines[*index];
                        if earlier.number <= read || earlier.number >= line.number || skipped(&earlier.what, skip) {
                            continue;
                        }
                        if !take(&mut page, earlier) {
                            page.more = true;
                            return page;
                        }
                        page.place.backfill = Some(earlier.number);
                    }
                }
                What::Closed(document, person)
                    if *person == reader.person && !self.shows(reader, document) && !closed.contains(document) =>
                {
                    if closed.len() == MAX_PAGE_LINES {
                        page.more = true;
                        return page;
                    }
                    closed.insert(*document);
                    page.closed.push(*document);
                }
                What::Change(document, _) | What::About(document, _)
                    if self.sees(reader, document, line.number) && !skipped(&line.what, skip) && !take(&mut page, line) =>
                {
                    page.more = true;
                    return page;
                }
                What::Public(_) if !skipped(&line.what, skip) && !take(&mut page, line) => {
                    page.more = true;
                    return page;
                }
                _ => {}
            }
            page.place.position = line.number;
            page.place.backfill = None;
        }
        page
    }

    /// Whether this opened record is the one that the reader still lives by, and not what a coordinator sees anyway.
    fn opens_now(&self, reader: &Reader, document: &DocumentId, number: u64) -> bool {
        let last = self.access.get(&reader.person).and_then(|documents| documents.get(document)?.last());
        let coordinates =
            matches!((&reader.organisation, self.openings.get(document)), (Some(mine), Some((owner, _))) if mine == owner);
        !coordinates && last == Some(&(number, None))
    }

    /// The last number.
    pub fn end(&self) -> u64 {
        self.lines.last().map_or(0, |line| line.number)
    }
}

fn skipped(what: &What, skip: &HashSet<ChangeHash>) -> bool {
    match what {
        What::Change(_, hash) | What::About(_, hash) | What::Public(hash) => skip.contains(hash),
        What::Opened(..) | What::Closed(..) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Cursor = Cursor { epoch: Epoch::from_bytes([0; 16]), position: 0, backfill: None };

    fn id(n: u8) -> DocumentId {
        DocumentId::from_bytes([n; 16])
    }

    fn hash(n: u8) -> ChangeHash {
        ChangeHash::from_bytes([n; 32])
    }

    fn feed(lines: Vec<What>) -> Feed {
        let mut feed = Feed::default();
        for (index, what) in lines.into_iter().enumerate() {
            feed.push(Line { number: index as u64 + 1, what });
        }
        feed
    }

    fn anna() -> Reader {
        Reader { person: "anna".into(), organisation: None, content: true }
    }

    fn read_all(feed: &Feed, reader: &Reader, budget: usize) -> (Vec<ChangeHash>, Vec<DocumentId>, usize) {
        let (mut hashes, mut closed, mut pages, mut place) = (Vec::new(), Vec::new(), 0, START);
        loop {
            let page = feed.page(reader, place, &HashSet::new(), budget, &mut |_| 10);
            pages += 1;
            closed.extend(page.closed);
            hashes.extend(page.lines.iter().filter_map(|line| match &line.what {
                What::Change(_, hash) => Some(*hash),
                _ => None,
            }));
            place = page.place;
            if !page.more {
                return (hashes, closed, pages);
            }
        }
    }

    #[test]
    fn a_dossier_that_opens_late_brings_its_past_first_at_any_page_size() {
        let feed = feed(vec![
            What::Change(id(1), hash(1)),
            What::Change(id(2), hash(2)),
            What::Change(id(1), hash(3)),
            What::Opened(id(1), "anna".into()),
            What::Change(id(1), hash(4)),
        ]);
        for budget in [1, 10, 20, 100] {
            let (hashes, closed, _) = read_all(&feed, &anna(), budget);
            assert_eq!((hashes, closed), (vec![hash(1), hash(3), hash(4)], vec![]), "budget {budget}");
        }
    }

    #[test]
    fn what_closed_is_dropped_and_what_opens_again_comes_whole() {
        let mut lines = vec![
            What::Opened(id(1), "anna".into()),
            What::Change(id(1), hash(1)),
            What::Closed(id(1), "anna".into()),
            What::Change(id(1), hash(2)),
        ];
        let (hashes, closed, _) = read_all(&feed(lines.clone()), &anna(), 10);
        assert_eq!((hashes, closed), (vec![], vec![id(1)]));
        lines.push(What::Opened(id(1), "anna".into()));
        let (hashes, closed, _) = read_all(&feed(lines), &anna(), 10);
        assert_eq!((hashes, closed), (vec![hash(1), hash(2)], vec![]));
    }

    #[test]
    fn a_device_could_hold_what_was_open_since_it_last_read() {
        let feed = feed(vec![
            What::Opened(id(1), "anna".into()),
            What::Opened(id(2), "anna".into()),
            What::Closed(id(1), "anna".into()),
            What::Opened(id(3), "anna".into()),
        ]);
        let held = |read, until| feed.could_hold(&anna(), read, until);
        assert_eq!(held(2, u64::MAX), [id(1), id(2), id(3)], "it has not heard that the first was closed");
        assert_eq!(held(3, u64::MAX), [id(2), id(3)]);
        assert_eq!(held(2, 3), [id(1), id(2)], "what opened after the device was revoked never reached it");
    }

    #[test]
    fn an_administrator_reads_no_dossier() {
        let feed = feed(vec![What::Opened(id(1), "anna".into()), What::Change(id(1), hash(1)), What::Public(hash(9))]);
        let reader = Reader { content: false, ..anna() };
        let page = feed.page(&reader, START, &HashSet::new(), 100, &mut |_| 1);
        assert_eq!(page.lines.len(), 1);
        assert!(feed.could_hold(&reader, 0, u64::MAX).is_empty());
    }
}
