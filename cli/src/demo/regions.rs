//! The two regions of the demo: who works there, and the files that they deliver.

use veldboek_core::clock::{Day, Period};
use veldboek_core::import::FileKind;

use super::leavers;
use super::participants::{self, Block, Group};

/// The names of the regions, in the order of the demo.
pub const REGIONS: &[&str] = &["zuid-kennemerland-ijmond", "gooi-en-vechtstreek"];

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileContent {
    /// TOML for `import register`.
    Register,
    /// CSV for the import of this kind.
    Rows(FileKind),
}

/// A file as a partner delivers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub content: FileContent,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Someone who works in the region; invented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// The code in the register.
    pub code: &'static str,
    /// What colleagues call them.
    pub name: &'static str,
}

/// A region of the demo.
#[derive(Debug, Clone)]
pub struct Region {
    /// As in `--region`.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// The organisation of its devices.
    pub organisation: &'static str,
    /// Who imports, merges and reports.
    pub coordinator: Person,
    /// Who visit.
    pub coaches: [Person; 3],
    /// What is imported, in this order.
    pub files: Vec<File>,
    /// Files that may be imported afterwards: another reading of the source.
    pub variants: Vec<File>,
    /// The day on which the demo plays.
    pub today: Day,
    /// The outflow tables (school type, school year).
    pub outflow: &'static [(&'static str, &'static str)],
    /// The funding source and the days of headcounts; the last is the one of the published budget.
    pub budget: Option<(&'static str, [Day; 3])>,
    /// The period of the monitor, and the umbrella programme under which pace is judged.
    pub monitor: Option<(Period, &'static str)>,
}

/// A region by name.
pub fn region(name: &str) -> Option<Region> {
    match name {
        "zuid-kennemerland-ijmond" => Some(zuid_kennemerland_ijmond()),
        "gooi-en-vechtstreek" => Some(gooi_en_vechtstreek()),
        _ => None,
    }
}

const fn day(year: i16, month: i8, day: i8) -> Day {
    Day::from_date(jiff::civil::date(year, month, day))
}

const fn person(code: &'static str, name: &'static str) -> Person {
    Person { code, name }
}

fn csv(name: &'static str, kind: FileKind, bytes: Vec<u8>) -> File {
    File { name, content: FileContent::Rows(kind), bytes }
}

fn register(name: &'static str, text: &str) -> File {
    File { name, content: FileContent::Register, bytes: text.as_bytes().to_vec() }
}

fn zuid_kennemerland_ijmond() -> Region {
    Region {
        name: "zuid-kennemerland-ijmond",
        title: "Zuid-Kennemerland en IJmond",
        organisation: "GM0392",
        coordinator: person("marit", "Marit Bos"),
        coaches: [person("anna", "Anna de Wit"), person("bram", "Bram Kok"), person("chantal", "Chantal Visser")],
        files: vec![
            register("register.toml", include_str!("../../assets/zuid-kennemerland-ijmond.toml")),
            csv("leavers-pro-2016-2017.csv", FileKind::Leavers, leavers::file("PRO", "2016-2017", 1617)),
            csv("leavers-pro-2017-2018.csv", FileKind::Leavers, leavers::file("PRO", "2017-2018", 1718)),
            csv("leavers-vso-2016-2017.csv", FileKind::Leavers, leavers::file("VSO", "2016-2017", 2617)),
            csv("participants.csv", FileKind::Participants, participants::file(&STAGEBEGELEIDING)),
        ],
        variants: Vec::new(),
        today: day(2018, 12, 10),
        outflow: &[("PRO", "2016-2017"), ("PRO", "2017-2018"), ("VSO", "2016-2017")],
        budget: Some(("impuls", [day(2016, 10, 1), day(2017, 10, 1), day(2018, 10, 1)])),
        monitor: None,
    }
}

fn gooi_en_vechtstreek() -> Region {
    Region {
        name: "gooi-en-vechtstreek",
        title: "Gooi en Vechtstreek",
        organisation: "GM0402",
        coordinator: person("joke", "Joke Mulder"),
        coaches: [person("daan", "Daan Peters"), person("esra", "Esra Demir"), person("floor", "Floor Smit")],
        files: vec![
            register("register.toml", include_str!("../../assets/gooi-en-vechtstreek.toml")),
            csv("participants.csv", FileKind::Participants, participants::file(&WERKEN_AAN_WERK)),
        ],
        variants: vec![register("register-lezing-1.toml", include_str!("../../assets/gooi-en-vechtstreek-lezing-1.toml"))],
        today: day(2023, 4, 3),
        outflow: &[],
        budget: None,
        monitor: Some((Period { from: day(2020, 1, 1), to: day(2023, 3, 31) }, "werken-aan-werk")),
    }
}

const fn block(
    programme: &'static str,
    (started, trained, placed): (usize, Option<usize>, usize),
    place: &'static str,
    sector: &'static str,
    employer: &'static str,
) -> Block {
    Block { programme, started, trained, placed, place, sector, employer }
}

/// The published figures, project by project; the blocks that can be read in two ways are there in both readings.
static WERKEN_AAN_WERK: Group = Group {
    seed: 2023,
    prefix: "GV",
    blocks: &[
        block("zorgstart", (521, Some(448), 214), "PAID_JOB", "CARE", "Zorggroep De Hei"),
        block("bouw-techniek-start", (13, Some(8), 4), "LEARNING_JOB", "CONSTRUCTION", "Bouwbedrijf Van Dam"),
        block("young-digitals", (22, Some(18), 10), "LEARNING_JOB", "MEDIA_ICT", "Studio Mediapark"),
        block("basiskok", (21, Some(12), 6), "PAID_JOB", "HOSPITALITY", "Restaurant De Vecht"),
        block("leerlingenvervoer", (20, Some(19), 19), "PAID_JOB", "TRANSPORT", "Taxi Gooiland"),
        block("jongerenspecialist", (115, None, 65), "PAID_JOB", "RETAIL", "Winkel van Sinkel"),
        // Reading 2.
        block("doorstroombanen", (48, None, 13), "PAID_JOB", "RETAIL", "Winkel van Sinkel"),
        block("trainingen", (34, Some(34), 6), "PAID_JOB", "HOSPITALITY", "Restaurant De Vecht"),
        // Reading 1: the second is a part of the first, 48 = 14 + 34 and 13 = 7 + 6.
        block("ontwikkeltrajecten-lezing-1", (14, None, 7), "PAID_JOB", "RETAIL", "Winkel van Sinkel"),
        block("doorstroombanen-lezing-1", (34, Some(34), 6), "PAID_JOB", "HOSPITALITY", "Restaurant De Vecht"),
    ],
    from: day(2020, 1, 1),
    to: day(2023, 3, 31),
    municipalities: &["GM0376", "GM0402", "GM0406", "GM0417", "GM1696", "GM1942"],
    target_groups: &[
        "BENEFIT_ENTITLED",
        "NUGGER",
        "PERMIT_HOLDER",
        "WW_YOUTH",
        "NO_START_QUALIFICATION",
        "VSV|NO_START_QUALIFICATION",
        "JOB_AGREEMENT",
    ],
    coaches: ["daan", "esra", "floor"],
    coached: 36,
    ages: (18, 54),
    returning: 10,
};

/// Pupils whose internships are guided; no figures were published about them.
static STAGEBEGELEIDING: Group = Group {
    seed: 2018,
    prefix: "ZK",
    blocks: &[
        block("stagebegeleiding", (12, None, 2), "LEARNING_JOB", "GREEN", "Kwekerij Duinzicht"),
        block("stagebegeleiding", (10, None, 1), "PAID_JOB", "RETAIL", "Bakkerij De Korenaar"),
        block("stagebegeleiding", (10, None, 1), "PAID_JOB", "CARE", "Zorgcentrum Zeewijk"),
        block("stagebegeleiding", (8, None, 2), "LEARNING_JOB", "TECH", "Installatiebedrijf Kennemer"),
    ],
    from: day(2018, 8, 1),
    to: day(2018, 12, 7),
    municipalities: &["GM0375", "GM0377", "GM0392", "GM0396", "GM0397", "GM0453", "GM0473"],
    target_groups: &["PRO", "VSO", "PRO|VULNERABLE_YOUTH", "VSO|JOB_AGREEMENT"],
    coaches: ["anna", "bram", "chantal"],
    coached: 30,
    ages: (15, 18),
    returning: 0,
};
