/** A picture, a voice note or another file in a message. */
import { useSignal } from '@preact/signals';
import { openFile, saveAs } from '../actions/files';
import { view } from '../actions/viewing';
import type { FileView, MessageView } from '../api/types';
import { t } from '../i18n';
import { fetching } from '../store/sending';
import { attempt } from '../store/toasts';
import { opening } from '../store/viewing';
import { Icon } from '../ui/icons';
import { useLoaded } from '../ui/loaded';
import { useObjectUrl } from '../ui/parts';

/** The largest room that a thumbnail takes, in pixels. */
const [THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT] = [300, 280] as const;

interface Shown {
  readonly file: FileView;
  readonly message: MessageView;
  readonly group: string;
}

export function File({ file, message, group }: Shown) {
  return (
    <div class="file">
      {file.gone ? <p class="soft file-name"><Icon name="eye" /> {t.value.chat.gone}</p> : <Content file={file} message={message} group={group} />}
      <Fetching id={message.id} />
      {file.caption !== '' && <p class="text" dir="auto">{file.caption}</p>}
    </div>
  );
}

function Content(shown: Shown) {
  const { file, message } = shown;
  if (file.look !== 'keep' && message.mine) return <Own file={file} />;
  // What is gone once it was fetched can't be played here: it would go while it is heard.
  if (file.voice !== null && file.kind.startsWith('audio/') && file.look === 'keep') return <Voice {...shown} />;
  if (!file.kind.startsWith('image/')) return <Other {...shown} />;
  return <Picture {...shown} />;
}

function Picture({ file, message, group }: Shown) {
  const texts = t.value.chat;
  const working = opening.value.has(message.id);
  const thumbnail = useObjectUrl(file.thumbnail, 'image/jpeg');
  const seconds = secondsOf(file);
  const label = file.look === 'once' ? texts.viewOnce : seconds === null ? texts.view : texts.viewFor(seconds);
  const show = () => void view(group, { message: message.id, by: message.mine ? t.peek().you : message.name, look: file.look });
  return thumbnail === null
    ? <button type="button" class="small file-name" aria-disabled={working} onClick={show}><Icon name="eye" /> {label}</button>
    : <button type="button" class="thumbnail" aria-label={label} aria-disabled={working} onClick={show}><img src={thumbnail} alt="" style={roomOf(file)} /></button>;
}

/** For how many seconds it may be seen, if not for as long as one likes. */
function secondsOf({ look }: FileView): number | null {
  return typeof look === 'object' ? look.seconds : null;
}

/** What may be seen once, by the others. */
function Own({ file }: { readonly file: FileView }) {
  const texts = t.value.chat;
  return <p class="soft file-name"><Icon name="eye" /> {typeof file.look === 'object' ? texts.ownSeconds(file.look.seconds) : texts.ownOnce}</p>;
}

function Other({ file, message, group }: Shown) {
  const working = useSignal(false);
  const save = async () => {
    working.value = true;
    await attempt(async () => {
      const opened = await openFile(group, message.id);
      saveAs(opened.name, opened.content);
    });
    working.value = false;
  };
  return (
    <>
      <span class="file-name"><Icon name="file" /> <span dir="auto">{file.name}</span></span>
      <button type="button" class="small" disabled={working.value} onClick={() => void save()}>{file.look === 'keep' ? t.value.chat.fetch : t.value.chat.fetchOnce}</button>
    </>
  );
}

function Voice({ file, message, group }: Shown) {
  const player = useLoaded(() => import('./voice/player'));
  if (player === null) return <span class="player" aria-busy="true" />;
  return <player.Player length={file.voice ?? 0} load={async () => (await openFile(group, message.id)).content} />;
}

/** How much of it is here, while it comes. */
function Fetching({ id }: { readonly id: string }) {
  const part = fetching.value.get(id);
  if (part === undefined) return null;
  const percent = Math.round(100 * part);
  return <progress max={100} value={percent} aria-label={t.value.chat.fetched(percent)} />;
}

/** Its room is known before it is there, so that nothing moves when it is. */
function roomOf({ pixels }: FileView) {
  if (pixels === null) return { maxHeight: `${THUMBNAIL_HEIGHT}px` };
  const [width, height] = pixels;
  const scale = Math.min(THUMBNAIL_WIDTH / width, THUMBNAIL_HEIGHT / height);
  return { width: `${Math.round(width * scale)}px`, aspectRatio: `${width} / ${height}` };
}
