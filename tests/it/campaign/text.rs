//! A script as text, to keep, to mail and to play again: one line for each thing.
//!
//! ```text
//! # what went wrong, in words
//! seed 17
//! routers online
//! stranger spare
//! site plant vpc=clinic static twin one-table lan=2 lifetime=28800
//! onboard plant | die record 3 torn | faults lost-replies,latency
//! both onboard plant & teardown plant-7
//! edit plant routing
//! wait 40
//! end up-and-away
//! ```

use std::fmt;
use std::str::FromStr;

use super::draft::{Change, Draft, NAMES, Transit, VPCS};
use super::script::{
    Act, Command, Deed, Disk, Ending, Moment, Part, Routers, Script, Side, Stranger, Trouble,
};

/// Words and what they stand for.
const STRANGERS: [(&str, Stranger); 4] = [
    ("propagation", Stranger::Propagation),
    ("by-hand", Stranger::ByHand),
    ("spare", Stranger::Spare),
    ("table", Stranger::Table),
];
const ROUTERS: [(&str, Routers); 3] = [
    ("offline", Routers::Offline),
    ("online", Routers::Online),
    ("half-up", Routers::HalfUp),
];
const PARTS: [(&str, Part); 3] = [
    ("before", Part::Before),
    ("torn", Part::Torn),
    ("after", Part::After),
];
const SIDES: [(&str, Side); 2] = [("before", Side::Before), ("after", Side::After)];
const DISKS: [(&str, Disk); 2] = [("full", Disk::Full), ("read-only", Disk::ReadOnly)];
const DEEDS: [(&str, Deed); 6] = [
    ("delete-connection", Deed::DeleteConnection),
    ("delete-customer-gateway", Deed::DeleteCustomerGateway),
    ("detach", Deed::Detach),
    ("delete-route", Deed::DeleteRoute),
    ("untag", Deed::Untag),
    ("retag", Deed::Retag),
];
const TRANSITS: [(&str, Transit); 3] = [
    ("new", Transit::New),
    ("id", Transit::Id),
    ("tag", Transit::Tag),
];
const ENDINGS: [(&str, Ending); 2] = [("up-and-away", Ending::UpAndAway), ("away", Ending::Away)];

fn word<T: Copy + PartialEq>(table: &[(&'static str, T)], value: T) -> &'static str {
    let found = table.iter().find(|(_, it)| *it == value);
    found.map_or("?", |(word, _)| word)
}

// === writing ===

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}", self.seed)?;
        writeln!(f, "routers {}", word(&ROUTERS, self.routers))?;
        if self.quick {
            writeln!(f, "quick")?;
        }
        for stranger in &self.strangers {
            writeln!(f, "stranger {}", word(&STRANGERS, *stranger))?;
        }
        for site in &self.sites {
            writeln!(f, "{site}")?;
        }
        for act in &self.acts {
            writeln!(f, "{}", self.act(act))?;
        }
        write!(f, "end {}", word(&ENDINGS, self.ending))
    }
}

impl Script {
    /// An act in the words of the text.
    pub(crate) fn act(&self, act: &Act) -> String {
        let troubles = |troubles: &[Trouble]| -> String {
            troubles.iter().map(|it| format!(" | {it}")).collect()
        };
        match act {
            Act::Run(command, bad) => format!("{}{}", self.command(*command), troubles(bad)),
            Act::Both(one, other, bad) => format!(
                "both {} & {}{}",
                self.command(*one),
                self.command(*other),
                troubles(bad)
            ),
            Act::Edit(site, change) => format!("edit {} {change}", self.name(*site)),
            Act::Wait(seconds) => format!("wait {seconds}"),
            Act::SetClock(seconds) => format!("set-clock {seconds}"),
            Act::LoseLaptop => "lose-laptop".to_owned(),
        }
    }

    /// A command in the words of the text.
    pub(crate) fn command(&self, command: Command) -> String {
        match command {
            Command::Onboard(site) => format!("onboard {}", self.name(site)),
            Command::Teardown(site) => format!("teardown {}", self.name(site)),
            Command::Reap => "reap".to_owned(),
        }
    }

