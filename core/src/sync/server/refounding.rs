//! Letting a dossier go on in another document, without what was withdrawn: the grants go along, the old one is erased.
//!
//! Nobody can lose others' work by it, and nobody can put words into it: a re-founding is taken in once the changes that write
//! the dossier anew are all here and hold exactly what the old document held at that moment. Until then nothing else is let in
//! there, so that nothing was acknowledged in vain when it is not taken in. From then on nobody else founds the dossier anew, and
//! the old document is erased once the new one holds what was written in the old one since.

use super::authority::works_for;
use super::batch::SoFar;
use super::exchange::busy;
use super::*;
use crate::clock::LocalTime;
use crate::document::Document;
use crate::ledger::{Begun, founders_grant};
use crate::refounding::{is_exact, lacking, wrote_all};
use crate::statement::{Erasure, Grant, GrantEnd, MAX_ENDED, MAX_WITHDRAWN, Opening, Refounding};

/// What is written anew in one exchange, by its statements.
#[derive(Default)]
pub(super) struct Anew {
    /// Where in the request the re-foundings stand that are not known yet.
    indexes: BTreeMap<usize, Refounding>,
    /// Those for which the writer's time was taken before anything else in the exchange.
    weighed: HashSet<ChangeHash>,
    /// How many are judged by their documents.
    judged: usize,
    /// The changes that write a document anew.
    founding: HashMap<DocumentId, HashSet<ChangeHash>>,
    /// What an earlier version began, which cannot be checked.
    outdated: HashSet<DocumentId>,
}

impl Anew {
    /// The re-founding that the statement with this number is, when it is judged later.
    pub(super) fn at(&self, index: usize) -> Option<&Refounding> {
        self.indexes.get(&index)
    }

    /// Leaves one to a later exchange.
    pub(super) fn leave(&mut self, index: usize) {
        self.indexes.remove(&index);
    }

    /// The re-foundings that are judged now.
    pub(super) fn take(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.indexes).into_keys().collect()
    }

    /// Whether a change is said to write a document anew.
    pub(super) fn is_founding(&self, document: &DocumentId, change: &ChangeHash) -> bool {
        self.founding.get(document).is_some_and(|founding| founding.contains(change))
    }

    /// Whether an earlier version says to have written a document anew.
    pub(super) fn is_outdated(&self, document: &DocumentId) -> bool {
        self.outdated.contains(document)
    }
}

/// A document that goes when a re-founding comes to its end.
#[derive(Clone)]
struct Before {
    old: DocumentId,
    /// What does not go along, in all steps from here.
    withdrawn: BTreeSet<EntryId>,
    begun: Begun,
    /// Whether its dossier was written anew in the very document that it goes on in, by changes that are known.
    checked: bool,
}

impl State {
    /// After everything was folded anew it is not known which re-foundings were still to be looked at.
    pub(super) fn look_again(&mut self) {
        self.unlooked = self.ledger.erasures.open_refoundings().map(|begun| begun.statement).collect();
    }

    /// Whether all is here by which a re-founding is judged.
    pub(super) fn is_ripe(&self, one: &Refounding) -> bool {
        let has = |document: &DocumentId, hashes: &Option<Vec<ChangeHash>>| {
            let facts = self.ledger.documents.get(document);
            facts.is_some_and(|facts| hashes.iter().flatten().all(|hash| facts.has(hash)))
        };
        has(&one.old, &one.heads) && has(&one.new, &one.founding)
    }

    /// Takes what it costs to judge a re-founding by its documents; false when that is too much, or when there were enough.
    fn weigh(&self, one: &Refounding, pending: &mut Pending) -> bool {
        let weight = || self.weight_anew(std::iter::once(&one.old), &one.new);
        let fits = pending.anew.judged < MAX_REFOUNDINGS && pending.effort.take(weight());
        pending.anew.judged += usize::from(fits);
        fits
    }

    /// The same, before the changes of the exchange are weighed; remembered under the statement's name.
    pub(super) fn weigh_first(&self, name: ChangeHash, one: &Refounding, pending: &mut Pending) -> bool {
        let fits = self.weigh(one, pending);
        if fits {
            pending.anew.weighed.insert(name);
        }
        fits
    }
}

/// What the changes of a re-founding come to.
enum Founded {
    Right,
    NotYet,
    Wrong,
}

