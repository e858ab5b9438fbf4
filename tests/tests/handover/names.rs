//! Two dossiers of one name, of which one is over.

use super::*;

#[test]
fn a_visit_goes_to_the_dossier_that_a_coach_has_and_not_to_one_of_that_name_that_is_over() {
    let mut team = Team::new(61);
    team.cover_by_bram_until("2025-03-07");
    team.field.sync(&mut team.bram);
    let own = team.field.dossier(&mut team.bram, "wf-2025-0001");
    let name = "WF-2025-0001";
    assert!(matches!(team.bram.book.find_to_record(name), Err(FieldBookError::Ambiguous(..))), "both are his: he is asked");
    team.field.clock.pass_minutes(6 * DAY);
    team.bram.book.look_at_the_day(team.field.clock.now(), &mut team.field.dice);
    assert_eq!(team.bram.book.find_to_record(name).unwrap(), (own, false));
    assert_eq!(team.bram.book.find_to_record(&team.dossier.to_string()).unwrap(), (team.dossier, true), "by its own name");
}

#[test]
fn of_two_dossiers_of_one_name_that_are_both_over_it_is_asked_which_is_meant() {
    let mut team = Team::new(62);
    team.cover_by_bram_until("2025-03-07");
    let other = team.field.dossier(&mut team.carla, "WF-2025-0001");
    let until = Some(day("2025-03-07"));
    decide_by(&mut team.field, &mut team.carla, "carla", other, |dossier, by| {
        dossier.cover(by, Cover { coach: "bram".into(), until, ..Cover::default() })
    });
    team.field.sync(&mut team.carla);
    team.field.sync(&mut team.bram);
    team.field.clock.pass_minutes(6 * DAY);
    team.bram.book.look_at_the_day(team.field.clock.now(), &mut team.field.dice);
    let told = team.bram.book.find_to_record("WF-2025-0001");
    assert!(matches!(&told, Err(FieldBookError::Ambiguous(_, ids)) if ids.contains(&other.to_string())), "{told:?}");
}
