//! The settings of the server: a small TOML file, overridden by options of the command.
//!
//! A key that is not known is refused with the nearest known one, because a misspelt limit that is silently ignored is
//! found out on the day it was needed.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use veldboek_core::limits::MAX_BODY;
use veldboek_core::record::{Lang, Unreadable};
use veldboek_core::sync::server::GRACE_DAYS;
use veldboek_core::words::Words;

use crate::origin::{Proxies, ProxyHeader};
use crate::time::Clock;

/// Where the server listens when nobody said otherwise: only on this machine, behind whatever terminates TLS.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8787";
/// The folder of the store beside the configuration file.
pub const DEFAULT_STORE: &str = "veldboek-store";
/// The region of a first try. A region's name is part of its register's identity and stays for ever.
pub const DEFAULT_REGION: &str = "proefregio";

/// Longer than a day nobody is locked out: that is what revoking a device is for.
const MOST_LOCKOUT_MINUTES: u64 = 24 * 60;

/// After a year nobody remembers why work may still come in.
const MOST_GRACE_DAYS: u64 = 366;

/// What a server needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder of the store.
    pub store: PathBuf,
    /// Address and port; port 0 takes a free one.
    pub listen: String,
    /// The region this server is for. Needed at the first start; afterwards the store knows it.
    pub region: Option<String>,
    /// The file with the key around the keyring; without it a credential of systemd, else a file in the store.
    pub master_key: Option<PathBuf>,
    /// The configuration file that these were read from.
    pub file: Option<PathBuf>,
    /// For how many days after its end work that was made under a grant still comes in by itself.
    pub grace_days: u32,
    /// The proxies that are believed about where a request comes from.
    pub proxies: Proxies,
    /// How much one client may ask.
    pub limits: Limits,
    /// What time it is; not from the file.
    pub clock: Clock,
}

impl Settings {
    /// The settings for a store in this folder, everything else as by default.
    pub fn for_store(store: impl Into<PathBuf>) -> Self {
        Self {
            store: store.into(),
            listen: DEFAULT_LISTEN.to_owned(),
            region: None,
            master_key: None,
            file: None,
            grace_days: GRACE_DAYS,
            proxies: Proxies::default(),
            limits: Limits::default(),
            clock: Clock::system(),
        }
    }
}

/// How much one client may ask, so that one broken device costs the others nothing.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The largest body of a signed request.
    pub body_bytes: usize,
    /// The largest body of a request without a signature (enrolment).
    pub unsigned_body_bytes: usize,
    /// How long a sender may fall silent in the middle of a body or of its headers.
    pub idle: Duration,
    /// How long a whole body may take.
    pub body: Duration,
    /// How long a whole body without a signature may take: it is short, and comes from anyone.
    pub unsigned: Duration,
    /// Bodies without a signature that come in at one time; the oldest is given up for a further one.
    pub unsigned_requests: usize,
    /// Connections open at one time.
    pub connections: usize,
    /// Requests in hand at one time; further ones wait their turn.
    pub requests: usize,
    /// How long a request waits its turn before it is told to come back later, and a stopping server waits for clients.
    pub patience: Duration,
    /// How often one device may ask in a minute; further requests are told when to come back.
    pub device_requests_per_minute: usize,
    /// How often everyone together may ask in a minute without a signature.
    pub anonymous_requests_per_minute: usize,
    /// How often they may from one address (of IPv6: from one network of 64 bits), where that is known.
    pub address_requests_per_minute: usize,
    /// Wrong requests within ten minutes after which a device, or an address without a signature, is not listened to for a while.
    pub wrong_requests: usize,
    /// How long that while is.
    pub lockout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: MAX_BODY,
            unsigned_body_bytes: 64 * 1024,
            idle: Duration::from_secs(20),
            body: Duration::from_secs(300),
            unsigned: Duration::from_secs(10),
            unsigned_requests: 128,
            connections: 1024,
            requests: 64,
            patience: Duration::from_secs(10),
            device_requests_per_minute: 1200,
            anonymous_requests_per_minute: 600,
            address_requests_per_minute: 60,
            wrong_requests: 60,
            lockout: Duration::from_secs(15 * 60),
        }
    }
}

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {path}: {source}; check --config and who may read the file")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not TOML, or a value has the wrong type.
    #[error("the configuration {path} cannot be understood: {message}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, column and reason.
        message: String,
    },
    /// A key that does not exist.
    #[error("the configuration {path} has an unknown key '{key}'; {}", .hint.message(Lang::En))]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// What was written.
        key: String,
        /// The nearest known key, or all of them.
        hint: Unreadable,
    },
    /// A value that cannot work.
    #[error("the configuration {path} says {key} = {value}; {hint}")]
    Impossible {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// The value.
        value: u64,
        /// What is possible.
        hint: Words,
    },
}

