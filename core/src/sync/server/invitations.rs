//! Invitations that may still be used, and what was tried for them.

use super::*;

/// How long an invitation lives, in milliseconds.
pub(super) const INVITATION_LIFE: i64 = 10 * 60 * 1000;
/// For how long one that expired is remembered, so that whoever has its code hears that there was one.
const REMEMBERED: i64 = 60 * 60 * 1000;

/// By the part of the code that names them. One that was used stays: its device may not have heard, and asks again.
#[derive(Default)]
pub(super) struct Invitations {
    by_selector: HashMap<String, Kept>,
    /// Those that were not used, by when they expire.
    by_expiry: BTreeSet<(Timestamp, String)>,
}

struct Kept {
    invitation: Invitation,
    /// By record: one is folded when it is staged and again when it is read.
    wrong: BTreeSet<u64>,
}

impl Invitations {
    /// Takes in a note: somebody was invited, or came. Notes from before invitations had names are of codes that expired long ago.
    pub(super) fn take(&mut self, note: Invitation) {
        let Some(selector) = note.selector.clone() else { return };
        let (expires, used) = (note.expires, note.used_by.is_some());
        let before = self.by_selector.remove(&selector);
        if let Some(before) = &before {
            self.by_expiry.remove(&(before.invitation.expires, selector.clone()));
        }
        let wrong = before.map(|before| before.wrong).unwrap_or_default();
        self.by_selector.insert(selector.clone(), Kept { invitation: note, wrong });
        if !used {
            self.by_expiry.insert((expires, selector));
        }
        // The note was written while its code was good.
        self.drop_before(expires.plus_millis(-INVITATION_LIFE - REMEMBERED));
    }

    fn drop_before(&mut self, moment: Timestamp) {
        while let Some((expires, selector)) = self.by_expiry.pop_first() {
            if expires >= moment {
                self.by_expiry.insert((expires, selector));
                return;
            }
            self.by_selector.remove(&selector);
        }
    }

    /// A wrong code was tried with a name.
    pub(super) fn was_tried(&mut self, selector: &str, number: u64) {
        if let Some(kept) = self.by_selector.get_mut(selector) {
            kept.wrong.insert(number);
        }
    }

    /// The invitation of this name, and how often a wrong code was tried for it.
    pub(super) fn find(&self, selector: &str) -> Option<(&Invitation, usize)> {
        self.by_selector.get(selector).map(|kept| (&kept.invitation, kept.wrong.len()))
    }

    /// Those whose time is not over.
    pub(super) fn open(&self, now: Timestamp) -> impl Iterator<Item = &Invitation> {
        let open = self.by_expiry.range((now, String::new())..);
        open.filter_map(|(_, selector)| self.by_selector.get(selector)).map(|kept| &kept.invitation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(number: i64, used_by: Option<DeviceId>) -> Invitation {
        Invitation {
            code_hash: number.to_be_bytes().to_vec().into(),
            person: format!("coach-{number}"),
            display_name: "Coach".into(),
            role: Role::Coach.code().to_owned(),
            organisation: Some("school-1".into()),
            expires: Timestamp::from_millis(number * 1_000),
            by: None,
            used_by,
            selector: Some(format!("S{number}")),
        }
    }

    #[test]
    fn a_hundred_thousand_that_expired_are_not_kept_and_those_that_were_used_are() {
        let mut state = State::default();
        let fold = |state: &mut State, number: u64, kind: Kind, payload: Vec<u8>| {
            let position = Position { segment: 1, offset: number };
            state.fold(NewRecord { kind, key: KeyId::default(), payload }.at(Appended { seq: number, position, hash: [0; 32] }))
        };
        let used = DeviceId::from_bytes([3; 16]);
        fold(&mut state, 1, Kind::Invitation, note(1, None).encode()).unwrap();
        fold(&mut state, 2, Kind::Refused, WrongCode { at: Timestamp::default(), selector: Some("S1".into()) }.encode()).unwrap();
        fold(&mut state, 3, Kind::Invitation, note(1, Some(used)).encode()).unwrap();
        for number in 2..100_000 {
            fold(&mut state, number + 2, Kind::Invitation, note(number as i64, None).encode()).unwrap();
        }
        let Invitations { by_selector, by_expiry } = &state.invitations;
        // An hour and ten minutes of one in a second.
        assert!(by_selector.len() < 4_300 && by_expiry.len() < 4_300, "{} {}", by_selector.len(), by_expiry.len());
        let (first, tried) = state.invitations.find("S1").unwrap();
        assert_eq!((first.used_by, tried), (Some(used), 1));
        assert!(state.invitations.find("S2").is_none() && state.invitations.find("S99999").is_some());
        assert_eq!(state.invitations.open(Timestamp::from_millis(99_990_000)).count(), 10);
        // A wrong code for a name that nobody has any more is nothing to keep.
        let tried = WrongCode { at: Timestamp::default(), selector: Some("S2".into()) };
        fold(&mut state, 200_000, Kind::Refused, tried.encode()).unwrap();
        assert!(state.invitations.find("S2").is_none());
    }
}
