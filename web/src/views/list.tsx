/** All conversations, and looking for people and messages. */
import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { ConversationView } from '../api/types';
import { t, when } from '../i18n';
import { channel, channels } from '../store/channels';
import { conversations, me } from '../store/data';
import { drafts } from '../store/drafts';
import { remind } from '../store/moment';
import { filesOut, newest, worse, type Mark, type Newest } from '../store/newest';
import { address, go, route } from '../store/route';
import { searchWanted, slashOpens } from '../store/search';
import { Icon } from '../ui/icons';
import { useLoaded } from '../ui/loaded';
import { Avatar, IconButton } from '../ui/parts';
import { lineOf } from '../ui/said';
import { Introductions } from './introductions';
import { KeepWords } from './keep-words';
import { NewMenu } from './new';
import { InstallOffer } from './notifications';
import { Warnings } from './warnings';

export function List() {
  const texts = t.value.list;
  const [sought, beginning] = [useSignal(''), useSignal(false)];
  const field = useRef<HTMLInputElement>(null);
  const shown = useComputed(() => {
    const words = sought.value.trim().toLocaleLowerCase();
    return conversations.value.filter((found) => (words === '' ? !found.archived : found.title.toLocaleLowerCase().includes(words)));
  });
  useEffect(() => {
    const present = searchWanted.peek();
    // At once, or the first letters would go nowhere.
    return searchWanted.subscribe((count) => { if (count !== present) focusOn(field); });
  }, []);
  return (
    <section class="page">
      <header class="bar">
        <h1>{texts.title}</h1>
        <div class="actions">
          <IconButton icon="plus" label={texts.new} onClick={() => { beginning.value = true; }} />
          <IconButton icon="gear" label={t.value.settings.title} onClick={() => { go({ at: 'settings' }); }} />
        </div>
      </header>
      {beginning.value && <NewMenu close={() => { beginning.value = false; }} />}
      <Warnings />
      <Introductions />
      {/* One thing at a time. */}
      {!remind.value && <InstallOffer />}
      {me.value?.connected === false && <p class="note" role="status">{texts.offline}</p>}
      <KeepWords />
      {conversations.value.length > 0 && (
        <label class="search">
          <Icon name="search" />
          <input ref={field} type="search" placeholder={t.value.search.all} aria-label={t.value.search.all} aria-keyshortcuts={`${slashOpens.value ? '/ ' : ''}Control+K Meta+K`} value={sought.value} onInput={(event) => { sought.value = event.currentTarget.value; }} onKeyDown={(event) => { if (event.key === 'Escape') sought.value = ''; }} />
        </label>
      )}
      {conversations.value.length === 0 && channels.value.length === 0 ? <Nobody /> : (
        <ul class="rows">
          <Rows all={shown.value} />
          {channels.value.filter((name) => name.includes(sought.value.trim())).map((name) => <ChannelRow key={`#${name}`} name={name} />)}
        </ul>
      )}
      {sought.value.trim() === '' && <Archived />}
      {sought.value.trim() !== '' && <Everywhere text={sought.value} />}
    </section>
  );
}

function focusOn(field: { readonly current: HTMLInputElement | null }): void {
  // Where there is no room for both, the list is behind the page.
  if (field.current?.offsetParent === null) {
    go({ at: 'list' });
    requestAnimationFrame(() => { field.current?.focus(); });
  }
  field.current?.focus();
}

/** What was put away, at the end, until it is looked for. */
function Archived() {
  const away = conversations.value.filter((found) => found.archived);
  if (away.length === 0) return null;
  const unread = away.reduce((sum, found) => sum + found.unread, 0);
  return (
    <details class="archived">
      <summary>{t.value.list.archived(away.length)}{unread > 0 && <span class="count muted" aria-label={t.value.list.unread(unread)}>{unread}</span>}</summary>
      <ul class="rows"><Rows all={away} /></ul>
    </details>
  );
}

