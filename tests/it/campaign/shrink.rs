//! Makes a script that breaks a rule as short as it goes.

use super::play::play;
use super::script::{Act, Ending, Moment, Routers, Script, Trouble};

/// How often a candidate is played at most.
const PATIENCE: u32 = 600;

/// The shortest script found that breaks the same rule.
pub(crate) fn shrink(script: &Script) -> Script {
    let Some(broken) = play(script, false).broken else {
        return script.clone();
    };
    let mut best = script.clone();
    let mut played = 0;
    loop {
        let better = candidates(&best).into_iter().find(|candidate| {
            played += 1;
            let outcome = play(candidate, false);
            played <= PATIENCE && outcome.broken.is_some_and(|it| it.rule == broken.rule)
        });
        match better {
            Some(better) if played <= PATIENCE => best = better,
            _ => return best,
        }
    }
}

/// Every script that is a little smaller, the much smaller ones first.
fn candidates(script: &Script) -> Vec<Script> {
    let mut all = Vec::new();
    let mut with = |edit: &dyn Fn(&mut Script)| {
        let mut candidate = script.clone();
        edit(&mut candidate);
        if candidate != *script {
            all.push(candidate);
        }
    };
    for at in (0..script.acts.len()).rev() {
        with(&|it| drop(it.acts.remove(at)));
    }
    for site in (0..script.sites.len()).rev() {
        with(&|it| without_site(it, site));
    }
    with(&|it| it.ending = Ending::Away);
    for stranger in 0..script.strangers.len() {
        with(&|it| {
            it.strangers.remove(stranger);
        });
    }
    with(&|it| it.routers = Routers::Offline);
    with(&|it| it.quick = true);
    for at in 0..script.acts.len() {
        if let Act::Both(one, other, troubles) = &script.acts[at] {
            with(&|it| it.acts[at] = Act::Run(*one, troubles.clone()));
            with(&|it| it.acts[at] = Act::Run(*other, troubles.clone()));
        }
        let troubles = troubles_of(&script.acts[at]);
        for (nth, trouble) in troubles.iter().enumerate() {
            with(&|it| drop(troubles_mut(&mut it.acts[at]).map(|all| all.remove(nth))));
            for smaller in simpler(trouble) {
                with(&|it| {
                    if let Some(all) = troubles_mut(&mut it.acts[at]) {
                        all[nth] = smaller.clone();
                    }
                });
            }
        }
    }
    for site in 0..script.sites.len() {
        with(&|it| it.sites[site].fixed = false);
        with(&|it| it.sites[site].twin = false);
        with(&|it| it.sites[site].long_asn = false);
        with(&|it| it.sites[site].one_table = true);
        with(&|it| it.sites[site].spare = false);
        with(&|it| it.sites[site].transit = None);
        with(&|it| it.sites[site].table = false);
        with(&|it| it.sites[site].spread = false);
        with(&|it| it.sites[site].vpc = 0);
        with(&|it| it.sites[site].lan = 1);
    }
    all
}

/// The script without a site, and without what is done to it.
fn without_site(script: &mut Script, site: usize) {
    let concerns = |act: &Act| match act {
        Act::Run(command, _) => command.site() == Some(site),
        Act::Both(one, other, _) => one.site() == Some(site) || other.site() == Some(site),
        Act::Edit(of, _) => *of == site,
        _ => false,
    };
    // Places behind it move up: only the last one can go without renaming the rest.
    if script.sites.len() > 1 && site + 1 == script.sites.len() {
        script.acts.retain(|act| !concerns(act));
        script.sites.remove(site);
    }
}

fn troubles_of(act: &Act) -> &[Trouble] {
    match act {
        Act::Run(_, troubles) | Act::Both(_, _, troubles) => troubles,
        _ => &[],
    }
}

fn troubles_mut(act: &mut Act) -> Option<&mut Vec<Trouble>> {
    match act {
        Act::Run(_, troubles) | Act::Both(_, _, troubles) => Some(troubles),
        _ => None,
    }
}

/// The same trouble, but less or earlier.
fn simpler(trouble: &Trouble) -> Vec<Trouble> {
    let earlier = |n: u64| {
        [n / 2, n.saturating_sub(1)]
            .into_iter()
            .filter(move |it| *it > 0 && *it < n)
    };
    match trouble {
        Trouble::Faults(day) => {
            let faults: Vec<&str> = day.split(',').collect();
            let without = (0..faults.len()).filter(|_| faults.len() > 1).map(|at| {
                let mut rest = faults.clone();
                rest.remove(at);
                Trouble::Faults(rest.join(","))
            });
            without.collect()
        }
        Trouble::Die(Moment::Record(n, part)) => earlier(*n)
            .map(|n| Trouble::Die(Moment::Record(n, *part)))
            .collect(),
        Trouble::Die(Moment::Call(n, side)) => earlier(*n)
            .map(|n| Trouble::Die(Moment::Call(n, *side)))
            .collect(),
        Trouble::Die(Moment::Change(n, side)) => earlier(*n)
            .map(|n| Trouble::Die(Moment::Change(n, *side)))
            .collect(),
        Trouble::Die(Moment::After(n)) => earlier(*n)
            .map(|n| Trouble::Die(Moment::After(n)))
            .collect(),
        Trouble::CtrlC(n, twice) => {
            let mut all: Vec<Trouble> = earlier(*n).map(|n| Trouble::CtrlC(n, *twice)).collect();
            all.push(Trouble::CtrlC(*n, false));
            all.retain(|it| it != trouble);
            all
        }
        Trouble::Disk(n, disk) => earlier(*n).map(|n| Trouble::Disk(n, *disk)).collect(),
        Trouble::Clock(n, by) => earlier(*n).map(|n| Trouble::Clock(n, *by)).collect(),
        Trouble::Sleep(n, long) => earlier(*n).map(|n| Trouble::Sleep(n, *long)).collect(),
        Trouble::Meddle(n, deed) => earlier(*n).map(|n| Trouble::Meddle(n, *deed)).collect(),
    }
}
