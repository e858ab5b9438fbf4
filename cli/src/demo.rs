//! The demo: two regions with invented people whose totals are the published ones, and the comparison of every published
//! cell with the computed one.

pub mod compare;
mod leavers;
mod participants;
mod people;
mod published;
mod regions;

pub use regions::{File, FileContent, Person, REGIONS, Region, region};

/// Rows as a plain CSV file: UTF-8, commas, one header line.
fn write_csv(header: &[&str], rows: &[Vec<String>]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing into memory does not fail, and all rows are as long as the header.
    let _ = writer.write_record(header);
    for row in rows {
        let _ = writer.write_record(row);
    }
    writer.into_inner().unwrap_or_default()
}

#[cfg(test)]
mod tests;
