//! A sync runs while a visit is logged in the same store: two handles, one journal.

use super::*;

#[test]
fn two_handles_in_turn_see_each_other_and_keep_one_chain() {
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::default());
    let keyring = keyring_on(&*disk);
    let mut one = Journal::open_with(disk.clone(), SMALL).unwrap();
    let mut two = Journal::open_with(disk.clone(), SMALL).unwrap();
    for round in 0..40u64 {
        let texts = format!("visit {round}");
        let (writer, reader) = if round % 3 == 0 { (&mut one, &mut two) } else { (&mut two, &mut one) };
        commit(writer, &keyring, &mut Chance(round), &[&texts]).unwrap();
        if round % 2 == 0 {
            let mut seen = Vec::new();
            reader.read_new(&keyring, &mut |record| seen.push(text(&record))).unwrap();
            assert_eq!(seen.last(), Some(&texts));
            assert_eq!(reader.head(), writer.head());
        }
    }
    let checked = Journal::verify(&*disk, &keyring).unwrap();
    assert!(checked.is_whole());
    assert_eq!(checked.records, 40);
}

#[test]
fn appending_without_having_read_is_refused() {
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::default());
    let keyring = keyring_on(&*disk);
    let mut one = Journal::open(disk.clone()).unwrap();
    let mut two = Journal::open(disk.clone()).unwrap();
    commit(&mut one, &keyring, &mut Chance(1), &["by one"]).unwrap();
    let mut writer = two.write().unwrap();
    let refused = writer.append(&keyring, &mut Chance(2), &[note(&keyring, None, "by two")]);
    assert_eq!(refused, Err(JournalError::Behind));
    writer.read_new(&keyring, &mut |_| {}).unwrap();
    writer.append(&keyring, &mut Chance(2), &[note(&keyring, None, "by two")]).unwrap();
    writer.commit().unwrap();
    assert_eq!(two.head().0, 2);
}

/// While another process writes, its record is there in part. A reader waits for the rest and repairs nothing.
#[test]
fn a_reader_leaves_a_record_that_is_being_written() {
    let disk = MemoryDisk::default();
    let keyring = keyring_on(&disk);
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let mut writer = Journal::open_with(shared.clone(), SMALL).unwrap();
    commit(&mut writer, &keyring, &mut Chance(1), &["whole"]).unwrap();
    let start = disk.len("journal/00000001.vbj").unwrap().unwrap() as usize;
    commit(&mut writer, &keyring, &mut Chance(2), &["in two parts", "and another"]).unwrap();
    let bytes = crate::disk::read_all(&disk, "journal/00000001.vbj").unwrap();
    for cut in start..bytes.len() {
        let disk = MemoryDisk::default();
        disk.append("journal/00000001.vbj", &bytes[..cut]).unwrap();
        let mut reader = Journal::open_with(Arc::new(disk.clone()), SMALL).unwrap();
        let mut seen = Vec::new();
        reader.read_new(&keyring, &mut |record| seen.push(text(&record))).unwrap();
        assert_eq!(seen[0], "whole");
        let boundary = cut == start || seen.len() == 2 && reader.unread() == 0;
        assert_eq!(reader.unread() == 0, boundary, "cut {cut}");
        assert_eq!(disk.list().unwrap().len(), 1, "something was set aside");
        disk.append("journal/00000001.vbj", &bytes[cut..]).unwrap();
        reader.read_new(&keyring, &mut |record| seen.push(text(&record))).unwrap();
        assert_eq!(seen, ["whole", "in two parts", "and another"]);
        assert_eq!(reader.unread(), 0);
    }
}

#[test]
fn a_key_that_another_process_added_is_found_when_its_first_record_is_met() {
    let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::default());
    let keyring = keyring_on(&*disk);
    let other = Keyring::open(&*disk, &WRAPPING).unwrap();
    let mut journal = Journal::open(disk.clone()).unwrap();
    let mut writer = journal.write().unwrap();
    writer.add_document_keys(&keyring, &[document(9)], &mut Chance(3)).unwrap();
    writer.append(&keyring, &mut Chance(4), &[note(&keyring, Some(9), "a new dossier")]).unwrap();
    writer.commit().unwrap();
    let mut seen = Vec::new();
    Journal::open(disk).unwrap().read_new(&other, &mut |record| seen.push(text(&record))).unwrap();
    assert_eq!(seen, ["a new dossier"]);
}

#[cfg(not(target_family = "wasm"))]
#[test]
fn four_writers_on_a_real_disk_lose_nothing() {
    let home = tempfile::tempdir().unwrap();
    let open = || Arc::new(crate::disk::RealDisk::open(home.path()).unwrap()) as Arc<dyn Disk>;
    keyring_on(&*open());
    std::thread::scope(|threads| {
        for who in 0..4u64 {
            threads.spawn(move || {
                let disk = open();
                let keyring = Keyring::open(&*disk, &WRAPPING).unwrap();
                let mut journal = Journal::open_with(disk, 20_000).unwrap();
                for visit in 0..25u64 {
                    let text = format!("{who}.{visit}");
                    commit(&mut journal, &keyring, &mut Chance(who * 1000 + visit), &[&text, "and more"]).unwrap();
                    if visit % 5 == 0 {
                        journal.read_new(&keyring, &mut |_| {}).unwrap();
                    }
                }
            });
        }
        // And one who only reads.
        let disk = open();
        let keyring = Keyring::open(&*disk, &WRAPPING).unwrap();
        let mut journal = Journal::open_with(disk, 20_000).unwrap();
        let mut seen = 0;
        while seen < 200 {
            journal
                .read_new(&keyring, &mut |record| {
                    seen += 1;
                    assert_eq!(record.seq, seen);
                })
                .unwrap();
        }
    });
    let disk = open();
    let keyring = Keyring::open(&*disk, &WRAPPING).unwrap();
    let (_, records) = read_to_write(&disk, &keyring).unwrap();
    for who in 0..4 {
        let mine: Vec<String> = records.iter().map(text).filter(|text| text.starts_with(&format!("{who}."))).collect();
        assert_eq!(mine, (0..25).map(|visit| format!("{who}.{visit}")).collect::<Vec<_>>());
    }
    assert!(Journal::verify(&*disk, &keyring).unwrap().is_whole());
}
