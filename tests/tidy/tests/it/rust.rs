//! A source file as tokens: comments and the insides of texts are gone, macros are not expanded but seen into.

use crate::files::File;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A name with where it stands: `tokio` in line 7.
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// A function from its `fn` to its closing brace.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) lines: usize,
}

/// Reads a file. Fails the test if that is no Rust.
pub(crate) fn tokens(file: &File) -> TokenStream {
    file.text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.path))
}

/// Without the modules that are compiled for tests only.
pub(crate) fn without_tests(stream: TokenStream) -> TokenStream {
    let mut kept: Vec<TokenTree> = Vec::new();
    let mut tokens = stream.into_iter();
    while let Some(token) = tokens.next() {
        if is_cfg_test(kept.last(), &token) {
            kept.pop();
            // What follows, up to the end of the item: `mod tests { … }`, `mod tests;`, `use …;`, `fn … { … }`.
            tokens.by_ref().find(|token| {
                matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
                    || matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';')
            });
            continue;
        }
        kept.push(match token {
            TokenTree::Group(group) => {
                let mut inner = proc_macro2::Group::new(group.delimiter(), without_tests(group.stream()));
                inner.set_span(group.span());
                TokenTree::Group(inner)
            }
            other => other,
        });
    }
    kept.into_iter().collect()
}

fn is_cfg_test(before: Option<&TokenTree>, token: &TokenTree) -> bool {
    let hash = matches!(before, Some(TokenTree::Punct(punct)) if punct.as_char() == '#');
    let TokenTree::Group(group) = token else { return false };
    hash && group.delimiter() == Delimiter::Bracket && group.stream().to_string().replace(' ', "") == "cfg(test)"
}

/// All names, in order.
pub(crate) fn names(stream: TokenStream) -> Vec<Name> {
    let mut found = Vec::new();
    each(stream, &mut |token| {
        if let TokenTree::Ident(ident) = token {
            found.push(Name { text: ident.to_string(), line: ident.span().start().line });
        }
    });
    found
}

/// All texts in quotes, as they are written, in order. Documentation is not among them.
pub(crate) fn texts(stream: TokenStream) -> Vec<Name> {
    let mut found = Vec::new();
    let mut documentation = false;
    each(stream, &mut |token| match token {
        TokenTree::Ident(ident) => documentation = *ident == "doc",
        TokenTree::Literal(literal) if !documentation => {
            found.push(Name { text: literal.to_string(), line: literal.span().start().line });
        }
        _ => {}
    });
    found
}

fn each(stream: TokenStream, see: &mut impl FnMut(&TokenTree)) {
    for token in stream {
        see(&token);
        if let TokenTree::Group(group) = token {
            each(group.stream(), see);
        }
    }
}

/// All functions with a body, those within functions too.
pub(crate) fn functions(stream: TokenStream) -> Vec<Function> {
    let mut found = Vec::new();
    collect_functions(stream, &mut found);
    found
}

fn collect_functions(stream: TokenStream, found: &mut Vec<Function>) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    for (at, pair) in tokens.windows(2).enumerate() {
        let [TokenTree::Ident(keyword), TokenTree::Ident(name)] = pair else { continue };
        if *keyword != "fn" {
            continue;
        }
        let end = tokens.iter().skip(at).find(|token| match token {
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            TokenTree::Punct(punct) => punct.as_char() == ';',
            _ => false,
        });
        if let Some(TokenTree::Group(body)) = end {
            let (from, to) = (keyword.span().start().line, body.span_close().end().line);
            found.push(Function { name: name.to_string(), line: from, lines: to - from + 1 });
        }
    }
    for token in tokens {
        if let TokenTree::Group(group) = token {
            collect_functions(group.stream(), found);
        }
    }
}

/// The modules of the crate's root that a file names: after `crate::`, after enough of `super::`, and in braces after either.
/// `depth` is how many modules deep the file's own is.
pub(crate) fn root_modules(stream: TokenStream, depth: usize) -> Vec<Name> {
    let mut found = Vec::new();
    collect_root_modules(stream, depth, &mut found);
    found
}

fn collect_root_modules(stream: TokenStream, depth: usize, found: &mut Vec<Name>) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let mut up = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(ident) if *ident == "crate" => up = depth,
            TokenTree::Ident(ident) if *ident == "super" => up += 1,
            TokenTree::Punct(punct) if punct.as_char() == ':' => {}
            _ => up = 0,
        }
        if up < depth.max(1) {
            continue;
        }
        let colons = tokens.iter().skip(at + 1).take(2).filter(|token| is_colon(token)).count();
        match (colons, tokens.get(at + 3)) {
            (2, Some(TokenTree::Ident(name))) => found.push(named(name)),
            (2, Some(TokenTree::Group(group))) => found.extend(heads(group.stream())),
            _ => {}
        }
    }
    for token in tokens {
        if let TokenTree::Group(group) = token {
            collect_root_modules(group.stream(), depth, found);
        }
    }
}

fn is_colon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':')
}

fn named(ident: &proc_macro2::Ident) -> Name {
    Name { text: ident.to_string(), line: ident.span().start().line }
}

/// The first names of a list `{a::b, c, d::{e, f}}`.
fn heads(list: TokenStream) -> Vec<Name> {
    let tokens: Vec<TokenTree> = list.into_iter().collect();
    let items = tokens.split(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ','));
    items
        .filter_map(|item| match item.first() {
            Some(TokenTree::Ident(name)) => Some(named(name)),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(text: &str) -> TokenStream {
        text.parse().unwrap()
    }

    #[test]
    fn names_are_seen_in_macros_and_not_in_comments_or_tests() {
        let text = "// tokio\n/// tokio\nfn f() { m!(rand::rng()); \"tokio\"; }\n#[cfg(test)]\nmod tests { use tokio; }\nstruct S;";
        let names: Vec<String> = names(without_tests(stream(text))).into_iter().map(|name| name.text).collect();
        assert!(names.contains(&"rand".to_owned()) && names.contains(&"S".to_owned()));
        assert!(!names.contains(&"tokio".to_owned()));
    }

    #[test]
    fn functions_are_measured_to_their_closing_brace() {
        let text = "trait T { fn a(); }\nfn b(f: fn(u8) -> u8)\n{\n fn c() {}\n}";
        let found: Vec<(String, usize, usize)> =
            functions(stream(text)).into_iter().map(|f| (f.name, f.line, f.lines)).collect();
        assert_eq!(found, [("b".to_owned(), 2, 4), ("c".to_owned(), 4, 1)]);
    }

    #[test]
    fn modules_of_the_root_are_found_however_they_are_written() {
        let text = "use crate::a::b; use crate::{c, d::{e, f}}; use super::super::g::h; use super::i; fn f() { crate::j::k() }";
        let found: Vec<String> = root_modules(stream(text), 2).into_iter().map(|name| name.text).collect();
        assert_eq!(found, ["a", "c", "d", "g", "j"]);
    }
}
