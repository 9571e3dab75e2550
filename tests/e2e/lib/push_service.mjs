// A push service on 127.0.0.1 with TLS, as a browser vendor runs one: it takes messages for its endpoints, records
// them, and answers what a test told it to.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localCertificate } from './certificate.mjs';
import { until } from './until.mjs';
import { checkVapid, openAes128gcm, openAesgcm, receiverKeys } from './web_push.mjs';

const MAX_MESSAGE_BYTES = 4096; // RFC 8030, section 7.2

/** One browser's subscription at the service. */
class Endpoint {
  constructor(service, encoding) {
    this.service = service;
    this.encoding = encoding;
    this.path = `/push/${randomUUID()}?token=a%2Fb`;
    this.receiver = receiverKeys();
    this.requests = [];
    this.answers = [];
  }

  /** What the browser hands to the app, and the app to the node. */
  get subscription() {
    const subscription = {
      endpoint: `${this.service.origin}${this.path}`,
      expirationTime: null,
      keys: {
        p256dh: this.receiver.publicKey.toString('base64url'),
        auth: this.receiver.auth.toString('base64url'),
      },
    };
    return this.encoding === undefined ? subscription : { ...subscription, encoding: this.encoding };
  }

  /** The next answers, one for each request; afterwards 201. Items: a status, or `[status, headers]`. */
  willAnswer(...answers) {
    this.answers.push(...answers);
    return this;
  }

  /** Waits for the message number `count`, counted from 1, and returns its record. */
  async message(count = 1, deadlineMs = 10_000) {
    await until(`push message ${count} arrives (${this.encoding ?? 'no encoding'})`, () => this.requests.length >= count, { deadlineMs });
    return this.requests[count - 1];
  }

  /** Checks every header and the token, opens the body and returns its text. */
  open(record, { serverKey, contact, ttlSeconds }) {
    const { headers, body } = record;
    assert.equal(record.method, 'POST');
    assert.equal(record.url, this.path, 'the endpoint is called with its query');
    assert.equal(headers.ttl, String(ttlSeconds), 'TTL header');
    assert.equal(headers.urgency, 'normal', 'Urgency header');
    assert.equal(headers.topic, undefined, 'no Topic header');
    assert.equal(headers['content-type'], 'application/octet-stream');
    checkVapid(headers, { origin: this.service.origin, serverKey, contact });
    if (this.encoding === 'aesgcm') {
      assert.equal(headers['content-encoding'], 'aesgcm');
      return openAesgcm(this.receiver, body, headers).plain;
    }
    assert.equal(headers['content-encoding'], 'aes128gcm');
    const { plain, recordSize } = openAes128gcm(this.receiver, body);
    assert.equal(recordSize, 4096, 'record size');
    return plain;
  }
}

export class PushService {
  static async start() {
    const service = new PushService();
    const { ca, cert, key } = localCertificate();
    service.folder = await mkdtemp(join(tmpdir(), 'tidings-push-'));
    service.caFile = join(service.folder, 'ca.pem');
    await writeFile(service.caFile, ca);
    service.ca = ca;
    service.endpoints = new Map();
    service.strays = [];
    service.server = https.createServer({ cert, key }, (request, reply) => service.#take(request, reply));
    await new Promise((resolve) => service.server.listen(0, '127.0.0.1', resolve));
    service.origin = `https://localhost:${service.server.address().port}`;
    return service;
  }

  #take(request, reply) {
    const pieces = [];
    let size = 0;
    request.on('data', (piece) => {
      size += piece.length;
      if (size <= MAX_MESSAGE_BYTES) pieces.push(piece);
    });
    request.on('end', () => {
      const { method, url, headers } = request;
      const record = { method, url, headers, body: Buffer.concat(pieces), at: Date.now() };
      const endpoint = this.endpoints.get(url);
      (endpoint?.requests ?? this.strays).push(record);
      const answer = size > MAX_MESSAGE_BYTES ? 413 : endpoint === undefined ? 404 : endpoint.answers.shift() ?? 201;
      const [status, extra] = Array.isArray(answer) ? answer : [answer, {}];
      reply.writeHead(status, extra).end();
    });
  }

  /** A new endpoint; `encoding` is what the client tells the node (undefined: an older client, aes128gcm). */
  endpoint(encoding) {
    const endpoint = new Endpoint(this, encoding);
    this.endpoints.set(endpoint.path, endpoint);
    return endpoint;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    await rm(this.folder, { recursive: true, force: true });
  }
}
