//! STS.

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::xml::Xml;

/// Every access key is the same user of the one account.
#[expect(clippy::unnecessary_wraps, reason = "every action returns an outcome")]
pub(super) fn get_caller_identity(context: &mut Context<'_>) -> Outcome {
    let mut body = Xml::new();
    body.within("GetCallerIdentityResult", |xml| {
        xml.text(
            "Arn",
            format!("arn:aws:iam::{}:user/sandbox", context.account),
        )
        .text("UserId", "AIDASANDBOXEXAMPLE00")
        .text("Account", context.account);
    });
    Ok(Done::read(body))
}
