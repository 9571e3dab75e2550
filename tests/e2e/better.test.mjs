// Wire reference, section 12: what a client can see of the weaknesses that Tidings does not have.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import nacl from 'tweetnacl';
import { base64, Client, firstUser, inPath, invited, newKeys, unbase64 } from './lib/client.mjs';
import { filesBelow } from './lib/folder.mjs';
import { file, form, text } from './lib/form.mjs';
import { BINARY, endCleanly, Node, serveArguments } from './lib/node.mjs';
import { rawRequest, sendAndBreakOff, talk } from './lib/raw_http.mjs';
import { until, within } from './lib/until.mjs';
import { receiverKeys } from './lib/web_push.mjs';

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;
const BIG_FILE_BYTES = 5 * MIB;
const MOST_GUESSES = 3_000;
const GUESSES_AT_ONCE = 30;
const UNAUTHORIZED = [401, 'Signature is invalid', 'text/html; charset=utf-8'];

/** The points of small order on Curve25519 (RFC 7748, section 6.1, speaks of them), as they come in 32 bytes. */
const LOW_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].map((hex) => base64(Buffer.from(hex, 'hex')));

/** The other three texts that decode to the same 32 bytes: the last letter carries two unused bits. */
function otherSpellings(id) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const last = letters.indexOf(id.at(-2));
  return [1, 2, 3].map((bits) => `${id.slice(0, -2)}${letters[last + bits]}=`);
}

function suite(name, settings, body) {
  describe(name, () => {
    const at = {};
    before(async () => {
      at.node = await Node.start({ env: settings });
      at.alice = await firstUser(at.node);
      at.bob = await invited(at.alice);
      at.sender = new Client(at.node.origin);
      for (const person of [at.alice, at.bob]) (await person.contacts([at.sender.id])).expectEmpty();
    });
    after(() => endCleanly(at.node));
    body(at);
  });
}

suite('nobody stops it (12.1)', {}, (at) => {
  const big = () => form([text('type', 'MEDIA'), text('recipient', `${at.alice.id} x`), file(Buffer.alloc(BIG_FILE_BYTES, 7))]);
  const nothingBigIsLeft = () => noFileOf(at.node.folder, BIG_FILE_BYTES / 2);

  test('a form that ends inside the file is 400', async () => {
    const broken = form([text('type', 'MEDIA'), text('recipient', `${at.alice.id} x`), file(Buffer.alloc(BIG_FILE_BYTES, 7))], { whole: false });
    for (const path of ['/parcels', `/parcels/${inPath(at.alice.id)}`, `/parcels/group/${inPath(at.alice.id)}`]) {
      const answer = await at.sender.request('POST', path, { body: broken.body, headers: { 'Content-Type': broken.type } });
      assert.equal(answer.status, 400, `${answer}`);
      await at.node.assertAlive();
    }
    (await at.alice.parcels()).expectJson(200, []);
    await nothingBigIsLeft();
  });

  test('a connection that breaks off inside the file leaves the node alive and nothing behind', async () => {
    const { body, type } = big();
    const signed = Object.entries(await at.sender.sign()).map(([name, value]) => `${name}: ${value}`).join('\r\n');
    for (const length of [`Content-Length: ${body.length}`, 'Transfer-Encoding: chunked']) {
      const head = `POST /api/parcels HTTP/1.1\r\nHost: x\r\n${signed}\r\nContent-Type: ${type}\r\n${length}\r\n\r\n`;
      const half = body.subarray(0, body.length / 2);
      const size = length.startsWith('Transfer') ? `${half.length.toString(16)}\r\n` : '';
      await sendAndBreakOff(at.node.origin, Buffer.concat([Buffer.from(head + size), half]));
      await at.node.assertAlive();
    }
    await nothingBigIsLeft();
    (await at.alice.parcels()).expectJson(200, []);
  });

  test('a recipient who leaves during an upload counts as refused', async () => {
    for (const single of [false, true]) {
      const carol = await invited(at.alice);
      (await carol.contacts([at.sender.id])).expectEmpty();
      const { body, type } = form([text('type', 'MEDIA'), text('contents', '"x"'), file('data')]);
      const path = single ? `/api/parcels/${inPath(carol.id)}` : `/api/parcels/group/${inPath(carol.id)}`;
      const left = deferred();
      const answer = rawRequest(at.node.origin, {
        method: 'POST', path, headers: { ...(await at.sender.sign()), 'Content-Type': type, 'Content-Length': body.length },
        write: (request) => {
          request.write(body.subarray(0, 40));
          left.promise.then(() => request.end(body.subarray(40)));
        },
      });
      (await carol.leave()).expectEmpty();
      left.resolve();
      (await answer).expect(403);
      await at.node.assertAlive();
    }
  });

  test('twelve stalled downloads of 20 MB do not fill the memory', { skip: process.platform !== 'linux' && 'reads /proc' }, async () => {
    const resident = async () => Number((await readFile(`/proc/${at.node.process.pid}/status`, 'utf8')).match(/VmRSS:\s+(\d+) kB/)[1]) / 1024;
    (await at.sender.upload({ recipients: [[at.alice.id, 'big']], attachment: Buffer.alloc(19_000_000, 1) })).expect(200);
    const { id } = (await at.alice.parcels()).json().find(({ content }) => content === 'big');
    const headers = await at.alice.sign();
    const before = await resident();
    const stalled = await Promise.all(Array.from({ length: 12 }, () => new Promise((resolve, reject) => {
      const request = http.get(`${at.node.origin}/api/parcels/${id}/attachment`, { headers, agent: false }, (reply) => {
        reply.pause();
        resolve({ request, status: reply.statusCode });
      });
      request.on('error', reject);
    })));
    const grown = (await resident()) - before;
    for (const { request } of stalled) {
      request.on('error', () => {});
      request.destroy();
    }
    assert.ok(stalled.every(({ status }) => status === 200 || status === 429), JSON.stringify(stalled.map(({ status }) => status)));
    assert.ok(grown < 64, `memory grew by ${grown.toFixed(1)} MiB`);
    (await at.alice.dropParcel(id)).expectEmpty();
  });
});

