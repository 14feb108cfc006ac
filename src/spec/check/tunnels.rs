//! What is asked of the two tunnels.

use std::path::PathBuf;

use super::super::codes::Code;
use super::super::crypto::{IkeVersion, StartupAction};
use super::super::field::Field;
use super::super::net::{InsideCidr, InvalidValue};
use super::super::problem::{Checked, Problem, Reported, Sink, quoted};
use super::super::raw::{RawSite, RawTunnel};
use super::super::site::TunnelWishes;
use super::crypto::{Policy, ciphers, groups, hashes, ike_versions, values_of};
use super::logs;
use super::values::{optional, ranged, value};

/// AWS's defaults, against which a single lifetime given by hand is checked.
const PHASE1_LIFETIME: u32 = 28_800;
const PHASE2_LIFETIME: u32 = 3_600;
const REKEY_MARGIN: u32 = 270;

/// Checks both tunnels, each with the common options behind its own.
pub(super) fn tunnels(raw: &RawSite, sink: &Sink) -> Checked<[TunnelWishes; 2]> {
    let own = listed(&raw.tunnels, sink);
    let common = raw.tunnel_options.get();
    let policy = Policy::of(raw);
    let check = |at: usize| -> Checked<(RawTunnel, Checked<TunnelWishes>)> {
        let own = own?.get(at).map_or(Ok(None), Field::get)?;
        let merged = merged(own.map(|spot| &spot.value), common?.map(|spot| &spot.value));
        let wishes = wishes(&merged, raw, &policy, sink);
        Ok((merged, wishes))
    };
    let (first, second) = (check(0), check(1));
    policy.report(sink);
    if let (Ok((first, _)), Ok((second, _))) = (&first, &second) {
        inside_twice(first, second, sink);
        key_file_shared(first, second, sink);
    }
    let (first, second) = (first?.1, second?.1);
    Ok([first?, second?])
}

fn listed<'a>(
    field: &'a Field<Vec<Field<RawTunnel>>>,
    sink: &Sink,
) -> Checked<&'a [Field<RawTunnel>]> {
    let Some(list) = field.get()? else {
        return Ok(&[]);
    };
    if let Some(third) = list.value.get(2) {
        let count = list.value.len();
        let message = format!("a connection has two tunnels, and {count} are listed");
        let span = third.given().map_or(&list.span, |third| &third.span);
        let _reported = sink.report(
            Problem::new(Code::TooManyTunnels, message)
                .at(span, "one too many")
                .help("keep two; options for both go under `tunnel_options`"),
        );
    }
    Ok(&list.value)
}

/// The tunnel's own options, and the common ones where it has none.
fn merged(own: Option<&RawTunnel>, common: Option<&RawTunnel>) -> RawTunnel {
    let none = RawTunnel::default();
    let (own, common) = (own.unwrap_or(&none), common.unwrap_or(&none));
    macro_rules! merge {
        ($($field:ident),+ $(,)?) => {
            RawTunnel { $($field: own.$field.or(&common.$field)),+ }
        };
    }
    merge!(
        inside_cidr,
        pre_shared_key_file,
        ike_versions,
        phase1_encryption,
        phase1_integrity,
        phase1_dh_groups,
        phase1_lifetime,
        phase2_encryption,
        phase2_integrity,
        phase2_dh_groups,
        phase2_lifetime,
        rekey_margin,
        rekey_fuzz,
        replay_window,
        dpd_timeout,
        dpd_action,
        startup_action,
        log_group_arn,
        bgp_log_group_arn,
        lifecycle_control,
    )
}

