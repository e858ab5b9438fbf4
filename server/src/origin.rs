//! Where a request comes from, so that one stranger who floods the server does not take the turns of all the others. Only the
//! accounts of strangers need it; it lives in memory, and is shown, logged and written nowhere.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use axum::http::request::Parts;
use serde::Deserialize;
use veldboek_core::ids::DeviceId;

/// The other end of a connection.
#[derive(Clone, Copy)]
pub struct Peer(pub IpAddr);

/// One origin, as accounts are kept: an IPv4 address, or the 64 bits of an IPv6 network, of which one house has all addresses.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// From there.
    Network(Ipv6Addr),
    /// From anywhere: behind a proxy that was not named, all addresses look alike.
    Unknown,
}

impl fmt::Debug for Origin {
    /// Not the address: it is personal data, and a debug line ends up in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Network(_) => "an origin",
            Self::Unknown => "an unknown origin",
        })
    }
}

impl From<IpAddr> for Origin {
    fn from(address: IpAddr) -> Self {
        Self::Network(match address.to_canonical() {
            IpAddr::V4(address) => address.to_ipv6_mapped(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64),
        })
    }
}

/// Who has an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whose {
    /// A device, which proved that it is.
    Device(DeviceId),
    /// Somebody who signs nothing, or not rightly.
    Stranger(Origin),
}

/// The header in which a proxy says for whom it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyHeader {
    /// `X-Forwarded-For`: what nearly all proxies write.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// The proxies whose word is taken for it.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// Their addresses.
    pub trusted: Vec<IpAddr>,
    /// Where they say it. One header only: the other might be the client's own.
    pub header: ProxyHeader,
}

impl Proxies {
    /// Where this request comes from.
    pub fn origin(&self, head: &Parts) -> Origin {
        let Some(Peer(peer)) = head.extensions.get::<Peer>() else { return Origin::Unknown };
        let peer = peer.to_canonical();
        if self.trusted.iter().any(|proxy| proxy.to_canonical() == peer) {
            // The last entry is the proxy's; what stands before it anyone can have sent.
            let told = match self.header {
                ProxyHeader::XForwardedFor => client_ip::rightmost_x_forwarded_for(&head.headers),
                ProxyHeader::Forwarded => client_ip::rightmost_forwarded(&head.headers),
            };
            return told.map_or(Origin::Unknown, Origin::from);
        }
        // On this machine there are only proxies, and whoever tries things out.
        if peer.is_loopback() { Origin::Unknown } else { peer.into() }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn head(peer: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut head, ()) = request.body(()).unwrap().into_parts();
        head.extensions.insert(Peer(peer.parse().unwrap()));
        head
    }

    fn from(address: &str) -> Origin {
        Origin::from(address.parse::<IpAddr>().unwrap())
    }

    #[test]
    fn a_stranger_is_told_by_address_and_an_ipv6_house_by_its_network() {
        let proxies = Proxies::default();
        assert_eq!(proxies.origin(&head("192.0.2.7", &[])), from("192.0.2.7"));
        assert_ne!(proxies.origin(&head("192.0.2.8", &[])), from("192.0.2.7"));
        assert_eq!(proxies.origin(&head("::ffff:192.0.2.7", &[])), from("192.0.2.7"));
        assert_eq!(proxies.origin(&head("2001:db8:1:2:3::4", &[])), from("2001:db8:1:2:ffff::9"));
        assert_ne!(proxies.origin(&head("2001:db8:1:3::4", &[])), from("2001:db8:1:2::4"));
        // Behind a proxy that nobody named all look alike.
        assert_eq!(proxies.origin(&head("127.0.0.1", &[("x-forwarded-for", "192.0.2.7")])), Origin::Unknown);
        assert!(!format!("{:?}", from("192.0.2.7")).contains("192"), "an address is personal data");
    }

    #[test]
    fn only_a_named_proxy_is_believed_and_only_what_it_wrote_itself() {
        let mut proxies = Proxies { trusted: vec!["10.0.0.2".parse().unwrap()], ..Proxies::default() };
        let told = [("x-forwarded-for", "203.0.113.9, 192.0.2.7"), ("forwarded", "for=203.0.113.1")];
        assert_eq!(proxies.origin(&head("10.0.0.2", &told)), from("192.0.2.7"));
        assert_eq!(proxies.origin(&head("10.0.0.3", &told)), from("10.0.0.3"), "anyone can send a header");
        assert_eq!(proxies.origin(&head("10.0.0.2", &[])), Origin::Unknown);
        assert_eq!(proxies.origin(&head("10.0.0.2", &[("x-forwarded-for", "nonsense")])), Origin::Unknown);
        proxies.header = ProxyHeader::Forwarded;
        assert_eq!(proxies.origin(&head("10.0.0.2", &told)), from("203.0.113.1"));
        let six = [("forwarded", "for=192.0.2.1, for=\"[2001:db8:1:2::5]:4711\";proto=https")];
        assert_eq!(proxies.origin(&head("10.0.0.2", &six)), from("2001:db8:1:2::"));
    }
}
