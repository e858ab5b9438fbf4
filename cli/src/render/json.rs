//! Data as JSON.

use std::io::{self, Write};

use serde_json::Value;

pub(super) fn print(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}
