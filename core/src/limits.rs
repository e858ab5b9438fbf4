//! Every limit on what comes from outside, in one place. `docs/formats.md` and `docs/gate.md` list the same numbers.
//!
//! Those of the first part decide what is *valid*: they are the same everywhere and for ever, and raising one means a new
//! format. Those of the last part are the server's *authority*: what is over them may be sent again later.

// One change.

/// The largest chunk, in bytes.
pub const MAX_CHUNK: usize = 1 << 20;
/// The largest envelope, in bytes.
pub const MAX_ENVELOPE: usize = MAX_CHUNK + 512;
/// The most changes that one change builds on.
pub const MAX_DEPS: usize = 64;
/// The most other actors that one change mentions.
pub const MAX_ACTORS: usize = 256;
/// The longest actor id that is read; ours have [`ACTOR_LEN`].
pub const MAX_ACTOR_LEN: usize = 64;
/// The length of an actor id of ours: a device id and the random id of a session.
pub const ACTOR_LEN: usize = 24;
/// The most operations in one change.
pub const MAX_OPERATIONS: u64 = 20_000;
/// The most predecessors (overwritten operations) in one change.
pub const MAX_PREDECESSORS: u64 = 40_000;
/// The longest key in an operation, in bytes.
pub const MAX_KEY: usize = 1_024;
/// The most bytes that the keys of one change take when every operation has its own: a run repeats a key for all.
pub const MAX_KEY_BYTES: u64 = 4 << 20;
/// The longest message of a change, in bytes.
pub const MAX_MESSAGE: usize = 1_024;
/// Automerge counts operations in 32 bits.
pub const MAX_COUNTER: u64 = u32::MAX as u64;

// One statement.

/// The largest signed statement, in bytes.
pub const MAX_STATEMENT: usize = 32 * 1024;
/// The longest name, code or label, in characters.
pub const MAX_NAME: usize = 120;
/// The longest note, in characters.
pub const MAX_NOTE: usize = 1_000;

// One message.

/// The largest request or answer body, in bytes. Pages are made smaller than this.
pub const MAX_BODY: usize = 8 << 20;
/// The longest cursor, in bytes.
pub const MAX_CURSOR: usize = 64;
/// The most changes, statements, items or verdicts in one body.
pub const MAX_ITEMS: usize = 20_000;
/// The most documents that one body lists.
pub const MAX_DOCUMENTS: usize = 20_000;
/// The most changes of one document that one body lists.
pub const MAX_HASHES: usize = 50_000;
/// The largest bundle, in bytes.
pub const MAX_BUNDLE: usize = 256 << 20;
/// The most devices that one bundle is sealed to.
pub const MAX_RECIPIENTS: usize = 10_000;
/// The most parts of each kind in one bundle.
pub const MAX_PARTS: usize = 1_000_000;

// What the server takes.

/// The most operations that the server looks at in one exchange; what is beyond them is to be sent again.
pub const MAX_PUSHED_OPERATIONS: u64 = 60_000;
/// As how many operations a change counts at least: each has a signature.
pub const CHANGE_WEIGHT: u64 = 20;
/// The most operations in the documents that one exchange touches, with what waits in them; what is beyond them is to be sent
/// again. One document is always looked at.
pub const MAX_TOUCHED_OPERATIONS: u64 = 400_000;
/// As how many operations a document counts besides those that it has.
pub const DOCUMENT_WEIGHT: u64 = 500;
/// The most operations in documents that one device lets the server look at within five minutes: ten exchanges of the
/// largest kind.
pub const MAX_EFFORT: u64 = 4_000_000;
/// The most operations in one document: beyond them it would slow everybody down who holds it.
pub const MAX_DOCUMENT_OPERATIONS: u64 = 200_000;
/// The most re-foundings that one exchange holds against their documents, those that come and those that may come to their end
/// each: every time two documents are read whole.
pub const MAX_REFOUNDINGS: usize = 4;
/// How many dossiers one person may open in a day.
pub const MAX_OPENINGS_A_DAY: usize = 5_000;
/// The most bytes of one device that wait for a coordinator.
pub const MAX_WAITING_BYTES: usize = 4 << 20;
/// The most changes of one device that wait for a coordinator in one document: the gate looks at all of them with each that
/// comes to wait behind them.
pub const MAX_WAITING_CHANGES: usize = 1_000;
/// The most operations of one device that wait for a coordinator in one document.
pub const MAX_WAITING_OPERATIONS: u64 = MAX_PUSHED_OPERATIONS;
/// The most lines of the feed in one answer, and the most dossiers that it closes; what heals comes besides. A client reads
/// [`MAX_ITEMS`].
pub const MAX_PAGE_LINES: usize = 10_000;
/// The most changes in an answer that heal a document.
pub const MAX_HEALING: usize = 1_024;
/// The most bytes of them; one always fits.
pub const MAX_HEALING_BYTES: usize = 1 << 20;
/// Of how many changes that waited one answer says what became of them, and the most decisions about them that it carries.
pub const MAX_OUTCOMES: usize = 1_000;
/// The most bytes of those decisions.
pub const MAX_OUTCOME_BYTES: usize = 1 << 20;
/// The most statements of others that a new device is given at once; the rest comes with the feed.
pub const MAX_ENROL_STATEMENTS: usize = 1_000;
/// The most bytes of them.
pub const MAX_ENROL_BYTES: usize = 1 << 20;
/// The most codes of one inviting device that are open at a time.
pub const MAX_OPEN_INVITATIONS: usize = 200;
/// The most grants of one document; and as many ends of grants.
pub const MAX_GRANTS: usize = 500;
/// How often in a day somebody may ask that a document be erased, or take that back.
pub const MAX_ERASURE_REQUESTS_A_DAY: usize = 20;
/// How many decisions about what waits in one document are taken in a day.
pub const MAX_DECISIONS_A_DAY: usize = 1_000;
/// The most statements that the server looks at in one exchange; what is beyond them is to be sent again.
pub const MAX_PUSHED_STATEMENTS: usize = 2_000;
/// The most receipts of a former life, of changes and of statements each, that the server looks at in one exchange: a device sends
/// no more, and what they are about goes with the next.
pub const MAX_PUSHED_RECEIPTS: usize = 2_000;