/** Asks in rounds until one answer is 429, which must say when to come back; all others must have `status`. */
async function askUntilLimited(what, ask, status) {
  for (let asked = 0; asked < MOST_GUESSES; asked += GUESSES_AT_ONCE) {
    const answers = await Promise.all(Array.from({ length: GUESSES_AT_ONCE }, ask));
    for (const answer of answers) assert.ok([status, 429].includes(answer.status), `${answer}`);
    const limited = answers.find((answer) => answer.status === 429);
    if (limited) {
      assert.match(limited.headers.get('retry-after') ?? '', /^\d+$/, `Retry-After of ${limited}`);
      return;
    }
  }
  assert.fail(`${MOST_GUESSES} times ${what} were not slowed down`);
}

suite('limits on requests (12.1)', {}, (at) => {
  test('a phone’s burst of 300 requests passes; guessing tokens ends in 429 with Retry-After', async () => {
    for (let round = 0; round < 10; round += 1) {
      const answers = await Promise.all(Array.from({ length: 30 }, () => at.alice.account()));
      for (const answer of answers) answer.expect(200);
    }
    await askUntilLimited('a wrong token', () => at.sender.accept(crypto.randomUUID(), { encryptedContact: 'x' }), 404);
  });
});

suite('limits on signatures (12.1)', {}, (at) => {
  test('wrong signatures end in 429 with Retry-After', async () => {
    const { Authorization } = await at.alice.sign();
    const headers = { Authorization, 'X-Date': 'another date' };
    await askUntilLimited('a wrong signature', () => at.alice.request('GET', '/account', { sign: false, headers }), 401);
  });
});

suite('accounts need an invitation (12.2)', {}, (at) => {
  test('a refused accept creates nobody and leaves the token good', async () => {
    const { oneTimeToken } = (await at.alice.offerContact('x')).json();
    const carol = new Client(at.node.origin);
    for (const encryptedContact of [true, {}, []]) {
      (await carol.accept(oneTimeToken, { userUuid: carol.id, encryptedContact })).expectPhrase(400);
      (await carol.account()).expectPhrase(403);
    }
    (await carol.accept(oneTimeToken, { userUuid: carol.id })).expect(200);
  });

  test('a user id is canonical base64 of 32 bytes and no low-order key', async () => {
    const { oneTimeToken } = (await at.alice.offerContact('x')).json();
    const { id } = newKeys();
    for (const userUuid of ['', 'abc', 5, true, {}, 'A'.repeat(5000), id.slice(0, -1), `${id} `, ...otherSpellings(id), ...LOW_ORDER]) {
      const answer = await at.sender.accept(oneTimeToken, { userUuid, encryptedContact: 'x' });
      assert.equal(answer.status, 400, `userUuid ${JSON.stringify(userUuid).slice(0, 60)}: ${answer}`);
    }
    (await at.sender.accept(oneTimeToken, { encryptedContact: 'x' })).expect(200);
  });
});

