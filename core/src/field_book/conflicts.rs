//! What a person should settle: values that cannot both stand, each with who wrote it and when, and how one is chosen.

use std::collections::BTreeMap;

use super::corrections::{CorrectedField, contradictions, show_corrected};
use super::reading::Viewed;
use super::*;
use crate::clock::Timestamp;
use crate::document::Contested;
use crate::dossier::assignments::Clash;
use crate::record::{Content, Lang};

pub(super) use super::corrections::corrected_twice;

/// Something a person should settle.
#[derive(Debug, Clone, PartialEq)]
pub struct Conflict {
    /// Short name to settle it by.
    pub id: String,
    /// The document.
    pub document: DocumentId,
    /// Reference of the dossier; absent for the register.
    pub reference: Option<String>,
    /// What kind, and where.
    pub kind: ConflictKind,
    /// The values, each with who wrote it; to choose from, except when two dossiers carry one reference.
    pub versions: Vec<ConflictVersion>,
}

/// What kind of conflict it is.
#[derive(Debug, Clone, PartialEq)]
pub enum ConflictKind {
    /// One field was edited to different values at once.
    Field(Container, String, String),
    /// A field that is written once was filled apart with different values, each for good. It is shown, and nothing can be chosen.
    WrittenOnce(Container, String, String),
    /// An import brought another value than a person wrote: the proposal's entry key.
    Proposal(Container, String, String, String),
    /// A visit was corrected to different values at once.
    Correction(CorrectedField),
    /// Two dossiers of one organisation carry the same reference.
    DuplicateReference(DocumentId),
    /// Two first coaches on one day.
    Clash(Clash),
}

/// One value in a conflict.
#[derive(Debug, Clone, PartialEq)]
pub struct ConflictVersion {
    /// The value.
    pub value: Scalar,
    /// Code of the person who wrote it; `?` when the author is not known here, empty when nobody wrote anything.
    pub by: String,
    /// When.
    pub at: Option<Timestamp>,
    /// The file that it came from, when the person imported it.
    pub source: Option<String>,
}

impl Conflict {
    /// Whether a person can do something about it; else it is only to be known.
    pub const fn is_open(&self) -> bool {
        !matches!(self.kind, ConflictKind::WrittenOnce(..))
    }

    /// The field in conflict, for a person to read.
    pub fn field(&self, lang: Lang) -> String {
        match &self.kind {
            ConflictKind::Field(container, _, key)
            | ConflictKind::WrittenOnce(container, _, key)
            | ConflictKind::Proposal(container, _, key, _) => show_cell(*container, key, &Scalar::Null, lang).0,
            ConflictKind::Correction(corrected) => corrected.label(lang),
            ConflictKind::DuplicateReference(_) if lang == Lang::Nl => "referentie in twee dossiers".to_owned(),
            ConflictKind::DuplicateReference(_) => "reference in two dossiers".to_owned(),
            ConflictKind::Clash(clash) => clash.message(lang),
        }
    }

    /// A value of it, for a person to read.
    pub fn show(&self, version: &ConflictVersion, lang: Lang) -> String {
        match (&self.kind, &version.value) {
            (_, Scalar::Null) => "-".to_owned(),
            (
                ConflictKind::Field(container, _, key)
                | ConflictKind::WrittenOnce(container, _, key)
                | ConflictKind::Proposal(container, _, key, _),
                value,
            ) => show_cell(*container, key, value, lang).1,
            (ConflictKind::Correction(corrected), value) => show_corrected(&corrected.key, value, lang),
            (ConflictKind::DuplicateReference(_) | ConflictKind::Clash(_), Scalar::Text(text)) => text.clone(),
            (_, other) => format!("{other:?}"),
        }
    }
}

/// Who last wrote each cell of a document, and when.
pub(super) type Writers = HashMap<(Container, String, String), (Vec<u8>, Timestamp)>;

impl FieldBook {
    /// What a person should settle, dossier by dossier.
    ///
    /// # Errors
    /// Document and journal errors.
    pub fn conflicts(&mut self) -> Result<Vec<Conflict>, FieldBookError> {
        let mut conflicts = Vec::new();
        let mut references: BTreeMap<(Option<String>, String), DocumentId> = BTreeMap::new();
        let ids: Vec<DocumentId> = self.ledger.register().into_iter().chain(self.dossier_ids()).collect();
        for id in ids {
            let view = self.view(id)?;
            let reference = match &view.content {
                Viewed::Dossier(dossier) => dossier.trainee.reference.clone(),
                Viewed::Register(_) => None,
            };
            if view.contested > 0 {
                for contested in self.document(id)?.contested()? {
                    conflicts.push(self.field_conflict(id, reference.clone(), contested));
                }
                self.proposals(id, reference.as_ref(), &mut conflicts)?;
            }
            let Viewed::Dossier(dossier) = &view.content else { continue };
            if view.contested > 0 {
                self.contradictory_corrections(id, dossier, &mut conflicts)?;
            }
            self.clashes(id, dossier, &mut conflicts)?;
            if let Some(reference) = reference {
                match references.entry((dossier.trainee.organisation.clone(), reference.clone())) {
                    std::collections::btree_map::Entry::Occupied(other) => {
                        conflicts.push(self.duplicate(id, *other.get(), reference)?);
                    }
                    std::collections::btree_map::Entry::Vacant(place) => {
                        place.insert(id);
                    }
                }
            }
        }
        Ok(conflicts)
    }

