/**
 * Where the focus goes when what has it goes: to the row that follows, or else the one before, or to the heading of the page. Browsers would leave
 * it nowhere, and whoever uses keys, or has the page read aloud, would begin at the top again.
 */

/** What comes and goes as one of several. */
const ROW = 'li, .card';
const PAGE = '.page, .aside';
/** What takes the focus; of the messages of a log that is each one itself. */
const TAKES = 'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), summary, [tabindex]';

interface Had {
  readonly element: Element;
  readonly row: Element | null;
  readonly page: Element | null;
}

/** What was between these, and is not any more. */
interface Gap {
  readonly next: Node | null;
  readonly previous: Node | null;
}

let had: Had | null = null;
let gap: Gap | null = null;

/** Looks after it from now on. */
export function keepFocus(): void {
  document.addEventListener('focusin', ({ target }) => {
    // Dialogs give it back by themselves; what they were opened from may go meanwhile.
    if (!(target instanceof Element) || target.closest('dialog') !== null) return;
    had = { element: target, row: target.closest(ROW), page: target.closest(PAGE) };
    gap = null;
  });
  new MutationObserver((records) => {
    if (had === null) return;
    for (const record of records) note(had, record);
    const lost = document.activeElement === null || document.activeElement === document.body;
    if (gap !== null && lost) mend(had, gap);
  }).observe(document.body, { childList: true, subtree: true });
}

function note({ element, row }: Had, { removedNodes, nextSibling, previousSibling }: MutationRecord): void {
  for (const node of removedNodes) {
    if (row !== null && node.contains(element)) gap = node === row ? { next: nextSibling, previous: previousSibling } : { next: null, previous: null };
  }
}

/** A page that went as a whole is followed by another, which looks after itself. */
function mend({ row, page }: Had, { next, previous }: Gap): void {
  gap = null;
  if (page?.isConnected !== true) return;
  const rows = row?.isConnected === true ? [row] : [...siblings(next, 'nextSibling'), ...siblings(previous, 'previousSibling')];
  if (rows.some(takes)) return;
  const heading = page.querySelector<HTMLElement>('h1');
  if (heading === null) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

function* siblings(first: Node | null, way: 'nextSibling' | 'previousSibling'): Generator<Element> {
  for (let node = first; node?.isConnected === true; node = node[way]) if (node instanceof Element && node.matches(ROW)) yield node;
}

/** Focuses it, or the first in it that can be. Whether it has the focus now. */
function takes(row: Element): boolean {
  const one = row.matches(TAKES) ? row : [...row.querySelectorAll(TAKES)].find((found) => found.getClientRects().length > 0);
  if (!(one instanceof HTMLElement)) return false;
  one.focus({ preventScroll: true });
  return document.activeElement === one;
}
