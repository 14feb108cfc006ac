//! What goes wrong: errors of the API on the wire, and errors of the sandbox itself.

use std::io;
use std::path::PathBuf;

use super::xml::Xml;

/// Why a sandbox could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The world's file or its lock cannot be read or written.
    #[error("the sandbox's world {} cannot be {action}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried: "read", "locked", "written".
        action: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// The world's file is not one that this version wrote.
    #[error(
        "{} is not a sandbox world this version can read ({source}); nothing was changed. \
         Remove the file to start over with the default world",
        path.display()
    )]
    Content {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// A name that stands for no fault profile or gateway state.
    #[error("`{given}` is no {what}; known: {known}")]
    Unknown {
        /// What was being parsed.
        what: &'static str,
        /// What was given.
        given: String,
        /// The accepted values.
        known: &'static str,
    },
}

/// An error as EC2 and STS put it on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApiError {
    /// The HTTP status.
    pub(super) status: u16,
    /// AWS's code, the one thing a client may match.
    pub(super) code: String,
    /// For people.
    pub(super) message: String,
}

impl ApiError {
    /// The signature's time is not AWS's.
    pub(super) fn expired() -> Self {
        Self::new("RequestExpired", "Request has expired.")
    }

    /// A client error, status 400.
    pub(super) fn new(code: &str, message: impl Into<String>) -> Self {
        Self::with_status(400, code, message)
    }

    pub(super) fn with_status(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.into(),
        }
    }

    /// `InvalidParameterValue` in EC2's usual words.
    pub(super) fn value(parameter: &str, value: &str, why: &str) -> Self {
        let why = if why.is_empty() {
            String::new()
        } else {
            format!(" {why}")
        };
        Self::new(
            "InvalidParameterValue",
            format!("Value ({value}) for parameter {parameter} is invalid.{why}"),
        )
    }

    pub(super) fn missing(parameter: &str) -> Self {
        Self::new(
            "MissingParameter",
            format!("The request must contain the parameter {parameter}"),
        )
    }

    pub(super) fn combination(message: &str) -> Self {
        Self::new("InvalidParameterCombination", message)
    }

    /// The success of a dry run.
    pub(super) fn dry_run() -> Self {
        Self::with_status(
            412,
            "DryRunOperation",
            "Request would have succeeded, but DryRun flag is set.",
        )
    }

    pub(super) fn throttled() -> Self {
        Self::with_status(503, "RequestLimitExceeded", "Request limit exceeded.")
    }

    /// The document of this error as EC2 writes it.
    pub(super) fn ec2_document(&self, request_id: &str) -> Vec<u8> {
        let mut xml = Xml::document();
        xml.within("Response", |xml| {
            xml.within("Errors", |xml| {
                xml.within("Error", |xml| {
                    xml.text("Code", &self.code).text("Message", &self.message);
                });
            });
            xml.text("RequestID", request_id);
        });
        xml.into_bytes()
    }

    /// The document of this error as STS writes it.
    pub(super) fn sts_document(&self, request_id: &str) -> Vec<u8> {
        let mut xml = Xml::document();
        xml.root(
            "ErrorResponse",
            "https://sts.amazonaws.com/doc/2011-06-15/",
            |xml| {
                xml.within("Error", |xml| {
                    let fault = if self.status < 500 {
                        "Sender"
                    } else {
                        "Receiver"
                    };
                    xml.text("Type", fault)
                        .text("Code", &self.code)
                        .text("Message", &self.message);
                });
                xml.text("RequestId", request_id);
            },
        );
        xml.into_bytes()
    }
}
