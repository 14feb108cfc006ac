//! Draws a script from a seed: most are small, some are not.

use underpass::clock::IdSource;

use super::draft::{Change, Draft, Transit};
use super::script::{
    Act, Command, Deed, Disk, Ending, Moment, Part, Routers, Script, Side, Stranger, Trouble,
};

/// What a bad day is made of, by the sandbox's names for faults. One more is one more line.
const FAULTS: &[&str] = &[
    "throttle",
    "busy-account",
    "resets",
    "lost-replies",
    "errors",
    "late-errors",
    "latency",
    "spikes",
    "slow-consistency",
    "stale-reads",
    "shuffle",
    "unknown-states",
    "busy-deletes",
    "sparse-options",
    "expiring-credentials:20-200",
    "stuck-detach:1200",
];

/// What makes a whole command hopeless, until the next one.
const HOPELESS: &[&str] = &[
    "expired-credentials",
    "denied:CreateCustomerGateway",
    "denied:CreateVpnGateway",
    "denied:CreateVpnConnection",
    "denied:AttachVpnGateway",
    "denied:EnableVgwRoutePropagation",
    "denied:ModifyVpnTunnelOptions",
    "denied:CreateTags",
    "denied:DeleteVpnConnection",
    "denied:DeleteCustomerGateway",
    "denied:DetachVpnGateway",
    "quota:vpn-gateways=0",
    "quota:customer-gateways=0",
];

/// The same of transit gateways.
const HOPELESS_TRANSIT: &[&str] = &[
    "denied:CreateTransitGateway",
    "denied:CreateTransitGatewayVpcAttachment",
    "denied:AssociateTransitGatewayRouteTable",
    "denied:EnableTransitGatewayRouteTablePropagation",
    "denied:CreateTransitGatewayRoute",
    "denied:CreateRoute",
    "denied:DeleteRoute",
    "denied:DeleteTransitGatewayRoute",
    "denied:DeleteTransitGatewayVpcAttachment",
];

/// Where numbers come from.
struct Dice(IdSource);

impl Dice {
    fn below(&self, below: u64) -> u64 {
        self.0.below(below)
    }

    /// True once in so many times.
    fn one_in(&self, many: u64) -> bool {
        self.below(many) == 0
    }

    fn of<T: Copy>(&self, all: &[T]) -> T {
        let many = u64::try_from(all.len()).unwrap_or(1);
        all[usize::try_from(self.below(many)).unwrap_or(0)]
    }

    fn place(&self, many: usize) -> usize {
        usize::try_from(self.below(u64::try_from(many).unwrap_or(1))).unwrap_or(0)
    }
}

impl Script {
    /// The script of a seed.
    pub(crate) fn draw(seed: u64) -> Self {
        let dice = Dice(IdSource::seeded(seed));
        // Most faults need one site and one or two commands; some need more. A small case costs a
        // tenth of a large one, and finds nearly as much.
        let sites = dice.of(&[1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3]);
        let acts = dice.of(&[1, 1, 1, 1, 1, 2, 2, 2, 3, 4]);
        let strangers = [Stranger::Propagation, Stranger::ByHand, Stranger::Spare];
        let mut script = Self {
            seed,
            strangers: strangers.into_iter().filter(|_| dice.one_in(3)).collect(),
            routers: dice.of(&[
                Routers::Offline,
                Routers::Online,
                Routers::Online,
                Routers::HalfUp,
            ]),
            quick: !dice.one_in(8),
            sites: Vec::new(),
            acts: Vec::new(),
            ending: dice.of(&[Ending::UpAndAway, Ending::Away]),
        };
        let spare = script.strangers.contains(&Stranger::Spare) && dice.one_in(2);
        script.sites = (0..sites)
            .map(|number| draft(&dice, number, spare))
            .collect();
        for _ in 0..acts {
            act(&dice, &mut script);
        }
        // Last of all, so that every other seed draws what it drew before there was this.
        if dice.one_in(8) {
            disagree(&mut script);
        }
        if dice.one_in(4) {
            onto_transit(&dice, &mut script);
        }
        script
    }
}

fn draft(dice: &Dice, number: usize, spare: bool) -> Draft {
    let vpc = dice.place(3);
    Draft {
        number,
        vpc,
        fixed: dice.one_in(2),
        twin: dice.one_in(4),
        long_asn: dice.one_in(2),
        one_table: dice.one_in(2),
        // Two gateways cannot be attached to one VPC: all of the shop's sites name it, or none.
        spare: spare && vpc == 2,
        transit: None,
        table: false,
        spread: false,
        lan: dice.of(&[1, 1, 2]),
        lifetime: 28_800,
        note: None,
    }
}

fn act(dice: &Dice, script: &mut Script) {
    let site = dice.place(script.sites.len());
    match dice.below(16) {
        0 => script.acts.push(Act::Wait(1 + dice.below(400))),
        1 if dice.one_in(2) => {
            let hours = dice.of(&[-1, 1]);
            script.acts.push(Act::SetClock(3600 * hours));
        }
        2 if dice.one_in(2) => script.acts.push(Act::LoseLaptop),
        3 => {
            let other = dice.place(script.sites.len());
            let quick = script.quick;
            let (one, two) = (command(dice, site), command(dice, other));
            // Whose call is the n-th cannot be told of two processes, only whose record.
            let troubles = troubles(dice, quick).into_iter().filter(|it| {
                !matches!(
                    it,
                    Trouble::Die(Moment::Call(..) | Moment::Change(..)) | Trouble::Meddle(..)
                )
            });
            script.acts.push(Act::Both(one, two, troubles.collect()));
        }
        4 => {
            script.acts.push(Act::Wait(9 * 3600));
            script
                .acts
                .push(Act::Run(Command::Reap, troubles(dice, script.quick)));
        }
        5..=7 => {
            // To change what is up, it has to be up.
            if script.acts.is_empty() {
                script
                    .acts
                    .push(Act::Run(Command::Onboard(site), Vec::new()));
            }
            script.acts.push(Act::Edit(site, change(dice)));
            script.acts.push(Act::Run(
                Command::Onboard(site),
                troubles(dice, script.quick),
            ));
        }
        8 | 9 => {
            if script.acts.is_empty() {
                script
                    .acts
                    .push(Act::Run(Command::Onboard(site), Vec::new()));
            }
            script.acts.push(Act::Run(
                Command::Teardown(site),
                troubles(dice, script.quick),
            ));
        }
        _ => script.acts.push(Act::Run(
            Command::Onboard(site),
            troubles(dice, script.quick),
        )),
    }
}

