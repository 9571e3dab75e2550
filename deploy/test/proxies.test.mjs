// The examples for nginx and Caddy, in front of a real node: run by `just proxies`. What is not installed is skipped, aloud.
// The shipped files are used as they are, but for addresses, ports, names and certificates.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client, firstUser, invited, signedHeaders } from '../../tests/e2e/lib/client.mjs';
import { file, form, text } from '../../tests/e2e/lib/form.mjs';
import { Node } from '../../tests/e2e/lib/node.mjs';
import { until } from '../../tests/e2e/lib/until.mjs';

// The certificate is made for this run and known to nobody else.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';

const NAME = 'inbox.example.org';
const IMAGE_BYTES = 19_999_999;
const BURST = 20;

const shipped = (name) => readFile(fileURLToPath(new URL(`../${name}`, import.meta.url)), 'utf8');
const isInstalled = (program) => spawnSync(program, ['-v']).error === undefined;

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function replaced(contents, replacements) {
  for (const [from, to] of replacements) {
    assert.ok(contents.includes(from), `the shipped file has no ${JSON.stringify(from)} any more`);
    contents = contents.replaceAll(from, to);
  }
  return contents;
}

/** Starts nginx as this user, on loopback; all it writes stays in `folder`. */
async function nginx(folder, upstream) {
  const [port, plainPort] = [await freePort(), await freePort()];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1',
    '-subj', `/CN=${NAME}`, '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')], { stdio: 'pipe' });
  const site = replaced(await shipped('nginx.conf'), [
    ['server 127.0.0.1:8080;', `server ${upstream};`],
    ['    listen [::]:443 ssl http2;\n', ''],
    ['    listen [::]:80;\n', ''],
    ['listen 443 ssl http2;', `listen 127.0.0.1:${port} ssl http2;`],
    ['listen 80;', `listen 127.0.0.1:${plainPort};`],
    ['/etc/letsencrypt/live/inbox.example.org/fullchain.pem', join(folder, 'cert.pem')],
    ['/etc/letsencrypt/live/inbox.example.org/privkey.pem', join(folder, 'key.pem')],
  ]);
  await writeFile(join(folder, 'site.conf'), site);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`);
  await writeFile(join(folder, 'nginx.conf'), `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr warn;
    events { worker_connections 256; }
    http { access_log off; ${temporary.join(' ')} include ${folder}/site.conf; }`);
  const child = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: ['ignore', 'ignore', 'inherit'] });
  return { child, origin: `https://127.0.0.1:${port}`, plain: `http://127.0.0.1:${plainPort}`, gathered: ['client_body', 'proxy'] };
}

/** Starts Caddy likewise, with a certificate of its own making. */
async function caddy(folder, upstream) {
  const [port, plainPort] = [await freePort(), await freePort()];
  const site = replaced(await shipped('Caddyfile'), [
    ['inbox.example.org {', `https://${NAME}:${port}, https://127.0.0.1:${port} {\n\ttls internal\n\tbind 127.0.0.1`],
    ['reverse_proxy 127.0.0.1:8080', `reverse_proxy ${upstream}`],
  ]);
  const settings = `{\n\tadmin off\n\tskip_install_trust\n\tdefault_sni 127.0.0.1\n\thttp_port ${plainPort}\n\tauto_https disable_redirects\n}\n`;
  await writeFile(join(folder, 'Caddyfile'), settings + site);
  const env = { PATH: process.env.PATH, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const child = spawn('caddy', ['run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile'],
    { env, stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.setEncoding('utf8').on('data', (line) => process.env.E2E_LOG && process.stderr.write(line));
  return { child, origin: `https://127.0.0.1:${port}`, gathered: [] };
}

/** One GET from a loopback address of choice, as if from another machine. */
function get(origin, path, localAddress, headers = {}) {
  const { request } = origin.startsWith('https') ? https : http;
  return new Promise((resolve, reject) => {
    const options = { localAddress, headers: { Host: NAME, ...headers }, agent: false, rejectUnauthorized: false };
    request(origin + path, options, (answer) => {
      answer.resume().on('end', () => resolve(answer));
    }).on('error', reject).end();
  });
}

/** Opens a WebSocket at a path and says `text`, which must be short. Gives the first frame that comes. */
function ask(origin, path, text) {
  return new Promise((resolve, reject) => {
    const headers = {
      Host: NAME,
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    };
    const request = https.request(origin + path, { headers, agent: false, localAddress: '127.0.0.8' });
    request.on('error', reject).on('response', (answer) => reject(new Error(`no upgrade but ${answer.statusCode}`)));
    request.on('upgrade', (answer, socket, head) => {
      const heard = (frame) => {
        socket.destroy();
        resolve(frame.subarray(2).toString('utf8'));
      };
      if (head.length > 0) heard(head);
      else socket.once('data', heard);
      // A mask of zeros leaves the text as it is (RFC 6455, section 5.3).
      socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]));
    }).end();
  });
}

