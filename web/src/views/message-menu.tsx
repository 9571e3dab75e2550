/** What can be done with a message. */
import type { Signal } from '@preact/signals';
import { react, remove } from '../actions/messages';
import type { MessageView } from '../api/types';
import { t } from '../i18n';
import { hasMe } from '../store/data';
import { attempt, toast } from '../store/toasts';
import { Dialog } from '../ui/parts';
import type { Draft } from './chat';

const EMOJI = ['👍', '❤️', '😂', '😮', '😢', '🎉'] as const;

export function Menu({ message, group, draft, close }: { readonly message: MessageView; readonly group: string; readonly draft: Signal<Draft>; readonly close: () => void }) {
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
        {EMOJI.map((emoji) => {
          const own = hasMe(message.reactions.find(([one]) => one === emoji)?.[1] ?? []);
          return <button key={emoji} type="button" aria-pressed={own} onClick={doing(() => react(group, message.id, own ? '' : emoji))}>{emoji}</button>;
        })}
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
