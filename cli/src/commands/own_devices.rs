//! Devices that were added in one's own name.

use serde_json::{Value, json};
use veldboek_core::field_book::OwnDevice;
use veldboek_core::record::Lang;

use crate::message::Text;

/// For programs.
pub(super) fn json(devices: &[OwnDevice]) -> Value {
    let one = |one: &OwnDevice| json!({ "device": one.device.to_string(), "label": one.label, "since": one.since.to_string() });
    devices.iter().map(one).collect()
}

/// For the person, who alone knows whether it is theirs.
pub(super) fn notices(devices: &[OwnDevice]) -> Vec<Text> {
    devices.iter().map(|one| Text::new(one.message(Lang::Nl), one.message(Lang::En))).collect()
}
