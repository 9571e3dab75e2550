use super::*;
use crate::settings::Listen;
use proptest::prelude::*;
use std::time::Duration;

fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn from_environment(pairs: &[(&str, &str)]) -> Result<InForce, Problems> {
    parse(Input { environment: &environment(pairs), ..Input::default() })
}

fn from_file(text: &str) -> Result<InForce, Problems> {
    parse(Input { file: Some((Path::new("t.toml"), text)), ..Input::default() })
}

fn complaint(outcome: Result<InForce, Problems>) -> String {
    outcome.err().expect("must be refused").to_string()
}

#[test]
fn defaults_are_in_force_without_anything() {
    let settings = parse(Input::default()).unwrap().settings;
    assert_eq!(settings.listen, [Listen::Everywhere(8080)]);
    assert_eq!(settings.rates, tidings_engine::limits::Rates::default());
    let policies = tidings_core::Policies::default();
    assert_eq!(tidings_core::Budget::from(settings.inbox), policies.inbox.stream);
    assert_eq!(tidings_core::Budget::from(settings.sender), policies.inbox.sender);
    let engine = tidings_engine::Settings::default();
    assert_eq!((settings.exchange_life, settings.invitation_life), (engine.exchange_life, engine.invitation_life));
    assert_eq!(settings.disk_reserve, tidings_engine::Settings::default().disk_reserve);
}

#[test]
fn rooms_and_channels_are_open_by_default_and_links_are_not() {
    let settings = parse(Input::default()).unwrap().settings;
    let (given, engine) = (settings.engine(), tidings_engine::Settings::default());
    assert_eq!(given.policies, tidings_core::Policies::default());
    assert_eq!((given.tail_bytes, given.history_bytes), (engine.tail_bytes, engine.history_bytes));
    assert_eq!(given.account_blob_bytes, engine.account_blob_bytes);
    assert!(settings.rooms.open && settings.channels.open && !settings.channels.keyless);
    let places = [&settings.channels.listen, &settings.channels.websocket_listen, &settings.channels.peer_listen];
    assert!(places.iter().all(|places| places.is_empty()));
    let (darkchat, denetwork) =
        (tidings_doors::darkchat::Settings::default(), tidings_doors::denetwork::Settings::default());
    let darkchat = tidings_doors::darkchat::Settings { max_connections: settings.max_connections, ..darkchat };
    assert_eq!(format!("{:?}", settings.darkchat()), format!("{darkchat:?}"));
    assert_eq!(format!("{:?}", settings.denetwork()), format!("{denetwork:?}"));
}

#[test]
fn every_address_counts_its_connections() {
    let connections = |text| from_file(text).unwrap().settings.connections();
    assert_eq!(connections("max-connections = 10"), 10);
    assert_eq!(connections("max-connections = 10\nmetrics-listen = 1\nlisten = [2, 3]"), 30);
    let channels = "max-connections = 10\n[darkchat]\nmax-connections = 100\nmax-peers = 5\n";
    assert_eq!(connections(channels), 10);
    assert_eq!(connections(&format!("{channels}listen = 1\nwebsocket-listen = [2, 3]\npeer-listen = 4")), 315);
}

#[test]
fn other_servers_are_read() {
    let found = from_file(
        "[darkchat]\npeers = ['a.example:30303', '192.0.2.1:1']\nallowed-peers = '192.0.2.0/24'\npeer-listen = 0\n\
         peer-port = 5\nkeyless = true\nclient-bytes-per-second = '1MiB'\n",
    );
    let door = found.unwrap().settings.darkchat();
    assert_eq!(door.peers, ["a.example:30303", "192.0.2.1:1"]);
    assert_eq!((door.announced_port, door.client_budget.bytes, door.keyless), (Some(5), 1 << 20, true));
    assert_eq!(door.allowed_peers.map(|nets| nets.len()), Some(1));
    let said = complaint(from_file("darkchat-peers = 'a.example'\ndarkchat-peer-port = 0\n"));
    assert!(said.contains("chat.example.org:30303") && said.contains("from 1 to 65535"), "{said}");
    let said = complaint(from_file("darkchat-websocket-tls-listen = 8547\n"));
    assert!(said.contains("tls-cert"), "{said}");
}

#[test]
fn flags_go_before_the_environment_and_that_before_env_files_and_those_before_toml() {
    let order = |flags: &[(String, Raw)], variables: &[(&str, &str)], dotenv: Option<&str>| {
        let environment = environment(variables);
        let file = Some((Path::new("t.toml"), "max-connections = 1"));
        parse(Input { flags, environment: &environment, dotenv, file }).unwrap().settings.max_connections
    };
    let flag = [("max-connections".to_owned(), Raw::One("4".to_owned()))];
    assert_eq!(order(&[], &[], None), 1);
    assert_eq!(order(&[], &[], Some("TIDINGS_MAX_CONNECTIONS=2")), 2);
    assert_eq!(order(&[], &[("TIDINGS_MAX_CONNECTIONS", "3")], Some("TIDINGS_MAX_CONNECTIONS=2")), 3);
    assert_eq!(order(&flag, &[("TIDINGS_MAX_CONNECTIONS", "3")], None), 4);
}