    fn field_conflict(&self, document: DocumentId, reference: Option<String>, contested: Contested) -> Conflict {
        let versions: Vec<ConflictVersion> = contested
            .versions
            .into_iter()
            .map(|version| self.version(version.value, Some(&(version.actor, version.at))))
            .collect();
        let place = format!("{}/{}/{}", contested.container.key(), contested.entry, contested.key);
        Conflict {
            id: choice_id(document, &place, &versions),
            document,
            reference,
            kind: match contested.fixed {
                true => ConflictKind::WrittenOnce(contested.container, contested.entry, contested.key),
                false => ConflictKind::Field(contested.container, contested.entry, contested.key),
            },
            versions,
        }
    }

    /// A value with the person behind its actor.
    fn version(&self, value: Scalar, written: Option<&(Vec<u8>, Timestamp)>) -> ConflictVersion {
        let by = written.map(|(actor, _)| self.author(actor).unwrap_or_else(|| "?".to_owned())).unwrap_or_default();
        ConflictVersion { value, by, at: written.map(|(_, at)| *at), source: None }
    }

    fn writers(&mut self, id: DocumentId) -> Result<Writers, FieldBookError> {
        let mut writers = Writers::new();
        for edit in self.document(id)?.edits()? {
            for write in edit.writes {
                writers.insert((write.container, write.entry, write.key), (edit.actor.clone(), edit.at));
            }
        }
        Ok(writers)
    }

    /// Unsettled import proposals of a document.
    fn proposals(
        &mut self,
        id: DocumentId,
        reference: Option<&String>,
        conflicts: &mut Vec<Conflict>,
    ) -> Result<(), FieldBookError> {
        let open = open_proposals(&self.document(id)?.content()?);
        if open.is_empty() {
            return Ok(());
        }
        let writers = self.writers(id)?;
        for proposal in open {
            let standing = writers.get(&(proposal.container, proposal.target.clone(), proposal.key.clone()));
            let brought = writers.get(&(Container::Proposals, proposal.entry.clone(), "v".to_owned()));
            let versions = vec![
                self.version(proposal.present.unwrap_or(Scalar::Null), standing),
                ConflictVersion { source: Some(proposal.source), ..self.version(proposal.value, brought) },
            ];
            conflicts.push(Conflict {
                id: choice_id(id, &format!("proposal/{}", proposal.entry), &versions),
                document: id,
                reference: reference.cloned(),
                kind: ConflictKind::Proposal(proposal.container, proposal.target, proposal.key, proposal.entry),
                versions,
            });
        }
        Ok(())
    }

    fn contradictory_corrections(
        &mut self,
        id: DocumentId,
        dossier: &Dossier,
        conflicts: &mut Vec<Conflict>,
    ) -> Result<(), FieldBookError> {
        let document = self.document(id)?;
        let content = document.content()?;
        if corrected_twice(&content) == 0 {
            return Ok(());
        }
        let Some(facts) = self.ledger.documents.get(&id) else { return Ok(()) };
        for (corrected, values) in contradictions(&content, &document.edits()?, facts, dossier) {
            let versions: Vec<ConflictVersion> =
                values.into_iter().map(|(value, actor, at)| self.version(value, Some(&(actor, at)))).collect();
            conflicts.push(Conflict {
                id: choice_id(id, &format!("correction/{}/{}", corrected.visit, corrected.key), &versions),
                document: id,
                reference: dossier.trainee.reference.clone(),
                kind: ConflictKind::Correction(corrected),
                versions,
            });
        }
        Ok(())
    }

    /// V06: the assignments that cannot all hold, each with who made it.
    fn clashes(&mut self, id: DocumentId, dossier: &Dossier, conflicts: &mut Vec<Conflict>) -> Result<(), FieldBookError> {
        let clashes = dossier.clashes();
        if clashes.is_empty() {
            return Ok(());
        }
        let writers = self.writers(id)?;
        for clash in clashes {
            let Clash::TwoPrimaryCoaches { holders, .. } = &clash;
            let versions = holders
                .iter()
                .map(|(entry, coach)| {
                    let made = writers.get(&(Container::Assignments, entry.to_string(), "c".to_owned()));
                    self.version(Scalar::Text(coach.clone()), made)
                })
                .collect::<Vec<_>>();
            conflicts.push(Conflict {
                id: choice_id(id, "coaches", &versions),
                document: id,
                reference: dossier.trainee.reference.clone(),
                kind: ConflictKind::Clash(clash),
                versions,
            });
        }
        Ok(())
    }

