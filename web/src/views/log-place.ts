/** Where one looks in a long list of which parts come and go: it stays there. */
import { atBottom, type Log } from '../store/messages';

/** Pixels from the end within which new messages are followed. */
const NEAR = 80;
/** Milliseconds that a message is marked that was looked for. */
const MARKED_FOR = 2_000;

export class Place {
  atEnd = true;
  #group: string | null = null;
  #goal: Log['goal'] = null;
  /** How high the list and what is seen of it were when it was last looked at. */
  #heights = '';
  /** The end is to be shown as soon as it is there. */
  #wanted = false;
  #anchor: { readonly row: HTMLElement; readonly top: number } | null = null;

  /** Before the list changes: the first message that is seen, and where. */
  remember(element: HTMLElement | null): void {
    this.#anchor = null;
    if (element === null || this.atEnd) return;
    const rows = [...element.querySelectorAll<HTMLElement>('[data-id]')];
    const { top } = element.getBoundingClientRect();
    const row = rows[byAge(rows, (one) => one.getBoundingClientRect().bottom <= top)];
    if (row !== undefined) this.#anchor = { row, top: row.getBoundingClientRect().top };
  }

  /** After it has changed. */
  restore(element: HTMLElement | null, present: Log | null): void {
    if (element === null || present === null) return;
    const fresh = this.#group !== present.group;
    this.#group = present.group;
    if (present.goal !== null && present.goal !== this.#goal) this.#show(element, present.goal.message);
    else if (fresh && present.unreadFrom !== null) element.querySelector('.unread-line')?.scrollIntoView({ block: 'start' });
    else if (fresh || this.atEnd || (this.#wanted && present.atEnd)) this.toEnd(element);
    else if (this.#anchor?.row.isConnected === true) element.scrollTop += this.#anchor.row.getBoundingClientRect().top - this.#anchor.top;
    this.#goal = present.goal;
    this.#wanted &&= !present.atEnd;
    this.#note(element, present.atEnd);
  }

  /** Something has another size. */
  settle(element: HTMLElement | null): void {
    if (this.atEnd) this.toEnd(element);
  }

  /** Goes to the newest message, at once or when it is there. */
  newest(element: HTMLElement | null): void {
    this.#wanted = true;
    this.toEnd(element);
  }

  toEnd(element: HTMLElement | null): void {
    if (element !== null) element.scrollTop = element.scrollHeight;
  }

  /** It was scrolled. `newest`: whether the end of what is there is the end of the conversation. */
  scrolled(element: HTMLElement, newest: boolean): void {
    // What has got another size since is not left by that: its observer hears of it next, and the end is followed.
    if (this.atEnd && newest && this.#heights !== heightsOf(element)) this.#heights = heightsOf(element);
    else this.#note(element, newest);
  }

  /** Notes whether the end is looked at. */
  #note(element: HTMLElement, newest: boolean): void {
    this.#heights = heightsOf(element);
    this.atEnd = newest && element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
    if (atBottom.peek() !== this.atEnd) atBottom.value = this.atEnd;
  }

  #show(element: HTMLElement, message: string): void {
    const row = element.querySelector<HTMLElement>(`[data-id='${CSS.escape(message)}']`);
    if (row === null) return;
    row.scrollIntoView({ block: 'center' });
    row.focus({ preventScroll: true });
    row.classList.add('marked');
    setTimeout(() => { row.classList.remove('marked'); }, MARKED_FOR);
  }
}

function heightsOf(element: HTMLElement): string {
  return `${element.scrollHeight} ${element.clientHeight}`;
}

/** How many from the first on fulfil this; all that do stand before all that don't. */
export function byAge<T>(rows: readonly T[], fulfils: (row: T) => boolean): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = rows[middle];
    if (row !== undefined && fulfils(row)) low = middle + 1;
    else high = middle;
  }
  return low;
}