suite('the signature (12.3)', {}, (at) => {
  test('X-Date must be a date, within an hour either way; the 401 tells the time', async () => {
    const ago = (ms) => new Date(Date.now() - ms).toISOString();
    for (const date of [ago(0), ago(HOUR_MS / 2), ago(-HOUR_MS / 2)]) (await at.alice.request('GET', '/account', { sign: { date } })).expect(200);
    for (const date of [ago(2 * HOUR_MS), ago(-2 * HOUR_MS), '2024-01-02T03:04:05.678Z', 'yesterday', '']) {
      const answer = await at.alice.request('GET', '/account', { sign: { date } });
      assert.equal(answer.status, 401, `X-Date ${JSON.stringify(date)}: ${answer}`);
      answer.expectText(...UNAUTHORIZED);
      const told = Date.parse(answer.headers.get('date') ?? '');
      assert.ok(Math.abs(told - Date.now()) < 60_000, `Date of the 401: ${answer.headers.get('date')}`);
    }
  });

  test('an account is deleted only with a nonce never used before', async () => {
    const carol = await invited(at.alice);
    for (const [method, path] of [['DELETE', '/account'], ['POST', '/account/delete']]) {
      const headers = await carol.sign();
      (await carol.request('GET', '/account', { sign: false, headers })).expect(200);
      (await carol.request(method, path, { sign: false, headers })).expectText(...UNAUTHORIZED);
      (await carol.account()).expect(200);
    }
    (await carol.leave()).expectEmpty();
  });

  test('a deletion that was recorded does not work on the account that came back', async () => {
    const keys = newKeys();
    const first = await invited(at.alice, keys);
    const headers = await first.sign();
    (await first.request('DELETE', '/account', { sign: false, headers })).expectEmpty();
    const again = await invited(at.alice, keys);
    (await again.request('DELETE', '/account', { sign: false, headers })).expectText(...UNAUTHORIZED);
    (await again.account()).expect(200);
  });

  test('a key has one spelling', async () => {
    for (const spelling of otherSpellings(at.alice.id)) {
      (await at.alice.request('GET', '/parcels', { sign: { spelling } })).expectText(...UNAUTHORIZED);
    }
  });

  test('nobody signs for a low-order key', async () => {
    const { publicKey } = (await at.alice.info()).json();
    for (const id of LOW_ORDER) {
      const anybody = { id, secretKey: newKeys().secretKey };
      const shared = nacl.box.before(unbase64(id), anybody.secretKey);
      assert.equal(base64(shared), 'NR+G+qO5iEaKhQEitlsKzs6cSCaAau7mPenA2ivX+R4=', 'the key everybody knows');
      const date = new Date().toISOString();
      const nonce = randomBytes(24);
      const value = base64(Buffer.concat([nonce, nacl.secretbox(new TextEncoder().encode(date), nonce, shared)]));
      const headers = { Authorization: `Signature keyId="${id}",headers="x-date",signature="${value}"`, 'X-Date': date };
      (await at.alice.request('GET', '/parcels', { sign: false, headers })).expectText(...UNAUTHORIZED);
    }
    assert.match(publicKey, /=$/);
  });

  test('the 401 can be read while 5 MB are still being sent, and the connection is usable or closed in order', async () => {
    const { body, type } = form([text('type', 'MEDIA'), text('recipient', `${at.alice.id} x`), file(Buffer.alloc(BIG_FILE_BYTES))]);
    const headers = { 'Content-Type': type, Authorization: 'Signature keyId="x",signature="y"', 'X-Date': new Date().toISOString() };
    for (let i = 0; i < 5; i += 1) {
      (await at.sender.request('POST', '/parcels', { sign: false, body, headers })).expectText(...UNAUTHORIZED);
      const raw = await rawRequest(at.node.origin, { method: 'POST', path: '/api/parcels', headers: { ...headers, 'Content-Length': body.length }, body });
      raw.expectText(...UNAUTHORIZED);
    }
    (await at.sender.request('GET', '/account', { sign: false })).expectText(...UNAUTHORIZED);
    await at.node.assertAlive();
  });
});