    fn name(&self, site: usize) -> &'static str {
        self.sites.get(site).map_or("?", Draft::name)
    }
}

impl fmt::Display for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "site {} vpc={}", self.name(), VPCS[self.vpc].0)?;
        for (flag, set) in [
            ("static", self.fixed),
            ("twin", self.twin),
            ("long-asn", self.long_asn),
            ("one-table", self.one_table),
            ("spare", self.spare),
            ("table", self.table),
            ("spread", self.spread),
        ] {
            if set {
                write!(f, " {flag}")?;
            }
        }
        if let Some(transit) = self.transit {
            write!(f, " transit={}", word(&TRANSITS, transit))?;
        }
        write!(f, " lan={} lifetime={}", self.lan, self.lifetime)?;
        self.note.map_or(Ok(()), |note| write!(f, " note={note}"))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lifetime(lifetime) => write!(f, "lifetime {lifetime}"),
            Self::Lan => f.write_str("lan"),
            Self::LanLess => f.write_str("lan-less"),
            Self::Table => f.write_str("table"),
            Self::Spread => f.write_str("spread"),
            Self::Note(note) => write!(f, "note {note}"),
            Self::Tables => f.write_str("tables"),
            Self::Routing => f.write_str("routing"),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Faults(day) => write!(f, "faults {day}"),
            Self::Die(moment) => write!(f, "die {moment}"),
            Self::CtrlC(event, false) => write!(f, "ctrl-c {event}"),
            Self::CtrlC(event, true) => write!(f, "ctrl-c {event} twice"),
            Self::Disk(record, disk) => write!(f, "disk {record} {}", word(&DISKS, *disk)),
            Self::Clock(record, by) => write!(f, "clock {record} {by}"),
            Self::Sleep(record, long) => write!(f, "sleep {record} {long}"),
            Self::Meddle(call, deed) => write!(f, "meddle {call} {}", word(&DEEDS, *deed)),
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(n, part) => write!(f, "record {n} {}", word(&PARTS, *part)),
            Self::Call(n, side) => write!(f, "call {n} {}", word(&SIDES, *side)),
            Self::Change(n, side) => write!(f, "change {n} {}", word(&SIDES, *side)),
            Self::After(millis) => write!(f, "after {millis}"),
        }
    }
}

// === reading ===

impl FromStr for Script {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut script = Self {
            seed: 0,
            strangers: Vec::new(),
            routers: Routers::Offline,
            quick: false,
            sites: Vec::new(),
            acts: Vec::new(),
            ending: Ending::UpAndAway,
        };
        for line in text.lines().map(str::trim) {
            if !line.is_empty() && !line.starts_with('#') {
                script
                    .read(line)
                    .ok_or_else(|| format!("`{line}` means nothing"))?;
            }
        }
        Ok(script)
    }
}

impl Script {
    fn read(&mut self, line: &str) -> Option<()> {
        let mut parts = line.split('|').map(str::trim);
        let head = parts.next()?;
        let troubles: Option<Vec<Trouble>> = parts.map(trouble).collect();
        let mut words = head.split_whitespace();
        match words.next()? {
            "seed" => self.seed = words.next()?.parse().ok()?,
            "routers" => self.routers = find(&ROUTERS, words.next()?)?,
            "quick" => self.quick = true,
            "stranger" => self.strangers.push(find(&STRANGERS, words.next()?)?),
            "site" => self.sites.push(site(words)?),
            "end" => self.ending = find(&ENDINGS, words.next()?)?,
            "edit" => {
                let site = self.place(words.next()?)?;
                self.acts.push(Act::Edit(site, change(words)?));
            }
            "wait" => self.acts.push(Act::Wait(words.next()?.parse().ok()?)),
            "set-clock" => self.acts.push(Act::SetClock(words.next()?.parse().ok()?)),
            "lose-laptop" => self.acts.push(Act::LoseLaptop),
            "both" => {
                let (one, other) = head.strip_prefix("both")?.split_once('&')?;
                let both = (self.read_command(one)?, self.read_command(other)?);
                self.acts.push(Act::Both(both.0, both.1, troubles?));
            }
            _ => {
                let command = self.read_command(head)?;
                self.acts.push(Act::Run(command, troubles?));
            }
        }
        Some(())
    }

