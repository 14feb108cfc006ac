//! What only people can do, and who: the ladder from an order to a link that is up.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::aws::DxConnection;

/// One rung of a ladder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Errand {
    /// What is awaited, such as `letter of authorization issued`.
    pub what: String,
    /// Who has to act.
    pub who: String,
    /// What they have to do; empty when nothing can be done but to wait.
    pub todo: String,
    /// How long it usually takes.
    pub usual: String,
    /// How far it is.
    pub standing: Standing,
}

/// How far an errand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Done, and when, if AWS tells.
    Done(Option<Timestamp>),
    /// This is what everything waits for.
    Now,
    /// Comes after that.
    Later,
}

/// The rung that takes the letter of authorization to the location's operator.
pub const CROSS_CONNECT: &str = "cross connect made";

/// The first that is not done.
pub fn next_errand(ladder: &[Errand]) -> Option<&Errand> {
    ladder.iter().find(|it| it.standing == Standing::Now)
}

/// What has to happen before a connection is up, from its order on; AWS's times are those of the
/// Direct Connect guide.
///
/// What is not documented (a state that nobody knows, or `down` before it ever was up) is waited for
/// with an explanation: it has been seen to pass.
pub fn ladder(connection: &DxConnection) -> Vec<Errand> {
    let up = connection.state.is("available");
    if connection.is_hosted() {
        return hosted(connection, up);
    }
    let issued = connection.loa_issued_at;
    // Nobody tells AWS of the letter or of the cable: both are awaited until the port has light.
    let cabled = connection.state.is("available") || connection.state.is("down");
    let steps = [
        (Some(None), "port ordered", "AWS", String::new(), "at once"),
        (
            issued.map(Some).or(cabled.then_some(None)),
            "letter of authorization (LOA-CFA) issued",
            "AWS",
            "answer AWS's e-mail within 7 days if there is one: the order lapses otherwise"
                .to_owned(),
            "up to 72 hours",
        ),
        (
            cabled.then_some(None),
            CROSS_CONNECT,
            "you, then the location's operator",
            format!(
                "give the letter to the operator of {} and order the cross connect; the letter \
                 lapses after 90 days",
                connection.location
            ),
            "days to weeks",
        ),
        (
            up.then_some(None),
            "port up",
            "you and the location's operator",
            "switch your port on; with no light, ask the operator to check the fibre and to swap \
             its two strands"
                .to_owned(),
            "minutes after the cable",
        ),
    ];
    climbed(steps)
}

fn hosted(connection: &DxConnection, up: bool) -> Vec<Errand> {
    let partner = connection
        .partner
        .clone()
        .unwrap_or_else(|| "the partner".to_owned());
    let accepted = !connection.state.is("ordering");
    let steps = [
        (
            Some(None),
            "hosted connection provided",
            partner.as_str(),
            String::new(),
            "at once",
        ),
        (
            accepted.then_some(None),
            "hosted connection accepted",
            "you",
            format!(
                "run onboard with `--order {}`: it bills from then on",
                connection.id
            ),
            "at once",
        ),
        (
            up.then_some(None),
            "connection up",
            partner.as_str(),
            format!("ask {partner} to finish their side"),
            "minutes to a day",
        ),
    ];
    climbed(steps)
}

type Rung<'a> = (Option<Option<Timestamp>>, &'a str, &'a str, String, &'a str);

fn climbed<const N: usize>(rungs: [Rung<'_>; N]) -> Vec<Errand> {
    let mut reached = true;
    let rungs = rungs.into_iter().map(|(done, what, who, todo, usual)| {
        let standing = match done {
            Some(at) => Standing::Done(at),
            None if std::mem::take(&mut reached) => Standing::Now,
            None => Standing::Later,
        };
        Errand {
            what: what.to_owned(),
            who: who.to_owned(),
            todo,
            usual: usual.to_owned(),
            standing,
        }
    });
    rungs.collect()
}
