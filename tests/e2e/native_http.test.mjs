// What web apps and strangers meet: CORS, paths, methods, limits, the description, the page of invitations, and the examples of the
// documentation.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ask, Group, NO_LIMITS, openNode, Person } from './lib/native_client.mjs';
import { Key } from './lib/native_key.mjs';
import { endCleanly } from './lib/node.mjs';

const run = promisify(execFile);
const PAGE = fileURLToPath(new URL('../../docs/doors/native.md', import.meta.url));
const ORIGIN = 'https://app.example';

let node;
let alice;

before(async () => {
  node = await openNode({ args: NO_LIMITS });
  alice = await Person.at(node);
});
after(() => endCleanly(node));

test('an app on any origin may ask, and read what it needs', async () => {
  const asked = 'content-type, content-digest, signature, signature-input, upload-offset, if-match, range, tidings-delete';
  for (const [path, method] of [['/v1/accounts', 'POST'], ['/v1/profile', 'PUT'], ['/v1/blobs/AAAA', 'PATCH'], ['/v1/blobs/AAAA', 'DELETE']]) {
    const answer = await ask(node, 'OPTIONS', path, {
      headers: { origin: ORIGIN, 'access-control-request-method': method, 'access-control-request-headers': asked },
    });
    answer.expect(204);
    assert.equal(answer.headers.get('access-control-allow-origin'), '*');
    assert.ok(answer.headers.get('access-control-allow-methods').split(', ').includes(method));
    const allowed = answer.headers.get('access-control-allow-headers').split(/,\s*/);
    for (const name of asked.split(', ')) assert.ok(allowed.includes(name), `${name} in ${allowed}`);
    assert.ok(Number(answer.headers.get('access-control-max-age')) >= 600);
    assert.equal(answer.headers.get('access-control-allow-credentials'), null);
  }
  for (const path of ['/v1/node', '/v1/account', '/v1/nothing']) {
    const answer = await ask(node, 'GET', path, { headers: { origin: ORIGIN } });
    assert.equal(answer.headers.get('access-control-allow-origin'), '*', path);
    const exposed = answer.headers.get('access-control-expose-headers');
    for (const name of ['upload-offset', 'retry-after', 'etag', 'content-range']) assert.ok(exposed.includes(name), name);
  }
});

test('paths and methods that are not there are told apart', async () => {
  for (const path of ['/v1', '/v1/', '/v1/nothing', '/v1/node/', '/v1/groups', '/v1//node']) {
    const answer = await ask(node, 'GET', path);
    assert.ok([404, 405].includes(answer.status), String(answer));
    assert.ok(answer.json().message.length > 0);
  }
  const answer = await ask(node, 'POST', '/v1/node');
  assert.equal(answer.expect(405).headers.get('allow'), 'GET, OPTIONS');
  (await ask(node, 'GET', '/v1/live')).expect(426);
  (await ask(node, 'GET', '/v1/groups/short', { key: alice.device })).expect(400);
});

test('the node says what it is, and describes itself', async () => {
  const said = (await ask(node, 'GET', '/v1/node')).expect(200).json();
  assert.deepEqual([said.protocol, said.registration, said.incarnation], [1, 'open', 1]);
  assert.ok(Math.abs(said.time - Date.now()) < 30_000);
  assert.equal(Buffer.from(said.vapid, 'base64url').length, 65);
  const document = (await ask(node, 'GET', '/v1/openapi.json')).expect(200).json();
  assert.equal(document.openapi, '3.1.0');
  // Every row of the specification's table of requests is described.
  const spec = await readFile(new URL('../../docs/protocol/node.md', import.meta.url), 'utf8');
  const rows = [...spec.matchAll(/`(GET|PUT|POST|DELETE|PATCH) (\/v1\/[^`?\s]*)/g)];
  assert.ok(rows.length > 30);
  const shape = (path) => path.replace(/\{\w+\}/g, '{}');
  const known = new Map(Object.entries(document.paths).map(([path, item]) => [shape(path), item]));
  for (const [, method, path] of rows) assert.ok(known.get(shape(path))?.[method.toLowerCase()], `${method} ${path}`);
});

test('bodies have bounds, and broken ones are told', async () => {
  const put = (body, type = 'application/json') => alice.ask('PUT', '/v1/contacts', { body, headers: { 'content-type': type } });
  for (const body of ['', '[', '{}', '{"contacts":[{"key":"x"}]}', '{"contacts":1}', '{"contacts":[],"contacts":[]}']) {
    assert.equal((await put(Buffer.from(body))).expect(400).json().error, 'malformed', body);
  }
  (await put(Buffer.from('{"contacts":[]}'), 'text/plain')).expect(400);
  (await put(Buffer.from('{"contacts":[],"future":1}'))).expect(204);
  assert.equal((await put(Buffer.alloc(3 << 20, 32))).expect(413).json().error, 'too_large');
});

