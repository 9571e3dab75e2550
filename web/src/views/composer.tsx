/** Where one writes. */
import { useSignal, type Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { edit, sendText, typing } from '../actions/messages';
import { prepare, sendFile, sendPicture, type Prepared } from '../actions/pictures';
import type { ConversationView, Look } from '../api/types';
import { t } from '../i18n';
import { draftOf, keepDraft } from '../store/drafts';
import { attempt } from '../store/toasts';
import { Dialog, Field, IconButton, useObjectUrl } from '../ui/parts';
import type { Draft } from './chat';

/** For how many seconds a picture can be seen, beside always and once. */
const SECONDS = [5, 30] as const;

export function Composer({ found, draft }: { readonly found: ConversationView; readonly draft: Signal<Draft> }) {
  const texts = t.value.chat;
  const text = useSignal(draftOf(found.id));
  const picture = useSignal<Prepared | null>(null);
  const [field, files] = [useRef<HTMLTextAreaElement>(null), useRef<HTMLInputElement>(null)];
  useEffect(() => {
    const about = draft.value;
    if (about?.kind === 'edit' && typeof about.message.shown === 'object' && 'text' in about.message.shown) text.value = about.message.shown.text;
    if (about !== null) field.current?.focus();
  }, [draft.value]);
  const write = (value: string) => {
    text.value = value;
    keepDraft(found.id, value);
    if (value !== '') typing(found.id);
  };
  const send = async () => {
    const [said, about] = [text.value.trim(), draft.value];
    if (said === '') return;
    write('');
    draft.value = null;
    const done = await attempt(() => (about?.kind === 'edit' ? edit(found.id, about.message.id, said) : sendText(found.id, said, about?.message.id ?? null)));
    if (!done && text.value === '') write(said);
  };
  const take = async (list: FileList | null | undefined) => {
    for (const file of [...(list ?? [])]) {
      await attempt(async () => {
        if (file.type.startsWith('image/')) picture.value = await prepare(file);
        else await sendFile(found.id, file);
      });
    }
    if (files.current !== null) files.current.value = '';
  };
  const key = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || matchMedia('(pointer: coarse)').matches) return;
    event.preventDefault();
    void send();
  };
  return (
    <form class="composer" onSubmit={(event) => { event.preventDefault(); void send(); }} onDragOver={(event) => { event.preventDefault(); }} onDrop={(event) => { event.preventDefault(); void take(event.dataTransfer?.files); }}>
      {draft.value !== null && <About draft={draft} />}
      <IconButton icon="clip" label={texts.attach} onClick={() => files.current?.click()} />
      <input ref={files} type="file" multiple hidden aria-hidden="true" tabIndex={-1} onChange={(event) => void take(event.currentTarget.files)} />
      <textarea ref={field} rows={1} dir="auto" placeholder={texts.write} aria-label={texts.write} value={text.value} onInput={(event) => { write(event.currentTarget.value); }} onKeyDown={key} onPaste={(event) => { if ((event.clipboardData?.files.length ?? 0) > 0) void take(event.clipboardData?.files); }} />
      <button type="submit" class="send" aria-label={t.value.send} disabled={text.value.trim() === ''}><SendIcon /></button>
      {picture.value !== null && <Picture picture={picture.value} group={found.id} close={() => { picture.value = null; }} />}
    </form>
  );
}

function SendIcon() {
  return <svg class="icon flips" viewBox="0 0 24 24" aria-hidden="true"><path d="M4 12l16-8-6 16-3-7z" /></svg>;
}

function About({ draft }: { readonly draft: Signal<Draft> }) {
  const about = draft.value;
  if (about === null) return null;
  const texts = t.value.chat;
  return (
    <p class="about">
      <span dir="auto">{about.kind === 'edit' ? texts.editing : texts.replyTo(about.message.mine ? t.value.you : about.message.name)}</span>
      <IconButton icon="close" label={t.value.cancel} onClick={() => { draft.value = null; }} />
    </p>
  );
}

function Picture({ picture, group, close }: { readonly picture: Prepared; readonly group: string; readonly close: () => void }) {
  const texts = t.value.chat;
  const [look, caption] = [useSignal<Look>('keep'), useSignal('')];
  const url = useObjectUrl(picture.content, picture.content.type);
  const choices: [string, Look][] = [[texts.keep, 'keep'], [texts.once, 'once'], ...SECONDS.map((seconds): [string, Look] => [texts.seconds(seconds), { seconds }])];
  const send = () => {
    close();
    void attempt(() => sendPicture(group, picture, look.value, caption.value.trim()));
  };
  return (
    <Dialog title={texts.attach} onClose={close}>
      {url !== null && <img class="viewed" src={url} alt="" />}
      <div class="choices" role="radiogroup" aria-label={texts.view}>
        {choices.map(([name, choice]) => (
          <button key={name} type="button" role="radio" aria-checked={JSON.stringify(look.value) === JSON.stringify(choice)} onClick={() => { look.value = choice; }}>{name}</button>
        ))}
      </div>
      <Field label={texts.caption} value={caption.value} maxLength={1000} onInput={(event) => { caption.value = event.currentTarget.value; }} />
      <button type="button" class="primary" onClick={send}>{t.value.send}</button>
    </Dialog>
  );
}