for (const [program, start] of [['nginx', nginx], ['caddy', caddy]]) {
  describe(`behind ${program}`, { skip: isInstalled(program) ? false : `${program} is not installed` }, () => {
    let node, proxy, folder;

    before(async () => {
      node = await Node.start({
        env: {
          TIDINGS_TRUSTED_PROXIES: '127.0.0.1',
          TIDINGS_PUBLIC_URL: `https://${NAME}`,
          TIDINGS_RATE_ADDRESS_BURST: String(BURST),
          TIDINGS_RATE_ADDRESS_PER_SECOND: '1',
        },
      });
      folder = await mkdtemp(join(tmpdir(), 'tidings-proxy-'));
      proxy = await start(folder, node.origin.replace('http://', ''));
      await until(`${program} answers`, async () => (await get(proxy.origin, '/', '127.0.0.9')).statusCode === 200,
        { deadlineMs: 10_000, giveUp: () => proxy.child.exitCode !== null });
    });

    after(async () => {
      if (proxy?.child.exitCode === null) {
        proxy.child.kill('SIGTERM');
        await once(proxy.child, 'exit');
      }
      await node?.dispose();
      if (folder) await rm(folder, { recursive: true, force: true });
    });

    test('an image of the largest size goes through, and nothing is gathered on the proxy’s disk', async () => {
      const alice = await firstUser(node);
      const bob = await invited(alice);
      (await alice.contacts([bob.id])).expectEmpty();
      const image = randomBytes(IMAGE_BYTES);
      const { type, body } = form([text('type', 'MEDIA'), text('recipient', `${alice.id} sealed`), file(image)]);
      const { publicKey } = (await bob.info()).json();
      const upload = https.request(`${proxy.origin}/api/parcels`, {
        method: 'POST',
        headers: { ...signedHeaders(bob.keys, publicKey), 'Content-Type': type, 'Content-Length': body.length, Host: NAME },
        rejectUnauthorized: false,
      });
      upload.write(body.subarray(0, 10_000_000));
      await until('half of it is on its way', () => upload.writableLength === 0);
      for (const kind of proxy.gathered) assert.deepEqual(await readdir(join(folder, kind)), [], `${kind} holds files`);
      upload.end(body.subarray(10_000_000));
      const [answer] = await once(upload, 'response');
      answer.resume();
      assert.equal(answer.statusCode, 200);

      const through = new Client(proxy.origin, alice.keys);
      const [parcel] = (await through.parcels()).expect(200).json();
      assert.ok(image.equals((await through.attachment(parcel.id)).expect(200).bytes), 'the image is the same');
    });

    test('what is too large is refused by the node, in words that browsers may read', async () => {
      const carol = new Client(proxy.origin);
      const { type, body } = form([text('type', 'MEDIA'), file(randomBytes(21_000_000))]);
      const answer = await carol.request('POST', '/parcels', { body, headers: { 'Content-Type': type } });
      assert.ok([400, 403, 413].includes(answer.status), `${answer}`);
    });

    test('the node sees who the client is, whatever the client says of that', async () => {
      const ask = (localAddress, headers) => get(proxy.origin, '/api/info', localAddress, headers);
      const statuses = [];
      for (let count = 0; count < 2 * BURST; count += 1) {
        statuses.push((await ask('127.0.0.2', { 'X-Forwarded-For': `203.0.113.${count}` })).statusCode);
      }
      assert.equal(statuses[0], 200);
      assert.ok(statuses.includes(429), `one address was never limited: ${statuses}`);
      assert.equal((await ask('127.0.0.3')).statusCode, 200, 'another address has a limit of its own');
    });

    test('WebSockets of rooms and channels pass', async () => {
      assert.match(await ask(proxy.origin, '/', '{"type":"join"}'), /^\{"type":"error","msg":"MALFORMED DATA/);
      assert.match(await ask(proxy.origin, '/socket.io/?EIO=4&transport=websocket', '40'), /^0\{"sid":"/);
    });

    test('what is not for the public is not there', async () => {
      for (const path of ['/metrics', '/healthz', '/readyz']) {
        assert.equal((await get(proxy.origin, path, '127.0.0.4')).statusCode, 404, path);
      }
    });

    test('plain HTTP leads to TLS', { skip: program === 'caddy' ? 'Caddy does that by itself' : false }, async () => {
      const answer = await get(proxy.plain, '/api/info?x=y', '127.0.0.5');
      assert.deepEqual([answer.statusCode, answer.headers.location], [301, `https://${NAME}/api/info?x=y`]);
    });
  });
}
