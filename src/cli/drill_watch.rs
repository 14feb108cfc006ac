//! What a drill's looks add up to: when the session ended, who took over, and when it was back.

use std::time::Duration;

use serde::Serialize;

use crate::tunnel::Way;
use crate::verify::{DirectConnectReport, Going};

/// How long the tunnels may take to take over before the drill is ended: AWS closes the session with a
/// word, so that nobody has to wait for a hold time.
const TAKE_OVER: Duration = Duration::from_secs(60);
/// How long AWS may take to begin.
const BEGIN: Duration = Duration::from_secs(180);
/// How long Direct Connect may take to come back after the test.
const COME_BACK: Duration = Duration::from_secs(900);

/// One look during a drill.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// Whether AWS says that the test runs.
    pub(super) testing: bool,
    /// Whether the session is up.
    pub(super) up: bool,
    /// Where everything goes; nowhere as soon as something does.
    pub(super) goes: Going,
}

impl Look {
    pub(super) fn of(report: &DirectConnectReport) -> Self {
        Self {
            testing: report.state.as_deref() == Some("testing"),
            up: report.up,
            goes: if report.ways.iter().any(|it| it.goes == Going::Nowhere) {
                Going::Nowhere
            } else if report.all_go(Way::Vpn) {
                Going::Vpn
            } else if report.all_go(Way::DirectConnect) {
                Going::Dx
            } else {
                Going::Unknown
            },
        }
    }
}

/// When what was seen first, from the call that began the test on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Drill {
    pub(super) down: Option<Duration>,
    pub(super) carried: Option<Duration>,
    pub(super) ended: Option<Duration>,
    pub(super) back: Option<Duration>,
    /// How long looks in a row saw a network without a way, all in all.
    pub(super) cut: Duration,
    last: Duration,
    began: bool,
    aborted: bool,
}

/// What a look means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Look again.
    Watch,
    /// End the test: going on would do harm, or shows nothing.
    Abort(&'static str),
    /// Everything was seen.
    Done,
    /// It is over, and not as it should be.
    Over(&'static str),
}

/// How a drill ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Outcome {
    /// The tunnels took over, and Direct Connect came back.
    Passed,
    /// One of them did not.
    Failed,
    /// Somebody ended it.
    Stopped,
}

impl Drill {
    /// Takes a look in, `at` so long after the test was asked for.
    pub(super) fn see(&mut self, at: Duration, look: Look) -> Next {
        let cut = look.goes == Going::Nowhere;
        if cut {
            self.cut += at.saturating_sub(self.last);
        }
        self.last = at;
        self.began |= look.testing;
        if !look.up && self.ended.is_none() {
            self.down.get_or_insert(at);
        }
        if self.down.is_some() && look.goes == Going::Vpn {
            self.carried.get_or_insert(at);
        }
        if self.began && !look.testing {
            self.ended.get_or_insert(at);
        }
        if self.ended.is_some() && look.up && look.goes == Going::Dx {
            self.back.get_or_insert(at);
            return Next::Done;
        }
        match (self.ended, self.down) {
            (Some(ended), _) if at.saturating_sub(ended) > COME_BACK => {
                Next::Over("Direct Connect has not come back since the test ended")
            }
            (Some(_), _) => Next::Watch,
            (None, _) if self.aborted => Next::Watch,
            (None, None) if at > BEGIN => {
                self.abort("AWS did not end the session: there is nothing to see")
            }
            (None, Some(_)) if cut && self.carried.is_some() => {
                self.abort("the tunnels took over, and then did not carry any more")
            }
            (None, Some(down)) if self.carried.is_none() && at.saturating_sub(down) > TAKE_OVER => {
                self.abort("the tunnels did not take over within a minute")
            }
            _ => Next::Watch,
        }
    }

    fn abort(&mut self, why: &'static str) -> Next {
        self.aborted = true;
        Next::Abort(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DX: Look = Look {
        testing: false,
        up: true,
        goes: Going::Dx,
    };
    const BEGUN: Look = Look {
        testing: true,
        ..DX
    };
    const CUT: Look = Look {
        testing: true,
        up: false,
        goes: Going::Nowhere,
    };
    const VPN: Look = Look {
        goes: Going::Vpn,
        ..CUT
    };
    const AFTER: Look = Look {
        testing: false,
        ..VPN
    };

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn watched(looks: &[(u64, Look)]) -> (Drill, Vec<Next>) {
        let mut drill = Drill::default();
        let next = looks.iter().map(|(at, look)| drill.see(secs(*at), *look));
        let next = next.collect();
        (drill, next)
    }

    #[test]
    fn each_moment_is_that_of_the_first_look_that_shows_it() {
        let looks = [
            (5, DX),
            (10, BEGUN),
            (15, CUT),
            (20, VPN),
            (300, VPN),
            (610, AFTER),
            (640, DX),
        ];
        let (drill, next) = watched(&looks);
        assert_eq!(next.last(), Some(&Next::Done));
        assert!(next[..6].iter().all(|it| *it == Next::Watch));
        let seen = [drill.down, drill.carried, drill.ended, drill.back];
        assert_eq!(seen, [15, 20, 610, 640].map(|at| Some(secs(at))));
        assert_eq!(drill.cut, secs(5));
    }

    #[test]
    fn a_site_that_is_cut_off_is_not_left_so_for_the_sake_of_a_test() {
        let (drill, next) = watched(&[(5, CUT), (60, CUT), (66, CUT), (71, CUT), (80, DX)]);
        assert_eq!(next[..2], [Next::Watch, Next::Watch]);
        assert!(matches!(next[2], Next::Abort(why) if why.contains("a minute")));
        assert_eq!(next[3..], [Next::Watch, Next::Done]);
        assert_eq!((drill.carried, drill.cut), (None, secs(71)));
        let (_, next) = watched(&[(5, VPN), (10, CUT), (15, CUT)]);
        assert!(matches!(next[1], Next::Abort(why) if why.contains("any more")));
        assert_eq!(next[2], Next::Watch, "it is ended once");
    }

    #[test]
    fn what_never_begins_or_never_comes_back_ends_too() {
        let (_, next) = watched(&[(5, DX), (181, DX)]);
        assert!(matches!(next[1], Next::Abort(_)));
        let (drill, next) = watched(&[(5, VPN), (600, AFTER), (1501, AFTER)]);
        assert!(matches!(next[2], Next::Over(_)));
        assert_eq!(drill.back, None);
    }
}
