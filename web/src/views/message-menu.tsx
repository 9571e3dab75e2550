/** What can be done with a message. */
import { useSignal, type Signal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { react, remove, sayAgain } from '../actions/messages';
import type { MessageView } from '../api/types';
import { t } from '../i18n';
import { hasMe } from '../store/data';
import { attempt, toast } from '../store/toasts';
import { Dialog } from '../ui/parts';
import type { Draft } from './chat';

const EMOJI = ['👍', '❤️', '😂', '😮', '😢', '🎉'] as const;

/** `of`: how many others belong to the conversation. */
export function Menu({ message, group, of, draft, close }: { readonly message: MessageView; readonly group: string; readonly of: number; readonly draft: Signal<Draft>; readonly close: () => void }) {
  const texts = t.value.chat;
  const text = typeof message.shown === 'object' && 'text' in message.shown ? message.shown.text : null;
  const failed = message.mine && message.delivery === 'failed';
  const sure = useSignal(false);
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
  if (sure.value) {
    return <Dialog title={texts.delete} onClose={close}><Sure close={close} remove={doing(() => remove(group, message.id))} /></Dialog>;
  }
  return (
    <Dialog title={message.mine ? t.value.you : message.name} onClose={close}>
      {failed && <p class="note">{texts.failedWhy}</p>}
      {!failed && <div class="emoji-row" role="group" aria-label={texts.react}>
        {EMOJI.map((emoji) => {
          const own = hasMe(message.reactions.find(([one]) => one === emoji)?.[1] ?? []);
          return <button key={emoji} type="button" aria-pressed={own} onClick={doing(() => react(group, message.id, own ? '' : emoji))}>{emoji}</button>;
        })}
      </div>}
      <Seen message={message} of={of} />
      <div class="menu">
        {failed && text !== null && <button type="button" onClick={doing(() => sayAgain(group, message.id, text, message.reply?.[0] ?? null))}>{t.value.retry}</button>}
        {!failed && <button type="button" onClick={about('reply')}>{texts.reply}</button>}
        {text !== null && <button type="button" onClick={doing(copy)}>{t.value.copy}</button>}
        {message.mine && !failed && text !== null && <button type="button" onClick={about('edit')}>{texts.edit}</button>}
        {message.mine && message.shown !== 'deleted' && <button type="button" class="danger" onClick={failed ? doing(() => remove(group, message.id)) : () => { sure.value = true; }}>{failed ? texts.deleteFailed : texts.delete}</button>}
      </div>
    </Dialog>
  );
}

/** How many have got and seen it, where there are several who can. */
function Seen({ message, of }: { readonly message: MessageView; readonly of: number }) {
  const { delivery } = message;
  if (of < 2 || typeof delivery !== 'object' || delivery === null) return null;
  return <p class="soft">{'seen' in delivery ? t.value.chat.seenBy(delivery.seen, of) : t.value.chat.deliveredTo(delivery.delivered, of)}</p>;
}

/** What is gone for everybody does not come back. */
function Sure({ remove, close }: { readonly remove: () => void; readonly close: () => void }) {
  const texts = t.value.chat;
  const cancel = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => { cancel.current?.focus(); }, []);
  return (
    <>
      <p>{texts.deleteSure}</p>
      <div class="menu">
        <button type="button" class="primary danger" onClick={remove}>{texts.deleteNow}</button>
        <button ref={cancel} type="button" onClick={close}>{t.value.cancel}</button>
      </div>
    </>
  );
}
