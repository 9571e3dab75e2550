// A running `tidings serve` process: started, waited for, stopped, killed, restarted on the same folder.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until, within } from './until.mjs';

// ---- Everything these tests assume about the command. Adapt here and nowhere else. ----

export const BINARY = process.env.TIDINGS_BIN ?? fileURLToPath(new URL('../../../target/debug/tidings', import.meta.url));

/** How the server is started on a folder. Port 0: the system picks one, and the node prints it. */
export const serveArguments = (folder, port = 0) => ['serve', '--data-dir', folder, '--listen', `127.0.0.1:${port}`];

/** The line that tells where it listens, and the one with the first invitation, anywhere in what it prints. */
const LISTENING = /listening on (http:\/\/127\.0\.0\.1:\d+)/;
const INVITATION = /https:\/\/\S*exchange-url=\S*/g;

const READY_PATH = '/readyz';

/** The settings that let push messages reach a service on this machine whose authority is in `caFile`. */
export const localPushSettings = (caFile) => ({ TIDINGS_PUSH_ALLOW_LOOPBACK: 'true', SSL_CERT_FILE: caFile });

export const PUSH_CONTACT = 'mailto:e2e@example.org';
export const PUSH_DAYS = 3;

/** Minutes an exchange is good for at nodes that test expiry; the whole test waits that long. */
export const SHORT_EXCHANGE_MINUTES = process.env.E2E_EXCHANGE_MINUTES ?? '1';

// -----------------------------------------------------------------------------------------

const START_MS = 20_000;
// Longer than the node's own limit on draining (20 s), so that a slow drain is told from a hanging one.
const STOP_MS = 30_000;
const SHOWN_LOG_CHARACTERS = 3_000;

/** A test run that is cut short must leave no node behind. Killing a process that has ended does nothing. */
const started = new Set();
process.on('exit', () => started.forEach((child) => child.kill('SIGKILL')));

export class Node {
  /** Starts a node. `env`: settings by environment, `args`: by flags. The folder is a fresh one unless given, and then stays. */
  static async start({ env = {}, args = [], folder } = {}) {
    const node = new Node();
    node.env = env;
    node.args = args;
    node.ownsFolder = folder === undefined;
    node.folder = folder ?? (await mkdtemp(join(tmpdir(), 'tidings-e2e-')));
    try {
      await node.#spawn();
    } catch (error) {
      await node.dispose();
      throw error;
    }
    return node;
  }

  async #spawn(port = 0) {
    this.stdout = '';
    this.stderr = '';
    // Nothing of the surroundings' settings may reach the node, or somebody's own .env in the current folder.
    const env = { PATH: process.env.PATH, HOME: this.folder, RUST_BACKTRACE: '1', ...this.env };
    this.process = spawn(BINARY, [...serveArguments(this.folder, port), ...this.args], { env, cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] });
    started.add(this.process);
    this.ended = once(this.process, 'exit').then(([code, signal]) => ({ code, signal }));
    this.ended.catch((error) => { this.spawnError = error; });
    for (const stream of ['stdout', 'stderr']) {
      this.process[stream].setEncoding('utf8');
      this.process[stream].on('data', (text) => { this[stream] += text; });
    }
    this.origin = await this.#waitFor('it says where it listens', () => this.printed.match(LISTENING)?.[1]);
    await this.#waitFor(`${READY_PATH} is 200`, async () => (await fetch(this.origin + READY_PATH)).status === 200);
  }

  async #waitFor(what, check) {
    const gone = this.ended.then((end) => { throw new Error(`${BINARY} ended at once: ${JSON.stringify(end)}\n${this.log}`); });
    const arrived = until(what, check, { deadlineMs: START_MS, giveUp: () => !this.running }).catch((error) => {
      throw new Error(`${error.message}\n${this.log}`);
    });
    gone.catch(() => {});
    arrived.catch(() => {});
    return Promise.race([arrived, gone]);
  }

  /** What `pattern` finds first in anything printed since the last start, waited for. */
  async said(pattern) {
    return (await this.#waitFor(`it prints ${pattern}`, () => this.printed.match(pattern)))[1];
  }

  get printed() {
    return `${this.stdout}\n${this.stderr}`;
  }

  /** The end of what the process printed, for failure messages. */
  get log() {
    return `--- stdout\n${this.stdout.slice(-SHOWN_LOG_CHARACTERS)}\n--- stderr\n${this.stderr.slice(-SHOWN_LOG_CHARACTERS)}`;
  }

  /** The newest invitation link printed since the last start. */
  invitation() {
    return this.#waitFor('an invitation is printed', () => this.invitations().at(-1));
  }

  invitations() {
    return this.printed.match(INVITATION) ?? [];
  }

  get running() {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  /** Fails with the log if the process is gone or does not answer any more. */
  async assertAlive() {
    assert.ok(this.running, `the node is gone\n${this.log}`);
    const reply = await within(5_000, 'asking whether the node lives', fetch(`${this.origin}/api/info`));
    assert.equal(reply.status, 200, `the node does not answer\n${this.log}`);
    await reply.arrayBuffer();
  }

  /** SIGTERM; the process must drain and end with 0. */
  async stop() {
    this.process.kill('SIGTERM');
    const end = await within(STOP_MS, 'ending after SIGTERM', this.ended).catch((error) => {
      this.process.kill('SIGKILL');
      throw new Error(`${error.message}\n${this.log}`);
    });
    assert.deepEqual(end, { code: 0, signal: null }, `SIGTERM must end with 0\n${this.log}`);
  }

  /** SIGKILL, as a power cut would. */
  async kill() {
    this.process.kill('SIGKILL');
    await within(STOP_MS, 'ending after SIGKILL', this.ended);
  }

  /** Starts again on the same folder; the port may be another one. */
  async start(env = this.env) {
    assert.ok(!this.running, 'the node runs already');
    this.env = env;
    await this.#spawn();
  }

  /** Starts again on the same folder and port: for clients that know it by its address. */
  async startThere() {
    assert.ok(!this.running, 'the node runs already');
    await this.#spawn(new URL(this.origin).port);
  }

  async restart(env = this.env) {
    await this.stop();
    await this.start(env);
  }

  /** Ends the process in whatever state it is and removes its folder. */
  async dispose() {
    if (this.process?.pid !== undefined && this.running) await this.kill();
    if (this.ownsFolder) await rm(this.folder, { recursive: true, force: true });
  }
}

/** Ends nodes at the end of a suite: each must end cleanly. With E2E_LOG set, what they printed is shown. */
export async function endCleanly(...nodes) {
  for (const node of nodes) {
    if (node === undefined) continue; // it did not start, which has been reported already
    try {
      if (node.running) await node.stop();
    } finally {
      if (process.env.E2E_LOG) process.stderr.write(`${node.log}\n`);
      await node.dispose();
    }
  }
}

/** Runs `use` with a fresh node, which must end cleanly afterwards. On failure the node's log is shown. */
export async function withNode(options, use) {
  const node = await Node.start(options);
  try {
    await use(node);
  } catch (error) {
    if (error instanceof Error) error.message += `\n${node.log}`;
    await node.dispose();
    throw error;
  }
  await endCleanly(node);
}
