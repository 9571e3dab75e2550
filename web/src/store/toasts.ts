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

/** What errors of the browser mean, by their names. */
const BROWSER = {
  NotAllowedError: 'notAllowed',
  SecurityError: 'notAllowed',
  QuotaExceededError: 'store',
  NotReadableError: 'file',
  NotFoundError: 'file',
  AbortError: 'interrupted',
} as const;

/** As browsers say that something did not come from the network. */
const NOT_LOADED = /fetch|network|load failed|dynamically imported|importing a module/i;

/** What something that failed says to a person. */
export function faultText(error: unknown): string {
  // What was thrown in words for a person.
  if (error instanceof Error && error.name === 'Error') return error.message;
  const texts = t.value.fault;
  const said = error instanceof Error ? error.message : String(error);
  if (said === 'interrupted') return texts.interrupted;
  let fault: unknown;
  try {
    fault = JSON.parse(said);
  } catch {
    return browserText(error, said);
  }
  const cannot = (fault as { cannot?: string } | null)?.cannot;
  if (cannot !== undefined) return worded(t.value.reason, cannot) ?? texts.other;
  const [kind, detail] = typeof fault === 'object' && fault !== null ? (Object.entries(fault)[0] ?? ['', '']) : [String(fault), ''];
  return worded(texts, kind, String(detail)) ?? texts.other;
}

/** Errors of the browser speak English, and to those who write programs. The worker gives only their names. */
function browserText(error: unknown, said: string): string {
  const name = error instanceof DOMException ? error.name : said;
  const kind = name in BROWSER ? BROWSER[name as keyof typeof BROWSER] : undefined;
  if (kind !== undefined) return t.value.fault[kind];
  if (NOT_LOADED.test(said)) return t.value.failed.loading;
  console.warn(error);
  return t.value.fault.other;
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
