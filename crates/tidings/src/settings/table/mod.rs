//! The table of settings: each is defined here, once, and nowhere else.

mod channels;
mod limits;
mod native;
mod node;
mod piqchat;
mod rooms;
mod serving;
mod take;
mod watching;

use super::Definition;
use super::definition::{Section, Take, setting};

/// The sections, in the order in which they are shown.
const SECTIONS: &[&[Definition]] = &[
    node::NODE,
    node::ADMIN,
    piqchat::DOOR,
    piqchat::PUSH,
    piqchat::KEYS,
    native::NATIVE,
    rooms::ROOMS,
    channels::CHANNELS,
    limits::LIMITS,
    serving::TLS,
    serving::HTTP,
    watching::WATCHING,
];

/// How many settings there are.
const COUNT: usize = count(SECTIONS);

/// All settings, in the order in which they are shown.
pub static TABLE: &[Definition] = &joined(SECTIONS);

const fn count(mut sections: &[&[Definition]]) -> usize {
    let mut count = 0;
    while let [section, rest @ ..] = sections {
        count += section.len();
        sections = rest;
    }
    count
}

/// One table of all sections. Written for the compiler, which knows no iterators in constants.
const fn joined(mut sections: &[&[Definition]]) -> [Definition; COUNT] {
    let mut table = [setting(Section::Node, "", "", "", Take::Switch(|_, _| {}), ""); COUNT];
    let mut free: &mut [Definition] = &mut table;
    let mut section: &[Definition] = &[];
    while let [place, behind @ ..] = free {
        while let ([], [next, rest @ ..]) = (section, sections) {
            (section, sections) = (*next, rest);
        }
        if let [definition, more @ ..] = section {
            *place = *definition;
            section = more;
        }
        free = behind;
    }
    table
}
