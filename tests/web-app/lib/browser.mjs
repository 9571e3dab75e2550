// Debian's Chromium, driven by Playwright. Each person has a profile of their own, which a restart keeps.
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
// Without these it tries to reach its maker's hosts at each start.
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** A microphone in which something beeps, allowed without asking. */
export const MICROPHONE = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

export const missing = existsSync(EXECUTABLE) ? false : `${EXECUTABLE} is missing: apt-get install chromium`;

export const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };

export class Person {
  static async start(name, { size = 'phone', folder, language = 'en', args = [], permissions = [] } = {}) {
    const person = new Person();
    Object.assign(person, { name, size, language, args, permissions, folder: folder ?? (await mkdtemp(join(tmpdir(), 'tidings-web-'))), errors: [] });
    await person.open();
    return person;
  }

  // Opens the browser (again) with what it has kept.
  async open() {
    this.context = await chromium.launchPersistentContext(this.folder, {
      executablePath: EXECUTABLE,
      args: [...ARGUMENTS, ...this.args],
      viewport: SIZES[this.size],
      hasTouch: this.size === 'phone',
      isMobile: this.size === 'phone',
      locale: this.language,
      colorScheme: 'light',
      permissions: ['clipboard-read', 'clipboard-write', ...this.permissions],
    });
    this.page = this.context.pages()[0] ?? (await this.context.newPage());
    this.watch(this.page);
  }

  watch(page) {
    page.on('pageerror', (error) => this.errors.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text());
    });
  }

  async tab() {
    const page = await this.context.newPage();
    this.watch(page);
    return page;
  }

  async close() {
    await this.context.close();
  }

  /** Ends the browser as a power cut would. */
  async kill() {
    const closed = new Promise((done) => this.context.once('close', done));
    for (const number of await processesOf(this.folder)) process.kill(number, 'SIGKILL');
    await closed;
  }

  async end() {
    await this.context.close().catch(() => {});
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The numbers of the browser's own processes for a folder; those of its pages end with them. */
async function processesOf(folder) {
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const told = await Promise.all(all.map(async (number) => [Number(number), await readFile(`/proc/${number}/cmdline`, 'utf8').catch(() => '')]));
  return told.filter(([, line]) => line.includes(`--user-data-dir=${folder}`) && !line.includes('--type=')).map(([number]) => number);
}