impl Batch<'_> {
    /// The re-foundings among the statements of a request.
    pub(super) fn written_anew(&self, statements: &[Vec<u8>]) -> Anew {
        let mut anew = Anew::default();
        for (index, bytes) in statements.iter().enumerate().take(MAX_PUSHED_STATEMENTS) {
            let Ok(signed) = SignedStatement::decode(bytes) else { continue };
            let Statement::Refounding(one) = signed.statement() else { continue };
            if self.state.ledger.known_statement(&signed).is_some() {
                continue;
            }
            anew.indexes.insert(index, one.clone());
            match &one.founding {
                Some(founding) => anew.founding.entry(one.new).or_default().extend(founding),
                None if !self.goes_on_in(&one.old, &one.new) => {
                    anew.outdated.insert(one.new);
                }
                None => {}
            }
        }
        anew
    }

    /// Whether this server once erased a document in favour of another one.
    fn goes_on_in(&self, old: &DocumentId, new: &DocumentId) -> bool {
        self.state.ledger.erasures.of(old).is_some_and(|erasure| erasure.replaced_by == Some(*new))
    }

    /// Whether a change is in a document that is to take another one's place, and it is not known yet whether it does so rightly.
    pub(super) fn awaits_founding(&self, document: DocumentId, change: &SignedChange, anew: &Anew) -> bool {
        let ledger = &self.state.ledger;
        let opening = ledger.documents.get(&document).and_then(|facts| facts.opening.as_ref());
        let Some(old) = opening.and_then(|(opening, _)| opening.replaces) else { return false };
        // What a revoked device delivers waits for a coordinator, wherever it is.
        !ledger.revoked.contains_key(&change.signer())
            && !anew.is_founding(&document, &change.hash())
            && ledger.erasures.leading_to(&document).next().is_none()
            && !self.goes_on_in(&old, &document)
    }

    /// Whether somebody's re-founding stands in the way of another one in this document.
    fn is_taken(&self, old: &DocumentId, new: &DocumentId, signer: &DeviceId) -> bool {
        let ledger = &self.state.ledger;
        let other = ledger.erasures.refounding(old).filter(|begun| begun.refounding.new != *new && !ledger.is_erased(old));
        other.is_some_and(|Begun { device, refounding, .. }| {
            // What an earlier version began may never be finished: that of a lost phone is waited for no more.
            refounding.founding.is_some() || (device != signer && !ledger.revoked.contains_key(device))
        })
    }

    /// Why an opening in the place of another document is not let in: it must be the same trainee's, in the same organisation,
    /// and its signer must be one who may write in the other.
    pub(super) fn may_replace(&self, opening: &Opening, signer: &DeviceId) -> Result<(), Verdict> {
        let Some(old) = opening.replaces else { return Ok(()) };
        let ledger = &self.state.ledger;
        // One at a time: a second copy would be a second dossier of the same trainee.
        if ledger.replaces_in_a_ring(opening) || self.is_taken(&old, &opening.document, signer) {
            return Err(Verdict::Refused(Reason::NotAllowed.into()));
        }
        let facts = ledger.documents.get(&old);
        // One that this server never knew, or erased already, says nothing against it.
        let Some((before, _)) = facts.and_then(|facts| facts.opening.as_ref()) else { return Ok(()) };
        if (before.trainee, before.kind) != (opening.trainee, opening.kind) || before.organisation != opening.organisation {
            return Err(Verdict::Refused(Reason::NotAllowed.into()));
        }
        self.state.may_write(signer, &old, self.moment.today()).map_err(|_| Verdict::Refused(Reason::NoGrant.into()))
    }

    /// Whether a re-founding may be: by who coordinates, or by who wrote all that is left out and still has access; and whether
    /// it holds what it must.
    pub(super) fn may_refound(
        &mut self,
        refounding: &Refounding,
        signed: &SignedStatement,
        certificate: &Certificate,
        pending: &mut Pending,
    ) -> Result<Result<(), Verdict>, RegionError> {
        let signer = &signed.signer();
        let refused = |reason: Reason| Ok(Err(Verdict::Refused(reason.into())));
        let not_yet = || Ok(Err(Verdict::Deferred(Why::at(Step::Dependencies, Reason::MissingDependencies))));
        if pending.anew.is_outdated(&refounding.new) {
            return refused(Reason::WithdrawAnew);
        }
        let new = self.state.ledger.documents.get(&refounding.new).and_then(|facts| facts.opening.as_ref());
        if new.is_none_or(|(opening, _)| opening.replaces != Some(refounding.old)) {
            return not_yet();
        }
        // Without anything to leave out there is no reason to begin anew, and a copy would only hide who wrote what.
        if refounding.withdrawn.is_empty()
            || refounding.by != certificate.person
            || new.is_none_or(|(opening, _)| opening.person != refounding.by)
            || self.is_taken(&refounding.old, &refounding.new, signer)
        {
            return refused(Reason::NotAllowed);
        }
        if self.goes_on_in(&refounding.old, &refounding.new) {
            return Ok(Ok(()));
        }
        let old = self.state.ledger.documents.get(&refounding.old).and_then(|facts| facts.opening.as_ref());
        let Some((before, _)) = old else {
            // Of what was never sent there is nothing to compare. Else it comes back after the server was put back.
            let never_sent = refounding.heads.as_ref().is_some_and(Vec::is_empty);
            return if never_sent { Ok(Ok(())) } else { not_yet() };
        };
        let coordinates = certificate.role == Role::Coordinator && works_for(certificate, &before.organisation);
        if !coordinates && self.state.may_write(signer, &refounding.old, self.moment.today()).is_err() {
            return refused(Reason::NotAllowed);
        }
        if !self.state.is_ripe(refounding) {
            return not_yet();
        }
        // From here on documents are read.
        let name = statement_hash(signed.bytes());
        if !pending.anew.weighed.remove(&name) && !self.state.weigh(refounding, pending) {
            return Ok(Err(busy()));
        }
        if !coordinates {
            let withdrawn = refounding.withdrawn.iter().copied().collect();
            if !wrote_all(&self.document(refounding.old)?, &withdrawn, &certificate.person)? {
                return refused(Reason::NotAllowed);
            }
        }
        match self.founded(refounding, signer)? {
            Founded::Right => Ok(Ok(())),
            Founded::NotYet => not_yet(),
            Founded::Wrong => refused(Reason::NotTheSame),
        }
    }

    /// Whether the changes that write a dossier anew are all here, are their signer's, and hold exactly what the old document
    /// held at the heads that they were written from, without the withdrawn entries.
    fn founded(&mut self, refounding: &Refounding, signer: &DeviceId) -> Result<Founded, RegionError> {
        let Refounding { old, new, withdrawn, heads: Some(heads), founding: Some(founding), .. } = refounding else {
            return Ok(Founded::Wrong);
        };
        let documents = &self.state.ledger.documents;
        let (Some(before), Some(facts)) = (documents.get(old), documents.get(new)) else { return Ok(Founded::NotYet) };
        if heads.is_empty() && !self.is_founder(old, &refounding.by) {
            return Ok(Founded::Wrong);
        }
        if !heads.iter().all(|head| before.has(head)) || !founding.iter().all(|hash| facts.has(hash)) {
            return Ok(Founded::NotYet);
        }
        for change in founding.iter().filter_map(|hash| facts.change(hash)) {
            let own = change.actor.get(..16) == Some(signer.as_bytes().as_slice());
            if !own || change.deps.iter().any(|dep| facts.has(dep) && founding.binary_search(dep).is_err()) {
                return Ok(Founded::Wrong);
            }
        }
        let chosen = before.up_to(heads.iter().copied());
        self.state.refounding_looks += 1;
        let before = self.made_of(*old, &chosen)?;
        let Ok(founded) = self.made_of(*new, &founding.iter().copied().collect()) else { return Ok(Founded::Wrong) };
        let withdrawn = withdrawn.iter().copied().collect();
        Ok(if is_exact(&before, &founded, &withdrawn)? { Founded::Right } else { Founded::Wrong })
    }

    /// Whether a person opened a document.
    fn is_founder(&self, document: &DocumentId, person: &str) -> bool {
        let opening = self.state.ledger.documents.get(document).and_then(|facts| facts.opening.as_ref());
        opening.is_some_and(|(opening, _)| opening.person == person)
    }

    /// A document of these changes only.
    fn made_of(&self, id: DocumentId, chosen: &HashSet<ChangeHash>) -> Result<Document, RegionError> {
        let mut document = Document::found(crate::statement::DocumentKind::Dossier)?;
        let facts = self.state.ledger.documents.get(&id);
        let mut chunks = Vec::new();
        for change in facts.into_iter().flat_map(|facts| facts.live()).filter(|change| chosen.contains(&change.hash)) {
            if let Some(bytes) = self.bytes_of(change.number, change.position)? {
                let change =
                    SignedChange::decode(&bytes).map_err(|error| LedgerError::Record(change.number, error.to_string()))?;
                chunks.push(change.chunk().to_vec());
            }
        }
        document.apply(chunks.iter().map(Vec::as_slice))?;
        Ok(document)
    }

    /// A document as it stands, with what this batch staged.
    fn document(&mut self, id: DocumentId) -> Result<Document, RegionError> {
        let State { ledger, documents, .. } = &mut *self.state;
        let so_far = SoFar { writer: &self.writer, records: &self.records, first: self.first };
        Ok(load(ledger, &so_far, self.keyring, self.cache, documents, id)?)
    }

    /// Erases what now stands whole in another document.
    pub(super) fn refound_what_is_due(
        &mut self,
        touched: &HashSet<DocumentId>,
        pending: &mut Pending,
    ) -> Result<(), RegionError> {
        if touched.is_empty() && self.state.unlooked.is_empty() {
            return Ok(());
        }
        // Only what this exchange brought nearer: one that never comes to an end is not everybody's burden. And one of those that
        // were too much before.
        let near = |begun: &Begun| touched.contains(&begun.refounding.old) || touched.contains(&begun.refounding.new);
        let erasures = &self.state.ledger.erasures;
        let mut open: Vec<Begun> = erasures.open_refoundings().filter(|begun| near(begun)).cloned().collect();
        let left = |begun: &&Begun| self.state.unlooked.contains(&begun.statement) && !near(begun);
        if !self.state.held {
            open.extend(erasures.open_refoundings().find(left).cloned());
        }
        let mut looks = 0;
        for begun in open {
            self.state.unlooked.remove(&begun.statement);
            // The one before may have come to its end by this one.
            if self.state.ledger.is_erased(&begun.refounding.old) || self.state.ledger.is_erased(&begun.refounding.new) {
                continue;
            }
            let steps = self.steps_to(&begun);
            let weight = self.state.weight_anew(steps.iter().map(|step| &step.old), &begun.refounding.new);
            if looks >= MAX_REFOUNDINGS || !pending.effort.take(weight) {
                self.state.unlooked.insert(begun.statement);
                continue;
            }
            looks += 1;
            if !self.is_whole(&steps, &begun.refounding.new)? {
                continue;
            }
            // What cannot be signed keeps one dossier where it is, and not everybody's exchange from its end.
            let new = begun.refounding.new;
            let grants: Option<Vec<_>> = steps.iter().map(|step| self.grants_for(step.old, new)).collect();
            let Some(grants) = grants else { continue };
            // The oldest one last found: what leads to a document goes before it, for it goes away with it.
            for (Before { old, withdrawn, .. }, grants) in steps.into_iter().zip(grants).rev() {
                self.carry_grants(new, grants)?;
                let erasure = Erasure {
                    document: old,
                    at: self.moment.at,
                    trainee: None,
                    replaced_by: Some(new),
                    withdrawn: withdrawn.into_iter().take(MAX_WITHDRAWN).collect(),
                };
                self.erase(erasure, Some(begun.device), None)?;
            }
        }
        Ok(())
    }

    /// The old document of a re-founding, and those before it whose dossier an earlier version wrote anew more than once before
    /// it sent anything, with what was withdrawn since.
    fn steps_to(&self, begun: &Begun) -> Vec<Before> {
        let Refounding { old, withdrawn, founding, .. } = &begun.refounding;
        let checked = founding.is_some();
        let mut steps = vec![Before { old: *old, withdrawn: withdrawn.iter().copied().collect(), begun: begun.clone(), checked }];
        let mut at = 0;
        while let Some(step) = steps.get(at).cloned() {
            for before in self.state.ledger.erasures.open_refoundings().filter(|before| before.refounding.new == step.old) {
                if steps.iter().all(|known| known.old != before.refounding.old) {
                    let withdrawn = step.withdrawn.iter().chain(&before.refounding.withdrawn).copied().collect();
                    let (old, begun) = (before.refounding.old, before.clone());
                    steps.push(Before { old, withdrawn, begun, checked: false });
                }
            }
            at += 1;
        }
        steps
    }

    /// Whether a document holds everything that these hold, and nothing waits in them.
    fn is_whole(&mut self, steps: &[Before], new: &DocumentId) -> Result<bool, RegionError> {
        for Before { old, withdrawn, begun, checked } in steps {
            let alive = |id: &DocumentId| self.state.ledger.documents.get(id).is_some_and(|facts| facts.live().next().is_some());
            // What waits for a coordinator may be the only copy there is: it is decided about first.
            if self.state.quarantine.holds_open(old) {
                return Ok(false);
            }
            let Refounding { by, heads, founding, .. } = &begun.refounding;
            if heads.is_some() {
                let opened = self.state.ledger.documents.get(old).is_some_and(|facts| facts.opening.is_some());
                // Nothing to erase; or somebody else began it, whose work this server does not have yet.
                if !opened || (heads.as_ref().is_some_and(Vec::is_empty) && !self.is_founder(old, by)) {
                    return Ok(false);
                }
            }
            if !alive(old) {
                continue;
            }
            if !alive(new) {
                return Ok(false);
            }
            self.state.refounding_looks += 1;
            let (before, after) = (self.document(*old)?, self.document(*new)?);
            // Somebody wrote in it meanwhile: a device that has both brings that over.
            if !lacking(&before, &after, withdrawn, founding.as_deref().filter(|_| *checked))?.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The grants of the old document and their ends, signed anew by the server for the new one; none when one cannot be signed.
    fn grants_for(&self, old: DocumentId, new: DocumentId) -> Option<Vec<SignedStatement>> {
        let facts = self.state.ledger.documents.get(&old);
        let mut statements: Vec<Statement> = Vec::new();
        let founder = facts.and_then(|facts| facts.opening.as_ref()).map(|(opening, _)| opening.clone());
        // Of a document that never was here the one who opened the new one is the founder.
        let opened = self.state.ledger.documents.get(&new).and_then(|facts| facts.opening.as_ref()).map(|(opening, _)| opening);
        let founder = founder.or_else(|| opened.cloned()).filter(|opening| facts.is_none() || opening.replaces.is_none());
        let founded = founder.map(|opening| (founders_grant(&old, &opening.person), opening));
        if let Some((id, opening)) = founded.clone() {
            statements.push(Statement::Grant(Grant {
                id,
                document: new,
                person: opening.person.clone(),
                from: day_of(opening.at).min(self.moment.today()),
                until: None,
                note: None,
                by: opening.person,
                at: opening.at,
                decision: None,
            }));
        }
        if let Some(facts) = facts {
            for (_, grant) in &facts.grants {
                // Under the same name, which the end of an earlier one may call its successor.
                statements.push(Statement::Grant(Grant { document: new, ..grant.clone() }));
            }
            for (_, end) in &facts.grant_ends {
                // By name what it ended there: the same in whichever order devices bring them back after a restore.
                let grants = facts.grants.iter().map(|(_, grant)| grant).filter(|grant| end.takes(grant)).map(|grant| grant.id);
                let opened = founded.iter().filter(|(_, opening)| opening.person == end.person).map(|(id, _)| *id);
                // Also those that the server has not seen yet.
                let mut ends: Vec<EntryId> = end.ends.iter().flatten().copied().chain(grants).chain(opened).collect();
                ends.sort_unstable();
                ends.dedup();
                ends.truncate(MAX_ENDED);
                statements.push(Statement::GrantEnd(GrantEnd { document: new, ends: Some(ends), ..end.clone() }));
            }
        }
        let keys = self.keyring.device_keys();
        statements.iter().map(|statement| SignedStatement::sign(statement, keys).ok()).collect()
    }

    /// Takes these grants in for the document in which a dossier goes on.
    fn carry_grants(&mut self, new: DocumentId, grants: Vec<SignedStatement>) -> Result<(), RegionError> {
        let mut people = Vec::new();
        for signed in grants {
            self.stage(Kind::Grant, self.key_of(new), signed.bytes().to_vec())?;
            if let Statement::Grant(grant) = signed.statement() {
                people.push(grant.person.clone());
            }
        }
        for person in people {
            if self.state.ledger.holds_grant(&new, &person, self.moment.today()) {
                self.open_for(new, &person)?;
            }
        }
        Ok(())
    }
}

/// The day of an instant, by universal time. Of one without a day, which an earlier version let in, the first day there is: whoever
/// opened the dossier had access from its beginning.
fn day_of(at: Timestamp) -> Day {
    let at = if at.has_a_day() { at.as_millis() } else { 0 };
    let instant = jiff::Timestamp::from_millisecond(at).unwrap_or_default();
    LocalTime::new(instant.to_zoned(jiff::tz::TimeZone::UTC).datetime()).day()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instant_has_a_day_that_is_written_and_read() {
        let written = |millis: i64| day_of(Timestamp::from_millis(millis)).to_string();
        let last = 253_402_207_200_000;
        assert_eq!([0, 1_740_988_800_000, last].map(written), ["1970-01-01", "2025-03-03", "9999-12-30"]);
        for millis in [-220_000_000_000_000, -1, last + 1, i64::MIN, i64::MAX] {
            assert!(!Timestamp::from_millis(millis).has_a_day());
            assert_eq!(written(millis), "1970-01-01", "{millis}");
        }
    }
}
