/** Beginning, coming back, and ending. */
import type { LinkView, MeView } from '../api/types';
import { ask, command, look } from '../core';
import { t } from '../i18n';
import { forgetPush } from './push';
import { forgetMark, markAccount } from '../store/marker';
import { forgetKeeping, markKept, wordsHere } from '../store/keeping';
import { nodeOf, readNode, type Followed } from '../store/link';

/** What this device is called in the list of devices. */
export function deviceName(agent = navigator.userAgent): string {
  const system = [['iPhone', /iPhone/], ['iPad', /iPad/], ['Android', /Android/], ['Windows', /Windows/], ['Mac', /Mac OS/], ['Linux', /Linux/]] as const;
  const browser = [['Edge', /Edg\//], ['Firefox', /Firefox|FxiOS/], ['Chrome', /Chrome|CriOS/], ['Safari', /Safari/]] as const;
  const of = (names: readonly (readonly [string, RegExp])[]) => names.find(([, pattern]) => pattern.test(agent))?.[0];
  return [of(browser), of(system)].filter((name) => name !== undefined).join(', ') || t.peek().app;
}

/** Makes an account with an invitation, and accepts it. Gives the conversation, if somebody waits at its end. */
export async function begin({ link, to }: Followed, name: string): Promise<string | null> {
  // One whose answer was lost goes on by itself; other words would not be its.
  if ((await look<MeView | null>('me')) === null) await make(to, name);
  await settled();
  return 'contact' in to ? accept(link) : null;
}

async function make(to: LinkView, name: string): Promise<void> {
  const phrase = String(await ask({ phrase: 'make' }));
  const token = 'account' in to ? to.account.token : 'contact' in to ? to.contact.token : null;
  // Kept before anything else: an account may come to be though its answer is lost.
  await ask({ keepWords: phrase });
  wordsHere.value = true;
  await command({ create_account: { node: nodeOf(to), token, phrase, name: name.trim(), device: deviceName() } }).catch(unmade);
}

/** It was refused: the words are of no account, if none is under way. */
async function unmade(error: unknown): Promise<never> {
  if ((await look<MeView | null>('me')) === null) {
    await ask({ words: 'forget' });
    wordsHere.value = false;
  }
  throw error;
}

/** Accepts an invitation, or joins a room. */
export async function accept(link: string, passphrase: string | null = null): Promise<string> {
  const outcome = await command({ accept: { link: link.trim(), passphrase } });
  return typeof outcome === 'object' && 'conversation' in outcome ? outcome.conversation : '';
}

export async function restore(node: string, phrase: string): Promise<void> {
  await command({ restore: { node: await readNode(node), phrase: phrase.trim().toLowerCase().replace(/\s+/g, ' '), device: deviceName() } });
  markKept();
  await settled();
}

export async function linkThis(code: string): Promise<void> {
  await command({ link: { code: code.trim(), device: deviceName() } });
  await settled();
}

/** The account goes, and all that is kept here. */
export async function deleteEverything(): Promise<void> {
  await command('delete_account');
  await eraseHere();
}

/** All that is kept here goes. `to`: where one is then. */
export async function eraseHere(to = ''): Promise<void> {
  await forgetPush().catch(() => undefined);
  sessionStorage.clear();
  await ask({ erase: true });
  forgetMark();
  forgetKeeping();
  location.replace(`/${to}`);
  // To the same page with another `#` alone, browsers only scroll.
  location.reload();
}

/** The browser is asked to keep what is here, and it is noted that there is something. */
async function settled(): Promise<void> {
  markAccount();
  await navigator.storage.persist().catch(() => false);
}
