/** One message. */
import { useSignal, type Signal } from '@preact/signals';
import { react, remove } from '../actions/messages';
import { openFile } from '../actions/pictures';
import type { ConversationView, FileView, MessageView } from '../api/types';
import { t, time } from '../i18n';
import { attempt, toast } from '../store/toasts';
import { Icon, type IconName } from '../ui/icons';
import { Dialog, IconButton, useObjectUrl } from '../ui/parts';
import type { Draft } from './chat';
import { Introduced } from './introductions';
import { RoomCard } from './room';
import { Viewer } from './viewer';

const EMOJI = ['👍', '❤️', '😂', '😮', '😢', '🎉'] as const;

export function Message({ message, found, goesOn, draft }: {
  readonly message: MessageView;
  readonly found: ConversationView;
  readonly goesOn: boolean;
  readonly draft: Signal<Draft>;
}) {
  const menu = useSignal(false);
  const { shown } = message;
  if (typeof shown === 'object' && 'notice' in shown) return <li class="notice" dir="auto">{shown.notice}</li>;
  const name = found.kind !== 'pair' && !message.mine && !goesOn;
  const open = (event: Event) => {
    event.preventDefault();
    menu.value = true;
  };
  return (
    <li class={`message${message.mine ? ' mine' : ''}${goesOn ? ' goes-on' : ''}`} onContextMenu={open}>
      <div class="bubble">
        <span class="hidden">{message.mine ? t.value.you : message.name}</span>
        {name && <strong class="sender" dir="auto" aria-hidden="true">{message.name}</strong>}
        {message.reply != null && <p class="quote" dir="auto">{message.reply_name != null && <strong>{message.reply_name}</strong>}{message.reply[1]}</p>}
        <Content message={message} group={found.id} />
        <Foot message={message} />
        <Reactions message={message} group={found.id} />
      </div>
      <div class="message-menu"><IconButton icon="dots" label={t.value.more} onClick={() => { menu.value = true; }} /></div>
      {menu.value && <Menu message={message} group={found.id} draft={draft} close={() => { menu.value = false; }} />}
    </li>
  );
}

function Content({ message, group }: { readonly message: MessageView; readonly group: string }) {
  const texts = t.value.chat;
  const { shown } = message;
  if (shown === 'deleted') return <p class="soft">{texts.deleted}</p>;
  if (shown === 'newer') return <p class="soft">{texts.newer}</p>;
  if ('text' in shown) return <p class="text" dir="auto"><Linked text={shown.text} /></p>;
  if ('gap' in shown) return <p class="soft">{texts.gap(shown.gap)}</p>;
  if ('file' in shown) return <File file={shown.file} message={message} group={group} />;
  if ('introduction' in shown) return <Introduced message={message} name={shown.introduction.name} introduction={shown.introduction.introduction} open={shown.introduction.open} />;
  if ('room_link' in shown) return <RoomCard name={shown.room_link.name} link={shown.room_link.link} />;
  return null;
}

/** A text with its addresses as links; nothing else in it means anything. */
function Linked({ text }: { readonly text: string }) {
  const parts = text.split(/(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}])/);
  return <>{parts.map((part, at) => (at % 2 === 1 ? <a key={at} href={part} target="_blank" rel="noopener noreferrer nofollow">{part}</a> : part))}</>;
}

