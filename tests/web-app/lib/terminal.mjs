// Somebody who uses the terminal: plain commands of the program, with a folder of their own.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BINARY } from '../../e2e/lib/node.mjs';

const run = promisify(execFile);

export class Terminal {
  static async start() {
    const terminal = new Terminal();
    terminal.folder = await mkdtemp(join(tmpdir(), 'tidings-terminal-'));
    return terminal;
  }

  /** Runs a command; gives the objects that it prints. */
  async does(...args) {
    const env = { PATH: process.env.PATH, HOME: this.folder, TIDINGS_CLIENT_DIR: join(this.folder, 'profiles') };
    const { stdout } = await run(BINARY, [...args, '--json'], { env, cwd: this.folder });
    return stdout.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line));
  }

  async end() {
    await rm(this.folder, { recursive: true, force: true });
  }
}
