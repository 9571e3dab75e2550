/** The messages of a conversation, as one scrolls through them. */
import { useSignal, type Signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { markRead } from '../actions/messages';
import type { ConversationKind, ConversationView, MessageView } from '../api/types';
import { day, t } from '../i18n';
import { atBottom, endWanted, loadNewer, loadOlder, log, toNewest, type Log as Held } from '../store/messages';
import { Icon } from '../ui/icons';
import { byAge, Place } from './log-place';
import { oneStop } from './log-stops';
import type { Draft } from './chat';
import { Message } from './message';
import { Menu } from './message-menu';
import { Outgoing } from './outgoing';

/** Milliseconds within which messages of one person belong together. */
const TOGETHER = 300_000;
/** Milliseconds without scrolling after which it is noted what was seen. */
const SEEN_AFTER = 200;

export function Log({ found, draft }: { readonly found: ConversationView; readonly draft: Signal<Draft> }) {
  const [element, list, place] = [useRef<HTMLDivElement>(null), useRef<HTMLOListElement>(null), useRef(new Place())];
  const menu = useSignal<MessageView | null>(null);
  const present = log.value?.group === found.id ? log.value : null;
  // Before anything is changed: where one looks.
  place.current.remember(element.current);
  useLayoutEffect(() => { place.current.restore(element.current, present); }, [present]);
  useEffect(() => follow(element.current, list.current, place.current), []);
  useEffect(() => (element.current === null || list.current === null ? undefined : oneStop(element.current, list.current)), []);
  useSeen(found, element, present);
  const scrolled = () => {
    const here = element.current;
    if (here === null) return;
    place.current.scrolled(here, log.peek()?.atEnd === true);
    if (here.scrollTop < 2 * here.clientHeight) void loadOlder();
    if (here.scrollHeight - here.scrollTop < 3 * here.clientHeight) void loadNewer();
  };
  const newest = () => void toNewest();
  const key = (event: KeyboardEvent) => {
    if (event.key !== 'End' || (event.target as Element).closest('input, dialog') !== null) return;
    event.preventDefault();
    newest();
  };
  useEffect(() => { if (endWanted.value > 0) place.current.newest(element.current); }, [endWanted.value]);
  return (
    <div class="log-frame">
      <div class="log" ref={element} onScroll={scrolled} onKeyDown={key} role="log" aria-live="off" aria-label={t.value.chat.log} aria-busy={present === null} tabIndex={-1}>
        {present?.more === true && <button type="button" class="older" onClick={() => void loadOlder()}>{t.value.chat.older}</button>}
        <ol ref={list}>
          {present !== null && <Messages present={present} kind={found.kind} menu={menu} />}
          {present?.atEnd === true && <Outgoing group={found.id} />}
        </ol>
      </div>
      {!atBottom.value && <Newest unread={found.unread} go={newest} />}
      {menu.value !== null && <Menu message={menu.value} group={found.id} of={found.members.filter((member) => !member.me).length} draft={draft} close={() => { menu.value = null; }} />}
    </div>
  );
}

/** Follows the end while one looks at it, whatever changes its size. */
function follow(element: HTMLDivElement | null, list: HTMLOListElement | null, place: Place): () => void {
  const observer = new ResizeObserver(() => { place.settle(element); });
  for (const one of [element, list]) if (one !== null) observer.observe(one);
  return () => {
    observer.disconnect();
    atBottom.value = true;
  };
}

/** What one has looked at counts as read; what is further below does not. */
function useSeen(found: ConversationView, element: { readonly current: HTMLDivElement | null }, present: Held | null): void {
  useEffect(() => {
    const here = element.current;
    if (here === null || present === null || found.unread === 0) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const see = () => {
      // A window beside the one that is used is not looked at.
      if (document.visibilityState !== 'visible' || !document.hasFocus()) return;
      const message = atBottom.peek() && present.atEnd ? null : lastSeen(here, present);
      if (message !== undefined) void markRead(found.id, message).catch(() => undefined);
    };
    const later = () => {
      clearTimeout(timer);
      if (atBottom.peek()) see();
      else timer = setTimeout(see, SEEN_AFTER);
    };
    later();
    here.addEventListener('scroll', later, { passive: true });
    document.addEventListener('visibilitychange', later);
    addEventListener('focus', later);
    return () => {
      clearTimeout(timer);
      here.removeEventListener('scroll', later);
      document.removeEventListener('visibilitychange', later);
      removeEventListener('focus', later);
    };
  }, [found.id, found.unread, present]);
}

/** The lowest message that is wholly on the screen, if it was not read yet. */
function lastSeen(element: HTMLElement, present: Held): string | undefined {
  const rows = [...element.querySelectorAll<HTMLElement>('[data-id]')];
  const bottom = element.getBoundingClientRect().bottom;
  const last = rows[byAge(rows, (row) => row.getBoundingClientRect().bottom <= bottom + 1) - 1]?.dataset['id'];
  const message = present.messages.find((one) => one.id === last);
  return message === undefined || message.read || message.mine ? undefined : message.id;
}

function Newest({ unread, go }: { readonly unread: number; readonly go: () => void }) {
  const label = unread > 0 ? t.value.chat.newestCount(unread) : t.value.chat.newest;
  return (
    <button type="button" class="newest" aria-label={label} title={label} onClick={go}>
      <Icon name="down" />
      {unread > 0 && <span class="count" aria-hidden="true">{unread}</span>}
    </button>
  );
}

function Messages({ present, kind, menu }: { readonly present: Held; readonly kind: ConversationKind; readonly menu: Signal<MessageView | null> }) {
  return (
    <>
      {present.messages.map((message, at) => (
        <Dated key={message.id} message={message} before={present.messages[at - 1]} unread={message.id === present.unreadFrom} group={present.group} kind={kind} menu={menu} />
      ))}
    </>
  );
}

function Dated({ message, before, unread, group, kind, menu }: {
  readonly message: MessageView;
  readonly before: MessageView | undefined;
  readonly unread: boolean;
  readonly group: string;
  readonly kind: ConversationKind;
  readonly menu: Signal<MessageView | null>;
}) {
  const newDay = before === undefined || !sameDay(before.at, message.at);
  const goesOn = !newDay && !unread && before.sender === message.sender && message.at - before.at < TOGETHER && isSaid(before) && isSaid(message);
  // The same part as before is not looked at again: of hundreds, one changes.
  const shown = useMemo(() => <Message message={message} group={group} kind={kind} goesOn={goesOn} menu={menu} />, [message, group, kind, goesOn]);
  return (
    <>
      {newDay && <li class="day"><time dateTime={new Date(message.at).toISOString().slice(0, 10)}>{day(message.at)}</time></li>}
      {unread && <li class="unread-line"><span>{t.value.chat.unread}</span></li>}
      {shown}
    </>
  );
}

function sameDay(one: number, other: number): boolean {
  return Math.abs(one - other) < 86_400_000 && new Date(one).getDate() === new Date(other).getDate();
}

function isSaid({ shown }: MessageView): boolean {
  return typeof shown !== 'object' || !('notice' in shown || 'gap' in shown);
}