function File({ file, message, group }: { readonly file: FileView; readonly message: MessageView; readonly group: string }) {
  const texts = t.value.chat;
  const [viewed, working] = [useSignal<{ name: string; content: Blob } | null>(null), useSignal(false)];
  const thumbnail = useObjectUrl(file.thumbnail ?? null, 'image/jpeg');
  const image = file.kind.startsWith('image/');
  const label = file.look === 'once' ? texts.viewOnce : typeof file.look === 'object' ? texts.viewFor(file.look.seconds) : texts.view;
  const view = async () => {
    working.value = true;
    await attempt(async () => {
      const opened = await openFile(group, message.id);
      if (image) viewed.value = opened;
      else saveAs(opened.name, opened.content);
    });
    working.value = false;
  };
  const mayView = !file.gone && (file.look === 'keep' || !message.mine);
  const percent = file.progress == null || file.size === 0 ? null : Math.round((100 * file.progress) / file.size);
  return (
    <div class="file">
      {thumbnail !== null && <button type="button" class="thumbnail" aria-label={label} onClick={() => void view()}><img src={thumbnail} alt="" width={file.pixels?.[0]} height={file.pixels?.[1]} /></button>}
      {thumbnail === null && !file.gone && <span class="file-name"><Icon name={image ? 'eye' : 'file'} /> <span dir="auto">{image ? '' : file.name}</span></span>}
      {file.gone && <p class="soft"><Icon name="eye" /> {texts.gone}</p>}
      {percent !== null && percent < 100 && <progress max={100} value={percent} aria-label={texts.progress(percent)} />}
      {mayView && thumbnail === null && <button type="button" class="small" disabled={working.value} onClick={() => void view()}>{label}</button>}
      {file.caption !== '' && <p class="text" dir="auto">{file.caption}</p>}
      {viewed.value !== null && <Viewer content={viewed.value.content} seconds={typeof file.look === 'object' ? file.look.seconds : null} name={message.name} close={() => { viewed.value = null; }} />}
    </div>
  );
}

function saveAs(name: string, content: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => { URL.revokeObjectURL(link.href); }, 60_000);
}

function Foot({ message }: { readonly message: MessageView }) {
  const texts = t.value.chat;
  const { delivery } = message;
  const state = delivery == null ? null : typeof delivery === 'object' ? ('seen' in delivery ? 'seen' : 'delivered') : delivery;
  const icons = { waiting: 'clock', accepted: 'check', delivered: 'checks', seen: 'checks', failed: 'alert' } as const satisfies Record<string, IconName>;
  return (
    <span class="foot">
      {message.edited && <span>{texts.edited}</span>}
      <time dateTime={new Date(message.at).toISOString()}>{time(message.at)}</time>
      {state !== null && <span class={`delivery ${state}`} role="img" aria-label={texts[state]} title={texts[state]}><Icon name={icons[state]} /></span>}
    </span>
  );
}

function Reactions({ message, group }: { readonly message: MessageView; readonly group: string }) {
  if (message.reactions.length === 0) return null;
  return (
    <span class="reactions">
      {message.reactions.map(([emoji, who]) => (
        <button key={emoji} type="button" onClick={() => void attempt(() => react(group, message.id, emoji))}>{emoji}{who.length > 1 && ` ${who.length}`}</button>
      ))}
    </span>
  );
}

function Menu({ message, group, draft, close }: { readonly message: MessageView; readonly group: string; readonly draft: Signal<Draft>; readonly close: () => void }) {
  const texts = t.value.chat;
  const text = typeof message.shown === 'object' && 'text' in message.shown ? message.shown.text : null;
  const doing = (action: () => Promise<unknown>) => () => {
    close();
    void attempt(action);
  };
  const copy = async () => {
    await navigator.clipboard.writeText(text ?? '');
    toast(t.value.copied);
  };
  const about = (kind: 'reply' | 'edit') => () => {
    draft.value = { kind, message };
    close();
  };
  return (
    <Dialog title={message.mine ? t.value.you : message.name} onClose={close}>
      <div class="emoji-row" role="group" aria-label={texts.react}>
        {EMOJI.map((emoji) => <button key={emoji} type="button" onClick={doing(() => react(group, message.id, emoji))}>{emoji}</button>)}
      </div>
      <div class="menu">
        <button type="button" onClick={about('reply')}>{texts.reply}</button>
        {text !== null && <button type="button" onClick={doing(copy)}>{t.value.copy}</button>}
        {message.mine && text !== null && <button type="button" onClick={about('edit')}>{texts.edit}</button>}
        {message.mine && message.shown !== 'deleted' && <button type="button" class="danger" onClick={doing(() => remove(group, message.id))}>{texts.delete}</button>}
      </div>
    </Dialog>
  );
}