impl ConfigError {
    /// What is the matter and what to do next, in Dutch. The system and the TOML reader are quoted as they said it.
    pub fn dutch(&self) -> String {
        match self {
            Self::Unreadable { path, source } => format!(
                "de configuratie {} kan niet worden gelezen ({source}); kijk naar --config en wie het bestand mag lezen",
                path.display()
            ),
            Self::Malformed { path, message } => {
                format!("de configuratie {} wordt niet begrepen: {message}", path.display())
            }
            Self::UnknownKey { path, key, hint } => {
                format!("de configuratie {} heeft een onbekende sleutel '{key}'; {}", path.display(), hint.message(Lang::Nl))
            }
            Self::Impossible { path, key, value, hint } => {
                format!("de configuratie {} zegt {key} = {value}; {}", path.display(), hint.say(Lang::Nl))
            }
        }
    }
}

#[derive(Deserialize, Default)]
struct File {
    store: Option<PathBuf>,
    listen: Option<String>,
    region: Option<String>,
    master_key: Option<PathBuf>,
    grace_days: Option<u64>,
    trusted_proxies: Option<Vec<IpAddr>>,
    proxy_header: Option<ProxyHeader>,
    #[serde(default)]
    limits: FileLimits,
}

#[derive(Deserialize, Default)]
struct FileLimits {
    body_bytes: Option<u64>,
    idle_seconds: Option<u64>,
    body_seconds: Option<u64>,
    unsigned_seconds: Option<u64>,
    unsigned_requests: Option<u64>,
    connections: Option<u64>,
    requests: Option<u64>,
    device_requests_per_minute: Option<u64>,
    anonymous_requests_per_minute: Option<u64>,
    address_requests_per_minute: Option<u64>,
    wrong_requests: Option<u64>,
    lockout_minutes: Option<u64>,
}

const KEYS: &[&str] = &["store", "listen", "region", "master_key", "grace_days", "trusted_proxies", "proxy_header", "limits"];
const LIMIT_KEYS: &[&str] = &[
    "body_bytes",
    "idle_seconds",
    "body_seconds",
    "unsigned_seconds",
    "unsigned_requests",
    "connections",
    "requests",
    "device_requests_per_minute",
    "anonymous_requests_per_minute",
    "address_requests_per_minute",
    "wrong_requests",
    "lockout_minutes",
];

/// The settings from a file, or the defaults without one. A relative `store` is relative to the file.
///
/// # Errors
/// [`ConfigError`] names the file and the key.
pub fn load(path: Option<&Path>) -> Result<Settings, ConfigError> {
    let Some(path) = path else { return Ok(Settings::for_store(DEFAULT_STORE)) };
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_path_buf(), source })?;
    parse(&text, path)
}

