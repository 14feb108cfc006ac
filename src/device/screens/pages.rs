//! The pages' templates.

use askama::Template;

use super::{BGP, Page, STEPS};
use crate::device::model::{BundleFile, RenderError};

/// A page's template and the function that renders it.
macro_rules! page {
    ($name:ident, $template:ident, $path:literal) => {
        #[derive(Template)]
        #[template(path = $path, escape = "none")]
        struct $template<'a> {
            p: &'a Page<'a>,
        }

        pub(super) fn $name(p: &Page<'_>) -> Result<BundleFile, RenderError> {
            BundleFile::secret(STEPS, &$template { p })
        }
    };
}

page!(meraki, Meraki, "screens/cisco-meraki.md");
page!(unifi, UniFi, "screens/ubiquiti-unifi.md");
page!(sophos, Sophos, "screens/sophos-firewall.md");
page!(bigip, BigIp, "screens/f5-bigip.md");
page!(h3c, H3c, "screens/h3c-comware.md");
page!(watchguard, WatchGuard, "screens/watchguard-firebox.md");

#[derive(Template)]
#[template(path = "screens/bgp.conf", escape = "none")]
struct Bgp<'a> {
    p: &'a Page<'a>,
}

/// FRR's lines for BGP, without a key.
pub(super) fn bgp(p: &Page<'_>) -> Result<BundleFile, RenderError> {
    BundleFile::public(BGP, &Bgp { p })
}
