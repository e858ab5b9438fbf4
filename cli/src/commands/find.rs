//! What a person means by what they typed: a reference, or the beginning of an id.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

use veldboek_core::dossier::Dossier;
use veldboek_core::ids::*;

use crate::message::{Problem, Text, text};

/// The dossiers on this device.
pub(super) type Dossiers = [(DocumentId, Arc<Dossier>)];

/// A dossier and something in it.
#[derive(Debug, Clone)]
pub(super) struct Found<K> {
    /// The document.
    pub(super) document: DocumentId,
    /// The dossier.
    pub(super) dossier: Arc<Dossier>,
    /// What was meant.
    pub(super) id: K,
}

/// Fewer characters name too many things by accident.
const SHORTEST: usize = 4;

/// The reference of a dossier, or its document when it has none.
pub(super) fn reference(document: DocumentId, dossier: &Dossier) -> String {
    dossier.trainee.reference.clone().unwrap_or_else(|| document.to_string())
}

/// The dossiers that carry this reference, in any case.
fn by_reference<'a>(dossiers: &'a Dossiers, wanted: &str) -> Vec<&'a (DocumentId, Arc<Dossier>)> {
    let wanted = wanted.to_lowercase();
    let carries = |dossier: &Dossier| dossier.trainee.reference.as_ref().is_some_and(|one| one.to_lowercase() == wanted);
    dossiers.iter().filter(|(_, dossier)| carries(dossier)).collect()
}

/// The dossiers whose document or trainee has an id that begins like this.
fn by_id<'a>(dossiers: &'a Dossiers, wanted: &str) -> Vec<&'a (DocumentId, Arc<Dossier>)> {
    if wanted.len() < SHORTEST {
        return Vec::new();
    }
    let begins = |id: &dyn Display| id.to_string().starts_with(wanted);
    dossiers.iter().filter(|(document, dossier)| begins(document) || dossier.trainee.id.is_some_and(|id| begins(&id))).collect()
}

/// Whether this is the reference of a dossier.
pub(super) fn is_reference(dossiers: &Dossiers, wanted: &str) -> bool {
    !by_reference(dossiers, wanted.trim()).is_empty()
}

/// The dossier of this trainee: by reference in any case, or by the beginning of an id.
pub(super) fn trainee(dossiers: &Dossiers, wanted: &str) -> Result<Found<()>, Problem> {
    let wanted = wanted.trim();
    let mut found = by_reference(dossiers, wanted);
    if found.is_empty() {
        found = by_id(dossiers, wanted);
    }
    let kind = || text!("dossier", "dossier");
    match found.as_slice() {
        [(document, dossier)] => Ok(Found { document: *document, dossier: dossier.clone(), id: () }),
        [] => Err(Problem::Unknown {
            kind: kind(),
            wanted: wanted.to_owned(),
            hint: text!(
                "`veldboek trainee list` toont de dossiers op dit apparaat; haal nieuwe op met `veldboek sync`",
                "`veldboek trainee list` shows the dossiers on this device; fetch new ones with `veldboek sync`"
            ),
        }),
        several => Err(Problem::Ambiguous {
            kind: kind(),
            wanted: wanted.to_owned(),
            candidates: several
                .iter()
                .map(|(document, dossier)| {
                    let organisation = dossier.trainee.organisation.as_deref().unwrap_or("?");
                    format!("{document} ({organisation})")
                })
                .collect(),
        }),
    }
}

/// Something inside a dossier.
pub(super) struct Kind<K> {
    /// What it is called.
    pub(super) name: fn() -> Text,
    /// The command that lists them.
    pub(super) list: &'static str,
    /// The ids in a dossier, and whether each is the kind of thing that a bare reference means (an open one).
    pub(super) ids: fn(&Dossier) -> Vec<(K, bool)>,
}

/// What was meant: a trainee who has only one open, by reference, or the beginning of an id.
pub(super) fn inside<K: Copy + Display>(dossiers: &Dossiers, wanted: &str, kind: &Kind<K>) -> Result<Found<K>, Problem> {
    let wanted = wanted.trim();
    if is_reference(dossiers, wanted) {
        return of_trainee(&trainee(dossiers, wanted)?, wanted, kind);
    }
    let mut found = Vec::new();
    if wanted.len() >= SHORTEST {
        for (document, dossier) in dossiers {
            for (id, _) in (kind.ids)(dossier) {
                if id.to_string().starts_with(wanted) {
                    found.push(Found { document: *document, dossier: dossier.clone(), id });
                }
            }
        }
    }
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => match trainee(dossiers, wanted) {
            Ok(dossier) => of_trainee(&dossier, wanted, kind),
            Err(_) => Err(missing(wanted, kind, false)),
        },
        several => Err(ambiguous(
            wanted,
            kind,
            several.iter().take(8).map(|one| format!("{} ({})", one.id, reference(one.document, &one.dossier))).collect(),
        )),
    }
}

