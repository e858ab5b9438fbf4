//! Where things lie: the store's directory and what is in it.

use std::path::{Path, PathBuf};

use crate::message::Problem;

/// The directory of the store: the option or `VELDBOEK_STORE`, else the platform's data directory.
pub(crate) fn store(given: Option<&Path>) -> Result<PathBuf, Problem> {
    match given {
        Some(path) => Ok(path.to_owned()),
        None => directories::ProjectDirs::from("nl", "Veldboek", "veldboek")
            .map(|dirs| dirs.data_dir().to_owned())
            .ok_or(Problem::NoDataDirectory),
    }
}

/// The cache, which may be deleted at any time.
pub(crate) fn cache(store: &Path) -> PathBuf {
    store.join("cache")
}