suite('bodies and disk (12.4)', {}, (at) => {
  const upload = (parts, path = '/parcels') => {
    const { body, type } = form(parts);
    return at.sender.request('POST', path, { body, headers: { 'Content-Type': type } });
  };
  const short = (answer) => {
    assert.ok(answer.text.length < 200, `a short text in ${answer}`);
    assert.doesNotMatch(answer.text, /<|\.rs\b|\bat /, `no page or stack in ${answer}`);
  };

  test('backups of 2 MiB and long contact lists are taken; elsewhere 413 with CORS', async () => {
    const backup = 'ä'.repeat(MIB);
    (await at.alice.saveBackup(backup)).expectEmpty();
    assert.equal((await at.alice.backup()).expect(200).json().backup, backup);
    const many = Array.from({ length: 5_000 }, () => base64(randomBytes(32)));
    (await at.alice.contacts([...many, at.sender.id])).expectEmpty();
    (await at.sender.accepts(at.alice.id)).expectPhrase(200);
    (await at.alice.offerContact('x'.repeat(200_000))).expect(413);
    (await at.sender.accept(crypto.randomUUID(), { encryptedContact: 'x'.repeat(200_000) })).expect(413);
  });

  test('what the client did wrong is 400 or 413, never 500', async () => {
    const good = [text('type', 'MEDIA'), text('recipient', `${at.alice.id} x`)];
    const single = `/parcels/${inPath(at.alice.id)}`;
    const group = `/parcels/group/${inPath(at.alice.id)}`;
    for (const [what, status, parts, path] of [
      ['attachment too large', 413, [...good, file(Buffer.alloc(20_000_000))]],
      ['attachment too large, single', 413, [file(Buffer.alloc(20_000_000))], single],
      ['attachment too large, group', 413, [text('type', 'MEDIA'), text('contents', '"x"'), file(Buffer.alloc(20_000_000))], group],
      ['file under another name', 400, [...good, file('x', 'picture')]],
      ['file under another name, single', 400, [file('x', 'picture')], single],
      ['two attachments', 400, [...good, file('x'), file('y')]],
      ['recipient too long', 413, [text('type', 'MEDIA'), text('recipient', `${at.alice.id} ${'x'.repeat(MIB)}`)]],
      ['other field too long', 413, [...good, text('other', 'x'.repeat(MIB))]],
      ['contents no JSON', 400, [text('type', 'MEDIA'), text('contents', '{')], group],
      ['contents absent', 400, [text('type', 'MEDIA')], group],
    ]) {
      const answer = await upload(parts, path);
      assert.equal(answer.status, status, `${what}: ${answer}`);
      short(answer);
    }
    const bare = await at.sender.request('POST', '/parcels', { body: 'x', headers: { 'Content-Type': 'multipart/form-data' } });
    short(bare.expect(400));
    const closed = await at.sender.request('POST', '/parcels', { body: '', headers: { 'Content-Type': 'multipart/form-data; boundary=b' } });
    short(closed.expect(400));
    for (const path of ['/api/parcels/%E0%A4%A/accepts', '/api/parcels/%/status']) {
      const answer = await rawRequest(at.node.origin, { path, headers: await at.sender.sign() });
      short(answer.expect(400));
      assert.equal(answer.headers.get('access-control-allow-origin'), '*');
    }
    (await at.alice.parcels()).expectJson(200, []);
  });

  test('a failing group upload leaves nothing', async () => {
    const both = `/parcels/group/${encodeURIComponent([at.alice.id, at.bob.id].join(','))}`;
    (await upload([text('type', 'MEDIA'), text('contents', JSON.stringify({ [at.alice.id]: 'a' })), file('x')], both)).expect(400);
    for (const person of [at.alice, at.bob]) (await person.parcels()).expectJson(200, []);
  });

  test('refused uploads leave no file', async () => {
    const data = file(Buffer.alloc(BIG_FILE_BYTES, 3));
    const stranger = new Client(at.node.origin);
    (await upload([text('type', 'MEDIA'), text('recipient', `${stranger.id} x`), data])).expect(403);
    (await upload([data, text('type', 'MEDIA'), text('recipient', `${stranger.id} x`)])).expect(403);
    (await upload([text('type', 'MEDIA'), data])).expect(400);
    (await upload([text('recipient', `${at.alice.id} x`), data])).expect(400);
    await noFileOf(at.node.folder, BIG_FILE_BYTES);
  });

  test('a taken parcel’s file is gone from the folder', async () => {
    (await upload([text('type', 'MEDIA'), text('recipient', `${at.alice.id} x`), file(Buffer.alloc(BIG_FILE_BYTES, 3))])).expect(200);
    const [{ id }] = (await at.alice.parcels()).json();
    (await at.alice.dropParcel(id)).expectEmpty();
    await noFileOf(at.node.folder, BIG_FILE_BYTES);
  });

  test('a form with thousands of recipients is refused', async () => {
    const parts = Array.from({ length: 5_000 }, (_, index) => text('recipient', `${at.alice.id} ${index}`));
    const answer = await upload([text('type', 'MEDIA'), ...parts]);
    assert.ok([400, 413].includes(answer.status), `${answer}`);
    (await at.alice.parcels()).expectJson(200, []);
  });

  test('contacts of a wrong type are 400 and change nothing', async () => {
    (await at.alice.contacts([at.sender.id])).expectEmpty();
    for (const contacts of [null, 5, {}, at.sender.id, [5], [null], [[at.sender.id]], [at.sender.id, {}]]) {
      const answer = await at.alice.contacts(contacts);
      assert.equal(answer.status, 400, `contacts ${JSON.stringify(contacts).slice(0, 80)}: ${answer}`);
    }
    (await at.sender.accepts(at.alice.id)).expectPhrase(200);
  });

  test('backups of a wrong type are 400 and the old one stays', async () => {
    (await at.bob.saveBackup('old')).expectEmpty();
    for (const backup of [true, {}, []]) (await at.bob.saveBackup(backup)).expectPhrase(400);
    assert.equal((await at.bob.backup()).json().backup, 'old');
  });
});

