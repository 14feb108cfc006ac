//! What planning itself refuses and warns about.

use super::{Code, refused};

pub(super) const CODES: &[Code] = &[
    refused(
        "plan::adopted_differs",
        "An adopted connection has other tunnel options",
        "The site file names a connection that somebody else made, and its tunnel options are not \
         those that were negotiated. The router's half is written for the negotiated ones, so the \
         two ends would not meet. What was adopted is not changed without being asked.",
        "Allow the change with `--adopt-changes` (each tunnel drops for minutes, one after the \
         other), or write the options that the connection has into `tunnels` of the site file.",
    ),
    refused(
        "plan::conflict",
        "Neither using what exists nor making a new one is right",
        "Something exists in AWS that stands in the way: it cannot be changed, belongs to somebody \
         else, or AWS would hand it out instead of making what was asked for. A person must decide.",
        "Do what the message says, then plan again. Nothing was written.",
    ),
    refused(
        "plan::inputs",
        "A playbook gives a kind what it cannot use",
        "A step's inputs are missing or have the wrong type. This happens with playbooks of your \
         own; the built-in ones are tested.",
        "Correct the step that is named: `underpass playbook show` lists each kind's inputs.",
    ),
    refused(
        "plan::left_adopted",
        "Something is left because underpass did not make it",
        "The site used a gateway that was there before. Teardown removes only what carries the \
         site's tags.",
        "Nothing to do. If nobody needs it, delete it by hand.",
    ),
    refused(
        "plan::left_in_use",
        "Something is left because others use it",
        "The site made a gateway on which another site's connection has come to depend: a VPC has \
         room for one. Removing it would cut the other site off, so it stays, with its attachment \
         and propagation. It costs nothing.",
        "When the other site is gone, run the teardown of this one again.",
    ),
    refused(
        "plan::no_longer_named",
        "What was taken out of the site file is removed",
        "A route to a network, or the propagation into a transit gateway's table, hangs on the \
         site's connection or is remembered by it, and the site file does not name it any more. \
         Left behind, AWS would still send that network's traffic to the site.",
        "Nothing, if that is what you meant. To keep it, write the network or the table into the \
         site file again.",
    ),
    refused(
        "plan::not_remembered",
        "A teardown would not know what this site enables",
        "AWS has no tags for route propagation. What a site enables on a gateway that is not its own \
         is remembered in the tags of its connection and of its customer gateway. Here both were \
         adopted, and what was adopted is never tagged; or a playbook of your own does not tell \
         them, so that the teardown leaves the propagation on, at the latest when the other one is \
         lost.",
        "Give the step of the customer gateway `remembers_propagation: \
         ${vpc.remembers_propagation}` and that of the connection `enables_propagation: \
         ${vpc.enables_propagation}`, as the built-in playbooks do. Where both were adopted, \
         disable the propagation by hand after the teardown.",
    ),
    refused(
        "plan::outage",
        "Both tunnels drop",
        "Replacing or deleting a connection ends both of its tunnels. A replaced one comes back \
         with other outside addresses and other keys: the router must be configured anew.",
        "Choose a time when the site may be cut off, and have the router's new bundle at hand.",
    ),
    refused(
        "plan::tunnels_drop",
        "Tunnels drop, one after the other",
        "AWS changes the options of a tunnel by replacing its end; that takes minutes. underpass \
         changes the second only when the first is up again.",
        "See first that both tunnels are up: `underpass verify`. Then the site stays reachable.",
    ),
];
