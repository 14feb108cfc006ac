//! The sample configurations that AWS offers for some routers.

use secrecy::SecretString;
use serde::Serialize;

use super::client::Client;
use super::convert::shown;
use super::fault::Fault;
use crate::spec::VpnConnectionId;

/// A router that AWS has a sample for, in AWS's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeviceType {
    /// Such as `b0adb196`.
    pub id: String,
    /// Such as `Cisco Systems, Inc.`.
    pub vendor: String,
    /// Such as `ISR Series Routers`.
    pub platform: String,
    /// Such as `IOS 12.4+`.
    pub software: String,
}

impl Client {
    /// Every router that AWS has a sample for (`GetVpnConnectionDeviceTypes`).
    pub async fn device_types(&self) -> Result<Vec<DeviceType>, Fault> {
        let pages = self.reader().await.get_vpn_connection_device_types();
        let pages = pages.into_paginator().items().send();
        let types = pages.collect::<Result<Vec<_>, _>>().await;
        let types =
            types.map_err(|error| Fault::from_sdk("GetVpnConnectionDeviceTypes", &error))?;
        let word = |text: Option<&str>| shown(text.unwrap_or_default());
        let types = types.iter().map(|one| DeviceType {
            id: word(one.vpn_connection_device_type_id()),
            vendor: word(one.vendor()),
            platform: word(one.platform()),
            software: word(one.software()),
        });
        Ok(types.collect())
    }

    /// AWS's sample for a connection and a router, with the keys in clear
    /// (`GetVpnConnectionDeviceSampleConfiguration`).
    ///
    /// Nothing is asked of it, as in the console: that gives IKEv1 and AWS's weakest set.
    pub async fn device_sample(
        &self,
        connection: &VpnConnectionId,
        device: &DeviceType,
    ) -> Result<SecretString, Fault> {
        let request = (self.reader().await)
            .get_vpn_connection_device_sample_configuration()
            .vpn_connection_id(connection.as_str())
            .vpn_connection_device_type_id(&device.id);
        let answer = request.send().await.map_err(|error| {
            Fault::from_sdk("GetVpnConnectionDeviceSampleConfiguration", &error)
        })?;
        let text = answer.vpn_connection_device_sample_configuration();
        Ok(text.unwrap_or_default().to_owned().into())
    }
}