    fn read_command(&self, text: &str) -> Option<Command> {
        let mut words = text.split_whitespace();
        Some(match words.next()? {
            "onboard" => Command::Onboard(self.place(words.next()?)?),
            "teardown" => Command::Teardown(self.place(words.next()?)?),
            "reap" => Command::Reap,
            _ => return None,
        })
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.sites.iter().position(|site| site.name() == name)
    }
}

fn find<T: Copy>(table: &[(&'static str, T)], text: &str) -> Option<T> {
    let found = table.iter().find(|(word, _)| *word == text);
    found.map(|(_, value)| *value)
}

fn site<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<Draft> {
    let name = words.next()?;
    let mut site = Draft {
        number: NAMES.iter().position(|it| *it == name)?,
        vpc: 0,
        fixed: false,
        twin: false,
        long_asn: false,
        one_table: false,
        spare: false,
        transit: None,
        table: false,
        spread: false,
        lan: 1,
        lifetime: 28_800,
        note: None,
    };
    for word in words {
        match word.split_once('=') {
            Some(("vpc", name)) => site.vpc = VPCS.iter().position(|it| it.0 == name)?,
            Some(("transit", which)) => site.transit = Some(find(&TRANSITS, which)?),
            Some(("lan", count)) => site.lan = count.parse().ok()?,
            Some(("lifetime", seconds)) => site.lifetime = seconds.parse().ok()?,
            Some(("note", note)) => site.note = Some(note.parse().ok()?),
            Some(_) => return None,
            None => match word {
                "static" => site.fixed = true,
                "twin" => site.twin = true,
                "long-asn" => site.long_asn = true,
                "one-table" => site.one_table = true,
                "spare" => site.spare = true,
                "table" => site.table = true,
                "spread" => site.spread = true,
                _ => return None,
            },
        }
    }
    Some(site)
}

fn change<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<Change> {
    Some(match words.next()? {
        "lifetime" => Change::Lifetime(words.next()?.parse().ok()?),
        "lan" => Change::Lan,
        "lan-less" => Change::LanLess,
        "table" => Change::Table,
        "spread" => Change::Spread,
        "note" => Change::Note(words.next()?.parse().ok()?),
        "tables" => Change::Tables,
        "routing" => Change::Routing,
        _ => return None,
    })
}

fn trouble(text: &str) -> Option<Trouble> {
    let mut words = text.split_whitespace();
    Some(match words.next()? {
        "faults" => Trouble::Faults(words.next()?.to_owned()),
        "die" => Trouble::Die(moment(words)?),
        "ctrl-c" => Trouble::CtrlC(
            words.next()?.parse().ok()?,
            words.next().is_some_and(|word| word == "twice"),
        ),
        "disk" => Trouble::Disk(words.next()?.parse().ok()?, find(&DISKS, words.next()?)?),
        "clock" => Trouble::Clock(words.next()?.parse().ok()?, words.next()?.parse().ok()?),
        "sleep" => Trouble::Sleep(words.next()?.parse().ok()?, words.next()?.parse().ok()?),
        "meddle" => Trouble::Meddle(words.next()?.parse().ok()?, find(&DEEDS, words.next()?)?),
        _ => return None,
    })
}

fn moment<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<Moment> {
    let (kind, n) = (words.next()?, words.next()?.parse().ok()?);
    Some(match kind {
        "record" => Moment::Record(n, find(&PARTS, words.next()?)?),
        "call" => Moment::Call(n, find(&SIDES, words.next()?)?),
        "change" => Moment::Change(n, find(&SIDES, words.next()?)?),
        "after" => Moment::After(n),
        _ => return None,
    })
}
