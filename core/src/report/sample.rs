//! Invented people for the tests of reports.
