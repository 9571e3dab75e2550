//! The server's keys: clients keep their public halves, so they must stay the same.

use super::source::Source;
use crate::failure::Failure;
use crate::settings::{Secret, Settings};
use tidings_doors::piqchat::{Keys, Overrides};

/// The keys that the node will have.
pub(super) struct ServerKeys {
    /// The box key in base64.
    pub(super) api: Secret,
    /// The push key in base64url.
    pub(super) vapid: Secret,
    /// The public half of the box key.
    pub(super) public: String,
    /// Where they are from, in words.
    pub(super) from: &'static str,
}

impl ServerKeys {
    /// Finds them in the settings, which win, as with piqchat, or in the database. Fails with [`Failure::Usage`] if there are none,
    /// or if the halves do not belong together.
    pub(super) fn find(source: &Source, settings: &Settings) -> Result<Self, Failure> {
        let ours = &settings.keys;
        let stored = |name| source.config(name).map(|text| Secret::new(&text));
        let missing = |name: &str| {
            Failure::Usage(format!(
                "the piqchat server's database holds no {name}: it was given to the server by the environment or a .env file.\n\
                 Give it here in the same way ({name}=...). Without it clients could not go on with the new node."
            ))
        };
        let from_settings = ours.api_private.is_some();
        let api = ours.api_private.clone().or_else(|| stored("API_PRIVATE_KEY"));
        let vapid = ours.vapid_private.clone().or_else(|| stored("VAPID_PRIVATE_KEY"));
        let api = api.ok_or_else(|| missing("API_PRIVATE_KEY"))?;
        let vapid = vapid.ok_or_else(|| missing("VAPID_PRIVATE_KEY"))?;
        // A public half belongs to the private one from the same place.
        let stored_half = match ours.vapid_private {
            Some(_) => None,
            None => source.config("VAPID_PUBLIC_KEY"),
        };
        let overrides = Overrides {
            api_public: ours.api_public.clone(),
            vapid_public: ours.vapid_public.clone().or(stored_half),
            ..Overrides::default()
        };
        let keys = Keys::from_texts(api.reveal().as_bytes(), vapid.reveal().as_bytes(), &overrides)?;
        let from = if from_settings { "the environment or the settings" } else { "its database" };
        Ok(Self { api, vapid, public: keys.public_key(), from })
    }
}
