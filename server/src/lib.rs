//! The sync server of one region: HTTP around [`veldboek_core::sync::server::Region`].
//!
//! A request passes [`listen`] (the connection), [`router`] (which route), [`auth`] (who asks), `routes` (what is meant), for what
//! is pushed [`porch`] (can it be right at all), and [`writer`] (the one thread that changes anything), and comes back when what it did is durable.

pub mod admin;
pub mod app;
pub mod args;
pub mod asking;
pub mod attempts;
pub mod audit;
pub mod auth;
pub mod backup;
pub mod body;
pub mod config;
pub mod engine;
pub mod error;
pub mod failure;
pub mod faults;
pub mod help;
pub mod listen;
pub mod log;
pub mod master_key;
pub mod nonces;
pub mod origin;
pub mod pace;
pub mod porch;
pub mod render;
pub mod router;
pub mod routes;
pub mod run;
pub mod setup;
pub mod time;
pub mod turns;
pub mod unsigned;
pub mod writer;
