import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Finding } from '../api/types';
import { wordedFinding } from './findings';
import { findings } from './findings.de';

const CRATES = join(import.meta.dirname, '../../../crates');
const checks = Object.values(findings.checks);
const says = checks.flatMap((check) => check.says.map(([english]) => english));
const reasons = findings.reasons.map(([english]) => english);
/** What is a command and nothing else is the same in every language. */
const COMMANDS = ['chmod {} {}'];

/** The program's text in a file or folder: without comments and tests, each text on one line, and `{}` for all that is filled in. */
function source(place: string): string {
  const path = join(CRATES, place);
  const files = path.endsWith('.rs') ? [path] : readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.rs')).map((name) => join(path, name));
  return files.map((file) => readFileSync(file, 'utf8').split('#[cfg(test)]')[0] ?? '').join('\n').replace(/^\s*\/\/.*$/gm, '').replace(/\\\n\s*/g, '');
}

const texts = (code: string) => [...code.matchAll(/"((?:[^"\\\n]|\\.)*)"/g)].map(([, text]) => (text ?? '').replace(/\{[^{}]*\}/g, '{}'));

/** Those of a file that are sentences: more than one word, or one about what is filled in. */
function sentences(place: string): string[] {
  return texts(source(place)).filter((text) => text.includes(' ') && /\p{L}{2}/u.test(text) && /\p{L}{2,}\S* \S|\S \p{L}{2}/u.test(text) && !/^(?:SELECT|PRAGMA)|\\x1b/.test(text));
}

test('all that the doctor says has its words', () => {
  const said = sentences('tidings/src/doctor');
  expect(said.length).toBeGreaterThan(70);
  for (const text of said) {
    // One that goes on from another stands in the table together with it.
    const goesOn = /^\{\}[,:;]/.test(text);
    const known = goesOn ? says.some((one) => one.endsWith(text.slice(2))) : says.includes(text);
    expect(known || text in findings.checks || COMMANDS.includes(text), text).toBe(true);
  }
});

test('each check has its name', () => {
  const code = source('tidings/src/doctor');
  const named = [...code.matchAll(/const [A-Z]+: &str = "([^"/]+)"/g), ...code.matchAll(/Finding::(?:ok|warn|fail)\(\s*"([^"]+)"/g)].map(([, name]) => name ?? '');
  expect([...new Set(named)].sort()).toEqual(Object.keys(findings.checks).sort());
});

test('all that the doctor finds in files has its words', () => {
  for (const text of sentences('tidings/src/tls.rs').filter((text) => /^tls-cert: \{\}|can't/.test(text))) expect(says, text).toContain(text);
  for (const text of sentences('backends/src/sqlite/integrity.rs').filter((text) => !text.includes('FROM'))) {
    expect(reasons.some((one) => one === text || one === `{}: ${text}`) || text.startsWith('SQLite format'), text).toBe(true);
  }
  const rows = [...source('backends/src/sqlite').matchAll(/damaged\((?:[^()";]|"[^"]*"|\([^()]*\))*,\s*"([^"]+)"\)/g)].map(([, how]) => how ?? '');
  expect(rows.length).toBeGreaterThan(20);
  for (const how of rows) expect(reasons, how).toContain(`table {}, row {}: ${how}`);
});

test('the doctor still says each of these', () => {
  const code = ['tidings/src/doctor', 'tidings/src/tls.rs', 'tidings/src/acme', 'tidings/src/control', 'tidings/src/failure.rs', 'backends/src/sqlite', 'core/src/ports.rs'].map(source).join('\n').replace(/\{[^{}"]*\}/g, '{}');
  const isSaid = (piece: string) => [...piece.matchAll(/(?=[,:;])|(?<=: )|$/g)].some(({ index }) => code.includes(piece.slice(0, index)) && code.includes(piece.slice(index)));
  for (const english of [...says, ...reasons]) for (const piece of english.split('{}')) expect(isSaid(piece), english).toBe(true);
});

test('each says in German what is filled in, in its order', () => {
  for (const [english, german] of [...checks.flatMap((check) => check.says), ...findings.reasons]) expect(german.split('{}').length, german).toBe(english.split('{}').length);
});

test('what is found is told in German', () => {
  const told = (check: string, text: string, advice: string | null = null) => {
    const finding: Finding = { check, level: 'fail', text, advice };
    const worded = wordedFinding(finding, findings);
    return [worded.check, worded.text, worded.advice];
  };
  expect(told('disk', '12.5 GiB free, 128.0 MiB kept back')[1]).toMatch(/^12[.,]5 GiB frei, 128[.,]0 MiB als Reserve\.$/);
  expect(told('node', 'version 1.0.0 runs as process 7, but this program has version 1.1.0', 'restart the node to bring it up to date')).toEqual(['Knoten', 'Version 1.0.0 läuft als Prozess 7, aber dieses Programm hat Version 1.1.0.', 'Starte den Knoten neu, um ihn zu aktualisieren.']);
  expect(told('public name', 'a.example is 10.0.0.1: not reachable from the internet')[1]).toBe('a.example ist 10.0.0.1: aus dem Internet nicht erreichbar.');
  expect(told('TLS', 'the certificate is good until 2026-04-01T00:00:00Z')[1]).not.toContain('T00');
  expect(told('database', 'table streams, row 7: is missing; row 3 missing from index i; table groups, row any: has no stream')[1]).toBe('Tabelle streams, Zeile 7: fehlt; row 3 missing from index i; Tabelle groups, Zeile any: hat keinen Strom');
  expect(told('permissions', '/d has mode 755: other users of this machine can reach it', 'chmod 700 /d')).toEqual(['Zugriffsrechte', '/d hat die Rechte 755: Andere Benutzerkonten dieses Rechners kommen heran.', 'chmod 700 /d']);
});

test('what has no words stays as it is', () => {
  const finding: Finding = { check: 'moon', level: 'ok', text: 'it is full', advice: null };
  expect(wordedFinding(finding, findings)).toEqual(finding);
  expect(wordedFinding({ ...finding, check: 'disk', text: 'it spins' }, findings).text).toBe('it spins');
  expect(wordedFinding(finding, null)).toEqual(finding);
});
