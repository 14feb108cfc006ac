//! What the linter finds.

use super::{Code, refused};

pub(super) const CODES: &[Code] = &[
    refused(
        "lint::actions",
        "A step's API actions do not fit its change",
        "A step that keeps or adopts must call nothing, every other one something, and only calls \
         that underpass has. Otherwise the permissions that are shown would be wrong.",
        "The plan was edited by hand or this is a bug: plan again, and report it if it comes back.",
    ),
    refused(
        "lint::asn_equal",
        "Both ends of the BGP session have one ASN",
        "The customer gateway and the virtual private gateway that the plan creates carry the same \
         number. AWS accepts that and says nothing; BGP then never comes up.",
        "Give the site another `gateway.asn`, and plan again.",
    ),
    refused(
        "lint::cost",
        "The bill is not complete",
        "A step creates or deletes something that is billed by the hour, and the plan has no line \
         for it, or one with the wrong sign. The sum that is shown would be wrong.",
        "Plan again; with `--prices FILE`, see that the file has every kind and Region.",
    ),
    refused(
        "lint::duplicate",
        "Removing a duplicate would take what is kept, or comes too early",
        "An onboarding deletes nothing but a duplicate that the plan lists, behind every step that \
         keeps or makes something, and never an object that another step uses. A duplicate \
         whose tunnels are up is removed only where the plan says that they end.",
        "The plan was edited by hand or this is a bug: plan again.",
    ),
    refused(
        "lint::existing",
        "A step and the object it is about do not fit",
        "What is created must not exist yet; what is kept, adopted, changed or deleted must be \
         named by its id. A step without the id would act on nothing, or on the wrong thing.",
        "The plan was edited by hand or this is a bug: plan again.",
    ),
    refused(
        "lint::foreign",
        "A step touches what is not the site's",
        "An object that a step deletes, replaces or changes does not carry the site's tags in AWS. \
         Only what underpass made for this very site is ever deleted.",
        "Do not apply this plan. Plan again and compare; report it if it comes back.",
    ),
    refused(
        "lint::id",
        "Something that stands for an object of AWS's is not its id",
        "What exists, and the gateways, VPCs and route tables that a step refers to, are named by \
         AWS's ids. Anything else was not written by underpass, and in a policy that is printed \
         for the plan a `*` would be everything.",
        "The plan or the playbook was edited by hand: plan again.",
    ),
    refused(
        "lint::impact",
        "An outage that nothing announces",
        "A step drops both tunnels at once and the plan has no `plan::outage` warning, or a step \
         that keeps everything claims to drop tunnels. Nobody would be told before saying yes.",
        "Plan again; report it if it comes back.",
    ),
    refused(
        "lint::mode",
        "A change that this plan may not have",
        "Onboarding deletes nothing but the duplicates that it was asked to remove, and routes and \
         propagations of the site's that its file no longer names and no step uses; teardown does \
         nothing else. A mixed plan was edited by hand.",
        "Plan again.",
    ),
    refused(
        "lint::order",
        "The steps are not in a possible order",
        "A step stands before something that it needs: a connection before its gateways, \
         propagation before the attachment, or on teardown a gateway before what hangs on it. AWS \
         would refuse the call in the middle of the run.",
        "The plan or the playbook was edited by hand: plan again.",
    ),
    refused(
        "lint::order_unconfirmed",
        "A port would be ordered without a word",
        "A step orders a Direct Connect port, or accepts a partner's hosted connection. Both bill for \
         months, so the plan has to be made with `--order` and its location.",
        "Plan again with `--order LOCATION`, if it shall be ordered.",
    ),
    refused(
        "lint::owner",
        "The tags would not say whose the objects are",
        "The owner's site or run is not the plan's, or a production site has an expiry. Objects \
         with wrong tags are lost to teardown, or taken by `reap`.",
        "Plan again.",
    ),
    refused(
        "lint::permission",
        "A permission is missing from the list",
        "A step calls an action that the plan does not list among its permissions. The policy that \
         is printed for the plan would be too small and the run would stop half-way.",
        "Plan again; report it if it comes back.",
    ),
    refused(
        "lint::reference",
        "A step refers to one that it does not wait for",
        "An input is another step's output and that step is not among what it needs, or is not \
         there at all. The engine could start it before the value is known.",
        "The plan was edited by hand: plan again.",
    ),
    refused(
        "lint::schema",
        "A plan of another format",
        "The plan was written by a version of underpass whose plan format is not this one's.",
        "Plan again with this version.",
    ),
    refused(
        "lint::secret",
        "Something in the plan looks like a key",
        "A plan is shown, saved and sent around, so it must hold no pre-shared key. One of its \
         texts has the length and the alphabet of one, or stands in a field named like one.",
        "Do not share the file. Take the secret out of tags and options of the site file; if you \
         find it nowhere, report it without the plan.",
    ),
    refused(
        "lint::step_name",
        "Two steps have one name",
        "Steps are told apart by name in the journal and in tags. With two of a name a resumed run \
         could not tell which of them is done.",
        "Rename one in the playbook.",
    ),
    refused(
        "lint::steps",
        "The plan has more steps than a plan can have",
        "A plan has at most a thousand steps, and what AWS's quotas allow for the largest site has \
         250. This one was made to keep somebody busy.",
        "Plan again; if the playbook is your own, see what its `for_each` goes over.",
    ),
    refused(
        "lint::tunnels",
        "The tunnels are not two different, equal halves",
        "A connection has exactly two tunnels, numbered 1 and 2, each with a /30 of its own; what \
         AWS is asked for must be what the plan shows; lifetimes, margins and sizes must fit each \
         other. Anything else leaves a tunnel with AWS's weak defaults or with no traffic.",
        "The plan was edited by hand: plan again.",
    ),
    refused(
        "lint::usual",
        "A step's usual time makes no sense",
        "The shortest usual time is above the longest, or that is above the limit at which a wait \
         gives up. The run would give up on something that is going well.",
        "Plan again; report it if it comes back.",
    ),
    refused(
        "lint::weak",
        "Weak cryptography that nothing announces",
        "A tunnel has AES-128, SHA-1, a Diffie-Hellman group below 14 or IKEv1, and the plan has \
         no `preflight::weak_cryptography` warning, which `security: compatible` always gives.",
        "Plan again; the floor of `security: strong` must not be lowered by hand.",
    ),
];