suite('push endpoints (12.5)', {}, (at) => {
  const receiver = receiverKeys();
  const keys = { p256dh: receiver.publicKey.toString('base64url'), auth: receiver.auth.toString('base64url') };
  const good = { endpoint: 'https://push.example.org/send/1', keys };

  test('only https, only host names, only sane keys; a refused one changes nothing', async () => {
    (await at.alice.subscribe(good)).expectEmpty();
    const offCurve = Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 1)]).toString('base64url');
    for (const bad of [
      { endpoint: 'http://push.example.org/x' },
      { endpoint: 'ftp://push.example.org/x' },
      { endpoint: 'file:///etc/passwd' },
      { endpoint: 'https://127.0.0.1/x' },
      { endpoint: 'https://127.1/x' },
      { endpoint: 'https://2130706433/x' },
      { endpoint: 'https://[::1]/x' },
      { endpoint: 'https://[::ffff:127.0.0.1]/x' },
      { endpoint: 'https://10.0.0.1/x' },
      { endpoint: 'https://192.168.1.1:8443/x' },
      { endpoint: 'https://169.254.169.254/latest/meta-data' },
      { endpoint: 'https://[fe80::1]/x' },
      { endpoint: 'nonsense' },
      { endpoint: '' },
      { endpoint: 5 },
      { endpoint: null },
      { keys: undefined },
      { keys: {} },
      { keys: { ...keys, p256dh: offCurve } },
      { keys: { ...keys, p256dh: receiver.publicKey.subarray(1).toString('base64url') } },
      { keys: { ...keys, p256dh: '' } },
      { keys: { ...keys, p256dh: 5 } },
      { keys: { ...keys, auth: receiver.auth.subarray(1).toString('base64url') } },
      { keys: { ...keys, auth: undefined } },
    ]) {
      const answer = await at.alice.subscribe({ ...good, ...bad });
      assert.equal(answer.status, 400, `${JSON.stringify(bad)}: ${answer}`);
    }
    (await at.alice.account()).expectJson(200, { hasPushSubscription: true });
  });
});

