//! The page for people who open the node in a browser.

/// Sends people to the app; says what this is.
pub(super) const LANDING: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Inbox server</title>
<style>
:root { color-scheme: light dark; }
body { font: 1.1rem/1.6 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto; padding: 0 1.25rem; }
a { color: LinkText; }
</style>
</head>
<body>
<main>
<h1>This is an inbox server</h1>
<p>It keeps encrypted pictures and messages for the people who have an account here until they have looked at them.</p>
<p>To use it, open an invitation link in the app at <a href="https://piqchat.net">piqchat.net</a>.</p>
</main>
</body>
</html>
"#;