#[test]
fn piqchats_names_are_understood() {
    let given = from_environment(&[
        ("PORT", "9000"),
        ("DATABASE_PATH", "database/database.sqlite"),
        ("CONTACT_EXCHANGE_TIME_TO_LIVE_IN_MIN", "15"),
        ("PUSH_TIME_TO_LIVE_ON_SERVICE_IN_DAYS", "2"),
        ("CREATE_SIGN_UP_INVITE", ""),
        ("ADMIN_MESSAGE", "a, b"),
        ("HOME", "/root"),
    ]);
    let settings = given.unwrap().settings;
    assert_eq!(settings.listen, [Listen::Everywhere(9000)]);
    assert_eq!(settings.database(), Path::new("database/database.sqlite"));
    let lives = (settings.exchange_life, settings.invitation_life);
    assert_eq!(lives, (Duration::from_secs(900), Duration::from_secs(900)));
    assert_eq!(settings.push_ttl, Duration::from_secs(2 * 86_400));
    assert_eq!(settings.admin_message.as_deref(), Some("a, b"));
    assert!(settings.create_invitation);
    assert!(!from_environment(&[("CREATE_SIGN_UP_INVITE", "false")]).unwrap().settings.create_invitation);
    let both = [("TIDINGS_LISTEN", "1000"), ("PORT", "9000")];
    assert_eq!(from_environment(&both).unwrap().settings.listen, [Listen::Everywhere(1000)]);
}

#[test]
fn the_file_may_have_tables_or_not() {
    for text in
        ["admin-message = 'x'\ntls-cert = 'c'\ntls-key = 'k'", "admin.message = 'x'\n[tls]\ncert = 'c'\nkey = 'k'"]
    {
        let settings = from_file(text).unwrap().settings;
        assert_eq!(settings.admin_message.as_deref(), Some("x"));
        assert_eq!(settings.tls_key.as_deref(), Some(Path::new("k")));
    }
    let settings =
        from_file("listen = ['127.0.0.1:1', 2]\nrate.address.burst = 0x10\nmetrics = false").unwrap().settings;
    assert_eq!(settings.listen.len(), 2);
    assert_eq!(settings.rates.address.burst, 16);
    assert!(!settings.metrics);
}

#[test]
fn the_data_folder_is_known_whatever_else_is_wrong() {
    let flags = [("data-dir", "d"), ("tls-cert", "its key is in the file"), ("max-connections", "x")]
        .map(|(name, value)| (name.to_owned(), Raw::One(value.to_owned())));
    let input = Input { flags: &flags, dotenv: Some("TIDINGS_DATA_DIR=e\nTIDINGS_NOTHING=1"), ..Input::default() };
    assert_eq!(data_dir(input), Some("d".into()));
}

#[test]
fn unknown_names_are_refused_with_the_nearest_known_one() {
    let said = complaint(from_file("\n[tls]\ncrt = 'x'"));
    assert_eq!(said, "t.toml, line 3: there is no setting tls.crt; did you mean tls-cert?");
    let said = complaint(from_environment(&[("TIDINGS_LISTNE", "1")]));
    assert_eq!(said, "TIDINGS_LISTNE in the environment: there is no such setting; did you mean TIDINGS_LISTEN?");
    let said = complaint(parse(Input { dotenv: Some("A=1\nTIDINGS_BLOB=x"), ..Input::default() }));
    assert_eq!(said, "TIDINGS_BLOB in .env, line 2: there is no such setting; did you mean TIDINGS_BLOBS?");
}

#[test]
fn what_builds_are_told_is_no_setting() {
    for name in ["TIDINGS_WEB", "TIDINGS_WEB_DIST", "TIDINGS_WEB_TOOLS"] {
        assert!(from_environment(&[(name, "x")]).is_ok(), "{name}");
    }
}

#[test]
fn wrong_values_name_the_setting_the_source_and_what_is_expected() {
    let said = complaint(from_file("invitation-life = 60\nlisten = [[1]]\nmetrics = 'maybe'\ndatabase = ['a', 'b']"));
    let expected = [
        "t.toml, line 2: listen must be a list of texts",
        "database (t.toml, line 4): [\"a\", \"b\"] is not one value",
        "invitation-life (t.toml, line 1): \"60\" is not a span of time with its unit, such as 30s, 60min, 12h or 90d",
        "metrics (t.toml, line 3): \"maybe\" is not true or false",
    ];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
    assert!(complaint(from_file("a = ")).starts_with("t.toml, line 1: "));
    assert!(complaint(from_file("listen = []")).contains("at least one"));
    for (text, part) in [
        ("tls-cert = 'x'", "give both"),
        ("acme.http-listen = 80", "acme-domains"),
        ("metrics = false\nmetrics-listen = 1", "metrics-listen"),
        ("vapid-public-key = 'x'", "VAPID_PRIVATE_KEY"),
        ("tls-cert = 'x'\ntls-key = 'x'\nacme-domains = ['a.example']", "not both"),
    ] {
        assert!(complaint(from_file(text)).contains(part), "{text}");
    }
}

#[test]
fn every_default_can_be_read_and_every_name_is_used_once() {
    let names: std::collections::BTreeSet<_> = TABLE.iter().map(|definition| definition.name).collect();
    assert_eq!(names.len(), TABLE.len());
    for definition in TABLE {
        let mut settings = Settings::default();
        assert!(take(&mut settings, &default_entry(definition)).is_ok(), "{}", definition.name);
        assert!(!definition.help.is_empty() && !definition.help.ends_with('.'), "{}", definition.name);
    }
}

proptest! {
    #[test]
    fn whatever_is_written_is_read_or_refused(
        file in "([a-z-]{1,12}|[\\[\\]{}=.,'\"#\\\\ \n0-9a-zé]|listen|tls|cert|= )*",
        dotenv in "([A-Z_]{1,12}|[='\"`#\\\\ \n0-9a-zé]|TIDINGS_LISTEN|PORT|export )*",
        value in ".{0,30}",
    ) {
        for definition in TABLE {
            let environment = [(definition.variable(), value.clone())];
            let _ = parse(Input { environment: &environment, ..Input::default() });
        }
        let _ = parse(Input { dotenv: Some(&dotenv), file: Some((Path::new("f"), &file)), ..Input::default() });
    }
}