suite('what others can learn (12.6)', {}, (at) => {
  test('status tells strangers nothing', async () => {
    const stranger = new Client(at.node.origin);
    (await at.alice.parcels()).expect(200);
    (await at.sender.upload({ recipients: [[at.alice.id, 'x']] })).expect(200);
    (await at.sender.status(at.alice.id)).expectJson(200, { count: 1, lastSeen: 'RECENTLY' });
    (await stranger.status(at.alice.id)).expectJson(200, { count: 0, lastSeen: 'NEVER' });
    (await at.alice.contacts([])).expectEmpty();
    (await at.sender.status(at.alice.id)).expectJson(200, { count: 0, lastSeen: 'NEVER' });
  });

  test('an accept URL is never made of a missing or broken Host header', async () => {
    const signed = Object.entries(await at.alice.sign()).map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const rest = `${signed}Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`;
    const without = await talk(at.node.origin, `POST /api/contact-exchange HTTP/1.0\r\n${rest}`);
    assert.match(without, /^HTTP\/1\.[01] (201|400) /, without);
    assert.doesNotMatch(without, /undefined/);
    for (const host of ['evil.example/path', 'a b', '"><script>', 'user@evil.example']) {
      const answer = await talk(at.node.origin, `POST /api/contact-exchange HTTP/1.1\r\nHost: ${host}\r\n${rest}`);
      assert.match(answer, /^HTTP\/1\.1 (201|400) /, `Host ${host}: ${answer}`);
      assert.ok(!answer.includes(`https://${host}/`), `Host ${host}: ${answer}`);
    }
  });

  test('answers name no software, show no page of errors, and signed ones are not cached', async () => {
    const exchange = (await at.alice.offerContact('x')).json().oneTimeToken;
    const signed = [
      await at.alice.account(), await at.alice.parcels(), await at.alice.invitedUsers(), await at.alice.exchange(exchange),
      await at.alice.backup(), await at.alice.saveBackup('x'), await at.alice.backup(), await at.sender.account(),
      await at.alice.attachment(crypto.randomUUID()),
    ];
    for (const answer of signed) assert.match(answer.headers.get('cache-control') ?? '', /no-store/, `Cache-Control of ${answer}`);
    const broken = await at.alice.request('POST', '/contact-exchange', { body: '{', headers: { 'Content-Type': 'application/json' } });
    for (const answer of [...signed, broken, await at.sender.request('GET', '/nowhere', { sign: false })]) {
      assert.equal(answer.headers.get('x-powered-by'), null, `${answer}`);
      assert.doesNotMatch(answer.text, /\bat .*:\d+|\.rs:|\.js:/, `no stack in ${answer}`);
    }
  });

  test('neither tokens, ids, signatures nor texts get into the log', async () => {
    const { oneTimeToken } = (await at.alice.offerContact('text-of-the-contact')).json();
    const guest = await invited(at.alice);
    const headers = await guest.sign();
    (await guest.request('GET', '/account', { sign: false, headers })).expect(200);
    (await guest.accept(oneTimeToken, { encryptedContact: 'text-of-the-answer' })).expect(200);
    (await guest.saveBackup('text-of-the-backup')).expectEmpty();
    (await guest.request('GET', '/account', { sign: { date: '2024-01-02T03:04:05.678Z' } })).expect(401);
    const value = headers.Authorization.match(/signature="([^"]+)"/)[1];
    for (const secret of [oneTimeToken, value, 'text-of-the']) {
      assert.ok(!at.node.printed.includes(secret), `${secret} is in the log\n${at.node.log}`);
    }
  });

  test('the files of the data folder are the owner’s only', { skip: process.platform === 'win32' && 'no modes' }, async () => {
    for (const { path, mode } of await filesBelow(at.node.folder)) {
      assert.equal(mode & 0o077, 0, `${path} has mode ${mode.toString(8)}`);
    }
  });
});

suite('operation (12.7)', {}, (at) => {
  test('a second process on the same folder refuses to start', async () => {
    const second = spawn(BINARY, serveArguments(at.node.folder), { env: { PATH: process.env.PATH }, cwd: at.node.folder, stdio: 'pipe' });
    let said = '';
    for (const stream of [second.stdout, second.stderr]) stream.on('data', (piece) => { said += piece; });
    try {
      const [code] = await within(20_000, 'the refusal of a second process', once(second, 'exit'));
      assert.ok(code > 0, `exit code ${code}: ${said}`);
      assert.match(said, /another|lock|already|in use/i);
    } finally {
      second.kill('SIGKILL');
    }
    await at.node.assertAlive();
  });

  test('health and readiness are told', async () => {
    for (const path of ['/healthz', '/readyz']) (await rawRequest(at.node.origin, { path })).expect(200);
  });
});

/** Waits until no attachment of `bytes` or more lies below the folder; the database and its journal do not count. */
function noFileOf(folder, bytes) {
  return until(`no attachment of ${bytes} bytes or more is left`, async () => {
    const big = (await filesBelow(folder)).filter((each) => each.bytes >= bytes && !/\.(db|sqlite)|wal/.test(each.path));
    assert.deepEqual(big, []);
    return true;
  });
}

function deferred() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}
