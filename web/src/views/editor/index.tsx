/** A picture before it is sent: drawn on, cropped, for whom and for how long. Nothing of the file but what is seen leaves the device. */
import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { sendFile, type Gone, type Reply } from '../../actions/files';
import { readPicture, sendPicture } from '../../actions/pictures';
import type { Look } from '../../api/types';
import { t } from '../../i18n';
import { attempt } from '../../store/toasts';
import { asFile } from '../../ui/as-file';
import { Choices, type Choice } from '../../ui/choices';
import { IconButton, Toasts } from '../../ui/parts';
import { changed, sizeOf, undone, untouched, type History } from './model';
import { paint } from './paint';
import { Stage } from './stage';
import { FIRST, Modes, Settings, type Tools } from './tools';
import { ToWhom } from './to-whom';

/** For how many seconds a picture can be seen, beside always and once. */
const SECONDS = [5, 30] as const;

export interface EditorProps {
  readonly files: readonly File[];
  readonly group: string;
  /** What the first picture that is sent answers. */
  readonly reply: Reply | null;
  /** One of them was sent. */
  readonly sent: () => void;
  readonly close: () => void;
}

export function Editor({ files, group, reply, sent, close }: EditorProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [at, picture, history] = [useSignal(0), useSignal<ImageBitmap | null>(null), useSignal<History | null>(null)];
  const [look, caption, groups, working] = [useSignal<Look>('keep'), useSignal(''), useSignal<ReadonlySet<string>>(new Set([group])), useSignal(false)];
  const tools = useSignal<Tools>(FIRST);
  const gone = useRef<Gone>(new Set());
  const unreadable = async (file: File) => {
    if (await asFile(file) && await attempt(() => sendFile([...groups.value], file, reply))) sent();
    at.value += 1;
  };
  useEffect(() => { dialog.current?.showModal(); }, []);
  useEffect(() => {
    const file = files[at.value];
    let over = false;
    if (file === undefined) dialog.current?.close();
    else void readPicture(file).then((found) => {
      if (over) found.close();
      else [picture.value, history.value] = [found, untouched(found.width, found.height)];
    }, () => { if (!over) void unreadable(file); });
    return () => {
      over = true;
      picture.peek()?.close();
      [picture.value, history.value, caption.value] = [null, null, ''];
      tools.value = FIRST;
      gone.current = new Set();
    };
  }, [at.value]);
  const send = async () => {
    const [found, edited] = [picture.value, history.value?.now];
    if (found === null || edited === undefined) return;
    working.value = true;
    const done = await attempt(() => sendPicture([...groups.value], sizeOf(edited), (context) => { paint(context, found, edited); }, look.value, caption.value.trim(), reply, gone.current));
    working.value = false;
    if (!done) return;
    sent();
    at.value += 1;
  };
  const left = files.length - at.value;
  const asking = useSignal(false);
  const leave = () => {
    if (left > 1 || (history.value?.past.length ?? 0) > 0 || caption.value.trim() !== '') asking.value = true;
    else dialog.current?.close();
  };
  const cancel = (event: Event) => {
    event.preventDefault();
    if (asking.value) asking.value = false;
    else leave();
  };
  const change = (next: History['now']) => { if (history.value !== null) history.value = changed(history.value, next); };
  const back = () => { if (history.value !== null) history.value = undone(history.value); };
  const key = (event: KeyboardEvent) => {
    if (event.key !== 'z' || !(event.ctrlKey || event.metaKey) || event.target instanceof HTMLInputElement) return;
    event.preventDefault();
    back();
  };
  const texts = t.value.picture;
  const title = files.length > 1 ? texts.of(at.value + 1, files.length) : texts.title;
  const edited = history.value?.now;
  return (
    <dialog ref={dialog} class="editor" aria-label={title} onClose={close} onCancel={cancel} onKeyDown={key}>
      <header class="bar">
        <IconButton icon="close" label={t.value.close} onClick={leave} />
        <h2>{title}</h2>
        <div class="actions">
          {edited !== undefined && <Modes edited={edited} change={change} tools={tools} />}
          <IconButton icon="undo" flip label={texts.undo} disabled={(history.value?.past.length ?? 0) === 0} onClick={back} />
        </div>
      </header>
      {picture.value !== null && edited !== undefined
        ? <Stage picture={picture.value} edited={edited} change={change} tools={tools} />
        : <div class="stage" aria-busy="true"><p class="soft">{t.value.loading}</p></div>}
      {asking.value && <Sure left={left} away={() => dialog.current?.close()} stay={() => { asking.value = false; }} />}
      <footer class="editor-foot" hidden={asking.value}>
        {edited !== undefined && <Settings edited={edited} change={change} tools={tools} />}
        <Choices label={texts.look} choices={lookChoices()} chosen={look.value} choose={(next) => { look.value = next; }} />
        <ToWhom chosen={groups} />
        <form class="writing" onSubmit={(event) => { event.preventDefault(); void send(); }}>
          <input aria-label={t.value.chat.caption} placeholder={t.value.chat.caption} dir="auto" maxLength={1000} value={caption.value} onInput={(event) => { caption.value = event.currentTarget.value; }} />
          {left > 1 && <button type="button" disabled={working.value} onClick={() => { at.value += 1; }}>{texts.skip}</button>}
          <button type="submit" class="primary" disabled={working.value || edited === undefined || groups.value.size === 0}>{working.value ? t.value.loading : t.value.send}</button>
        </form>
      </footer>
      <Toasts />
    </dialog>
  );
}

/** Asked before work is thrown away. */
function Sure({ left, away, stay }: { readonly left: number; readonly away: () => void; readonly stay: () => void }) {
  const texts = t.value.picture;
  const button = useRef<HTMLButtonElement>(null);
  // At once: a key that is pressed next belongs to the question already.
  useLayoutEffect(() => { button.current?.focus(); }, []);
  return (
    <div class="editor-foot" role="group" aria-label={texts.away}>
      <p role="alert">{texts.sure(left)}</p>
      <div class="writing">
        <button type="button" class="danger" onClick={away}>{texts.away}</button>
        <button ref={button} type="button" class="primary" onClick={stay}>{texts.stay}</button>
      </div>
    </div>
  );
}

function lookChoices(): Choice<Look>[] {
  const texts = t.value.chat;
  return [
    { value: 'keep', name: texts.keep },
    { value: 'once', name: texts.once },
    ...SECONDS.map((seconds): Choice<Look> => ({ value: { seconds }, name: texts.seconds(seconds) })),
  ];
}
