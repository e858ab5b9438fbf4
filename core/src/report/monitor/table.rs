//! The monitor as a table, with its definition.

use super::{Figures, Monitor};
use crate::record::{Code as _, Lang};
use crate::report::percent::shown_or_dash;
use crate::report::{Heading, Tabular, headings, or_dash};

pub(super) fn definition(lang: Lang) -> String {
    match lang {
        Lang::Nl => {
            "Gestart: trajecten waarvan de overeenkomst in de periode is getekend. Scholing afgerond: trajecten waarvan de \
                     eerste behaalde of afgeronde scholing in de periode eindigde. Geplaatst: trajecten waarvan de eerste \
                     plaatsing die volgens het programma telt in de periode begon. Een programma telt zijn onderdelen mee. \
                     Op koers: gerealiseerd sinds het begin tegenover het doel naar rato van de verstreken dagen, met 5% speling."
                .to_owned()
        }
        Lang::En => {
            "Started: trajectories whose agreement was signed in the period. Training completed: trajectories whose first \
                     passed or completed training ended in the period. Placed: trajectories whose first placement that counts \
                     for the programme began in the period. A programme includes its parts. Pace: realised since the beginning \
                     beside the target in proportion to the days elapsed, give or take 5%."
                .to_owned()
        }
    }
}

impl Tabular for Monitor {
    fn title(&self, lang: Lang) -> String {
        match lang {
            Lang::Nl => format!("Programmamonitor {} t/m {}", self.from, self.to.min(self.judged_on)),
            Lang::En => format!("Programme monitor {} to {}", self.from, self.to.min(self.judged_on)),
        }
    }

    fn headings(&self, lang: Lang) -> Vec<Heading> {
        headings(
            lang,
            &[
                ("Programma", "Programme", false),
                ("Categorie", "Category", false),
                ("Gestart", "Started", true),
                ("Personen", "Persons", true),
                ("Scholing afgerond", "Training completed", true),
                ("Personen", "Persons", true),
                ("Geplaatst", "Placed", true),
                ("Personen", "Persons", true),
                ("% geplaatst", "% placed", true),
                ("Geplaatst telt als", "Placed means", false),
            ],
        )
    }

    fn rows(&self, lang: Lang) -> Vec<Vec<String>> {
        let line = |name: String, category: &str, figures: &Figures, definition: &str| {
            vec![
                name,
                category.to_owned(),
                figures.started.to_string(),
                figures.started_persons.to_string(),
                figures.training_completed.to_string(),
                figures.training_completed_persons.to_string(),
                or_dash(figures.placed),
                or_dash(figures.placed_persons),
                shown_or_dash(figures.placed_percent.as_ref(), lang),
                definition.to_owned(),
            ]
        };
        let mut rows: Vec<Vec<String>> = self
            .rows
            .iter()
            .map(|row| {
                let mark = if row.unlisted { " *" } else { "" };
                let name = format!("{}{}{mark}", "  ".repeat(row.depth), row.name);
                let category = row.category.map_or("", |category| category.label(lang));
                line(name, category, &row.figures, row.success_definition.label(lang))
            })
            .collect();
        let total = if lang == Lang::Nl { "Totaal (elk traject één keer)" } else { "Total (each trajectory once)" };
        let definition = self.total.success_definition.map_or("-", |definition| definition.label(lang));
        rows.push(line(total.to_owned(), "", &self.total.figures, definition));
        rows
    }

    fn notes(&self, lang: Lang) -> Vec<String> {
        let mut notes: Vec<String> = self
            .rows
            .iter()
            .flat_map(|row| row.targets.iter().map(|target| target.sentence(&row.name, self.judged_on, lang)))
            .collect();
        notes.extend(self.head.notes(definition(lang), lang));
        notes
    }
}
