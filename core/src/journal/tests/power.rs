//! The power goes at every operation in turn, the disk fails at every operation in turn, and what was acknowledged stays.

use super::*;

/// What happened until the disk stopped the story.
#[derive(Default)]
struct Story {
    /// Texts whose commit returned Ok.
    acknowledged: Vec<String>,
    /// Texts whose commit failed.
    failed: Vec<String>,
    stopped: bool,
}

/// Two processes write in turn: single visits, groups, large notes, a new dossier in between. It goes on after errors
/// as long as it can, as a person would who tries again.
fn live(disk: &SimulatedDisk) -> Story {
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let mut story = Story::default();
    let Ok(keyring) = Keyring::open(&*shared, &WRAPPING) else {
        story.stopped = true;
        return story;
    };
    let mut journals = Vec::new();
    for _ in 0..2 {
        match Journal::open_with(shared.clone(), SMALL) {
            Ok(journal) => journals.push(journal),
            Err(_) => {
                story.stopped = true;
                return story;
            }
        }
    }
    for round in 0..8usize {
        let texts: Vec<String> = (0..1 + round % 3)
            .map(|index| format!("visit {round}.{index} {}", "w".repeat(if round == 4 { 1500 } else { 40 * round })))
            .collect();
        let refs: Vec<&str> = texts.iter().map(String::as_str).collect();
        if round == 5 {
            let _ = keyring.add_document_keys(&*shared, &[document(7)], &mut Chance(70));
        }
        let journal = &mut journals[round % 2];
        match commit(journal, &keyring, &mut Chance(round as u64), &refs) {
            Ok(_) => story.acknowledged.extend(texts),
            Err(JournalError::Unsure) => {
                // As the message says: open the store again.
                if let Ok(fresh) = Journal::open_with(shared.clone(), SMALL) {
                    *journal = fresh;
                }
                story.failed.extend(texts);
            }
            Err(_) => story.failed.extend(texts),
        }
        story.stopped |= disk.is_off();
    }
    story
}

fn fresh() -> SimulatedDisk {
    let disk = SimulatedDisk::default();
    keyring_on(&disk);
    disk
}

/// Every acknowledged text is there once, no other is there twice, the chain holds, and life goes on.
fn check(disk: &SimulatedDisk, story: &Story, what: &str) {
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let keyring = Keyring::open(&*shared, &WRAPPING).unwrap_or_else(|error| panic!("{what}: {error}"));
    let (mut journal, records) = read_to_write(&shared, &keyring).unwrap_or_else(|error| panic!("{what}: {error}"));
    let texts: Vec<String> = records.iter().map(text).collect();
    for text in &story.acknowledged {
        assert_eq!(texts.iter().filter(|there| *there == text).count(), 1, "{what}: {text:.20}");
    }
    for text in &story.failed {
        assert!(texts.iter().filter(|there| *there == text).count() <= 1, "{what}: {text:.20} twice");
    }
    let in_order: Vec<&String> = texts.iter().filter(|text| story.acknowledged.contains(text)).collect();
    assert_eq!(in_order, story.acknowledged.iter().collect::<Vec<_>>(), "{what}: order");
    commit(&mut journal, &keyring, &mut Chance(99), &["afterwards"]).unwrap_or_else(|error| panic!("{what}: {error}"));
    let verification = Journal::verify(&*shared, &keyring).unwrap();
    assert!(verification.is_whole(), "{what}: {:?}", verification.damage);
    assert_eq!(verification.records, texts.len() as u64 + 1, "{what}");
    assert_eq!(verification.unfinished, 0, "{what}");
}

#[test]
fn a_power_cut_at_any_operation_loses_nothing_that_was_acknowledged() {
    let whole = fresh();
    let before = whole.operations();
    let story = live(&whole);
    assert!(story.failed.is_empty());
    let operations = whole.operations();
    check(&whole, &story, "no cut");
    let mut set_aside = 0;
    for operation in before + 1..=operations {
        for seed in 0..12 {
            let disk = fresh();
            disk.cut_at(Some(operation));
            let story = live(&disk);
            assert!(story.stopped, "operation {operation} was not reached");
            disk.crash(seed);
            check(&disk, &story, &format!("cut at {operation}, seed {seed}"));
            set_aside += disk.list().unwrap().iter().filter(|name| name.starts_with("torn/")).count();
        }
    }
    assert!(set_aside > 10, "only {set_aside} torn tails: the disk is too kind");
}

#[test]
fn a_program_that_is_killed_at_any_operation_loses_nothing_that_was_acknowledged() {
    let whole = fresh();
    let before = whole.operations();
    live(&whole);
    for operation in before + 1..=whole.operations() {
        let disk = fresh();
        disk.cut_at(Some(operation));
        let story = live(&disk);
        disk.revive();
        check(&disk, &story, &format!("killed at {operation}"));
    }
}

