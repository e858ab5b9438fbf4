//! Performing jobs: each becomes one signed change, durable before the caller hears that it is saved.

use std::borrow::Cow;

use super::*;

impl FieldBook {
    /// Performs writes on one document as one change; durable when this returns.
    ///
    /// # Errors
    /// Document, disk and journal errors; nothing was saved then.
    pub fn perform(
        &mut self,
        document: DocumentId,
        writes: Vec<Write>,
        moment: Moment,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), FieldBookError> {
        let job = Job::new(Target::Existing(document), writes);
        self.perform_all(vec![job], moment, rng).map(|_| ())
    }

    /// Founds a dossier with these writes; durable when this returns.
    ///
    /// # Errors
    /// As [`FieldBook::perform`].
    pub fn found(&mut self, writes: Vec<Write>, moment: Moment, rng: &mut dyn CryptoRng) -> Result<DocumentId, FieldBookError> {
        let job = Job::new(Target::New, writes);
        let made = self.perform_all(vec![job], moment, rng)?;
        made.first().copied().ok_or(FieldBookError::Nobody)
    }

    /// Performs several jobs in one durable group, each as one change; returns their documents in order.
    ///
    /// # Errors
    /// As [`FieldBook::perform`]; none of the jobs is saved then.
    pub fn perform_all(
        &mut self,
        jobs: Vec<Job>,
        moment: Moment,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<DocumentId>, FieldBookError> {
        Ok(self.perform_planned(jobs, None, moment, rng)?.0)
    }

    /// Performs jobs that were planned on what this handle showed last, or on a reading; returns their documents, and the
    /// last change that was made.
    pub(super) fn perform_planned(
        &mut self,
        jobs: Vec<Job>,
        reading: Option<&Reading>,
        moment: Moment,
        rng: &mut dyn CryptoRng,
    ) -> Result<(Vec<DocumentId>, Option<ChangeHash>), FieldBookError> {
        let identity = self.identity();
        let person = identity.person.ok_or(FieldBookError::Nobody)?;
        if self.ledger.revoked.contains_key(&identity.device) {
            return Err(FieldBookError::Revoked);
        }
        let targets: Vec<DocumentId> = jobs
            .iter()
            .map(|job| match job.target {
                Target::Existing(document) => document,
                Target::New => DocumentId::fresh(moment.at, rng),
            })
            .collect();
        let before = self.journal.head().0;
        let mut writer = self.journal.write()?;
        let mut fold = Fold::new(&mut self.ledger);
        writer.read_new(&self.keyring, &mut |record| fold.take(record))?;
        fold.result?;
        unseen::remember(&mut self.unseen, &self.ledger, before, writer.head().0);
        if let Some(closed) = targets.iter().find(|id| self.ledger.documents.get(*id).is_some_and(|facts| facts.closed)) {
            return Err(FieldBookError::Closed(*closed));
        }
        if let Some(erased) = targets.iter().find(|id| self.ledger.is_erased(id)) {
            return Err(FieldBookError::Erased(*erased));
        }
        for (job, document) in jobs.iter().zip(&targets) {
            if let Some(last) = self.ended.get(document).filter(|_| !job.late) {
                return Err(FieldBookError::Ended(*document, *last));
            }
        }
        // Refused before anything is written.
        let since = reading.map(|reading| as_read::since(&self.ledger, reading)).transpose()?;
        let actor = actor(&*self.disk, &self.keyring, rng)?;
        writer.add_document_keys(&self.keyring, &targets, rng)?;
        let mut records = Vec::new();
        let mut touched: HashMap<DocumentId, Document> = HashMap::new();
        let mut granted: Vec<Grant> = Vec::new();
        let mut made = None;
        for (job, document) in jobs.iter().zip(&targets) {
            let store = Some(*document);
            let organisation = identity.organisation.as_deref();
            let known = |person: &str, on: Day| {
                let here = self.ledger.grants_to_end(document, person, on);
                let of_this_group = granted.iter().filter(|grant: &&Grant| grant.document == *document && grant.person == person);
                let mut all: Vec<EntryId> = here.into_iter().chain(of_this_group.map(|grant| grant.id)).collect();
                all.sort_unstable();
                all.dedup();
                all
            };
            let statements = job.statements(*document, &person, organisation, &known, moment.at, rng);
            for statement in statements {
                records.push(stated(&statement, self.keyring.device_keys())?);
                if let Statement::Grant(grant) = statement {
                    granted.push(grant);
                }
            }
            let mut doc = match touched.remove(document) {
                Some(doc) => doc,
                None => load(&self.ledger, &writer, &self.keyring, &*self.cache, &mut self.documents, *document)?,
            };
            let writes = with_declaration(&job.writes);
            let unknown = match (&since, self.unseen.get(document)) {
                // Whoever says what they read has seen just that.
                (Some(since), _) => Some(since).filter(|since| !since.is_empty()),
                (None, Some(unseen)) if unseen::overwrites(&doc, unseen, &writes)? => Some(unseen),
                _ => None,
            };
            let chunk = match unknown {
                None => doc.write(&writes, &actor, moment.at)?,
                Some(unseen) => {
                    // Beside the value that the planner did not know, by an actor whose row begins there.
                    new_session(&*self.disk, rng)?;
                    let beside = self::actor(&*self.disk, &self.keyring, rng)?;
                    let mut known = unseen::without(&self.ledger, &writer, &self.keyring, *document, unseen)?;
                    let chunk = known.write(&writes, &beside, moment.at)?;
                    doc.apply(chunk.as_deref())?;
                    chunk
                }
            };
            if let Some(chunk) = chunk {
                let change = sign(*document, &chunk, self.keyring.device_keys())?;
                made = Some(change.hash());
                let operation = Operation::new(*document, change.hash(), moment.at, &writes, None);
                records.push((Kind::Change, store, change.bytes().to_vec()));
                records.push((Kind::Operation, store, operation.encode()));
            }
            touched.insert(*document, doc);
        }
        let records = to_records(&self.keyring, records);
        let appended = writer.append(&self.keyring, rng, &records)?;
        writer.commit()?;
        self.fold_own(records, &appended)?;
        Ok((targets, made))
    }

    /// Gives a person access to a dossier.
    ///
    /// # Errors
    /// As [`FieldBook::perform`].
    pub fn grant(
        &mut self,
        document: DocumentId,
        grant: (String, Day, Option<Day>),
        moment: Moment,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), FieldBookError> {
        let job = Job::new(Target::Existing(document), Vec::new()).granting(vec![grant]);
        self.perform_all(vec![job], moment, rng).map(|_| ())
    }
}

/// Digits that pass for a BSN come here only when their author declared at entry that they are none (V17): the declaration
/// goes with the text, so that nobody has to ask again.
pub(super) fn with_declaration(writes: &[Write]) -> Cow<'_, [Write]> {
    let declared: Vec<Write> = writes
        .iter()
        .filter(|write| matches!(&write.value, Scalar::Text(text) if !crate::text_check::bsn_positions(text).is_empty()))
        .map(|write| Write { key: crate::document::NO_BSN.to_owned(), value: Scalar::Bool(true), ..write.clone() })
        .collect();
    if declared.is_empty() { writes.into() } else { [writes, &declared].concat().into() }
}

/// Signs a change of this device's own making.
pub(super) fn sign(document: DocumentId, chunk: &[u8], keys: &DeviceKeys) -> Result<SignedChange, FieldBookError> {
    Ok(SignedChange::sign(document, chunk, keys).map_err(Unsavable::from)?)
}
