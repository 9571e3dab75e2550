/** One message. */
import type { Signal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { react } from '../actions/messages';
import type { ConversationKind, MessageView } from '../api/types';
import { date, span, t, time } from '../i18n';
import { hasMe } from '../store/data';
import { go } from '../store/route';
import { follow } from '../store/link';
import { log } from '../store/messages';
import { attempt } from '../store/toasts';
import { Icon, type IconName } from '../ui/icons';
import { Linked } from '../ui/linked';
import { IconButton } from '../ui/parts';
import { lineOf } from '../ui/said';
import { File } from './file';
import { Introduced } from './introductions';
import { RoomCard } from './room';

/** Milliseconds that a finger rests until the menu opens, and pixels that it may move meanwhile. */
const LONG_PRESS = 500;
const TREMBLE = 10;

export function Message({ message, group, kind, goesOn, menu }: {
  readonly message: MessageView;
  readonly group: string;
  readonly kind: ConversationKind;
  readonly goesOn: boolean;
  readonly menu: Signal<MessageView | null>;
}) {
  const open = () => { menu.value = message; };
  const press = useLongPress(open);
  const { shown } = message;
  if (typeof shown === 'object' && 'notice' in shown) return <li class="notice" data-id={message.id} tabIndex={-1}>{t.value.notice(shown.notice, span)}</li>;
  if (typeof shown === 'object' && 'gap' in shown) return <li class="notice gap" data-id={message.id} tabIndex={-1}><Icon name="alert" /> {t.value.chat.gap(shown.gap)}</li>;
  const name = kind !== 'pair' && !message.mine && !goesOn;
  const context = (event: MouseEvent) => {
    // What was selected has a menu of the browser's own, too.
    if (isOwn(event.target) || getSelection()?.isCollapsed === false) return;
    event.preventDefault();
    open();
  };
  return (
    <li class={`message${message.mine ? ' mine' : ''}${goesOn ? ' goes-on' : ''}`} data-id={message.id} tabIndex={-1} onContextMenu={context} {...press}>
      <div class="bubble">
        <span class="hidden">{message.mine ? t.value.you : message.name}</span>
        {name && <strong class="sender" dir="auto" aria-hidden="true">{message.name}</strong>}
        <Quote message={message} group={group} />
        <Content message={message} group={group} />
        <Foot message={message} />
        <Reactions message={message} group={group} />
      </div>
      <div class="message-menu"><IconButton icon="dots" label={t.value.more} onClick={open} /></div>
    </li>
  );
}

/** Whether it does something of its own with a finger that rests and with the second button: sliders, links, what else can be pressed. A picture and a quote are as good as the message. */
function isOwn(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('dialog, input, a, audio, button:not(.thumbnail, .quote)') !== null;
}

/** A finger that rests opens what the second button of a mouse opens. */
function useLongPress(open: () => void) {
  const pressed = useRef<{ timer: ReturnType<typeof setTimeout>; x: number; y: number } | null>(null);
  const end = () => {
    clearTimeout(pressed.current?.timer);
    pressed.current = null;
  };
  return {
    onPointerDown: ({ pointerType, clientX, clientY, target }: PointerEvent) => {
      end();
      if (pointerType === 'touch' && !isOwn(target)) pressed.current = { timer: setTimeout(open, LONG_PRESS), x: clientX, y: clientY };
    },
    onPointerMove: ({ clientX, clientY }: PointerEvent) => {
      const from = pressed.current;
      if (from !== null && Math.hypot(clientX - from.x, clientY - from.y) > TREMBLE) end();
    },
    onPointerUp: end,
    onPointerCancel: end,
  };
}

/** What it answers, and the way there. */
function Quote({ message, group }: { readonly message: MessageView; readonly group: string }) {
  if (message.reply == null) return null;
  const [original, text] = message.reply;
  // The core's line of it has the names of files, where it has one.
  const here = log.peek()?.messages.find((one) => one.id === original);
  const line = here === undefined ? text : lineOf(here);
  const by = message.reply_by;
  if (by == null) return <p class="quote soft">{t.value.chat.notHere}</p>;
  const name = by.me ? t.value.you : by.name;
  return (
    <button type="button" class="quote" aria-label={`${name} ${line}: ${t.value.chat.toOriginal(name)}`} onClick={() => { go({ at: 'chat', group, message: original }, true); }}>
      <strong dir="auto">{name}</strong>{' '}
      <span dir="auto">{line}</span>
    </button>
  );
}

function Content({ message, group }: { readonly message: MessageView; readonly group: string }) {
  const texts = t.value.chat;
  const { shown } = message;
  if (shown === 'deleted') return <p class="soft">{texts.deleted}</p>;
  if (shown === 'newer') return <p class="soft">{texts.newer}</p>;
  if ('text' in shown) return <p class="text" dir="auto"><Linked text={shown.text} ours={(link) => void attempt(() => follow(link))} /></p>;
  if ('file' in shown) return <File file={shown.file} message={message} group={group} />;
  if ('introduction' in shown) return <Introduced message={message} name={shown.introduction.name} introduction={shown.introduction.introduction} open={shown.introduction.open} />;
  if ('room_link' in shown) return <RoomCard name={shown.room_link.name} link={shown.room_link.link} />;
  return null;
}

function Foot({ message }: { readonly message: MessageView }) {
  const texts = t.value.chat;
  const { delivery } = message;
  const state = delivery == null ? null : typeof delivery === 'object' ? ('seen' in delivery ? 'seen' : 'delivered') : delivery;
  const icons = { waiting: 'clock', accepted: 'check', delivered: 'checks', seen: 'checks', failed: 'alert' } as const satisfies Record<string, IconName>;
  return (
    <span class="foot">
      {message.edited && <span>{texts.edited}</span>}
      {state === 'failed' && <span class="alarm">{texts.failed}</span>}
      {message.expires !== null && <Expires at={message.expires} />}
      <time dateTime={new Date(message.at).toISOString()}>{time(message.at)}</time>
      {state !== null && <span class={`delivery ${state}`} role="img" aria-label={texts[state]} title={texts[state]}><Icon name={icons[state]} /></span>}
    </span>
  );
}

/** When it disappears, here at least. */
function Expires({ at }: { readonly at: number }) {
  const words = t.value.chat.expires(date(at));
  return <span class="delivery" role="img" aria-label={words} title={words}><Icon name="hourglass" /></span>;
}

function Reactions({ message, group }: { readonly message: MessageView; readonly group: string }) {
  if (message.reactions.length === 0) return null;
  return (
    <span class="reactions">
      {message.reactions.map(([emoji, who]) => {
        const own = hasMe(who);
        // The same once more takes it back.
        return <button key={emoji} type="button" aria-pressed={own} onClick={() => void attempt(() => react(group, message.id, own ? '' : emoji))}>{emoji}{who.length > 1 && ` ${who.length}`}</button>;
      })}
    </span>
  );
}
