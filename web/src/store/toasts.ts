/** Short messages at the edge of the screen. */
import { signal } from '@preact/signals';
import { t } from '../i18n';

/** Milliseconds that one stays. */
const STAYS = 6_000;

export interface Toast {
  readonly number: number;
  readonly text: string;
  readonly alarming: boolean;
}

export const toasts = signal<readonly Toast[]>([]);
let last = 0;

export function toast(text: string, alarming = false): void {
  const number = (last += 1);
  toasts.value = [...toasts.value, { number, text, alarming }].slice(-3);
  setTimeout(() => { toasts.value = toasts.value.filter((found) => found.number !== number); }, STAYS);
}

/** Whether a command failed for this reason. */
export function isFault(error: unknown, fault: string): boolean {
  return error instanceof Error && error.message === JSON.stringify(fault);
}

/** What a failed command says to a person. */
export function faultText(error: unknown): string {
  const texts = t.value.fault;
  const said = error instanceof Error ? error.message : String(error);
  if (said === 'interrupted') return texts.interrupted;
  let fault: unknown;
  try {
    fault = JSON.parse(said);
  } catch {
    return said;
  }
  const cannot = (fault as { cannot?: string } | null)?.cannot;
  if (cannot !== undefined) return worded(t.value.reason, cannot) ?? said;
  const [kind, detail] = typeof fault === 'object' && fault !== null ? (Object.entries(fault)[0] ?? ['', '']) : [String(fault), ''];
  return worded(texts, kind, String(detail)) ?? said;
}

/** A text by the name that the core has for it. */
function worded(texts: Readonly<Record<string, string | ((detail: string) => string)>>, kind: string, detail = ''): string | undefined {
  const text = texts[kind.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())];
  return typeof text === 'function' ? text(detail) : text;
}

/** Does something, and says it if it fails. Whether it went well. */
export async function attempt(action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    toast(faultText(error), true);
    return false;
  }
}
