/** Oneself: name, devices, recovery words. */
import type { KeepHistory } from '../api/types';
import { ask, command } from '../core';

const UNCHANGED = { name: null, picture: null, statement: null, read_receipts: null, history: null };

export async function setName(name: string): Promise<void> {
  await command({ set_profile: { ...UNCHANGED, name: name.trim() } });
}

/** A small JPEG; nothing of it to have none. */
export async function setPicture(picture: Uint8Array): Promise<void> {
  await command({ set_profile: { ...UNCHANGED, picture } });
}

/** What of the messages the backup has. */
export async function setHistory(history: KeepHistory): Promise<void> {
  await command({ set_profile: { ...UNCHANGED, history } });
}

export async function setReceipts(receipts: boolean): Promise<void> {
  await command({ set_profile: { ...UNCHANGED, read_receipts: receipts } });
}

/** The code that a new device needs, and until when it is good (milliseconds). */
export async function offerLink(): Promise<{ code: string; until: number } | null> {
  const outcome = await command('offer_link');
  return typeof outcome === 'object' && 'code' in outcome ? { code: outcome.code[0], until: outcome.code[1] } : null;
}

export async function answerLink(request: string, accept: boolean): Promise<void> {
  await command({ answer_link: { request, accept } });
}

export async function removeDevice(serial: number): Promise<void> {
  await command({ remove_device: { serial } });
}

export async function dismissWarnings(warnings: readonly string[]): Promise<void> {
  await command({ dismiss_warnings: [...warnings] });
}

/** The recovery words, as long as this device still has them. */
export async function readWords(): Promise<string[] | null> {
  const words = (await ask({ words: 'read' })) as string | null;
  return words?.split(' ') ?? null;
}

/** The person has them elsewhere: this device needs them no more. */
export async function forgetWords(): Promise<void> {
  await ask({ words: 'forget' });
}