/// Somebody relied on records whose writer was killed before they were durable; then the power went.
#[test]
fn what_was_read_before_a_commit_is_durable_after_it() {
    for seed in 0..30 {
        let disk = fresh();
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let keyring = Keyring::open(&*shared, &WRAPPING).unwrap();
        let mut first = Journal::open(shared.clone()).unwrap();
        // The append goes through, its sync does not.
        disk.cut_at(Some(disk.operations() + 2));
        let died = commit(&mut first, &keyring, &mut Chance(1), &["not yet durable"]);
        assert_eq!(died, Err(JournalError::Disk(DiskError::PowerCut)));
        disk.revive();
        let (_, records) = read_to_write(&shared, &keyring).unwrap();
        assert_eq!(records.iter().map(text).collect::<Vec<_>>(), ["not yet durable"]);
        disk.crash(seed);
        let (_, records) = read_to_write(&shared, &keyring).unwrap();
        assert_eq!(records.iter().map(text).collect::<Vec<_>>(), ["not yet durable"], "seed {seed}");
    }
}

/// Recovery is interrupted too, at each of its own operations.
#[test]
fn a_second_power_cut_during_the_repair_loses_nothing_either() {
    let mut interrupted = 0;
    let whole = fresh();
    let before = whole.operations();
    live(&whole);
    for operation in (before + 1..=whole.operations()).step_by(3) {
        for seed in [1, 4, 5, 8] {
            for repair in 1..8 {
                let disk = fresh();
                disk.cut_at(Some(operation));
                let story = live(&disk);
                disk.crash(seed);
                let shared: Arc<dyn Disk> = Arc::new(disk.clone());
                disk.cut_at(Some(disk.operations() + repair));
                let _ = Keyring::open(&*shared, &WRAPPING)
                    .map_err(JournalError::from)
                    .and_then(|keyring| read_to_write(&shared, &keyring));
                if disk.is_off() {
                    interrupted += 1;
                    disk.crash(seed + 1);
                }
                disk.cut_at(None);
                check(&disk, &story, &format!("cut at {operation}, seed {seed}, again at {repair}"));
            }
        }
    }
    assert!(interrupted > 50, "{interrupted}");
}

#[test]
fn a_disk_that_fails_once_says_so_and_nothing_that_failed_turns_up_later() {
    let whole = fresh();
    let before = whole.operations();
    live(&whole);
    for operation in before + 1..=whole.operations() {
        for seed in 0..3 {
            let disk = fresh();
            disk.fail_at(Some(operation));
            let story = live(&disk);
            assert!(!story.stopped);
            // One failure stops one commit at most (a keyring's cleaning may fail without harm).
            assert!(story.acknowledged.len() >= 15 - 3, "operation {operation}: {}", story.acknowledged.len());
            disk.crash(seed);
            check(&disk, &story, &format!("failed at {operation}, seed {seed}"));
            let keyring = Keyring::open(&disk, &WRAPPING).unwrap();
            let shared: Arc<dyn Disk> = Arc::new(disk.clone());
            let (_, records) = read_to_write(&shared, &keyring).unwrap();
            for failed in &story.failed {
                assert!(!records.iter().any(|record| text(record) == *failed), "operation {operation}: {failed:.20} came back");
            }
        }
    }
}

/// A disk may write the end of a commit and lose its beginning. That is a torn commit, not damage.
#[test]
fn a_commit_that_lost_its_first_sectors_is_set_aside_whole() {
    let disk = MemoryDisk::default();
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let keyring = keyring_on(&*shared);
    let mut journal = Journal::open(shared.clone()).unwrap();
    commit(&mut journal, &keyring, &mut Chance(1), &["durable"]).unwrap();
    let long = "w".repeat(700);
    let torn = commit(&mut journal, &keyring, &mut Chance(2), &[&long, &long, "last"]).unwrap();
    let start = torn[0].position.offset as usize;
    let mut torn_bytes = Vec::new();
    disk.damage("journal/00000001.vbj", |bytes| {
        bytes[start..1024].fill(0);
        torn_bytes = bytes[start..].to_vec();
    });
    let (journal, records) = read_to_write(&shared, &keyring).unwrap();
    assert_eq!(records.iter().map(text).collect::<Vec<_>>(), ["durable"]);
    let [repair] = journal.repairs() else { panic!("{:?}", journal.repairs()) };
    assert_eq!(repair.position, torn[0].position);
    assert_eq!(crate::disk::read_all(&*shared, &repair.moved_to).unwrap(), torn_bytes);
    assert_eq!(shared.len("journal/00000001.vbj").unwrap(), Some(start as u64));
}
