//! A cache may forget, but what it gives back is what was put. sled is damaged on purpose.

use super::*;

fn behaves(cache: &dyn Cache) {
    assert_eq!(cache.get(b"dossier"), None);
    cache.put(b"dossier", b"forty visits");
    cache.put(b"empty", b"");
    assert_eq!(cache.get(b"dossier").as_deref(), Some(b"forty visits".as_slice()));
    assert_eq!(cache.get(b"empty").as_deref(), Some(b"".as_slice()));
    let large: Vec<u8> = (0..200_000u32).flat_map(u32::to_le_bytes).collect();
    cache.put(b"dossier", &large);
    assert_eq!(cache.get(b"dossier"), Some(large));
    cache.put(b"dossier", b"small again");
    assert_eq!(cache.get(b"dossier").as_deref(), Some(b"small again".as_slice()));
    cache.remove(b"dossier");
    cache.remove(b"never there");
    assert_eq!(cache.get(b"dossier"), None);
    cache.clear();
    assert_eq!(cache.get(b"empty"), None);
    cache.put(b"after", b"clearing");
    assert_eq!(cache.get(b"after").as_deref(), Some(b"clearing".as_slice()));
}

#[test]
fn the_memory_cache_behaves() {
    behaves(&MemoryCache::default());
}

#[test]
fn no_cache_is_a_cache_that_always_misses() {
    NoCache.put(b"dossier", b"forty visits");
    assert_eq!(NoCache.get(b"dossier"), None);
}

#[cfg(feature = "sled")]
mod with_sled {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::keyring::Key;

    const KEY: Key = Key::from_bytes([7; 32]);

    #[test]
    fn the_sled_cache_behaves() {
        let home = tempfile::tempdir().unwrap();
        behaves(&SledCache::open(&home.path().join("cache"), &KEY).unwrap());
    }

    #[test]
    fn it_remembers_across_openings_and_one_process_has_it_at_a_time() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("cache");
        for round in 0..10u8 {
            let cache = SledCache::open(&dir, &KEY).unwrap();
            if round > 0 {
                assert_eq!(cache.get(b"round"), Some(vec![round - 1; 100_000]));
            }
            cache.put(b"round", &[round; 100_000]);
            assert!(SledCache::open(&dir, &KEY).is_none(), "two have it");
            cache.close();
        }
    }

    #[test]
    fn another_key_finds_nothing_and_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("cache");
        let cache = SledCache::open(&dir, &KEY).unwrap();
        cache.put(b"trainee Yasmin", b"a note about Yasmin");
        cache.close();
        let text = |dir: &Path| fs::read(dir.join("db")).unwrap();
        assert!(!text(&dir).windows(6).any(|part| part == b"Yasmin"));
        let cache = SledCache::open(&dir, &Key::from_bytes([8; 32])).unwrap();
        assert_eq!(cache.get(b"trainee Yasmin"), None);
        cache.close();
        let cache = SledCache::open(&dir, &KEY).unwrap();
        assert_eq!(cache.get(b"trainee Yasmin"), None);
    }

    #[test]
    fn damage_is_a_miss_or_the_truth_and_never_the_end() {
        let home = tempfile::tempdir().unwrap();
        let good = home.path().join("good");
        let cache = SledCache::open(&good, &KEY).unwrap();
        let value = |number: u32| vec![number as u8; 500 + 1_500 * number as usize];
        for number in 0..60u32 {
            cache.put(&number.to_le_bytes(), &value(number));
        }
        cache.close();
        let whole = fs::read(good.join("db")).unwrap();
        let used = whole.iter().rposition(|byte| *byte != 0).unwrap();
        let mut missed = 0;
        for trial in 0..16usize {
            let dir = home.path().join(format!("trial-{trial}"));
            copy(&good, &dir);
            let mut bytes = whole.clone();
            match trial % 4 {
                0 => bytes.truncate(used * trial / 16),
                1 => bytes[used * trial / 16..][..4096.min(used / 16)].fill(0),
                2 => bytes[used * trial / 16] ^= 1 << (trial % 8),
                _ => bytes[used * trial / 16..][..16].fill(0xff),
            }
            fs::write(dir.join("db"), bytes).unwrap();
            if trial % 8 == 7 {
                fs::write(dir.join("conf"), b"nonsense").unwrap();
            }
            let cache = SledCache::open(&dir, &KEY).unwrap_or_else(|| panic!("trial {trial}"));
            for number in 0..60u32 {
                match cache.get(&number.to_le_bytes()) {
                    Some(found) => assert_eq!(found, value(number), "trial {trial}"),
                    None => missed += 1,
                }
            }
            cache.put(b"new", b"value");
            cache.close();
            let cache = SledCache::open(&dir, &KEY).unwrap_or_else(|| panic!("trial {trial}"));
            cache.put(b"newer", b"value");
            assert_eq!(cache.get(b"newer").as_deref(), Some(b"value".as_slice()), "trial {trial}");
        }
        assert!(missed > 0, "the damage hit nothing");
    }

    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                copy(&entry.path(), &to.join(entry.file_name()));
            } else {
                fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
            }
        }
    }
}
