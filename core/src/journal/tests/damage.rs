//! A spoiled byte is reported or the whole is recovered; nothing is ever missing without a word.

use super::*;

/// Three segments with commits of one to three records.
fn store() -> (MemoryDisk, Keyring, Vec<Record>) {
    let disk = MemoryDisk::default();
    let keyring = keyring_on(&disk);
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let mut journal = Journal::open_with(shared.clone(), SMALL).unwrap();
    for round in 0..12usize {
        let texts: Vec<String> =
            (0..1 + round % 3).map(|index| format!("visit {round}.{index} {}", "w".repeat(round * 9))).collect();
        let refs: Vec<&str> = texts.iter().map(String::as_str).collect();
        commit(&mut journal, &keyring, &mut Chance(round as u64), &refs).unwrap();
    }
    let (_, records) = read_to_write(&shared, &keyring).unwrap();
    assert!(walk::segments(&disk).unwrap().len() >= 3);
    (disk, keyring, records)
}

fn copy(disk: &MemoryDisk) -> MemoryDisk {
    let copy = MemoryDisk::default();
    for name in disk.list().unwrap() {
        copy.append(&name, &crate::disk::read_all(disk, &name).unwrap()).unwrap();
    }
    copy
}

/// The reader without the lock, the writer and the check all tell of it, or everything is there.
fn nothing_is_missing_in_silence(disk: &MemoryDisk, keyring: &Keyring, all: &[Record], what: &str) {
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let mut read = Vec::new();
    let told = match Journal::open_with(shared.clone(), SMALL) {
        Err(_) => true,
        Ok(mut journal) => journal.read_new(keyring, &mut |record| read.push(record)).is_err() || journal.unread() > 0,
    };
    assert!(told || read == all, "{what}: a reader was not told");
    assert_eq!(read, all[..read.len()], "{what}: a reader was told something else");

    let checked = Journal::verify(&*shared, keyring).unwrap();
    assert!(
        !checked.is_whole() || checked.unfinished > 0 || checked.records == all.len() as u64,
        "{what}: the check was not told"
    );

    match read_to_write(&shared, keyring) {
        Err(JournalError::Damaged(_)) => {
            // Nothing may be touched when it is damage.
            assert!(!shared.list().unwrap().iter().any(|name| name.starts_with("torn/")), "{what}");
        }
        Err(error) => panic!("{what}: {error}"),
        Ok((journal, records)) => {
            assert!(records == all || !journal.repairs().is_empty(), "{what}: a writer was not told");
            assert_eq!(records, all[..records.len()], "{what}");
            // Only the last commit can be taken for one that was never finished.
            assert!(records.len() + 3 >= all.len(), "{what}: {} of {}", records.len(), all.len());
        }
    }
}

#[test]
fn a_flipped_byte_is_noticed_wherever_it_is() {
    let (disk, keyring, all) = store();
    for segment in walk::segments(&disk).unwrap() {
        let name = walk::segment_name(segment);
        // Every thirteenth byte: over the records that is every place in a header.
        for at in (0..disk.len(&name).unwrap().unwrap() as usize).step_by(13) {
            let flip = [0x01, 0x80, 0xff][at % 3];
            let disk = copy(&disk);
            disk.damage(&name, |bytes| bytes[at] ^= flip);
            nothing_is_missing_in_silence(&disk, &keyring, &all, &format!("{name} byte {at}"));
        }
    }
}

#[test]
fn any_stretch_of_zeros_is_noticed() {
    let (disk, keyring, all) = store();
    for segment in walk::segments(&disk).unwrap() {
        let name = walk::segment_name(segment);
        for at in (0..disk.len(&name).unwrap().unwrap() as usize).step_by(64) {
            for length in [16, 512, 2048] {
                let disk = copy(&disk);
                disk.damage(&name, |bytes| {
                    let end = (at + length).min(bytes.len());
                    bytes[at..end].fill(0);
                });
                nothing_is_missing_in_silence(&disk, &keyring, &all, &format!("{name} zeros {at} {length}"));
            }
        }
    }
}

