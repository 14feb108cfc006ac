//! The letter of authorization of a port, which a location's operator wants to see before a cable.

use aws_sdk_directconnect::primitives::Blob;
use aws_sdk_directconnect::types::LoaContentType;

use super::client::Client;
use super::fault::{Fault, FaultKind};
use crate::spec::DxConnectionId;

const ACTION: &str = "DescribeLoa";

impl Client {
    /// The letter as PDF (`DescribeLoa`), in AWS's own bytes.
    ///
    /// `provider` is named in it beside the customer, as who orders the cross connect. There is no
    /// letter of a hosted connection, and none before AWS has issued it.
    pub async fn letter(
        &self,
        connection: &DxConnectionId,
        provider: Option<&str>,
    ) -> Result<Vec<u8>, Fault> {
        let (client, _) = self.direct_connect_reader().await;
        let request = client.describe_loa();
        let request = request
            .connection_id(connection.as_str())
            .set_provider_name(provider.map(str::to_owned))
            .loa_content_type(LoaContentType::Pdf);
        let answer = request.send().await;
        let answer = answer.map_err(|error| Fault::from_sdk(ACTION, &error))?;
        let content = answer.loa_content.map(Blob::into_inner);
        content
            .filter(|content| !content.is_empty())
            .ok_or_else(|| Fault::of_kind(ACTION, FaultKind::Server, "the letter is empty"))
    }
}
