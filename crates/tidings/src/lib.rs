//! The Tidings node: settings, commands, and the wiring of a running node.
//!
//! [`settings`] reads what the owner wants, [`cli`] what was asked on the command line; [`serve`] puts a node together. While a
//! node runs, other commands speak with it through [`control`].

pub mod acme;
pub mod cli;
pub mod cmd;
pub mod control;
pub mod doctor;
pub mod doors;
pub mod failure;
pub mod figures;
pub mod listen;
pub mod logs;
pub mod node;
pub mod office;
pub mod open_files;
pub mod output;
pub mod ports;
pub mod probes;
pub mod reload;
pub mod serve;
pub mod settings;
pub mod systemd;
pub mod tls;
pub mod validity;
pub mod visits;
pub mod welcome;

use failure::Failure;
use output::Output;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command that the arguments ask for. What it says goes to standard output, what goes wrong to standard error.
pub fn run(
    arguments: impl Iterator<Item = OsString>,
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> ExitCode {
    // The only error is that one is there already, which is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let output = Output::new();
    let arguments: Vec<OsString> = arguments.collect();
    let json = cli::wants_json(&arguments);
    let asked = match cli::read(arguments.into_iter(), environment) {
        Ok(asked) => asked,
        Err(error) => return cli::explain(&error, json),
    };
    match cmd::run(asked, &output) {
        Ok(code) => code,
        Err(failure) => {
            output.complain(&failure);
            failure.exit_code()
        }
    }
}

/// What a command ends with.
pub type Outcome = Result<ExitCode, Failure>;
