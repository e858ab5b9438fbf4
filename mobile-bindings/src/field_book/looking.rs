//! What the app asks to show.

use veldboek_core::caseload::caseload;

use super::*;

#[uniffi::export]
impl FieldBook {
    /// Whose field book it is.
    pub fn identity(&self) -> Answered<Identity> {
        self.turn(|turn| Ok(turn.book.identity().into()))
    }

    /// The first screen: planned, due and overdue visits of this coach, and open agreements.
    pub fn today(&self) -> Answered<TodayList> {
        self.turn(|turn| {
            let person = turn.person()?;
            let (dossiers, register) = (turn.book.dossiers()?, turn.book.register()?);
            let list = caseload(&person, turn.moment.today(), dossiers, &register);
            TodayList::new(list, &|document| turn.read_at(document))
        })
    }

    /// Every dossier on this device, by reference.
    pub fn dossiers(&self) -> Answered<Vec<DossierLine>> {
        self.turn(|turn| {
            let mut lines = Vec::new();
            for (document, dossier) in turn.book.dossiers()? {
                lines.push(turn.line(document, &dossier)?);
            }
            lines.sort_by(|a, b| (&a.reference, &a.id).cmp(&(&b.reference, &b.id)));
            Ok(lines)
        })
    }

    /// One dossier.
    pub fn dossier(&self, dossier: String) -> Answered<DossierDetail> {
        self.turn(|turn| {
            let (document, dossier) = turn.find(&dossier)?;
            let register = turn.book.register()?;
            let line = turn.line(document, &dossier)?;
            Ok(DossierDetail::new(line, &dossier, &register, turn.moment.today()))
        })
    }

    /// The visits of a dossier, the last first; each says whether it is safe on the server.
    pub fn visits(&self, dossier: String) -> Answered<Vec<VisitDetail>> {
        self.turn(|turn| {
            let (document, dossier) = turn.find(&dossier)?;
            let unsaved = turn.book.unsaved(document)?;
            let mut visits = dossier.effective_visits();
            visits.sort_by_key(|(id, visit)| std::cmp::Reverse((visit.day(), visit.started_at, *id)));
            let read_at = turn.read_at(document)?;
            Ok(visits.into_iter().map(|(id, visit)| VisitDetail::new(id, visit, &dossier, &unsaved, &read_at)).collect())
        })
    }

    /// Who changed what when in a dossier, oldest first.
    pub fn history(&self, dossier: String) -> Answered<Vec<HistoryLine>> {
        self.turn(|turn| {
            let (document, _) = turn.find(&dossier)?;
            let lang = turn.lang;
            Ok(turn.book.history(document)?.into_iter().map(|item| HistoryLine::new(item, lang)).collect())
        })
    }

    /// What is only here, and what waits for a person.
    pub fn status(&self) -> Answered<BookStatus> {
        self.turn(|turn| Ok(turn.book.status()?.into()))
    }

    /// The person has heard of what `status().set_aside` lists; it is listed no longer. The files stay.
    pub fn told_set_aside(&self, files: Vec<String>) -> Answered<()> {
        self.turn(|turn| Ok(turn.book.told(&files)?))
    }

    /// The person knows that the server's record book was changed, cut or put back: `status().contradicted` is over. The evidence
    /// stays.
    pub fn acknowledge_contradiction(&self) -> Answered<()> {
        self.turn(|turn| {
            turn.book.acknowledge_contradiction(turn.moment, &mut turn.rng)?;
            Ok(())
        })
    }

    /// Changes of this device that the server did not take in: those that wait for a coordinator, then those it refused.
    pub fn not_accepted(&self) -> Answered<Vec<NotAccepted>> {
        self.turn(|turn| {
            let lang = turn.lang;
            let line = |document: DocumentId, waits, why: veldboek_core::wire::Why, reference, fields| NotAccepted {
                dossier: document.to_string(),
                waits,
                code: why.reason.code().to_owned(),
                reason: if waits { why.reason.while_waiting(lang) } else { why.reason.label(lang) }.to_owned(),
                details: why.text,
                reference,
                fields,
            };
            let waiting = turn.book.waiting()?.into_iter();
            let mut all: Vec<NotAccepted> =
                waiting.map(|one| line(one.document, true, one.reason.into(), one.called, written(&one.writes, lang))).collect();
            for (one, writes) in turn.book.refused()? {
                let reference = turn.book.called_of(one.document);
                let why = veldboek_core::wire::Why { text: one.text, ..one.reason.into() };
                all.push(line(one.document, false, why, reference, written(&writes, lang)));
            }
            Ok(all)
        })
    }
}

impl Turn<'_> {
    fn line(&mut self, document: DocumentId, dossier: &Dossier) -> Tried<DossierLine> {
        let only_here = !self.book.unsaved(document)?.is_empty();
        let read_at = self.read_at(document)?;
        let asked = self.book.erasure_asked(&document);
        let erasure_asked = asked.map(|asked| ErasureAsked { by: asked.by.clone(), at: asked.at.to_string() });
        let line = DossierLine::new(document, dossier, self.moment.today(), only_here, read_at);
        Ok(DossierLine { erasure_asked, ..line })
    }
}
