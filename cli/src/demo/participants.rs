//! Participants of programmes: invented people such that each block of the monitor has its published figures, among
//! others who do not count: intakes that led to nothing, trial places, trainings that were stopped.

use veldboek_core::clock::Day;

use super::people::{Dice, GIVEN_NAMES, INITIALS};
use super::write_csv;

const HEADER: &[&str] = &[
    "reference",
    "trajectory_ref",
    "given_name",
    "family_initial",
    "birth_date",
    "municipality",
    "target_groups",
    "programme",
    "goal_direction",
    "referrer_role",
    "referral_date",
    "intake_date",
    "agreement_date",
    "coach",
    "training_start",
    "training_end",
    "training_result",
    "placement_type",
    "placement_start",
    "placement_end",
    "placement_end_reason",
    "sector",
    "employer",
    "hours_per_week",
    "final_phase_date",
    "closing_reason",
    "end_date",
    "outflow_destination",
    "outflow_date",
];

/// A block of the monitor.
pub(super) struct Block {
    pub(super) programme: &'static str,
    pub(super) started: usize,
    /// `None`: the block has no trainings.
    pub(super) trained: Option<usize>,
    pub(super) placed: usize,
    /// What kind of place counts here.
    pub(super) place: &'static str,
    pub(super) sector: &'static str,
    pub(super) employer: &'static str,
}

/// What one file of participants is to show.
pub(super) struct Group {
    pub(super) seed: u64,
    pub(super) prefix: &'static str,
    pub(super) blocks: &'static [Block],
    pub(super) from: Day,
    /// The last day that the published figures cover.
    pub(super) to: Day,
    pub(super) municipalities: &'static [&'static str],
    pub(super) target_groups: &'static [&'static str],
    pub(super) coaches: [&'static str; 3],
    /// How many running trajectories have a coach.
    pub(super) coached: usize,
    pub(super) ages: (i64, i64),
    /// How many people come back for a second programme.
    pub(super) returning: usize,
}

/// One row before it is written.
#[derive(Clone, Default)]
struct Row {
    cells: Vec<(&'static str, String)>,
    referral: Option<Day>,
    ended: Option<Day>,
    placed: bool,
}

impl Row {
    fn set(&mut self, column: &'static str, value: impl ToString) {
        self.cells.retain(|(name, _)| *name != column);
        self.cells.push((column, value.to_string()));
    }