    /// Two dossiers under one reference: the dossiers are the values, each with who named it so.
    fn duplicate(&mut self, id: DocumentId, other: DocumentId, reference: String) -> Result<Conflict, FieldBookError> {
        let mut versions = Vec::new();
        for dossier in [other, id] {
            let writers = self.writers(dossier)?;
            let named = writers.get(&(Container::Trainee, String::new(), "ref".to_owned()));
            versions.push(self.version(Scalar::Text(dossier.to_string()), named));
        }
        Ok(Conflict {
            id: short_id(id, "duplicate"),
            document: id,
            reference: Some(reference),
            kind: ConflictKind::DuplicateReference(other),
            versions,
        })
    }

    /// The writes that settle a conflict with this value.
    ///
    /// # Errors
    /// [`FieldBookError::TwoOfOneName`] when choosing is not the way, [`FieldBookError::NotAChoice`] when the value is none of those; document and
    /// journal errors.
    pub fn settle(
        &mut self,
        conflict: &Conflict,
        value: Scalar,
        moment: Moment,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<Write>, FieldBookError> {
        Ok(match &conflict.kind {
            ConflictKind::Field(container, entry, key) => {
                vec![Write { container: *container, entry: entry.clone(), key: key.clone(), value }]
            }
            ConflictKind::Proposal(container, entry, key, proposal) => vec![
                Write { container: *container, entry: entry.clone(), key: key.clone(), value },
                Write {
                    container: Container::Proposals,
                    entry: proposal.clone(),
                    key: "s".to_owned(),
                    value: Scalar::Bool(true),
                },
            ],
            ConflictKind::Correction(corrected) => {
                let dossier = self.dossier(conflict.document)?;
                let person = self.identity().person.ok_or(FieldBookError::Nobody)?;
                corrected.settle(&dossier, &value, &person, moment, rng)
            }
            ConflictKind::Clash(clash) => {
                let Clash::TwoPrimaryCoaches { holders, .. } = clash;
                let chosen = holders.iter().find(|(_, coach)| value == Scalar::Text(coach.clone()));
                let (keep, _) = chosen.ok_or(FieldBookError::NotAChoice)?;
                let plan = self.dossier(conflict.document)?.settle(clash, *keep);
                plan.map_err(|_| FieldBookError::NotAChoice)?.writes
            }
            ConflictKind::WrittenOnce(..) => {
                return Err(FieldBookError::WrittenOnce);
            }
            ConflictKind::DuplicateReference(_) => {
                return Err(FieldBookError::TwoOfOneName);
            }
        })
    }
}

/// A value that an import brought where a person had written another.
pub(super) struct Proposal {
    entry: String,
    container: Container,
    target: String,
    key: String,
    present: Option<Scalar>,
    value: Scalar,
    source: String,
}

/// The proposals that nobody settled and that still differ from what stands.
pub(super) fn open_proposals(content: &Content) -> Vec<Proposal> {
    let mut open = Vec::new();
    for (entry, cells) in content.get(&Container::Proposals).into_iter().flatten() {
        let Some((container, place)) = entry.split_once('/') else { continue };
        let container = Container::DOSSIER.iter().chain(Container::REGISTER).copied().find(|known| known.key() == container);
        let (Some(container), Some((target, key)), Some(value)) = (container, place.rsplit_once('/'), cells.get("v")) else {
            continue;
        };
        let present = content.get(&container).and_then(|entries| entries.get(target)?.get(key)).cloned();
        if present.as_ref() == Some(value) || cells.get("s") == Some(&Scalar::Bool(true)) {
            continue;
        }
        let source = match cells.get("w") {
            Some(Scalar::Text(text)) => text.clone(),
            _ => "import".to_owned(),
        };
        open.push(Proposal {
            entry: entry.clone(),
            container,
            target: target.to_owned(),
            key: key.to_owned(),
            present,
            value: value.clone(),
            source,
        });
    }
    open
}

/// Eight letters that name a choice between these values, in this order: when another value arrives it is another choice, so
/// that nobody settles what they have not seen.
fn choice_id(document: DocumentId, place: &str, versions: &[ConflictVersion]) -> String {
    let values: Vec<&Scalar> = versions.iter().map(|version| &version.value).collect();
    short_id(document, &format!("{place}/{values:?}"))
}

/// Eight letters that name a place in a document.
fn short_id(document: DocumentId, place: &str) -> String {
    let id = EntryId::derived("veldboek/conflict/1", format!("{document}/{place}").as_bytes());
    id.to_string().chars().filter(char::is_ascii_alphanumeric).take(8).collect::<String>().to_lowercase()
}
