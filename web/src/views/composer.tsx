/** Where one writes. */
import { useSignal, type Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { sendFile, type Reply } from '../actions/files';
import { edit, sendText, typing } from '../actions/messages';
import { isPicture } from '../actions/pictures';
import type { ConversationView } from '../api/types';
import { t } from '../i18n';
import { draftOf, draftsKnown, keepDraft } from '../store/drafts';
import { toNewest } from '../store/messages';
import { attempt } from '../store/toasts';
import { Icon } from '../ui/icons';
import { useLoaded } from '../ui/loaded';
import { IconButton } from '../ui/parts';
import { lineOf } from '../ui/said';
import type { Draft } from './chat';
import { useDrop } from './drop';
import type { EditorProps } from './editor';
import { Microphone } from './microphone';

export function Composer({ found, draft }: { readonly found: ConversationView; readonly draft: Signal<Draft> }) {
  const texts = t.value.chat;
  const text = useSignal(draftOf(found.id));
  const pictures = useSignal<readonly File[]>([]);
  const field = useRef<HTMLTextAreaElement>(null);
  const about = draft.value;
  useEffect(() => { if (text.value === '') text.value = draftOf(found.id); }, [draftsKnown.value]);
  useEffect(() => {
    if (about?.kind === 'edit' && typeof about.message.shown === 'object' && 'text' in about.message.shown) text.value = about.message.shown.text;
    if (about !== null) field.current?.focus();
    return () => { if (about?.kind === 'edit') text.value = draftOf(found.id); };
  }, [about]);
  // With a keyboard at hand one writes at once; on a phone the keyboard would cover what one came to read.
  useEffect(() => { if (matchMedia('(pointer: fine)').matches) field.current?.focus({ preventScroll: true }); }, []);
  const write = (value: string) => {
    text.value = value;
    if (draft.value?.kind !== 'edit') keepDraft(found.id, value);
    if (value !== '') typing(found.id);
  };
  const send = async () => {
    const [said, what] = [text.value.trim(), draft.value];
    if (said === '') return;
    if (what?.kind === 'edit') {
      // What can't be changed now stays as it was written.
      if (await attempt(() => edit(found.id, what.message.id, said)) && draft.peek() === what) draft.value = null;
      return;
    }
    write('');
    draft.value = null;
    if (await attempt(() => sendText(found.id, said, what?.message.id ?? null))) await toNewest();
    else if (text.value === '') {
      write(said);
      draft.value ??= what;
    }
  };
  const reply: Reply | null = about?.kind === 'reply' ? { group: found.id, message: about.message.id } : null;
  const answered = () => { if (reply !== null && draft.peek()?.message.id === reply.message) draft.value = null; };
  const take = async (files: readonly File[]) => {
    // What is drawn on now is not thrown away for others.
    if (pictures.peek().length > 0) return;
    pictures.value = files.filter(isPicture);
    for (const file of files) if (!isPicture(file) && await attempt(() => sendFile([found.id], file, reply))) answered();
  };
  const form = useRef<HTMLFormElement>(null);
  const dragged = useDrop(form, (files) => void take(files));
  const key = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || matchMedia('(pointer: coarse)').matches) return;
    event.preventDefault();
    void send();
  };
  const paste = (event: ClipboardEvent) => {
    const files = event.clipboardData?.files;
    if (files === undefined || files.length === 0) return;
    event.preventDefault();
    void take([...files]);
  };
  return (
    <>
      <form ref={form} class="composer" onSubmit={(event) => { event.preventDefault(); void send(); }}>
        {about !== null && <About draft={draft} />}
        <Attach take={(files) => void take([...(files ?? [])])} />
        <textarea ref={field} rows={1} dir="auto" placeholder={texts.write} aria-label={texts.write} value={text.value} onInput={(event) => { write(event.currentTarget.value); }} onKeyDown={key} onPaste={paste} />
        {text.value.trim() === '' && about?.kind !== 'edit'
          ? <Microphone group={found.id} reply={reply} sent={answered} />
          : <button type="submit" class="send" aria-label={t.value.send} disabled={text.value.trim() === ''}><Icon name="send" flip /></button>}
        {pictures.value.length > 0 && <Editor files={pictures.value} group={found.id} reply={reply} sent={answered} close={() => { pictures.value = []; field.current?.focus(); }} />}
      </form>
      {dragged && <p class="drop-area"><span>{texts.drop}</span></p>}
    </>
  );
}

/** Files from the device; where there is a camera at hand, also what it takes. */
function Attach({ take }: { readonly take: (files: FileList | null) => void }) {
  const texts = t.value.chat;
  const input = useRef<HTMLInputElement>(null);
  const choose = (camera: boolean) => {
    const field = input.current;
    if (field === null) return;
    field.multiple = !camera;
    field.accept = camera ? 'image/*' : '';
    if (camera) field.setAttribute('capture', 'environment');
    else field.removeAttribute('capture');
    field.click();
  };
  const taken = (event: { readonly currentTarget: HTMLInputElement }) => {
    take(event.currentTarget.files);
    // The same file can be chosen once more.
    event.currentTarget.value = '';
  };
  return (
    <>
      <IconButton icon="clip" label={texts.attach} onClick={() => { choose(false); }} />
      {matchMedia('(pointer: coarse)').matches && <IconButton icon="camera" label={texts.camera} onClick={() => { choose(true); }} />}
      <input ref={input} type="file" multiple hidden aria-hidden="true" tabIndex={-1} onChange={taken} />
    </>
  );
}

function Editor(props: EditorProps) {
  const editor = useLoaded(() => import('./editor'));
  return editor === null ? null : <editor.Editor {...props} />;
}

function About({ draft }: { readonly draft: Signal<Draft> }) {
  const about = draft.value;
  if (about === null) return null;
  const texts = t.value.chat;
  return (
    <p class="about">
      <span class="about-text">
        <strong>{about.kind === 'edit' ? texts.editing : texts.replyTo(about.message.mine ? t.value.you : about.message.name)}</strong>
        <span dir="auto">{lineOf(about.message)}</span>
      </span>
      <IconButton icon="close" label={t.value.cancel} onClick={() => { draft.value = null; }} />
    </p>
  );
}