fn wishes(raw: &RawTunnel, site: &RawSite, policy: &Policy, sink: &Sink) -> Checked<TunnelWishes> {
    let inside_cidr = optional::<InsideCidr>(&raw.inside_cidr, Code::InsideCidrUnusable, sink);
    let key_file = key_file(&raw.pre_shared_key_file, sink);
    let algorithms = algorithms(raw, policy, sink);
    let times = times(raw, sink);
    let fuzz = ranged(&raw.rekey_fuzz, "rekey_fuzz", "percent", 0..=100, sink);
    let window = &raw.replay_window;
    let window = ranged(window, "replay_window", "packets", 64..=2048, sink);
    let dpd = &raw.dpd_timeout;
    let dpd = ranged(dpd, "dpd_timeout", "seconds", 30..=MOST_SECONDS, sink);
    let startup_action = startup(raw, sink);
    let log_group = logs::log_group(&raw.log_group_arn, site, sink);
    let bgp_log_group = logs::log_group(&raw.bgp_log_group_arn, site, sink);
    let times = times?;
    Ok(TunnelWishes {
        inside_cidr: inside_cidr?.map(|spot| spot.value),
        pre_shared_key_file: key_file?,
        phase1_lifetime: times.phase1,
        phase2_lifetime: times.phase2,
        rekey_margin: times.margin,
        rekey_fuzz: fuzz?,
        replay_window: window?,
        dpd_timeout: dpd?,
        dpd_action: raw.dpd_action.get()?.map(|spot| spot.value),
        startup_action: startup_action?,
        log_group_arn: log_group?,
        bgp_log_group_arn: bgp_log_group?,
        lifecycle_control: raw.lifecycle_control.get()?.map(|spot| spot.value),
        ..algorithms?
    })
}

/// The lists to choose from; everything else is left empty.
fn algorithms(raw: &RawTunnel, policy: &Policy, sink: &Sink) -> Checked<TunnelWishes> {
    let ike = ike_versions(&raw.ike_versions, policy, sink);
    let phase1_encryption = ciphers(&raw.phase1_encryption, "phase1_encryption", policy, sink);
    let phase1_integrity = hashes(&raw.phase1_integrity, "phase1_integrity", policy, sink);
    let phase1_dh_groups = groups(&raw.phase1_dh_groups, 1, policy, sink);
    let phase2_encryption = ciphers(&raw.phase2_encryption, "phase2_encryption", policy, sink);
    let phase2_integrity = hashes(&raw.phase2_integrity, "phase2_integrity", policy, sink);
    let phase2_dh_groups = groups(&raw.phase2_dh_groups, 2, policy, sink);
    Ok(TunnelWishes {
        ike_versions: values_of(ike?),
        phase1_encryption: values_of(phase1_encryption?),
        phase1_integrity: values_of(phase1_integrity?),
        phase1_dh_groups: values_of(phase1_dh_groups?),
        phase2_encryption: values_of(phase2_encryption?),
        phase2_integrity: values_of(phase2_integrity?),
        phase2_dh_groups: values_of(phase2_dh_groups?),
        ..TunnelWishes::default()
    })
}

/// The EC2 API's integers are signed.
const MOST_SECONDS: u32 = i32::MAX.unsigned_abs();

fn key_file(field: &Field<String>, sink: &Sink) -> Checked<Option<PathBuf>> {
    let Some(spot) = field.get()? else {
        return Ok(None);
    };
    value(spot, Code::InvalidValue, sink, |text| {
        if text.trim().is_empty() || text.ends_with('/') {
            Err(InvalidValue::new(
                format!("{} is not a file's name", quoted(text)),
                "name a file beside the site file that holds the key alone, with mode 0600",
            ))
        } else {
            Ok(Some(PathBuf::from(text)))
        }
    })
}

/// The lifetimes that were given.
struct Times {
    phase1: Option<u32>,
    phase2: Option<u32>,
    margin: Option<u32>,
}

fn times(raw: &RawTunnel, sink: &Sink) -> Checked<Times> {
    let phase1 = ranged(
        &raw.phase1_lifetime,
        "phase1_lifetime",
        "seconds",
        900..=28_800,
        sink,
    );
    let phase2 = ranged(
        &raw.phase2_lifetime,
        "phase2_lifetime",
        "seconds",
        900..=3_600,
        sink,
    );
    let margin = ranged(
        &raw.rekey_margin,
        "rekey_margin",
        "seconds",
        60..=1_800,
        sink,
    );
    let times = Times {
        phase1: phase1?,
        phase2: phase2?,
        margin: margin?,
    };
    phases_in_order(&times, raw, sink)?;
    margin_in_phase2(&times, raw, sink)?;
    Ok(times)
}

