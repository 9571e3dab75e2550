//! The client in a terminal: its encrypted store, its connections, its commands and its screen.