#[test]
fn a_segment_that_is_cut_short_in_a_record_or_missing_is_noticed() {
    let (disk, keyring, all) = store();
    let segments = walk::segments(&disk).unwrap();
    let last = *segments.last().unwrap();
    for segment in &segments {
        let name = walk::segment_name(*segment);
        for at in 0..disk.len(&name).unwrap().unwrap() {
            // At the end of the journal a cut between two records leaves a whole, shorter journal: only a head that
            // was noted elsewhere tells (`verify --head`).
            let boundary = all.iter().any(|record| record.position == Position { segment: *segment, offset: at });
            if *segment == last && boundary {
                continue;
            }
            let disk = copy(&disk);
            disk.damage(&name, |bytes| bytes.truncate(at as usize));
            let shared: Arc<dyn Disk> = Arc::new(disk);
            let mut read = 0;
            let mut journal = Journal::open_with(shared.clone(), SMALL).unwrap();
            let result = journal.read_new(&keyring, &mut |_| read += 1);
            assert!(result.is_err() || journal.unread() > 0, "{name} cut at {at}");
            assert_eq!(result.is_err(), *segment != last, "{name} cut at {at}");
        }
        if *segment != last {
            let disk = copy(&disk);
            disk.remove(&name).unwrap();
            let Err(error) = Journal::open(Arc::new(disk.clone())).map(|_| ()) else { panic!("{name} is not missed") };
            assert!(error.to_string().contains(&name), "{error}");
            let checked = Journal::verify(&disk, &keyring).unwrap();
            assert_eq!(checked.damage.len(), 1, "{:?}", checked.damage);
            let lost = all.iter().filter(|record| record.position.segment == *segment).count();
            assert_eq!(checked.records as usize + lost, all.len());
        }
    }
}

#[test]
fn the_check_goes_on_after_damage_and_counts_what_is_left() {
    let (disk, keyring, all) = store();
    for record in [&all[2], &all[9]] {
        disk.damage(&walk::segment_name(record.position.segment), |bytes| {
            bytes[record.position.offset as usize + 130] ^= 1;
        });
    }
    let checked = Journal::verify(&disk, &keyring).unwrap();
    assert_eq!(checked.damage.iter().map(|damage| damage.seq).collect::<Vec<_>>(), [3, 10]);
    assert_eq!(checked.records as usize, all.len() - 2);
    assert_eq!(checked.head, (all.len() as u64, all.last().unwrap().hash));
    let error = Journal::open(Arc::new(disk.clone())).unwrap().read_new(&keyring, &mut |_| {}).unwrap_err();
    let said = error.to_string();
    assert!(said.contains("record 3") && said.contains("backup"), "{said}");
}

/// Somebody with the file but without keys swaps two records, or cuts one out, and mends the checksums.
#[test]
fn a_chain_that_was_tampered_with_does_not_hold() {
    let (disk, keyring, all) = store();
    let name = walk::segment_name(1);
    let [first, second, third] = [0, 1, 2].map(|index: usize| all[index].position.offset as usize);
    let without = copy(&disk);
    without.damage(&name, |bytes| drop(bytes.drain(second..third)));
    let swapped = copy(&disk);
    swapped.damage(&name, |bytes| bytes[first..third].rotate_left(second - first));
    let renamed = copy(&disk);
    renamed.damage(&name, |bytes| {
        bytes[first + 4] = Kind::Audit.code();
        let crc = header::crc32(&bytes[first..first + 124]).to_le_bytes();
        bytes[first + 124..first + 128].copy_from_slice(&crc);
    });
    for disk in [without, swapped, renamed] {
        let error = Journal::open(Arc::new(disk)).unwrap().read_new(&keyring, &mut |_| {}).unwrap_err();
        assert!(matches!(error, JournalError::Damaged(_)), "{error}");
    }
}
