//! `underpass init`.

use std::path::PathBuf;

use inquire::Text;
use inquire::validator::{ErrorMessage, Validation};

use super::exit::Exit;
use super::failure::Failure;
use super::harmless;
use super::output::{Line, Output};
use crate::files;
use crate::spec::init::{InitAnswers, answer};
use crate::spec::{self, Routing};

/// Write a commented site file from flags or questions
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file to write
    #[arg(default_value = "site.yaml")]
    file: PathBuf,
    /// The site's name
    #[arg(long)]
    site: Option<String>,
    /// The AWS Region
    #[arg(long)]
    region: Option<String>,
    /// The VPC's id
    #[arg(long)]
    vpc: Option<String>,
    /// The router, out of `underpass devices`
    #[arg(long)]
    device: Option<String>,
    /// The router's public address
    #[arg(long)]
    outside_ip: Option<String>,
    /// The router's own address, when a NAT stands in front of it
    #[arg(long)]
    local_ip: Option<String>,
    /// bgp or static
    #[arg(long)]
    routing: Option<String>,
    /// The site's ASN, for BGP
    #[arg(long)]
    asn: Option<String>,
    /// The site's networks
    #[arg(long, value_delimiter = ',')]
    lan: Vec<String>,
    /// How long the test site lives; `never` for production [default without questions: 8h]
    #[arg(long)]
    expires_after: Option<String>,
    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    if args.file.exists() && !args.force {
        return Err(Failure::new(
            Exit::Input,
            format!(
                "{} exists already: nothing was written",
                harmless::path(&args.file)
            ),
        )
        .next(format!(
            "underpass init --force {}",
            harmless::path(&args.file)
        )));
    }
    let mut form = Form {
        output,
        problems: Vec::new(),
    };
    let answers = form.fill(args)?;
    let Some(answers) = answers.filter(|_| form.problems.is_empty()) else {
        return Err(Failure::new(
            Exit::Input,
            format!("nothing was written:\n  {}", form.problems.join("\n  ")),
        )
        .next("underpass init --help"));
    };
    let text = spec::init::template(&answers);
    files::write_public(&args.file, text.as_bytes())
        .map_err(|error| Failure::file("write", &args.file, &error))?;
    output.say(
        Line::Made,
        &format!("{} written", harmless::path(&args.file)),
    );
    output.text(&format!(
        "next: underpass plan {}",
        harmless::path(&args.file)
    ));
    Ok(Exit::Ok)
}

/// What an empty answer means the example for; nobody else's address or name is a default.
const USUAL: [&str; 4] = ["device", "routing", "asn", "expires-after"];

/// The questions, answered by flags or by a person; every problem is kept.
struct Form {
    output: Output,
    problems: Vec<String>,
}

/// Reads an answer; the error is a sentence.
type Reader<T> = fn(&str) -> Result<T, String>;

