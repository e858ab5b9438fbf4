//! The steps of the gate, by name: a verdict says at which one a change was stopped.

use crate::chunk::BadChunk;
use crate::codes;
use crate::envelope::BadEnvelope;
use crate::wire::{Reason, Why};

codes! {
    /// A step of the gate, in the order in which they are taken; the last four are the server's authority.
    Step {
        Envelope = "ENVELOPE", "de envelop", "the envelope";
        Chunk = "CHUNK", "het soort blok", "the kind of chunk";
        Limit = "LIMIT", "de grenzen van één wijziging", "the limits of one change";
        Scan = "SCAN", "de opbouw van de wijziging", "the make-up of the change";
        Signer = "SIGNER", "het apparaat dat tekent", "the device that signs";
        Actor = "ACTOR", "de naam waaronder is geschreven", "the name it was written under";
        Signature = "SIGNATURE", "de handtekening", "the signature";
        Encoding = "ENCODING", "de schrijfwijze", "the encoding";
        Dependencies = "DEPENDENCIES", "waarop het voortbouwt", "what it builds on";
        Sequence = "SEQUENCE", "het volgnummer", "the number in its row";
        Start = "START", "de nummering van de bewerkingen", "the numbering of the operations";
        Operation = "OPERATION", "wat er gedaan wordt", "what is done";
        Object = "OBJECT", "waaraan het gedaan wordt", "what it is done to";
        Apply = "APPLY", "de proef op een kopie", "the try on a copy";
        ReadBack = "READ_BACK", "het teruglezen van de kopie", "reading the copy back";
        Grant = "GRANT", "de toegang", "the access";
        Waiting = "WAITING", "wat er al wacht", "what waits already";
        Quota = "QUOTA", "de ruimte", "the room";
        Text = "TEXT", "de tekst", "the text";
    }
}

/// What to tell the sender of a change that cannot be read.
pub(super) fn unreadable(error: &BadEnvelope) -> Why {
    let (step, reason) = match error {
        BadEnvelope::Format(crate::cbor::FormatError::TooLarge { .. }) => (Step::Limit, Reason::TooLarge),
        BadEnvelope::Format(_) => (Step::Envelope, Reason::Malformed),
        BadEnvelope::Unsigned => (Step::Signature, Reason::BadSignature),
        BadEnvelope::Actor => (Step::Actor, Reason::NotTheSignersActor),
        BadEnvelope::Chunk(BadChunk::NotAChange) => (Step::Chunk, Reason::Malformed),
        BadEnvelope::Chunk(BadChunk::Limit(_)) => (Step::Limit, Reason::TooLarge),
        BadEnvelope::Chunk(BadChunk::Checksum | BadChunk::Malformed(_)) => (Step::Scan, Reason::Malformed),
    };
    Why::at(step, reason)
}
