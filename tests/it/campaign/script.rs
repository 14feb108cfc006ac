//! One life as data: a topology, commands, and what goes wrong during each.

use super::draft::{Change, Draft};

/// Everything that one case does; the same script always tells the same story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Script {
    /// What every draw depends on: ids, durations, faults, jitter.
    pub(crate) seed: u64,
    /// What others have in the account.
    pub(crate) strangers: Vec<Stranger>,
    /// What the sites' routers do.
    pub(crate) routers: Routers,
    /// Whether AWS takes a tenth of its usual time: most of a slow life is spent looking.
    pub(crate) quick: bool,
    /// The sites, by their names in the commands.
    pub(crate) sites: Vec<Draft>,
    /// What happens, in order.
    pub(crate) acts: Vec<Act>,
    /// What a patient person does in the end, when all trouble is over.
    pub(crate) ending: Ending,
}

/// Something of somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stranger {
    /// The clinic's gateway already propagates into one of its route tables.
    Propagation,
    /// The router that sites may share was registered by hand, without our tags.
    ByHand,
    /// A gateway that nobody attached; a site may name it.
    Spare,
    /// A second route table of the hub, with a route of its owner's; a site may name it.
    Table,
}

/// What the sites' routers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Routers {
    /// Nothing comes up.
    Offline,
    /// Both tunnels come up.
    Online,
    /// One of two comes up.
    HalfUp,
}

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Somebody runs a command, and things go wrong.
    Run(Command, Vec<Trouble>),
    /// Two people run a command each at the same moment, the trouble being the first one's.
    Both(Command, Command, Vec<Trouble>),
    /// Somebody edits a site's file.
    Edit(usize, Change),
    /// So many seconds pass.
    Wait(u64),
    /// The machine's clock is set forward by so many seconds, or back.
    SetClock(i64),
    /// The machine with its journals and keys is lost; an hour later there is another.
    LoseLaptop,
}

/// One command; sites by their place in [`Script::sites`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// `underpass onboard`.
    Onboard(usize),
    /// `underpass teardown`.
    Teardown(usize),
    /// `underpass reap`.
    Reap,
}

impl Command {
    /// The site that it is about.
    pub(crate) fn site(self) -> Option<usize> {
        match self {
            Self::Onboard(site) | Self::Teardown(site) => Some(site),
            Self::Reap => None,
        }
    }
}

/// What goes wrong during one command. Counts begin at 1 with the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// AWS has a bad day: faults by the sandbox's names.
    Faults(String),
    /// The process dies.
    Die(Moment),
    /// Ctrl-C at the n-th event, and perhaps once more.
    CtrlC(u64, bool),
    /// From the n-th record on nothing can be written.
    Disk(u64, Disk),
    /// At the n-th record the machine's clock is set by so many seconds.
    Clock(u64, i64),
    /// At the n-th record the machine sleeps so many seconds: AWS's time goes on, its own does not.
    Sleep(u64, u64),
    /// Right before the n-th call somebody else does something to this site's objects.
    Meddle(u64, Deed),
}

/// When a process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// At the n-th record that it writes.
    Record(u64, Part),
    /// At the n-th call that it makes.
    Call(u64, Side),
    /// At the n-th call that changes something.
    Change(u64, Side),
    /// After so many milliseconds.
    After(u64),
}

/// How much of a record is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Nothing.
    Before,
    /// Half a line.
    Torn,
    /// All of it, but nothing that comes after.
    After,
}

/// Whether a call had its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Not yet.
    Before,
    /// Yes, but the answer was not heard.
    After,
}

/// Why nothing can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disk {
    /// Full: the beginning of the line may still have been written.
    Full,
    /// Read-only: nothing was.
    ReadOnly,
}

/// What somebody else does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Deletes the site's connection.
    DeleteConnection,
    /// Deletes the site's customer gateway, which AWS refuses while a connection ends on it.
    DeleteCustomerGateway,
    /// Detaches the site's gateway, or its VPC from its transit gateway.
    Detach,
    /// Deletes one route of the site's: in the VPC, or on the transit gateway.
    DeleteRoute,
    /// Deletes all tags of the site's connection.
    Untag,
    /// Gives the site's connection to another site of ours that does not exist.
    Retag,
}

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Every site is brought up, found exact, and removed.
    UpAndAway,
    /// Every site is removed from wherever it stands.
    Away,
}