impl Form {
    fn fill(&mut self, args: &Args) -> Result<Option<InitAnswers>, Failure> {
        let lan = (!args.lan.is_empty()).then(|| args.lan.join(","));
        let site = self.ask(
            "site",
            "Name of the site",
            args.site.as_deref(),
            "plant-7",
            answer::site,
        )?;
        let region = self.ask(
            "region",
            "AWS Region",
            args.region.as_deref(),
            "eu-central-1",
            answer::region,
        )?;
        let vpc = self.ask(
            "vpc",
            "Id of the VPC",
            args.vpc.as_deref(),
            "vpc-0a1b2c3d4e5f67890",
            answer::vpc,
        )?;
        let device = self.ask(
            "device",
            "Router (underpass devices)",
            args.device.as_deref(),
            "strongswan",
            device,
        )?;
        let outside = "Public address of the router, or of the NAT in front of it";
        let outside_ip = self.ask(
            "outside-ip",
            outside,
            args.outside_ip.as_deref(),
            "198.51.100.7",
            answer::outside_ip,
        )?;
        let local = "Its own address behind a NAT; empty without a NAT";
        let local_ip = self.optional(
            "local-ip",
            local,
            args.local_ip.as_deref(),
            answer::local_ip,
        )?;
        let lans = "Networks of the site, separated by commas";
        let lan = self.ask("lan", lans, lan.as_deref(), "10.20.0.0/24", answer::lan)?;
        let routing = self.ask(
            "routing",
            "Routing: bgp or static",
            args.routing.as_deref(),
            "bgp",
            routing,
        )?;
        let asn = match routing {
            Some(Routing::Static) => None,
            _ => self.ask(
                "asn",
                "ASN of the site",
                args.asn.as_deref(),
                "65010",
                answer::asn,
            )?,
        };
        let lives = "How long the test site lives; `never` for production";
        let expires_after = self.ask(
            "expires-after",
            lives,
            args.expires_after.as_deref(),
            "8h",
            expires_after,
        )?;
        let all = (
            site,
            region,
            vpc,
            device,
            outside_ip,
            lan,
            routing,
            expires_after,
        );
        let (
            Some(site),
            Some(region),
            Some(vpc),
            Some(device),
            Some(outside_ip),
            Some(lan),
            Some(routing),
            Some(expires_after),
        ) = all
        else {
            return Ok(None);
        };
        let local_ip = local_ip.flatten();
        Ok(Some(InitAnswers {
            site,
            region,
            expires_after,
            device,
            outside_ip,
            local_ip,
            routing,
            asn,
            lan,
            vpc,
        }))
    }

    fn ask<T>(
        &mut self,
        flag: &str,
        question: &str,
        given: Option<&str>,
        example: &str,
        read: Reader<T>,
    ) -> Result<Option<T>, Failure>
    where
        T: 'static,
    {
        match given {
            Some(text) => Ok(read(text)
                .map_err(|problem| self.problems.push(format!("--{flag}: {problem}")))
                .ok()),
            None if self.output.may_ask => {
                let usual = USUAL.contains(&flag);
                prompt(question, example, usual, read).map(Some)
            }
            // Without a person a test site is what does the least harm.
            None if flag == "expires-after" => Ok(read(example).ok()),
            None => {
                self.problems.push(format!(
                    "--{flag} is missing: {question}, such as {example}"
                ));
                Ok(None)
            }
        }
    }

    fn optional<T>(
        &mut self,
        flag: &str,
        question: &str,
        given: Option<&str>,
        read: Reader<T>,
    ) -> Result<Option<T>, Failure>
    where
        T: 'static,
    {
        if given.is_none() && !self.output.may_ask {
            return Ok(None);
        }
        self.ask(flag, question, given, "", read)
    }
}

fn device(text: &str) -> Result<String, String> {
    let name = answer::device(text)?;
    match crate::device::find(&name) {
        Ok(_) => Ok(name),
        Err(error) => Err(format!("{}: {}", error.problem, error.help)),
    }
}

fn routing(text: &str) -> Result<Routing, String> {
    match text.trim() {
        "bgp" => Ok(Routing::Bgp),
        "static" => Ok(Routing::Static),
        _ => Err("use bgp or static".to_owned()),
    }
}

fn expires_after(text: &str) -> Result<Option<jiff::SignedDuration>, String> {
    match text.trim() {
        "never" => Ok(None),
        text => answer::expires_after(text).map(Some),
    }
}

fn prompt<T: 'static>(
    question: &str,
    example: &str,
    usual: bool,
    read: Reader<T>,
) -> Result<T, Failure> {
    let text = Text::new(question);
    let such_as = format!("such as {example}");
    let text = match (usual, example) {
        (true, _) => text.with_default(example),
        (false, "") => text,
        (false, _) => text.with_help_message(&such_as),
    };
    let answered = text
        .with_validator(move |text: &str| {
            Ok(match read(text) {
                Ok(_) => Validation::Valid,
                Err(problem) => Validation::Invalid(ErrorMessage::Custom(problem)),
            })
        })
        .prompt()
        .map_err(|error| {
            Failure::new(Exit::Cancelled, format!("nothing was written: {error}"))
                .next("underpass init")
        })?;
    read(&answered).map_err(|problem| Failure::new(Exit::Input, problem))
}