fn parse(text: &str, path: &Path) -> Result<Settings, ConfigError> {
    let malformed = |error: toml::de::Error| ConfigError::Malformed {
        path: path.to_path_buf(),
        message: error.to_string().trim().to_owned(),
    };
    let table: toml::Table = text.parse().map_err(malformed)?;
    known(table.keys(), KEYS, "", path)?;
    if let Some(toml::Value::Table(limits)) = table.get("limits") {
        known(limits.keys(), LIMIT_KEYS, "limits.", path)?;
    }
    // Read from the text again, not from the table: then a wrong type is reported with its line.
    let file: File = toml::from_str(text).map_err(malformed)?;
    let beside = path.parent().unwrap_or(Path::new(""));
    let number = |key: &'static str, value: Option<u64>, least: u64, default: u64, hint: Words| match value {
        Some(value) if value < least => Err(ConfigError::Impossible { path: path.to_path_buf(), key, value, hint }),
        other => Ok(other.unwrap_or(default)),
    };
    let standard = Limits::default();
    let seconds = Words::new("er is minstens 1 seconde nodig", "at least 1 second is needed");
    let one = Words::new("er is minstens 1 nodig", "at least 1 is needed");
    let limits = Limits {
        body_bytes: size(number(
            "limits.body_bytes",
            file.limits.body_bytes,
            65_536,
            standard.body_bytes as u64,
            Words::new(
                "er is minstens 65536 nodig, anders past een bezoek misschien niet",
                "at least 65536 is needed, or a visit may not fit",
            ),
        )?),
        idle: Duration::from_secs(number("limits.idle_seconds", file.limits.idle_seconds, 1, standard.idle.as_secs(), seconds)?),
        body: Duration::from_secs(number("limits.body_seconds", file.limits.body_seconds, 1, standard.body.as_secs(), seconds)?),
        unsigned: Duration::from_secs(number(
            "limits.unsigned_seconds",
            file.limits.unsigned_seconds,
            1,
            standard.unsigned.as_secs(),
            seconds,
        )?),
        unsigned_requests: size(number(
            "limits.unsigned_requests",
            file.limits.unsigned_requests,
            1,
            standard.unsigned_requests as u64,
            one,
        )?),
        connections: size(number("limits.connections", file.limits.connections, 1, standard.connections as u64, one)?),
        requests: size(number("limits.requests", file.limits.requests, 1, standard.requests as u64, one)?),
        device_requests_per_minute: size(number(
            "limits.device_requests_per_minute",
            file.limits.device_requests_per_minute,
            10,
            standard.device_requests_per_minute as u64,
            Words::new(
                "er zijn er minstens 10 nodig, anders duurt een eerste uitwisseling de hele ochtend",
                "at least 10 are needed, or a first exchange takes all morning",
            ),
        )?),
        anonymous_requests_per_minute: size(number(
            "limits.anonymous_requests_per_minute",
            file.limits.anonymous_requests_per_minute,
            1,
            standard.anonymous_requests_per_minute as u64,
            one,
        )?),
        address_requests_per_minute: size(number(
            "limits.address_requests_per_minute",
            file.limits.address_requests_per_minute,
            1,
            standard.address_requests_per_minute as u64,
            one,
        )?),
        wrong_requests: size(number(
            "limits.wrong_requests",
            file.limits.wrong_requests,
            5,
            standard.wrong_requests as u64,
            Words::new(
                "er zijn er minstens 5 nodig, anders sluit een tikfout in een code mensen buiten",
                "at least 5 are needed, or a code that is mistyped locks people out",
            ),
        )?),
        lockout: Duration::from_secs(
            60 * number(
                "limits.lockout_minutes",
                file.limits.lockout_minutes,
                1,
                standard.lockout.as_secs() / 60,
                Words::new("er is minstens 1 minuut nodig", "at least 1 minute is needed"),
            )?
            .min(MOST_LOCKOUT_MINUTES),
        ),
        ..standard
    };
    let grace_days = match file.grace_days {
        Some(days) if days > MOST_GRACE_DAYS => {
            let hint = Words::new("ten hoogste 366 dagen kan", "at most 366 days are possible");
            return Err(ConfigError::Impossible { path: path.to_path_buf(), key: "grace_days", value: days, hint });
        }
        days => days.and_then(|days| u32::try_from(days).ok()).unwrap_or(GRACE_DAYS),
    };
    Ok(Settings {
        store: beside.join(file.store.unwrap_or_else(|| DEFAULT_STORE.into())),
        listen: file.listen.unwrap_or_else(|| DEFAULT_LISTEN.to_owned()),
        region: file.region,
        master_key: file.master_key.map(|key| beside.join(key)),
        file: Some(path.to_path_buf()),
        grace_days,
        proxies: Proxies { trusted: file.trusted_proxies.unwrap_or_default(), header: file.proxy_header.unwrap_or_default() },
        limits,
        clock: Clock::system(),
    })
}

fn size(number: u64) -> usize {
    // A semaphore holds less than a whole usize; nobody means more than this.
    usize::try_from(number).unwrap_or(usize::MAX).min(usize::MAX >> 4)
}

fn known<'a>(keys: impl Iterator<Item = &'a String>, allowed: &[&str], prefix: &str, path: &Path) -> Result<(), ConfigError> {
    for key in keys {
        if allowed.contains(&key.as_str()) {
            continue;
        }
        let nearest = allowed.iter().map(|known| (distance(key, known), *known)).min().filter(|(distance, _)| *distance <= 3);
        let hint = match nearest {
            Some((_, known)) => {
                Unreadable::new(format!("bedoelt u '{prefix}{known}'?"), format!("did you mean '{prefix}{known}'?"))
            }
            None => {
                let all = allowed.join(", ");
                Unreadable::new(format!("de bekende sleutels zijn: {all}"), format!("the known keys are: {all}"))
            }
        };
        return Err(ConfigError::UnknownKey { path: path.to_path_buf(), key: format!("{prefix}{key}"), hint });
    }
    Ok(())
}

