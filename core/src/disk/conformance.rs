//! What every disk must do, in one suite that each of them runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::{Disk, DiskError};

/// Two handles on one fresh disk, as two processes would have.
pub type Make<'a> = &'a dyn Fn() -> (Arc<dyn Disk>, Arc<dyn Disk>);

/// Runs the whole suite.
pub fn conforms(make: Make<'_>) {
    appended_bytes_are_read_by_both(make);
    reading_is_short_only_at_the_end(make);
    a_missing_file_is_told_apart_from_an_empty_one(make);
    truncating_cuts_and_never_grows(make);
    files_are_listed_in_order_and_removed(make);
    names_cannot_leave_the_store(make);
    the_lock_has_one_holder(make);
    waiting_ends_when_the_holder_lets_go(make);
}

fn appended_bytes_are_read_by_both(make: Make<'_>) {
    let (one, two) = make();
    one.append("journal/a.vbj", b"first ").unwrap();
    two.append("journal/a.vbj", b"second").unwrap();
    one.sync("journal/a.vbj").unwrap();
    two.sync("journal/a.vbj").unwrap();
    assert_eq!(one.read("journal/a.vbj", 0, 100).unwrap(), b"first second");
    assert_eq!(two.len("journal/a.vbj").unwrap(), Some(12));
}

fn reading_is_short_only_at_the_end(make: Make<'_>) {
    let (one, _) = make();
    one.append("file", b"0123456789").unwrap();
    assert_eq!(one.read("file", 2, 3).unwrap(), b"234");
    assert_eq!(one.read("file", 8, usize::MAX).unwrap(), b"89");
    assert_eq!(one.read("file", 10, 5).unwrap(), b"");
    assert_eq!(one.read("file", u64::MAX, 5).unwrap(), b"");
    assert_eq!(one.read("file", 0, 0).unwrap(), b"");
}

fn a_missing_file_is_told_apart_from_an_empty_one(make: Make<'_>) {
    let (one, _) = make();
    let missing = DiskError::Missing { name: "none".to_owned() };
    assert_eq!(one.len("none").unwrap(), None);
    assert_eq!(one.read("none", 0, 1), Err(missing.clone()));
    assert_eq!(one.sync("none"), Err(missing.clone()));
    assert_eq!(one.truncate("none", 0), Err(missing));
    one.remove("none").unwrap();
    one.append("empty", b"").unwrap();
    assert_eq!(one.len("empty").unwrap(), Some(0));
}

fn truncating_cuts_and_never_grows(make: Make<'_>) {
    let (one, _) = make();
    one.append("file", b"0123456789").unwrap();
    one.truncate("file", 20).unwrap();
    assert_eq!(one.len("file").unwrap(), Some(10));
    one.truncate("file", 4).unwrap();
    one.append("file", b"x").unwrap();
    one.sync("file").unwrap();
    assert_eq!(one.read("file", 0, 99).unwrap(), b"0123x");
}

fn files_are_listed_in_order_and_removed(make: Make<'_>) {
    let (one, two) = make();
    for name in ["session", "journal/00000002.vbj", "journal/00000001.vbj", "keyring.7"] {
        one.append(name, b"x").unwrap();
    }
    let _held = one.lock().unwrap();
    assert_eq!(two.list().unwrap(), ["journal/00000001.vbj", "journal/00000002.vbj", "keyring.7", "session"]);
    two.remove("journal/00000001.vbj").unwrap();
    assert_eq!(one.list().unwrap(), ["journal/00000002.vbj", "keyring.7", "session"]);
    one.append("journal/00000001.vbj", b"again").unwrap();
    one.sync("journal/00000001.vbj").unwrap();
    assert_eq!(one.read("journal/00000001.vbj", 0, 99).unwrap(), b"again");
}

fn names_cannot_leave_the_store(make: Make<'_>) {
    let (one, _) = make();
    for name in ["", "..", "../x", "/etc/passwd", "a/b/c", "a/..", "a/", "/a", ".hidden", "a b", "a\\b", "a\0b", "é"] {
        let wrong = DiskError::BadName { name: name.to_owned() };
        assert_eq!(one.append(name, b"x"), Err(wrong.clone()), "{name}");
        assert_eq!(one.read(name, 0, 1), Err(wrong.clone()), "{name}");
        assert_eq!(one.remove(name), Err(wrong), "{name}");
    }
}

/// Counting while holding the lock: two holders at a time would lose a count or meet each other.
fn the_lock_has_one_holder(make: Make<'_>) {
    let (one, two) = make();
    let inside = AtomicBool::new(false);
    let count = AtomicU32::new(0);
    std::thread::scope(|threads| {
        for disk in [&one, &two, &one, &two] {
            threads.spawn(|| {
                for _ in 0..25 {
                    let held = disk.lock().unwrap();
                    assert!(!inside.swap(true, Ordering::SeqCst), "two holders");
                    count.store(count.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
                    inside.store(false, Ordering::SeqCst);
                    drop(held);
                }
            });
        }
    });
    assert_eq!(count.load(Ordering::SeqCst), 100);
}

fn waiting_ends_when_the_holder_lets_go(make: Make<'_>) {
    let (one, two) = make();
    let held = one.lock().unwrap();
    std::thread::scope(|threads| {
        let waiting = threads.spawn(|| {
            let _held = two.lock().unwrap();
            two.len("written-under-the-lock").unwrap()
        });
        one.append("written-under-the-lock", b"x").unwrap();
        drop(held);
        assert_eq!(waiting.join().unwrap(), Some(1));
    });
}

#[test]
fn the_memory_disk_conforms() {
    conforms(&|| {
        let disk = super::MemoryDisk::default();
        (Arc::new(disk.clone()), Arc::new(disk))
    });
}
