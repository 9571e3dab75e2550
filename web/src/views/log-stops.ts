/**
 * One stop for the Tab key among all messages: the arrow keys go from one to the next, and what can be pressed is a stop only in the one that one
 * is at. Else one would pass hundreds of buttons on the way to where one writes.
 */
import { atBottom } from '../store/messages';
import { byAge } from './log-place';

const MESSAGE = 'li[data-id]';
const CONTROLS = 'a[href], button, input, audio';

/** Looks after the messages of a log. Gives what ends that. */
export function oneStop(log: HTMLElement, list: HTMLElement): () => void {
  let at: HTMLElement | null = null;
  const move = (to: HTMLElement | null) => {
    if (to === at) return;
    if (at !== null) open(at, false);
    at = to;
    if (at !== null) open(at, true);
  };
  const inside = () => list.contains(document.activeElement);
  // While one is elsewhere, it is the lowest message that is seen; where that is, is asked only when nothing moves.
  const rest = () => { if (!inside()) move(atBottom.peek() ? last(list) : lowest(log, list)); };
  const observer = new MutationObserver((records) => {
    for (const { addedNodes } of records) for (const node of addedNodes) if (node instanceof Element) close(node, at);
    if (at?.isConnected !== true) at = null;
    if (!inside() && (at === null || atBottom.peek())) move(last(list));
  });
  const focused = ({ target }: FocusEvent) => { move((target as Element).closest<HTMLElement>(MESSAGE) ?? at); };
  const key = (event: KeyboardEvent) => {
    if (at === null || !(event.target instanceof Element) || event.target.closest('input, dialog') !== null) return;
    const next = event.key === 'ArrowUp' ? beside(at, 'previousElementSibling') : event.key === 'ArrowDown' ? beside(at, 'nextElementSibling') : null;
    if (next !== null) {
      event.preventDefault();
      next.focus({ preventScroll: true });
      next.scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter' && event.target === at) {
      event.preventDefault();
      at.querySelector<HTMLElement>('.message-menu button')?.click();
    }
  };
  close(list, null);
  rest();
  observer.observe(list, { childList: true, subtree: true });
  list.addEventListener('focusin', focused);
  list.addEventListener('keydown', key);
  log.addEventListener('scrollend', rest);
  return () => {
    observer.disconnect();
    list.removeEventListener('focusin', focused);
    list.removeEventListener('keydown', key);
    log.removeEventListener('scrollend', rest);
  };
}

/** Makes a message a stop with all that is in it, or takes that back. */
function open(message: HTMLElement, stop: boolean): void {
  message.tabIndex = stop ? 0 : -1;
  for (const control of message.querySelectorAll<HTMLElement>(CONTROLS)) control.tabIndex = stop ? 0 : -1;
}

/** What has come is no stop, unless it is in the message that one is at. */
function close(added: Element, at: HTMLElement | null): void {
  const message = added.closest<HTMLElement>(MESSAGE);
  const messages = message === null ? added.querySelectorAll<HTMLElement>(MESSAGE) : [message];
  for (const one of messages) open(one, one === at);
}

function last(list: HTMLElement): HTMLElement | null {
  let found = list.lastElementChild;
  while (found !== null && !found.matches(MESSAGE)) found = found.previousElementSibling;
  return found instanceof HTMLElement ? found : null;
}

function lowest(log: HTMLElement, list: HTMLElement): HTMLElement | null {
  const rows = [...list.querySelectorAll<HTMLElement>(MESSAGE)];
  const { bottom } = log.getBoundingClientRect();
  return rows[Math.max(0, byAge(rows, (row) => row.getBoundingClientRect().bottom <= bottom + 1) - 1)] ?? null;
}

function beside(message: Element, way: 'previousElementSibling' | 'nextElementSibling'): HTMLElement | null {
  for (let found = message[way]; found !== null; found = found[way]) if (found instanceof HTMLElement && found.matches(MESSAGE)) return found;
  return null;
}
