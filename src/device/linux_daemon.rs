//! What the scripts of a Linux router ask of its IKE daemon, one constant per daemon.
//!
//! Every command is a line of shell: `$site` is the site's name, `$1` or `$number` the tunnel's.

use super::linux::LinkStyle;

/// An IKE daemon in words and commands.
pub(super) struct Daemon {
    /// For people.
    pub(super) name: &'static str,
    /// Its systemd unit.
    pub(super) unit: &'static str,
    /// Units of other IKE daemons, which would hold the same ports.
    pub(super) rivals: &'static str,
    /// What it and the firewall come in, by distribution.
    pub(super) apt: &'static str,
    pub(super) dnf: &'static str,
    pub(super) zypper: &'static str,
    /// The same on a distribution that we do not know.
    pub(super) words: &'static str,
    /// Programs that must be there.
    pub(super) tools: &'static str,
    /// Files of the distribution and the line that each must have for the daemon to read ours.
    pub(super) included: &'static [(&'static str, &'static str)],
    /// A link of the kind that it needs, in the words of `ip link add NAME`.
    pub(super) link: &'static str,
    /// How its interfaces are named.
    pub(super) link_style: LinkStyle,
    /// What the kernel lacks when it cannot make one.
    pub(super) kernel: &'static str,
    /// A part of the path of the files after whose change `changed` has to be run.
    pub(super) settings: &'static str,
    /// Takes over changed settings.
    pub(super) changed: &'static str,
    /// Takes over the connections when no setting has changed.
    pub(super) unchanged: &'static str,
    /// Closes tunnel `$number`.
    pub(super) stop: &'static str,
    /// Forgets the site after its files are gone.
    pub(super) released: &'static str,
    /// Whether tunnel `$1` carries packets.
    pub(super) alive: &'static str,
    /// Opens tunnel `$1`.
    pub(super) start: &'static str,
}

/// strongSwan as configured by swanctl.
pub(super) const SWANCTL: Daemon = Daemon {
    name: "strongSwan",
    unit: "strongswan",
    rivals: "strongswan-starter ipsec",
    apt: "strongswan-swanctl charon-systemd libstrongswan-standard-plugins nftables",
    dnf: "strongswan nftables",
    zypper: "strongswan nftables",
    words: "strongSwan with swanctl, nftables",
    tools: "swanctl charon-systemd nft",
    included: &[],
    link: "type xfrm dev lo if_id 4294967294",
    link_style: LinkStyle::Dashed,
    kernel: "XFRM interfaces (Linux 4.19 and later, module xfrm_interface)",
    settings: "etc/strongswan.d/",
    changed: "warn \"restarting strongSwan: its other connections, if any, go down for a moment\"
    systemctl restart strongswan",
    unchanged: "swanctl --load-all --noprompt >/dev/null",
    stop: "swanctl --terminate --ike \"$site-$number\" --timeout 5",
    released: "warn \"restarting strongSwan: its other connections, if any, go down for a moment\"
      systemctl restart strongswan",
    alive: "swanctl --list-sas --child \"$site-$1\" 2>/dev/null | grep -q INSTALLED",
    start: "swanctl --initiate --child \"$site-$1\" --timeout 20",
};

/// Libreswan: `ipsec whack` and `ipsec addconn` are the same from 4.x to 5.x, where `ipsec auto`
/// has gone.
pub(super) const LIBRESWAN: Daemon = Daemon {
    name: "Libreswan",
    unit: "ipsec",
    rivals: "strongswan strongswan-starter",
    apt: "libreswan nftables",
    dnf: "libreswan nftables",
    zypper: "libreswan nftables",
    words: "Libreswan, nftables",
    tools: "ipsec nft",
    included: &[
        ("etc/ipsec.conf", "include /etc/ipsec.d/*.conf"),
        ("etc/ipsec.secrets", "include /etc/ipsec.d/*.secrets"),
    ],
    link: "type xfrm dev lo if_id 4294967294",
    link_style: LinkStyle::Numbered,
    kernel: "XFRM interfaces (Linux 4.19 and later, module xfrm_interface)",
    settings: "etc/ipsec.d/",
    changed: "ipsec whack --rereadsecrets >/dev/null
    for number in 1 2; do
      ipsec whack --name \"$site-$number\" --delete >/dev/null 2>&1 || :
      ipsec addconn \"$site-$number\" >/dev/null
      ipsec whack --asynchronous --name \"$site-$number\" --initiate >/dev/null
    done
    say \"Libreswan loaded the tunnels anew\"",
    unchanged: "ipsec whack --rereadsecrets >/dev/null",
    stop: "ipsec whack --name \"$site-$number\" --delete",
    released: "ipsec whack --rereadsecrets >/dev/null",
    alive: "ipsec whack --trafficstatus 2>/dev/null | grep -qF \"\\\"$site-$1\\\"\"",
    start: "ipsec whack --asynchronous --name \"$site-$1\" --initiate",
};

/// strongSwan as configured by `ipsec.conf`, on Debian and Ubuntu.
pub(super) const STARTER: Daemon = Daemon {
    name: "strongSwan",
    unit: "strongswan-starter",
    rivals: "ipsec libreswan",
    apt: "strongswan-starter strongswan-charon libstrongswan-standard-plugins iptables",
    dnf: "strongswan iptables",
    zypper: "strongswan iptables",
    words: "strongSwan with ipsec.conf, iptables",
    tools: "ipsec iptables",
    included: &[
        (
            "etc/ipsec.conf",
            "include /etc/ipsec.d/underpass-$site.conf",
        ),
        (
            "etc/ipsec.secrets",
            "include /etc/ipsec.d/underpass-$site.secrets",
        ),
    ],
    link: "type vti local 127.0.0.1 remote 127.0.0.2 key 4294967294",
    link_style: LinkStyle::Dashed,
    kernel: "VTI interfaces (Linux 3.6 and later, module ip_vti)",
    settings: "etc/strongswan.d/",
    changed: "warn \"restarting strongSwan: its other connections, if any, go down for a moment\"
    ipsec restart >/dev/null",
    unchanged: "ipsec rereadsecrets
    ipsec update >/dev/null",
    stop: "ipsec down \"$site-$number\"",
    released: "warn \"restarting strongSwan: its other connections, if any, go down for a moment\"
      ipsec restart >/dev/null",
    alive: "ipsec status \"$site-$1\" 2>/dev/null | grep -q INSTALLED",
    start: "timeout 20 ipsec up \"$site-$1\"",
};
