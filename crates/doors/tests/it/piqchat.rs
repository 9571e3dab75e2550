//! Life cycles at the piqchat door, with a clock that tests move.

mod accounts;
mod answers;
mod exchanges;
mod parcels;
mod pushes;
mod races;
