/** Scanning a QR code with the camera; a picture or pasted text does as well. */
import { useSignal, type Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../i18n';
import { openReader, readPicture } from './codes';
import { Dialog, Field } from './parts';

/** Milliseconds between two looks at the camera's picture. */
const EVERY = 120;

type Camera = 'starting' | 'watching' | 'refused' | 'missing';

/** `onFound`: what the code says; the scanner is closed first. */
export function Scanner({ title, onFound, close }: { readonly title: string; readonly onFound: (text: string) => void; readonly close: () => void }) {
  const texts = t.value.scan;
  const [camera, trouble] = [useSignal<Camera>('starting'), useSignal(false)];
  const [video, files] = [useRef<HTMLVideoElement>(null), useRef<HTMLInputElement>(null)];
  const found = (text: string) => {
    close();
    onFound(text);
  };
  useEffect(() => {
    const end = new AbortController();
    if (video.current !== null) void watch(video.current, camera, found, end.signal);
    return () => { end.abort(); };
  }, []);
  const take = async (file: Blob | undefined) => {
    if (file === undefined) return;
    const text = await readPicture(file).catch(() => null);
    if (text !== null) found(text);
    trouble.value = text === null;
    if (files.current !== null) files.current.value = '';
  };
  const shows = camera.value === 'starting' || camera.value === 'watching';
  return (
    <Dialog title={title} onClose={close}>
      <div class="scanner" hidden={!shows}>
        <video ref={video} muted playsInline aria-label={texts.camera} />
        <span class="scanner-frame" aria-hidden="true" />
      </div>
      <p role="status" class={shows ? 'soft' : 'note'}>{trouble.value ? texts.noCode : texts[camera.value]}</p>
      <button type="button" onClick={() => files.current?.click()}>{texts.fromPicture}</button>
      <input ref={files} type="file" accept="image/*" hidden aria-hidden="true" tabIndex={-1} onChange={(event) => void take(event.currentTarget.files?.[0])} />
      <Paste onText={found} />
    </Dialog>
  );
}

function Paste({ onText }: { readonly onText: (text: string) => void }) {
  const text = useSignal('');
  const done = (event: Event) => {
    event.preventDefault();
    if (text.value.trim() !== '') onText(text.value.trim());
  };
  return (
    <form onSubmit={done}>
      <Field label={t.value.scan.paste} autocomplete="off" autocapitalize="none" spellcheck={false} value={text.value} onInput={(event) => { text.value = event.currentTarget.value; }} />
      {text.value.trim() !== '' && <button type="submit" class="primary">{t.value.scan.use}</button>}
    </form>
  );
}

/** Shows the camera's picture and looks at it until there is a code in it, or the scanner is closed. */
async function watch(video: HTMLVideoElement, camera: Signal<Camera>, found: (text: string) => void, end: AbortSignal): Promise<void> {
  let stream: MediaStream | undefined;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment', width: { ideal: 1280 } } });
    if (end.aborted) return;
    video.srcObject = stream;
    await video.play();
    camera.value = 'watching';
    const reader = await openReader();
    while (!end.aborted) {
      const text = video.videoWidth > 0 ? await reader(video) : null;
      if (text !== null && !end.aborted) {
        navigator.vibrate?.(40);
        found(text);
        return;
      }
      await new Promise((next) => setTimeout(next, EVERY));
    }
  } catch (error) {
    if (!end.aborted) camera.value = error instanceof DOMException && error.name === 'NotAllowedError' ? 'refused' : 'missing';
  } finally {
    stream?.getTracks().forEach((track) => { track.stop(); });
  }
}
