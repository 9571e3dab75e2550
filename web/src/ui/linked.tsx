/** Texts of people. Nothing in them means anything but addresses, and words that were looked for. */
const ADDRESS = /(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}])/;

/** A link of Tidings, of whatever node: it is for the account here. */
const OURS = /^https?:\/\/[^/]+\/[ir]#./;

/** A text with its addresses as links: of the web only, and the page behind one learns nothing of this one. `ours`: follows links of Tidings. */
export function Linked({ text, ours }: { readonly text: string; readonly ours: (link: string) => void }) {
  const follow = (event: MouseEvent) => {
    const { href } = event.currentTarget as HTMLAnchorElement;
    if (!OURS.test(href)) return;
    event.preventDefault();
    ours(href);
  };
  const parts = text.split(ADDRESS);
  return <>{parts.map((part, at) => (at % 2 === 1 ? <a key={at} href={part} target="_blank" rel="noopener noreferrer nofollow" onClick={follow}>{part}</a> : part))}</>;
}

/** Characters before the first word that was found. */
const BEFORE = 40;

/** A text with the words of a search marked. What stands far before the first of them is left out. */
export function Marked({ text, words }: { readonly text: string; readonly words: readonly string[] }) {
  return <>{marked(text, words).map((part, at) => (at % 2 === 1 ? <mark key={at}>{part}</mark> : part))}</>;
}

/** The parts of a text: each second one is a word that was looked for. */
export function marked(text: string, words: readonly string[]): string[] {
  const sought = words.filter((word) => word !== '').map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  if (sought.length === 0) return [text];
  const pattern = new RegExp(`(${sought.join('|')})`, 'iu');
  const first = text.search(pattern);
  const cut = first > BEFORE ? `…${text.slice(text.lastIndexOf(' ', first - BEFORE / 2) + 1)}` : text;
  return cut.split(pattern);
}