test('who asks too often must wait, by address and by key', async (t) => {
  const strict = await openNode({ args: ['--rate-address-burst', '40', '--rate-address-per-second', '1', '--rate-key-burst', '5', '--rate-key-per-second', '1'] });
  t.after(() => strict.dispose());
  const bob = await Person.at(strict);
  // All at once: however slow the machine is, the seconds of one request after the other must not make good for what they take.
  const refused = async (count, send) => {
    const answers = await Promise.all(Array.from({ length: count }, send));
    const answer = answers.find(({ status }) => status === 429);
    assert.ok(answer, answers.map(String).join('\n'));
    return answer;
  };
  const byKey = await refused(15, () => bob.ask('GET', '/v1/account'));
  assert.equal(byKey.json().error, 'rate');
  assert.ok(Number(byKey.headers.get('retry-after')) >= 1);
  (await ask(strict, 'GET', '/v1/node')).expect(200);
  await refused(80, () => ask(strict, 'GET', '/v1/node'));
  await endCleanly(strict);
});

test('strangers who guess are slowed', async (t) => {
  const strict = await openNode({ args: ['--rate-guesses-burst', '5', '--rate-guesses-per-second', '1'] });
  t.after(() => strict.dispose());
  const guess = () => ask(strict, 'GET', `/v1/exchanges/${Buffer.alloc(16, Math.random() * 256).toString('base64url')}`);
  const answers = await Promise.all(Array.from({ length: 20 }, guess));
  const count = (wanted) => answers.filter(({ status }) => status === wanted).length;
  assert.ok(count(404) >= 5 && count(429) > 0 && count(404) + count(429) === 20, answers.map(String).join('\n'));
  await endCleanly(strict);
});

test('metrics name routes by their patterns', async () => {
  await Group.at(alice);
  await ask(node, 'GET', '/v1/secret-path-of-mine');
  const metrics = await (await fetch(`${node.origin}/metrics`)).text();
  assert.match(metrics, /tidings_requests_total\{door="native",route="\/v1\/groups",status="2xx"\}/);
  assert.ok(!metrics.includes('secret-path-of-mine'));
  assert.ok(!metrics.includes(alice.identity.text));
});

test('the page of invitations runs nothing but the app', async () => {
  const { app } = (await ask(node, 'GET', '/app.json')).expect(200).json();
  for (const path of ['/i', '/r']) {
    const answer = (await ask(node, 'GET', path)).expect(200);
    assert.match(answer.headers.get('content-security-policy'), /default-src 'none'/);
    assert.equal(answer.headers.get('referrer-policy'), 'no-referrer');
    // Of the app, only files of the node's own, which the page names with their hashes.
    const scripts = answer.text.match(/<script\b[^>]*>/g) ?? [];
    assert.equal(scripts.length > 0, app === 'app');
    for (const script of scripts) assert.match(script, / src="\/assets\/[\w.-]+" integrity="sha384-/);
  }
});

test('the examples of the documentation work as they stand there', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-examples-'));
  t.after(() => rm(folder, { recursive: true }));
  const page = await readFile(PAGE, 'utf8');
  const scripts = [...page.matchAll(/```sh\n([^]*?)```/g)].map(([, script]) => script);
  assert.ok(scripts.length >= 2, 'the page has examples');
  const whole = `set -euo pipefail\nNODE=${node.origin}\n${scripts.join('\n').replaceAll('https://node.example', node.origin)}`;
  const { stdout } = await run('bash', ['-c', whole], { cwd: folder, timeout: 60_000 });
  t.diagnostic(stdout.slice(-600));
  assert.match(stdout, /"protocol":1/);
  assert.match(stdout, /"identity":"/, 'the signed request was answered');
});

test('a stranger can not find out who has an account', async () => {
  const stranger = new Key();
  const bodies = [];
  for (const identity of [alice.identity, new Key()]) {
    for (const path of ['devices', 'key-packages', 'parcels']) {
      const method = path === 'devices' ? 'GET' : 'POST';
      const json = path === 'parcels' ? { id: Buffer.alloc(16).toString('base64url'), body: 'AA' } : undefined;
      bodies.push((await ask(node, method, `/v1/inboxes/${identity.text}/${path}`, { key: stranger, json })).expect(403).text);
    }
  }
  assert.equal(new Set(bodies).size, 1, bodies.join('\n'));
});
