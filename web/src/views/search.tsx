/** Messages that were found, with their words marked; each leads to its place. */
import { useSignal, type Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { MessageView } from '../api/types';
import { t, when } from '../i18n';
import { conversation } from '../store/data';
import { address, go } from '../store/route';
import { HITS, searchAll, searchHere, wordsOf, type Hit } from '../store/search';
import { attempt } from '../store/toasts';
import { Icon } from '../ui/icons';
import { Marked } from '../ui/linked';
import { IconButton } from '../ui/parts';

/** Milliseconds after the last key until it is looked for. */
const PAUSE = 150;

/** What was found in all conversations. */
export function Everywhere({ text }: { readonly text: string }) {
  const hits = useHits(text, searchAll);
  return (
    <section aria-label={t.value.search.messages}>
      <Count hits={hits.value} whole={hits.value !== null && hits.value.length < HITS} />
      <Hits hits={hits.value ?? []} words={wordsOf(text)} titles />
    </section>
  );
}

/** Looking for something in one conversation. */
export function SearchHere({ group, close }: { readonly group: string; readonly close: () => void }) {
  const texts = t.value.search;
  const [sought, whole, field] = [useSignal(''), useSignal(false), useRef<HTMLInputElement>(null)];
  useEffect(() => { field.current?.focus(); }, []);
  const hits = useHits(sought.value, async (text) => {
    const found = await searchHere(group, text, undefined);
    whole.value = found.length < HITS;
    return found;
  });
  const further = () => attempt(async () => {
    const before = hits.value ?? [];
    const found = await searchHere(group, sought.value, before.at(-1)?.message);
    hits.value = [...before, ...found];
    whole.value = found.length < HITS;
  });
  return (
    <section class="search-here" aria-label={texts.here} onKeyDown={(event) => { if (event.key === 'Escape') close(); }}>
      <div class="search">
        <Icon name="search" />
        <input ref={field} type="search" placeholder={texts.here} aria-label={texts.here} value={sought.value} onInput={(event) => { sought.value = event.currentTarget.value; }} />
        <IconButton icon="close" label={t.value.close} onClick={close} />
      </div>
      {sought.value.trim() !== '' && (
        <div class="search-hits">
          <Count hits={hits.value} whole={whole.value} />
          <Hits hits={hits.value ?? []} words={wordsOf(sought.value)} chosen={close} />
          {(hits.value?.length ?? 0) > 0 && !whole.value && <button type="button" class="older" onClick={() => void further()}>{texts.more}</button>}
        </div>
      )}
    </section>
  );
}

/** What is found for a text, a moment after it was typed; `null` until then. */
function useHits(text: string, search: (text: string) => Promise<readonly Hit[]>): Signal<readonly Hit[] | null> {
  const hits = useSignal<readonly Hit[] | null>(null);
  useEffect(() => {
    let late = false;
    if (text.trim() === '') hits.value = null;
    const timer = setTimeout(() => {
      if (text.trim() === '') return;
      void attempt(async () => {
        const found = await search(text);
        if (!late) hits.value = found;
      });
    }, PAUSE);
    return () => {
      late = true;
      clearTimeout(timer);
    };
  }, [text]);
  return hits;
}

function Count({ hits, whole }: { readonly hits: readonly Hit[] | null; readonly whole: boolean }) {
  const texts = t.value.search;
  return <p class="soft search-count" role="status">{hits === null ? t.value.loading : whole ? texts.found(hits.length) : texts.atLeast(hits.length)}</p>;
}

function Hits({ hits, words, titles = false, chosen }: { readonly hits: readonly Hit[]; readonly words: readonly string[]; readonly titles?: boolean; readonly chosen?: () => void }) {
  return (
    <ul class="rows">
      {hits.map(({ group, message }) => {
        const to = { at: 'chat', group, message: message.id } as const;
        const open = (event: MouseEvent) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          go(to);
          chosen?.();
        };
        return (
          <li key={`${group}${message.id}`}>
            <a class="row hit" href={address(to)} onClick={open}>
              <span class="row-text">
                <span class="row-head">
                  <strong dir="auto">{titles ? conversation(group)?.title : message.mine ? t.value.you : message.name}</strong>
                  <time dateTime={new Date(message.at).toISOString()}>{when(message.at)}</time>
                </span>
                <span class="hit-text" dir="auto">
                  {titles && conversation(group)?.kind !== 'pair' && `${message.mine ? t.value.you : message.name}: `}
                  <Marked text={textOf(message)} words={words} />
                </span>
              </span>
            </a>
          </li>
        );
      })}
    </ul>
  );
}

function textOf({ shown }: MessageView): string {
  if (typeof shown !== 'object') return '';
  return 'text' in shown ? shown.text : 'file' in shown ? shown.file.caption : '';
}
