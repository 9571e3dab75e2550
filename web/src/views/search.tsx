/** Messages that were found, with their words marked; each leads to its place. */
import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { t, when } from '../i18n';
import { conversation } from '../store/data';
import { address, go } from '../store/route';
import { HITS, HITS_MAX, searchAll, searchHere, wordsOf, type Hit, type Search } from '../store/search';
import { attempt } from '../store/toasts';
import { Icon } from '../ui/icons';
import { Marked } from '../ui/linked';
import { IconButton } from '../ui/parts';
import { lineOf } from '../ui/said';

/** Milliseconds after the last key until it is looked for. */
const PAUSE = 150;

/** What was found for a text so far; `null` until it was looked for. */
interface Found {
  readonly hits: readonly Hit[] | null;
  /** Whether that is all. */
  readonly whole: boolean;
  readonly further: () => Promise<void>;
}

/** What was found in all conversations. */
export function Everywhere({ text }: { readonly text: string }) {
  const found = useFound(text, searchAll);
  return <section aria-label={t.value.search.messages}><Results found={found} words={wordsOf(text)} titles /></section>;
}

/** Looking for something in one conversation. */
export function SearchHere({ group, close }: { readonly group: string; readonly close: () => void }) {
  const texts = t.value.search;
  const [sought, field] = [useSignal(''), useRef<HTMLInputElement>(null)];
  useEffect(() => { field.current?.focus(); }, []);
  const found = useFound(sought.value, (text, shown) => searchHere(group, text, shown));
  return (
    <section class="search-here" aria-label={texts.here} onKeyDown={(event) => { if (event.key === 'Escape') close(); }}>
      <div class="search">
        <Icon name="search" />
        <input ref={field} type="search" placeholder={texts.here} aria-label={texts.here} value={sought.value} onInput={(event) => { sought.value = event.currentTarget.value; }} />
        <IconButton icon="close" label={t.value.close} onClick={close} />
      </div>
      {sought.value.trim() !== '' && <div class="search-hits"><Results found={found} words={wordsOf(sought.value)} chosen={close} /></div>}
    </section>
  );
}

/** Looks for a text, a moment after it was typed, and further back when that is asked for. */
function useFound(text: string, search: Search): Found {
  const [found, sought] = [useSignal<{ readonly hits: readonly Hit[]; readonly whole: boolean } | null>(null), useRef(text)];
  sought.current = text;
  const load = (shown: readonly Hit[], late: () => boolean) => attempt(async () => {
    const next = await search(text, shown);
    if (!late()) found.value = { hits: [...shown, ...next], whole: next.length < HITS };
  });
  useEffect(() => {
    if (text.trim() === '') found.value = null;
    const timer = setTimeout(() => { if (text.trim() !== '') void load([], () => sought.current !== text); }, PAUSE);
    return () => { clearTimeout(timer); };
  }, [text]);
  const further = async () => {
    const present = found.peek();
    if (present !== null) await load(present.hits, () => found.peek() !== present);
  };
  return { hits: found.value?.hits ?? null, whole: found.value?.whole === true, further };
}

interface Shown {
  readonly words: readonly string[];
  /** Whether the conversations are named. */
  readonly titles?: boolean;
  readonly chosen?: () => void;
}

function Results({ found, ...shown }: Shown & { readonly found: Found }) {
  const [list, working, from] = [useRef<HTMLUListElement>(null), useSignal(false), useRef(0)];
  const hits = found.hits ?? [];
  const further = async () => {
    if (working.peek()) return;
    working.value = true;
    from.current = hits.length;
    await found.further();
    working.value = false;
  };
  // One goes on at the first of those that came.
  useLayoutEffect(() => {
    if (from.current > 0 && hits.length > from.current) list.current?.children[from.current]?.querySelector('a')?.focus();
    from.current = 0;
  }, [found.hits]);
  return (
    <>
      <Count found={found} />
      <ul class="rows" ref={list}>{hits.map((hit) => <Row key={`${hit.group}${hit.message.id}`} hit={hit} {...shown} />)}</ul>
      {hits.length > 0 && !found.whole && <More full={hits.length >= HITS_MAX} working={working.value} further={() => void further()} />}
    </>
  );
}

function Count({ found: { hits, whole } }: { readonly found: Found }) {
  const texts = t.value.search;
  return <p class="soft search-count" role="status">{hits === null ? t.value.loading : whole ? texts.found(hits.length) : texts.atLeast(hits.length)}</p>;
}

function More({ full, working, further }: { readonly full: boolean; readonly working: boolean; readonly further: () => void }) {
  const texts = t.value.search;
  if (full) return <p class="soft search-count">{texts.tooMany}</p>;
  return <button type="button" class="older" aria-disabled={working} onClick={further}>{working ? texts.looking : texts.more}</button>;
}

function Row({ hit: { group, message }, words, titles = false, chosen }: Shown & { readonly hit: Hit }) {
  const to = { at: 'chat', group, message: message.id } as const;
  const open = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(to);
    chosen?.();
  };
  const by = message.mine ? t.value.you : message.name;
  return (
    <li>
      <a class="row hit" href={address(to)} onClick={open}>
        <span class="row-text">
          <span class="row-head">
            <strong dir="auto">{titles ? conversation(group)?.title : by}</strong>
            <time dateTime={new Date(message.at).toISOString()}>{when(message.at)}</time>
          </span>
          <span class="hit-text" dir="auto">
            {titles && conversation(group)?.kind !== 'pair' && `${by}: `}
            <Marked text={lineOf(message)} words={words} />
          </span>
        </span>
      </a>
    </li>
  );
}