    fn get(&self, column: &str) -> &str {
        self.cells.iter().find(|(name, _)| *name == column).map_or("", |(_, value)| value)
    }
}

/// The columns that describe the person: equal in all rows about one.
const PERSON: &[&str] = &["reference", "given_name", "family_initial", "birth_date", "municipality", "target_groups"];

/// The file.
pub(super) fn file(group: &Group) -> Vec<u8> {
    let mut dice = Dice::new(group.seed);
    let mut rows: Vec<Row> = Vec::new();
    for block in group.blocks {
        for index in 0..block.started {
            rows.push(started(&mut dice, group, block, index));
        }
        // Some are seen at an intake and do not begin.
        for _ in 0..block.started / 20 {
            rows.push(no_inflow(&mut dice, group, block));
        }
    }
    dice.shuffle(&mut rows);
    for (number, row) in rows.iter_mut().enumerate() {
        row.set("reference", format!("{}-{:04}", group.prefix, number + 1));
        row.set("trajectory_ref", format!("T{:05}", 10_000 + 7 * number));
    }
    come_back(&mut rows, group.returning);
    coach(&mut rows, group);
    let lines: Vec<Vec<String>> =
        rows.iter().map(|row| HEADER.iter().map(|column| row.get(column).to_owned()).collect()).collect();
    write_csv(HEADER, &lines)
}

fn person(dice: &mut Dice, group: &Group, block: &Block, agreed: Day) -> Row {
    let mut row = Row::default();
    row.set("given_name", dice.pick(GIVEN_NAMES));
    row.set("family_initial", dice.pick(INITIALS));
    row.set("birth_date", agreed.plus_months(-12 * dice.between(group.ages.0, group.ages.1)).plus_days(-dice.between(60, 360)));
    row.set("municipality", dice.pick(group.municipalities));
    row.set("target_groups", dice.pick(group.target_groups));
    row.set("programme", block.programme);
    row.set("goal_direction", if dice.happens(85) { "WORK" } else { "EDUCATION" });
    row.set("referrer_role", dice.pick(&["MUNICIPALITY", "YOUTH_DESK", "RMC", "EMPLOYER_DESK", "UWV", "SELF"]));
    let intake = agreed.plus_days(-dice.between(3, 14));
    let referral = intake.plus_days(-dice.between(3, 28));
    row.set("referral_date", referral);
    row.set("intake_date", intake);
    row.referral = Some(referral);
    row
}

fn no_inflow(dice: &mut Dice, group: &Group, block: &Block) -> Row {
    let day = dice.day(group.from.plus_days(60), group.to);
    let mut row = person(dice, group, block, day);
    let ended = day.plus_days(dice.between(0, 10)).min(group.to);
    row.set("closing_reason", "NO_INFLOW");
    row.set("end_date", ended);
    row
}

fn started(dice: &mut Dice, group: &Group, block: &Block, index: usize) -> Row {
    let trained = block.trained.is_some_and(|trained| index < trained);
    let placed = index < block.placed;
    // Early enough that what counts happened within the period.
    let latest = match (block.trained.is_some(), trained, placed) {
        (true, _, true) => group.to.plus_days(-180),
        (true, true, false) => group.to.plus_days(-130),
        (false, _, true) => group.to.plus_days(-90),
        _ => group.to,
    };
    // The last quarter begins with a few more, who are still under way.
    let first = if latest == group.to && dice.happens(40) { group.to.plus_days(-100) } else { group.from.plus_days(45) };
    let agreed = dice.day(first, latest);
    let mut row = person(dice, group, block, agreed);
    row.placed = placed;
    row.set("agreement_date", agreed);
    let mut ready = agreed.plus_days(dice.between(10, 40));
    if block.trained.is_some() {
        ready = training(dice, group, &mut row, agreed, trained);
    }
    let running = agreed > group.to.plus_days(-150);
    if placed {
        let start = ready.plus_days(dice.between(1, 30));
        place(dice, &mut row, block, block.place, start);
        if start < group.to.plus_days(-240) && dice.happens(80) {
            finish(&mut row, start.plus_days(dice.between(150, 230)));
        }
    } else if running || dice.happens(15) {
        if block.trained.is_none() || trained {
            let kind = if block.programme.starts_with("doorstroombanen") {
                "STEP_UP_JOB"
            } else {
                dice.pick(&["INTERNSHIP_EXTERNAL", "WORK_EXPERIENCE", "TRIAL", "STEP_UP_JOB"])
            };
            let start = ready.plus_days(dice.between(1, 14)).min(group.to.plus_days(-1)).max(agreed);
            place(dice, &mut row, block, kind, start);
        }
    } else {
        let ended = ready.plus_days(dice.between(20, 120)).min(group.to);
        row.set("closing_reason", dice.pick(&["STOPPED_EARLY", "REPORTED_BACK", "REPORTED_BACK", "TRANSFERRED", "MOVED"]));
        row.set("end_date", ended);
        row.ended = Some(ended);
    }
    row
}

/// A training; gives the day after which a place may begin.
fn training(dice: &mut Dice, group: &Group, row: &mut Row, agreed: Day, completed: bool) -> Day {
    let start = agreed.plus_days(dice.between(5, 20));
    row.set("training_start", start);
    let end = start.plus_days(dice.between(42, 100));
    if completed {
        row.set("training_end", end);
        row.set("training_result", if dice.happens(60) { "PASSED" } else { "COMPLETED" });
        end
    } else if end < group.to && agreed <= group.to.plus_days(-150) {
        row.set("training_end", start.plus_days(dice.between(7, 40)));
        row.set("training_result", "STOPPED");
        end
    } else {
        row.set("training_result", "RUNNING");
        start.plus_days(7)
    }
}

fn place(dice: &mut Dice, row: &mut Row, block: &Block, kind: &str, start: Day) {
    row.set("placement_type", kind);
    row.set("placement_start", start);
    row.set("sector", block.sector);
    row.set("employer", block.employer);
    row.set("hours_per_week", dice.pick(&["16", "20", "24", "28", "32", "36", "7.5"]));
}

/// The goal is reached and the trajectory ends; the job goes on.
fn finish(row: &mut Row, ended: Day) {
    row.set("final_phase_date", ended.plus_days(-30));
    row.set("closing_reason", "GOAL_REACHED");
    row.set("end_date", ended);
    row.set("outflow_destination", "WORK");
    row.set("outflow_date", ended);
    row.ended = Some(ended);
}

/// Some who stopped come back later in another programme: one person, two trajectories.
fn come_back(rows: &mut [Row], most: usize) {
    let mut done = 0;
    let mut taken: Vec<usize> = Vec::new();
    for before in 0..rows.len() {
        let Some(ended) = rows[before].ended.filter(|_| !rows[before].placed && done < most && !taken.contains(&before)) else {
            continue;
        };
        let later = (0..rows.len()).find(|later| {
            !taken.contains(later)
                && *later != before
                && rows[*later].get("programme") != rows[before].get("programme")
                && rows[*later].referral.is_some_and(|referral| referral > ended.plus_days(30))
        });
        if let Some(later) = later {
            for column in PERSON {
                let value = rows[before].get(column).to_owned();
                rows[later].set(column, value);
            }
            taken.extend([before, later]);
            done += 1;
        }
    }
}

/// The latest running trajectories have a coach, in turn.
fn coach(rows: &mut [Row], group: &Group) {
    let mut running: Vec<usize> = (0..rows.len())
        .filter(|row| {
            let row = &rows[*row];
            row.ended.is_none() && !row.get("agreement_date").is_empty() && !row.get("placement_start").is_empty()
        })
        .collect();
    running.sort_by_key(|row| std::cmp::Reverse((rows[*row].get("placement_start").to_owned(), *row)));
    for (turn, row) in running.into_iter().take(group.coached).enumerate() {
        rows[row].set("coach", group.coaches[turn % 3]);
    }
}
