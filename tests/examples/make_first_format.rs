//! Writes the field book that `tests/tests/first_format.rs` reads: `cargo run -p veldboek-tests --example
//! make_first_format -- tests/fixtures/format-1`. Run once, for format 1; a later format gets a fixture of its own.

use std::path::PathBuf;
use std::sync::Arc;

use veldboek_core::disk::RealDisk;
use veldboek_core::keyring::WrappingKey;
use veldboek_core::record::{Container, Scalar, Write};
use veldboek_core::statement::Role;
use veldboek_tests::Field;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("where should it go?")?);
    let mut field = Field::new(1);
    let disk = Arc::new(RealDisk::open(&folder)?);
    let key = WrappingKey::create(&*disk, &mut field.dice)?;
    let mut carla = field.device_under(key, None, disk);
    field.enrol(&mut carla, "carla", Role::Coordinator);
    let mut anna = field.enrolled("anna", Role::Coach);
    let register = carla.book.register_document()?;
    let name = Write {
        container: Container::Programmes,
        entry: "waw".into(),
        key: "n".into(),
        value: Scalar::Text("Werken aan Werk".into()),
    };
    carla.book.perform(register, vec![name], field.clock.now(), &mut field.dice)?;
    let dossier = field.dossier(&mut carla, "WF-2025-0142");
    carla.book.grant(dossier, ("anna".into(), "2025-01-01".parse()?, None), field.clock.now(), &mut field.dice)?;
    field.sync(&mut carla);
    field.sync(&mut anna);
    field.visit(&mut anna, dossier, "Sanne kwam op tijd; de plantjes zijn verpot.");
    field.edit(&mut anna, dossier, "gm", "GM0453");
    field.edit(&mut carla, dossier, "gm", "GM0392");
    field.sync(&mut anna);
    field.sync(&mut carla);
    field.clock.pass_minutes(60);
    field.visit(&mut carla, dossier, "Nog niet verstuurd: gebeld met de werkgever.");
    Ok(())
}