fn phases_in_order(times: &Times, raw: &RawTunnel, sink: &Sink) -> Checked<()> {
    let phase1 = times.phase1.unwrap_or(PHASE1_LIFETIME);
    let phase2 = times.phase2.unwrap_or(PHASE2_LIFETIME);
    if phase2 < phase1 {
        return Ok(());
    }
    let message = format!("phase 2 ({phase2} s) does not end before phase 1 ({phase1} s)");
    let help = format!("set `phase2_lifetime` below {phase1}, or leave both out");
    let places = [
        (&raw.phase2_lifetime, "phase 2"),
        (&raw.phase1_lifetime, "phase 1"),
    ];
    Err(disagree(message, places, help, sink))
}

fn margin_in_phase2(times: &Times, raw: &RawTunnel, sink: &Sink) -> Checked<()> {
    let half = times.phase2.unwrap_or(PHASE2_LIFETIME) / 2;
    let margin = times.margin.unwrap_or(REKEY_MARGIN);
    if margin <= half {
        return Ok(());
    }
    let message =
        format!("the rekey margin ({margin} s) is above half of phase 2 (half: {half} s)");
    let help = format!("set `rekey_margin` to {half} at most, or leave it out");
    let places = [
        (&raw.rekey_margin, "the margin"),
        (&raw.phase2_lifetime, "phase 2"),
    ];
    Err(disagree(message, places, help, sink))
}

fn disagree(
    message: String,
    places: [(&Field<u32>, &str); 2],
    help: String,
    sink: &Sink,
) -> Reported {
    let problem = places
        .iter()
        .filter_map(|(field, text)| Some((field.given()?, text)))
        .fold(
            Problem::new(Code::LifetimesDisagree, message),
            |problem, (spot, text)| problem.at(&spot.span, *text),
        );
    sink.report(problem.help(help))
}

fn startup(raw: &RawTunnel, sink: &Sink) -> Checked<Option<StartupAction>> {
    let Some(spot) = raw.startup_action.get()? else {
        return Ok(None);
    };
    let versions = raw.ike_versions.given().map(|list| list.value.as_slice());
    let versions: Vec<_> = versions
        .unwrap_or_default()
        .iter()
        .filter_map(Field::given)
        .collect();
    let newer = versions
        .iter()
        .any(|version| version.value == IkeVersion::V2);
    if let (StartupAction::Start, Some(first), false) = (spot.value, versions.first(), newer) {
        let message = "AWS initiates a tunnel only with IKEv2";
        return Err(sink.report(
            Problem::new(Code::StartNeedsIkev2, message)
                .at(&spot.span, "makes AWS initiate")
                .at(&first.span, "leaves only IKEv1")
                .help("use `startup_action: add`, or IKEv2"),
        ));
    }
    Ok(Some(spot.value))
}

fn inside_twice(first: &RawTunnel, second: &RawTunnel, sink: &Sink) {
    let read = |raw: &RawTunnel| {
        let spot = raw.inside_cidr.given()?.clone();
        Some((spot.value.parse::<InsideCidr>().ok()?, spot.span))
    };
    let (Some((first, first_span)), Some((second, second_span))) = (read(first), read(second))
    else {
        return;
    };
    if first != second {
        return;
    }
    let problem = Problem::new(
        Code::InsideCidrTwice,
        format!("both tunnels have the inside addresses {first}"),
    );
    let problem = if first_span == second_span {
        problem.at(&first_span, "counts for both tunnels")
    } else {
        problem
            .at(&second_span, "tunnel 2")
            .at(&first_span, "tunnel 1")
    };
    let _reported = sink.report(problem.help(
        "give each tunnel its own under `tunnels`, or leave them out and free ones are chosen",
    ));
}

fn key_file_shared(first: &RawTunnel, second: &RawTunnel, sink: &Sink) {
    let files = (
        first.pre_shared_key_file.given(),
        second.pre_shared_key_file.given(),
    );
    let (Some(first), Some(second)) = files else {
        return;
    };
    if first.value != second.value {
        return;
    }
    let message = format!("both tunnels take their key from {}", quoted(&first.value));
    let problem = Problem::new(Code::KeyFileShared, message);
    let problem = if first.span == second.span {
        problem.at(&first.span, "counts for both tunnels")
    } else {
        problem
            .at(&second.span, "tunnel 2")
            .at(&first.span, "tunnel 1")
    };
    sink.warn(problem.help("give each tunnel its own key, so that one leak opens one tunnel"));
}
