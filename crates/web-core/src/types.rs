//! The types of what crosses to JavaScript, as TypeScript: `web/src/api/types.ts`, which scripts/build-web-types writes from here.

use crate::exchange::{Action, Input};
use crate::phrase::Owner;
use crate::store::StoreFault;
use crate::texts::LinkView;
use std::collections::BTreeMap;
use std::path::PathBuf;
use tidings_client::view::{
    ContactView, ConversationView, DeviceRequest, DeviceView, IntroductionView, InvitationView, MeView, MessageView,
};
use tidings_wire::api::{Findings, Known, Overview, OwnersInvitation};
use ts_rs::{Config, TS, TypeVisitor};

const HEAD: &str = "// Made by scripts/build-web-types of crates/client and crates/web-core: change it there.\n\
    // Ids are base64url text, times milliseconds, variants `{ kind: content }` or `'kind'`.\n";

/// Declarations, by name.
struct Found {
    config: Config,
    declared: BTreeMap<String, String>,
}

impl TypeVisitor for Found {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // What is no type of ours has no file that it would go to.
        if T::output_path().is_none() || self.declared.contains_key(&T::ident(&self.config)) {
            return;
        }
        let declared = format!("{}export {}\n", T::docs().unwrap_or_default(), T::decl(&self.config));
        self.declared.insert(T::ident(&self.config), declared);
        T::visit_dependencies(self);
    }
}

fn types() -> String {
    // JavaScript has one kind of number; what stands in ours of 64 bits are times, sizes and counts.
    let mut found = Found { config: Config::new().with_large_int("number"), declared: BTreeMap::new() };
    found.visit::<Input>();
    found.visit::<Action>();
    found.visit::<MeView>();
    found.visit::<ConversationView>();
    found.visit::<MessageView>();
    found.visit::<ContactView>();
    found.visit::<DeviceView>();
    found.visit::<DeviceRequest>();
    found.visit::<InvitationView>();
    found.visit::<IntroductionView>();
    found.visit::<Owner>();
    found.visit::<LinkView>();
    found.visit::<StoreFault>();
    found.visit::<Known>();
    found.visit::<Overview>();
    found.visit::<Findings>();
    found.visit::<OwnersInvitation>();
    let all: Vec<_> = std::iter::once(HEAD.to_owned()).chain(found.declared.into_values()).collect();
    all.join("\n")
}

#[test]
fn the_types_of_the_web_app_are_those_that_cross() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../web/src/api/types.ts");
    if std::env::var_os("TIDINGS_WRITE_TYPES").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, types()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == types(), "web/src/api/types.ts is stale: run scripts/build-web-types");
}
