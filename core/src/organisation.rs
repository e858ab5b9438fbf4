//! Schools, employers and coaches. Part of the region's register, keyed by code.

use std::collections::BTreeMap;

use crate::clock::Day;
use crate::codes::*;
use crate::record;

record! {
    /// A school, keyed by a code (its BRIN where known, else a slug of its name).
    School in Schools {
        /// What people call it.
        Register name: Option<String> = "n", "naam";
        /// Kind of education.
        Register school_type: Option<SchoolType> = "t", "schoolsoort";
        /// Cluster 3 or 4 of a vso school.
        Register cluster: Option<i64> = "c", "cluster";
        /// Code in the school register.
        Register brin: Option<String> = "b", "BRIN";
        /// Pupils by reference date.
        Map headcounts: BTreeMap<Day, i64> = "h", "leerlingaantallen";
    }
}

record! {
    /// An employer, keyed by KvK number where known, else a slug of its name.
    Employer in Employers {
        /// What people call it.
        Register name: Option<String> = "n", "naam";
        /// Eight digits.
        Register kvk: Option<String> = "k", "KvK-nummer";
        /// Place.
        Register location: Option<String> = "l", "plaats";
        /// Sector.
        Register sector: Option<Sector> = "s", "sector";
        /// Telephone number.
        Register phone: Option<String> = "p", "telefoon";
    }
}

record! {
    /// A coach or coordinator, keyed by a code of their own.
    Coach in Coaches {
        /// What colleagues call them.
        Register display_name: Option<String> = "n", "naam";
        /// Code of the organisation.
        Register organisation: Option<String> = "o", "organisatie";
        /// First working day.
        Register active_from: Option<Day> = "f", "actief vanaf";
        /// Last working day.
        Register active_to: Option<Day> = "t", "actief tot en met";
    }
}

/// A code made from a name, for a school or employer that has no number: `Café De Zon` becomes `cafe-de-zon`.
pub fn slug(name: &str) -> String {
    let mut slug = String::new();
    for char in name.trim().to_lowercase().chars() {
        let plain = match char {
            'à' | 'á' | 'â' | 'ä' | 'ã' | 'å' => 'a',
            'è' | 'é' | 'ê' | 'ë' => 'e',
            'ì' | 'í' | 'î' | 'ï' => 'i',
            'ò' | 'ó' | 'ô' | 'ö' | 'õ' | 'ø' => 'o',
            'ù' | 'ú' | 'û' | 'ü' => 'u',
            'ç' => 'c',
            'ñ' => 'n',
            other => other,
        };
        if plain.is_ascii_alphanumeric() {
            slug.push(plain);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}
