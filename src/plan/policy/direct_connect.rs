//! What a policy says about Direct Connect.
//!
//! Its objects are global or made by others, and ids are AWS's choice: what can be bound is bound by
//! the site's tag (AWS service authorization reference, "Actions, resources, and condition keys for
//! AWS Direct Connect").

use serde_json::{Value, json};

use super::{Subject, statement};
use crate::aws::{Collection, service_of};
use crate::plan::permissions::describing;
use crate::resource::TAG_SITE;

/// Actions that make something with tags in the request.
const MAKING: [&str; 4] = [
    "CreateConnection",
    "CreateDirectConnectGateway",
    "CreatePrivateVirtualInterface",
    "CreateTransitVirtualInterface",
];

impl Subject {
    /// Looking at Direct Connect, and what a plan does with it.
    pub(super) fn direct_connect(&self) -> Vec<Value> {
        let of_service = |action: &&String| service_of(action) == "directconnect";
        let actions: Vec<&String> = self.actions.iter().filter(of_service).collect();
        if actions.is_empty() {
            return Vec::new();
        }
        let any = ["*".to_owned()];
        let looks = describing(Collection::DIRECT_CONNECT);
        let letter = self.verifies.then_some("DescribeLoa");
        let looks: Vec<String> = looks.into_iter().chain(letter).map(named).collect();
        let mut statements = vec![statement("LookAtDirectConnect", &looks, &any, None)];
        let (making, using): (Vec<&String>, Vec<&String>) = actions
            .into_iter()
            .partition(|action| MAKING.contains(&action.as_str()));
        if !making.is_empty() {
            let mut making: Vec<String> = making.into_iter().map(|it| named(it)).collect();
            making.push(named("TagResource"));
            let asked = format!("aws:RequestTag/{TAG_SITE}");
            let tagged = json!({ "StringEquals": { asked: self.site } });
            statements.push(statement("MakeDirectConnect", &making, &any, Some(tagged)));
        }
        let using: Vec<String> = using.into_iter().map(|it| named(it)).collect();
        if !using.is_empty() {
            statements.push(statement("UseDirectConnect", &using, &any, None));
        }
        statements
    }
}

fn named(action: impl AsRef<str>) -> String {
    format!("directconnect:{}", action.as_ref())
}
