//! What a writer that was cut off left unfinished: every command says it until `verify` has shown it.

use std::path::Path;

use veldboek_core::disk::RealDisk;
use veldboek_core::journal::Journal;
use veldboek_core::record::Lang;

use crate::console::Console;
use crate::message::text;

/// Tells it once per command; with `shown`, the command that ran has told it itself and it counts as heard. Trouble with
/// the disk is the command's to tell.
pub(super) fn tell(dir: &Path, shown: bool, lang: Lang, console: &mut Console) {
    let Ok(disk) = RealDisk::open(dir) else { return };
    let Ok(names) = Journal::untold(&disk) else { return };
    if names.is_empty() {
        return;
    }
    if shown {
        let _ = Journal::told(&disk, &names);
        return;
    }
    let names = names.join(", ");
    let note = text!(
        "let op: een schrijver van dit veldboek is onderbroken (stroom weg, of het programma werd beëindigd). Wat hij niet afmaakte, \
         is nergens als opgeslagen gemeld en staat apart in {names}; wat wel was opgeslagen, is er nog. Kijk of uw laatste invoer er \
         staat en voer haar anders opnieuw in; `veldboek verify` controleert alles en beëindigt deze melding",
        "note: a writer of this field book was cut off (power lost, or the program was ended). What it did not finish was never \
         reported as saved and is set aside in {names}; what was saved is still there. Check that your last entry is there, and \
         enter it again if not; `veldboek verify` checks everything and ends this note"
    );
    console.hint(&note, lang);
}