/// A life in which nothing goes wrong but that AWS's servers do not agree: no command may fail.
fn disagree(script: &mut Script) {
    for act in &mut script.acts {
        if let Act::Run(_, troubles) = act {
            *troubles = vec![Trouble::Faults("stale-reads".to_owned())];
        }
    }
}

/// Most of the sites go over transit gateways, and some of what goes wrong is about these.
fn onto_transit(dice: &Dice, script: &mut Script) {
    if dice.one_in(2) {
        script.strangers.push(Stranger::Table);
    }
    let named = script.strangers.contains(&Stranger::Table);
    for site in &mut script.sites {
        if !dice.one_in(4) {
            site.transit = Some(dice.of(&[Transit::New, Transit::Id, Transit::Id, Transit::Tag]));
            site.spare = false;
            site.table = named && dice.one_in(2);
            site.spread = named && dice.one_in(2);
        }
    }
    for act in &mut script.acts {
        match act {
            Act::Edit(_, change) if dice.one_in(3) => {
                *change = dice.of(&[Change::Lan, Change::LanLess, Change::Table, Change::Spread]);
            }
            Act::Run(_, troubles) => {
                for trouble in troubles {
                    aim(dice, trouble);
                }
            }
            _ => {}
        }
    }
}

/// Makes trouble that has to do with transit gateways out of some other.
fn aim(dice: &Dice, trouble: &mut Trouble) {
    match trouble {
        Trouble::Faults(day) if day != "stale-reads" && dice.one_in(8) => {
            day.push(',');
            day.push_str(dice.of(HOPELESS_TRANSIT));
        }
        Trouble::Meddle(_, deed) if dice.one_in(3) => *deed = Deed::DeleteRoute,
        // On a transit gateway another site's connection may well end on the same router.
        Trouble::Meddle(_, deed) if *deed == Deed::Retag => *deed = Deed::Untag,
        _ => {}
    }
}

fn command(dice: &Dice, site: usize) -> Command {
    match dice.below(4) {
        0 => Command::Teardown(site),
        _ => Command::Onboard(site),
    }
}

fn change(dice: &Dice) -> Change {
    match dice.below(6) {
        0 | 1 => Change::Lifetime(dice.of(&[14_400, 18_000, 21_600])),
        2 => Change::Lan,
        3 => Change::Note(dice.below(1000)),
        4 => Change::Tables,
        _ => Change::Routing,
    }
}

/// Nothing, or one kind of trouble, or two.
fn troubles(dice: &Dice, quick: bool) -> Vec<Trouble> {
    let mut all: Vec<Trouble> = Vec::new();
    for _ in 0..dice.of(&[0, 1, 1, 1, 1, 2, 2]) {
        let one = trouble(dice, quick);
        let same = |it: &Trouble| std::mem::discriminant(it) == std::mem::discriminant(&one);
        if !all.iter().any(same) {
            all.push(one);
        }
    }
    all
}

fn trouble(dice: &Dice, quick: bool) -> Trouble {
    let record = 1 + dice.below(30);
    match dice.below(20) {
        0..=5 => Trouble::Faults(day(dice)),
        6..=12 => Trouble::Die(moment(dice, quick)),
        13 | 14 => Trouble::CtrlC(1 + dice.below(60), dice.one_in(2)),
        15 | 16 => Trouble::Disk(record, dice.of(&[Disk::Full, Disk::ReadOnly])),
        17 => Trouble::Clock(record, dice.of(&[-3600, 3600])),
        18 => Trouble::Sleep(record, 3600),
        _ => Trouble::Meddle(
            1 + dice.below(60),
            dice.of(&[
                Deed::DeleteConnection,
                Deed::DeleteCustomerGateway,
                Deed::Detach,
                Deed::Untag,
                Deed::Retag,
            ]),
        ),
    }
}

/// A few faults at once; sometimes one that nothing helps against.
fn day(dice: &Dice) -> String {
    let mut day: Vec<&str> = Vec::new();
    for _ in 0..dice.of(&[1, 1, 1, 2, 2, 3, 5]) {
        let fault = dice.of(FAULTS);
        if !day.contains(&fault) {
            day.push(fault);
        }
    }
    if dice.one_in(8) {
        day.push(dice.of(HOPELESS));
    }
    day.join(",")
}

fn moment(dice: &Dice, quick: bool) -> Moment {
    let part = dice.of(&[Part::Before, Part::Torn, Part::After]);
    let side = dice.of(&[Side::Before, Side::After]);
    match dice.below(8) {
        0..=3 => Moment::Record(1 + dice.below(24), part),
        4 | 5 => Moment::Change(1 + dice.below(9), side),
        6 => Moment::Call(1 + dice.below(60), side),
        _ => Moment::After(dice.below(if quick { 60_000 } else { 400_000 })),
    }
}