/// The only open one of a trainee.
fn of_trainee<K: Copy + Display>(trainee: &Found<()>, wanted: &str, kind: &Kind<K>) -> Result<Found<K>, Problem> {
    let all = (kind.ids)(&trainee.dossier);
    let open: Vec<K> = all.iter().filter(|(_, open)| *open).map(|(id, _)| *id).collect();
    match open.as_slice() {
        [id] => Ok(Found { document: trainee.document, dossier: trainee.dossier.clone(), id: *id }),
        [] => Err(missing(wanted, kind, true)),
        several => Err(ambiguous(wanted, kind, several.iter().map(ToString::to_string).collect())),
    }
}

fn missing<K>(wanted: &str, kind: &Kind<K>, of_a_trainee: bool) -> Problem {
    let list = kind.list;
    let kind = (kind.name)();
    let named =
        if of_a_trainee { Text::new(format!("open {} van", kind.say(NL)), format!("open {} of", kind.say(EN))) } else { kind };
    Problem::Unknown {
        kind: named,
        wanted: wanted.to_owned(),
        hint: text!(
            "`veldboek {list}` toont ze; schrijf het begin van het kenmerk (ten minste vier tekens)",
            "`veldboek {list}` shows them; write the beginning of the id (at least four characters)"
        ),
    }
}

fn ambiguous<K>(wanted: &str, kind: &Kind<K>, candidates: Vec<String>) -> Problem {
    Problem::Ambiguous { kind: (kind.name)(), wanted: wanted.to_owned(), candidates }
}

const NL: veldboek_core::record::Lang = veldboek_core::record::Lang::Nl;
const EN: veldboek_core::record::Lang = veldboek_core::record::Lang::En;

/// The shortest beginning of each id that names it alone, six characters at least.
pub(super) fn short<K: Display + Ord + Copy>(ids: impl IntoIterator<Item = K>) -> BTreeMap<K, String> {
    let mut names: Vec<(String, K)> = ids.into_iter().map(|id| (id.to_string(), id)).collect();
    names.sort();
    let common = |a: &str, b: &str| a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    (0..names.len())
        .filter_map(|index| {
            let (name, id) = names.get(index)?;
            let before = index.checked_sub(1).and_then(|index| names.get(index)).map_or(0, |(other, _)| common(name, other));
            let after = names.get(index + 1).map_or(0, |(other, _)| common(name, other));
            let length = (before.max(after) + 1).max(6).min(name.len());
            Some((*id, name[..length].to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use veldboek_core::trainee::Trainee;
    use veldboek_core::trajectory::Trajectory;

    fn dossiers() -> Vec<(DocumentId, Arc<Dossier>)> {
        let dossier = |reference: &str, open: u8| {
            let mut dossier =
                Dossier { trainee: Trainee { reference: Some(reference.into()), ..Trainee::default() }, ..Dossier::default() };
            for number in 0..open {
                let id = TrajectoryId::derived(reference, &[number]);
                dossier.trajectories.insert(id, Trajectory::default());
            }
            (DocumentId::derived("test", reference.as_bytes()), Arc::new(dossier))
        };
        vec![dossier("WF-2025-0001", 1), dossier("WF-2025-0002", 2), dossier("WF-2025-0003", 0)]
    }

    const TRAJECTORY: Kind<TrajectoryId> = Kind {
        name: || text!("traject", "trajectory"),
        list: "trajectory list",
        ids: |dossier| dossier.trajectories.keys().map(|id| (*id, true)).collect(),
    };

    #[test]
    fn a_reference_is_enough_when_only_one_is_open() {
        let dossiers = dossiers();
        let found = inside(&dossiers, "wf-2025-0001", &TRAJECTORY).unwrap();
        assert_eq!(found.id, TrajectoryId::derived("WF-2025-0001", &[0]));
        assert!(
            matches!(inside(&dossiers, "WF-2025-0002", &TRAJECTORY), Err(Problem::Ambiguous { candidates, .. }) if candidates.len() == 2)
        );
        assert!(matches!(inside(&dossiers, "WF-2025-0003", &TRAJECTORY), Err(Problem::Unknown { .. })));
    }

    #[test]
    fn the_beginning_of_an_id_names_one_thing() {
        let dossiers = dossiers();
        let id = TrajectoryId::derived("WF-2025-0002", &[1]);
        let found = inside(&dossiers, &id.to_string()[..8], &TRAJECTORY).unwrap();
        assert_eq!((found.id, found.dossier.trainee.reference.as_deref()), (id, Some("WF-2025-0002")));
        assert!(matches!(inside(&dossiers, "zzzz", &TRAJECTORY), Err(Problem::Unknown { .. })));
    }

    #[test]
    fn short_names_are_unique() {
        let ids: Vec<VisitId> =
            (0..50).map(|n| VisitId::fresh(veldboek_core::clock::Timestamp::from_millis(1), &mut Counter(n))).collect();
        let names = short(ids.iter().copied());
        for (id, name) in &names {
            assert_eq!(ids.iter().filter(|other| other.to_string().starts_with(name)).count(), 1, "{id}");
        }
    }

    struct Counter(u64);
    impl veldboek_core_rng::TryRng for Counter {
        type Error = std::convert::Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Ok(0)
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(0)
        }
        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
            bytes.fill(0);
            for (at, byte) in self.0.to_be_bytes().iter().enumerate() {
                if let Some(place) = bytes.get_mut(at + 8) {
                    *place = *byte;
                }
            }
            Ok(())
        }
    }
    use rand_core as veldboek_core_rng;
}
