// What people do with messages, in the words on the app's pages.
import assert from 'node:assert/strict';
import { until } from '../../e2e/lib/until.mjs';
import { SOON } from './people.mjs';

/** How long nothing may happen that must not: what is counted then stays as it is. */
const SETTLED = 20_000;

/** The message with this text. */
export const message = (page, text) => page.getByRole('log').getByRole('listitem').filter({ hasText: text });

/** Opens what can be done with a message, and does one thing of it. */
export async function choose(page, text, action) {
  await message(page, text).getByRole('button', { name: 'More' }).click(SOON);
  await page.getByRole('dialog').getByRole('button', { name: action }).click(SOON);
}

/** How often a text stands in the conversation as a message; quotes of it don't count. */
export const times = async (page, text) => (await spoken(page)).filter((one) => one === text).length;

/** It comes to stand there exactly once, and all that waits at the nodes does not change that. */
export async function exactlyOnce(page, text) {
  await until(`"${text}" is there once`, async () => (await times(page, text)) === 1, { deadlineMs: SETTLED });
}

/** It goes, or never was there. */
export async function notThere(page, text) {
  await until(`"${text}" is not there`, async () => (await times(page, text)) === 0, { deadlineMs: SETTLED });
}

/** All texts of the conversation in their order. */
export const spoken = (page) => page.getByRole('log').locator('.text').allTextContents();

/** Each of these is there once, in this order, though others may stand between. */
export async function inOrder(page, texts) {
  await until(`${texts} are there in this order`, async () => JSON.stringify((await spoken(page)).filter((text) => texts.includes(text))) === JSON.stringify(texts), { deadlineMs: SETTLED });
  assert.deepEqual((await spoken(page)).filter((text) => texts.includes(text)), texts);
}

/** How far the message with this text has come: `Waiting`, `Sent`, `Delivered`, `Seen`. */
export const stands = (page, text, how) => message(page, text).getByRole('img', { name: how }).waitFor(SOON);
