//! Panics of libraries that are caught: answered in code, not printed. Their messages help nobody and may quote data.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

static HOOK: Once = Once::new();

/// Runs what may panic inside a library; nothing when it did. Every other panic is reported as before.
pub fn catch<T>(work: impl FnOnce() -> T) -> Option<T> {
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            // sled works on threads of its own; what they panic about reaches us as an error.
            let of_sled = std::thread::current().name().is_some_and(|name| name.starts_with("sled-"));
            if !of_sled && !QUIET.try_with(Cell::get).unwrap_or(false) {
                before(info);
            }
        }));
    });
    let outer = QUIET.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work)).ok();
    QUIET.set(outer);
    result
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_panic_is_nothing_and_a_value_is_itself() {
        assert_eq!(super::catch(|| 7), Some(7));
        assert_eq!(super::catch(|| -> u8 { panic!("never shown") }), None);
        assert_eq!(super::catch(|| super::catch(|| -> u8 { panic!("never shown") })), Some(None));
    }
}