function Everywhere({ text }: { readonly text: string }) {
  const search = useLoaded(() => import('./search'));
  return search === null ? null : <search.Everywhere text={text} />;
}

function Rows({ all }: { readonly all: readonly ConversationView[] }) {
  return <>{all.map((found) => <Kept key={found.id} found={found} last={newest.value.get(found.id)} files={filesOut.value.get(found.id)} />)}</>;
}

interface RowOf {
  readonly found: ConversationView;
  readonly last: Newest | undefined;
  readonly files: Mark | undefined;
}

/** A row as it was, unless something of it has changed: of hundreds, one does. Tomorrow its time is another. */
function Kept({ found, last, files }: RowOf) {
  const today = new Date().toDateString();
  return useMemo(() => <Row found={found} last={last} files={files} />, [found, last, files, today]);
}

function Row({ found, last, files }: RowOf) {
  const here = 'group' in route.value && route.value.group === found.id;
  return (
    <li>
      <a class="row" href={address({ at: 'chat', group: found.id })} aria-current={here ? 'page' : undefined}>
        <Avatar name={found.title} picture={found.picture} />
        <span class="row-text">
          <span class="row-head">
            <strong dir="auto">{found.title}</strong>
            <time dateTime={new Date(found.last_at).toISOString()}>{when(found.last_at)}</time>
          </span>
          <span class="row-foot">
            <Line found={found} last={last} here={here} />
            <Out mark={worse(last?.mark, files)} />
            {found.unread > 0 && <span class={found.muted ? 'count muted' : 'count'} aria-label={t.value.list.unread(found.unread)}>{found.unread}</span>}
          </span>
        </span>
      </a>
    </li>
  );
}

/** That something of one's own waits there, or did not go out. */
function Out({ mark }: { readonly mark: Mark | null }) {
  if (mark === null) return null;
  const words = t.value.list[mark];
  return <span class={`delivery ${mark}`} role="img" aria-label={words} title={words}><Icon name={mark === 'failed' ? 'alert' : 'clock'} /></span>;
}

function ChannelRow({ name }: { readonly name: string }) {
  const here = route.value.at === 'channel' && route.value.channel === name;
  const { lines, unread } = channel(name);
  const last = lines.at(-1);
  return (
    <li>
      <a class="row" href={address({ at: 'channel', channel: name })} aria-current={here ? 'page' : undefined}>
        <span class="avatar plain" aria-hidden="true"><Icon name="hash" /></span>
        <span class="row-text">
          <span class="row-head"><strong dir="auto">{name}</strong>{last !== undefined && <time dateTime={new Date(last.at).toISOString()}>{when(last.at)}</time>}</span>
          <span class="row-foot">
            <span class="preview" dir="auto">{last === undefined || last.text === '' ? t.value.channel.tag : `${last.from}: ${last.text}`}</span>
            {unread > 0 && <span class="count muted" aria-label={t.value.list.unread(unread)}>{unread}</span>}
          </span>
        </span>
      </a>
    </li>
  );
}

/** Who is writing, what one has begun to write, or what was said last. */
function Line({ found, last, here }: { readonly found: ConversationView; readonly last: Newest | undefined; readonly here: boolean }) {
  const typing = found.members.filter((member) => found.typing.includes(member.identity)).map((member) => member.name);
  const draft = here ? undefined : drafts.value[found.id];
  if (typing.length > 0) return <span class="preview">{t.value.chat.typing(typing.join(', '), typing.length)}</span>;
  if (draft !== undefined) return <span class="preview draft" dir="auto">{t.value.list.draft(draft)}</span>;
  return <span class="preview" dir="auto">{last?.shown == null ? found.preview : lineOf({ shown: last.shown })}</span>;
}

function Nobody() {
  const texts = t.value.list;
  return (
    <div class="centered">
      <h2>{texts.none}</h2>
      <p>{texts.noneText}</p>
      <button type="button" class="primary" onClick={() => { go({ at: 'invite' }); }}>{texts.invite}</button>
    </div>
  );
}
