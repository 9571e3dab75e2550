//! The `.env` file: lines of `NAME=value`, as piqchat's server and many others read them.

/// One assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) name: String,
    pub(super) value: String,
    /// Counted from 1; of the name, if the value spans several lines.
    pub(super) line: usize,
}

/// Reads a whole file: comments and empty lines are skipped, `export ` before a name is allowed. A value in double quotes may
/// span lines, and `\n`, `\r`, `\t`, `\"`, `\\` in it are what they are in most languages; a value in single quotes or backticks
/// is taken as it stands; any other ends at the line's end or at ` #`. Of two assignments the later one counts. Fails with
/// the line and what is wrong with it.
pub(super) fn read(text: &str) -> Result<Vec<Assignment>, (usize, String)> {
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut line = 1;
    let mut found: Vec<Assignment> = Vec::new();
    while !rest.is_empty() {
        let (assignment, after) = entry(rest, line)?;
        line += rest.len().checked_sub(after.len()).and_then(|taken| rest.get(..taken)).map_or(1, lines);
        rest = after;
        if let Some(assignment) = assignment {
            found.retain(|known| known.name != assignment.name);
            found.push(assignment);
        }
    }
    Ok(found)
}

fn lines(text: &str) -> usize {
    text.matches('\n').count()
}

/// One line, or more if a quoted value spans them; and what follows.
fn entry(text: &str, line: usize) -> Result<(Option<Assignment>, &str), (usize, String)> {
    let (first, after) = text.split_once('\n').unwrap_or((text, ""));
    let trimmed = first.trim();
    if trimmed.is_empty() || trimmed.starts_with('#') {
        return Ok((None, after));
    }
    let Some((name, _)) = first.split_once('=') else {
        return Err((line, "expected NAME=value".to_owned()));
    };
    let value = text.split_once('=').map_or("", |(_, value)| value);
    let name = name.trim();
    let name = name.strip_prefix("export ").unwrap_or(name).trim();
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.' || c == '-') {
        return Err((line, "expected NAME=value, with a name of letters, digits and underscores".to_owned()));
    }
    let (value, after) =
        self::value(value).ok_or_else(|| (line, format!("the quote that begins {name} never ends")))?;
    Ok((Some(Assignment { name: name.to_owned(), value, line }), after))
}

/// The value that `text` begins with, and what follows its line. `None` if a quote never ends.
fn value(text: &str) -> Option<(String, &str)> {
    let begun = text.trim_start_matches([' ', '\t']);
    let mut chars = begun.chars();
    let (value, after) = match chars.next() {
        Some('"') => double_quoted(chars.as_str())?,
        Some(quote @ ('\'' | '`')) => {
            let (value, after) = chars.as_str().split_once(quote)?;
            (value.to_owned(), after)
        }
        _ => {
            let (line, after) = begun.split_once('\n').unwrap_or((begun, ""));
            let bare = line.split_once(" #").map_or(line, |(value, _)| value);
            let bare = if bare.starts_with('#') { "" } else { bare };
            return Some((bare.trim().to_owned(), after));
        }
    };
    Some((value, after.split_once('\n').map_or("", |(_, next)| next)))
}

fn double_quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next()? {
            '"' => return Some((value, chars.as_str())),
            '\\' => match chars.next()? {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                quoted @ ('"' | '\\' | '$') => value.push(quoted),
                other => value.extend(['\\', other]),
            },
            other => value.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String, usize)> {
        read(text).unwrap().into_iter().map(|found| (found.name, found.value, found.line)).collect()
    }

    #[test]
    fn what_people_write_is_understood() {
        let text = "# a comment\n\nPORT=8081\n export A = b c # d\nQ=\"one\\ntwo \\\"x\\\"\" # later\nS='a\\nb'\nM=\"x\ny\"\nLAST=1\nEMPTY=\nHASH=#no\nURL=http://a/#b";
        let expected = [
            ("PORT", "8081", 3),
            ("A", "b c", 4),
            ("Q", "one\ntwo \"x\"", 5),
            ("S", "a\\nb", 6),
            ("M", "x\ny", 7),
            ("LAST", "1", 9),
            ("EMPTY", "", 10),
            ("HASH", "", 11),
            ("URL", "http://a/#b", 12),
        ];
        let expected: Vec<_> = expected.map(|(name, value, line)| (name.to_owned(), value.to_owned(), line)).into();
        assert_eq!(pairs(text), expected);
        assert_eq!(pairs("A=1\r\nB=2\r\n"), [("A".into(), "1".into(), 1), ("B".into(), "2".into(), 2)]);
        assert_eq!(pairs("A=1\nA=2"), [("A".into(), "2".into(), 2)]);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        assert_eq!(read("A=1\nnothing").unwrap_err().0, 2);
        assert_eq!(read("A=\"x\ny").unwrap_err().0, 1);
        assert_eq!(read("A B=1").unwrap_err().0, 1);
    }
}