/// The number of letters to insert, remove or change between two words.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, candidate) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *candidate);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, ConfigError> {
        parse(text, Path::new("/etc/veldboek/server.toml"))
    }

    #[test]
    fn an_empty_file_is_a_first_try_on_loopback() {
        let settings = read("").unwrap();
        assert_eq!(settings.store, Path::new("/etc/veldboek/veldboek-store"));
        assert_eq!(settings.listen, "127.0.0.1:8787");
        assert_eq!(settings.limits.body_bytes, MAX_BODY);
    }

    #[test]
    fn a_misspelt_key_is_refused_with_the_one_that_was_meant() {
        let error = read("regoin = 'gooi'").unwrap_err().to_string();
        assert!(error.contains("'regoin'") && error.contains("did you mean 'region'?"), "{error}");
        let error = read("[limits]\nbody_byte = 5").unwrap_err().to_string();
        assert!(error.contains("did you mean 'limits.body_bytes'?"), "{error}");
        let error = read("colour = 'blue'").unwrap_err().to_string();
        assert!(error.contains("the known keys are: store, listen, region, master_key, grace_days, trusted_proxies,"), "{error}");
    }

    #[test]
    fn a_wrong_type_or_an_impossible_value_is_refused_with_its_place() {
        let error = read("store = 'x'\nlisten = 80").unwrap_err().to_string();
        assert!(error.contains("line 2"), "{error}");
        let error = read("[limits]\nbody_bytes = 10").unwrap_err().to_string();
        assert!(error.contains("limits.body_bytes = 10"), "{error}");
        let error = read("[limits]\nwrong_requests = 1").unwrap_err().to_string();
        assert!(error.contains("limits.wrong_requests = 1"), "{error}");
        let limits = read("[limits]\ndevice_requests_per_minute = 30\nlockout_minutes = 2").unwrap().limits;
        assert_eq!((limits.device_requests_per_minute, limits.lockout), (30, Duration::from_secs(120)));
        let limits = read("[limits]\nunsigned_seconds = 3\nunsigned_requests = 7").unwrap().limits;
        assert_eq!((limits.unsigned, limits.unsigned_requests), (Duration::from_secs(3), 7));
        assert!(read("[limits]\nunsigned_requests = 0").unwrap_err().to_string().contains("limits.unsigned_requests = 0"));
    }

    #[test]
    fn proxies_are_named_by_address() {
        assert!(read("").unwrap().proxies.trusted.is_empty());
        let proxies = read("trusted_proxies = ['10.0.0.2', '2001:db8::1']\nproxy_header = 'forwarded'").unwrap().proxies;
        assert_eq!(proxies.trusted, ["10.0.0.2", "2001:db8::1"].map(|address| address.parse::<IpAddr>().unwrap()));
        assert_eq!(proxies.header, ProxyHeader::Forwarded);
        assert_eq!(read("trusted_proxies = ['::1']").unwrap().proxies.header, ProxyHeader::XForwardedFor);
        let error = read("region = 'gooi'\ntrusted_proxies = ['proxy.gooi.nl']").unwrap_err().to_string();
        assert!(error.contains("line 2"), "{error}");
        assert!(read("proxy_header = 'x-real-ip'").is_err());
        assert!(read("trusted_proxy = '10.0.0.2'").unwrap_err().to_string().contains("did you mean 'trusted_proxies'?"));
    }

    #[test]
    fn a_master_key_is_relative_to_the_file_too() {
        assert_eq!(read("").unwrap().master_key, None);
        assert_eq!(read("master_key = 'master.key'").unwrap().master_key.unwrap(), Path::new("/etc/veldboek/master.key"));
    }

    #[test]
    fn the_grace_is_a_fortnight_unless_the_file_says_otherwise() {
        assert_eq!((read("").unwrap().grace_days, read("grace_days = 0").unwrap().grace_days), (14, 0));
        assert!(read("grace_days = 1000").unwrap_err().to_string().contains("at most 366"));
    }

    #[test]
    fn an_absolute_store_stays_where_it_is() {
        assert_eq!(read("store = '/var/lib/veldboek'").unwrap().store, Path::new("/var/lib/veldboek"));
    }
}
