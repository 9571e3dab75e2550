/** One conversation. */
import { useSignal, type Signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { markRead } from '../actions/messages';
import type { ConversationView, MessageView } from '../api/types';
import { day, t } from '../i18n';
import { conversation } from '../store/data';
import { closeLog, loadOlder, log, openLog } from '../store/messages';
import { go } from '../store/route';
import { attempt } from '../store/toasts';
import { Avatar, IconButton, Page } from '../ui/parts';
import { Composer } from './composer';
import { Message } from './message';
import { Locked } from './room';

/** Pixels from the end within which new messages are followed. */
const NEAR = 120;

/** What the composer is about: a reply, or a change. */
export type Draft = { readonly kind: 'reply' | 'edit'; readonly message: MessageView } | null;

export function Chat({ group }: { readonly group: string }) {
  const found = conversation(group);
  const draft = useSignal<Draft>(null);
  useEffect(() => {
    void attempt(() => openLog(group));
    return () => { closeLog(group); };
  }, [group]);
  if (found === undefined) return <Page title={t.value.loading} back={{ at: 'list' }}><div class="log" /></Page>;
  return (
    <Page
      back={{ at: 'list' }}
      labelled={false}
      title={<Title found={found} />}
      actions={<IconButton icon="dots" label={t.value.chat.details} onClick={() => { go({ at: 'details', group }); }} />}
    >
      <Log found={found} draft={draft} />
      <Standing found={found} />
      {found.standing === 'locked' && <Locked group={found.id} />}
      {found.standing === 'ready' && <Composer found={found} draft={draft} />}
    </Page>
  );
}

function Title({ found }: { readonly found: ConversationView }) {
  const typing = found.members.filter((member) => found.typing.includes(member.identity)).map((member) => member.name);
  const others = found.kind === 'pair' ? '' : found.members.map((member) => (member.me ? t.value.you : member.name)).join(', ');
  return (
    <button type="button" class="title" onClick={() => { go({ at: 'details', group: found.id }); }}>
      <Avatar name={found.title} picture={found.picture} />
      <span class="title-text">
        <h1 dir="auto">{found.title}</h1>
        <small dir="auto" aria-live="polite">{typing.length > 0 ? t.value.chat.typing(typing.join(', ')) : others}</small>
      </span>
    </button>
  );
}

function Standing({ found }: { readonly found: ConversationView }) {
  const texts = t.value.standing;
  const { standing } = found;
  if (standing === 'ready') return null;
  const text = typeof standing === 'object' ? texts.keyChanged : texts[standing];
  return <p class="note" role="status">{text}</p>;
}

function Log({ found, draft }: { readonly found: ConversationView; readonly draft: Signal<Draft> }) {
  const place = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const before = useRef<{ first: string | undefined; height: number }>({ first: undefined, height: 0 });
  const present = log.value?.group === found.id ? log.value : null;
  const messages = present?.messages ?? [];
  const last = messages.at(-1)?.id;
  useLayoutEffect(() => {
    const element = place.current;
    if (element === null) return;
    const first = messages[0]?.id;
    if (following.current) element.scrollTop = element.scrollHeight;
    // What comes above moves nothing that one looks at.
    else if (first !== before.current.first) element.scrollTop += element.scrollHeight - before.current.height;
    before.current = { first, height: element.scrollHeight };
  });
  useEffect(() => {
    if (found.unread > 0 && document.visibilityState === 'visible') void markRead(found.id).catch(() => undefined);
  }, [last, found.unread]);
  const scrolled = () => {
    const element = place.current;
    if (element === null) return;
    following.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
    if (element.scrollTop < 4 * NEAR) void loadOlder();
  };
  return (
    <div class="log" ref={place} onScroll={scrolled} role="log" aria-label={t.value.chat.log} aria-busy={present === null} tabIndex={0}>
      {present?.more === true && <button type="button" class="older" onClick={() => void loadOlder()}>{t.value.chat.older}</button>}
      <ol>
        {messages.map((message, at) => (
          <Dated key={message.id} message={message} before={messages[at - 1]} found={found} draft={draft} />
        ))}
      </ol>
    </div>
  );
}

function Dated({ message, before, found, draft }: {
  readonly message: MessageView;
  readonly before: MessageView | undefined;
  readonly found: ConversationView;
  readonly draft: Signal<Draft>;
}) {
  const newDay = before === undefined || new Date(before.at).toDateString() !== new Date(message.at).toDateString();
  const goesOn = !newDay && before.sender === message.sender && message.at - before.at < 300_000;
  return (
    <>
      {newDay && <li class="day"><time dateTime={new Date(message.at).toISOString().slice(0, 10)}>{day(message.at)}</time></li>}
      <Message message={message} found={found} goesOn={goesOn} draft={draft} />
    </>
  );
}
