//! The files that the demo leaves are plain: whoever counts them with SQL gets the published figures too.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use rusqlite::{Connection, params_from_iter};
use veldboek::demo::{FileContent, region};

/// The files of rows of a region, each a table of texts named after the file.
fn tables(name: &str) -> Connection {
    let sql = Connection::open_in_memory().unwrap();
    for file in region(name).unwrap().files {
        if file.content == FileContent::Register {
            continue;
        }
        let table = file.name.trim_end_matches(".csv").replace('-', "_");
        let mut reader = csv::Reader::from_reader(file.bytes.as_slice());
        let columns: Vec<String> = reader.headers().unwrap().iter().map(|name| format!("\"{name}\" text")).collect();
        sql.execute(&format!("create table {table} ({})", columns.join(", ")), []).unwrap();
        let marks = vec!["?"; columns.len()].join(", ");
        for record in reader.records() {
            let record = record.unwrap();
            sql.execute(&format!("insert into {table} values ({marks})"), params_from_iter(record.iter())).unwrap();
        }
    }
    sql
}

fn count(sql: &Connection, query: &str) -> i64 {
    sql.query_row(query, [], |row| row.get(0)).unwrap()
}

fn published(csv: &str) -> Vec<std::collections::HashMap<String, String>> {
    csv::Reader::from_reader(csv.as_bytes()).deserialize().map(Result::unwrap).collect()
}

#[test]
fn pupils_who_left_are_counted_with_sql_as_published() {
    let sql = tables("zuid-kennemerland-ijmond");
    let lines = published(include_str!("../../cli/assets/published_outflow.csv"));
    assert_eq!(lines.len(), 33);
    for line in lines {
        let (kind, year) = (&line["school_type"], &line["school_year"]);
        let table = format!("leavers_{}_{}", kind.to_lowercase(), year.replace('-', "_"));
        let within = format!("left_on between '{}-08-01' and '{}-07-31' and school_type = '{kind}'", &year[..4], &year[5..]);
        let destination = match line["destination_code"].as_str() {
            "TOTAL" => String::new(),
            code => format!(" and destination = '{code}'"),
        };
        let counted = count(&sql, &format!("select count(distinct reference) from {table} where {within}{destination}"));
        assert_eq!(counted.to_string(), line["count"], "{kind} {year} {}", line["destination_code"]);
    }
}

#[test]
fn blocks_of_the_monitor_are_counted_with_sql_as_published() {
    let sql = tables("gooi-en-vechtstreek");
    let lines = published(include_str!("../../cli/assets/published_monitor_q1_2023.csv"));
    let period = "between '2020-01-01' and '2023-03-31'";
    for (block, programmes) in [
        ("ZorgStart en WijkLeerbedrijf", "'zorgstart'"),
        ("Bouw & Techniek Start", "'bouw-techniek-start'"),
        ("The Young Digitals", "'young-digitals'"),
        ("Horecatraject Basiskok", "'basiskok'"),
        ("Chauffeur Leerlingenvervoer", "'leerlingenvervoer'"),
        ("Jongerenspecialist (RBL)", "'jongerenspecialist'"),
        ("Ontwikkeltrajecten block A (48/13)", "'doorstroombanen'"),
        ("Ontwikkeltrajecten block A (48/13)", "'ontwikkeltrajecten-lezing-1', 'doorstroombanen-lezing-1'"),
        ("Ontwikkeltrajecten block B (34/34/6)", "'trainingen'"),
        ("Ontwikkeltrajecten block B (34/34/6)", "'doorstroombanen-lezing-1'"),
    ] {
        let line = lines.iter().find(|line| line["project"] == block).unwrap();
        for (column, condition) in [
            ("started", format!("agreement_date {period}")),
            ("training_completed", format!("training_result in ('PASSED', 'COMPLETED') and training_end {period}")),
            ("placed", format!("placement_type in ('PAID_JOB', 'LEARNING_JOB', 'SECONDMENT') and placement_start {period}")),
        ] {
            if line[column].is_empty() {
                continue;
            }
            let query = format!("select count(*) from participants where programme in ({programmes}) and {condition}");
            assert_eq!(count(&sql, &query).to_string(), line[column], "{block}, {programmes}: {column}");
        }
    }
}
