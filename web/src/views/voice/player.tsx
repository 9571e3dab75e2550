/** Plays a voice message: with its position, and faster for those who are in a hurry. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { clock, t } from '../../i18n';
import { attempt } from '../../store/toasts';
import { IconButton, useObjectUrl } from '../../ui/parts';

const SPEEDS = [1, 1.5, 2] as const;

/** `length`: milliseconds, as the sender said. `load`: fetches it, when it is first to be heard. */
export function Player({ length, load }: { readonly length: number; readonly load: () => Promise<Blob> }) {
  const texts = t.value.voice;
  const [content, playing, at, speed, loading] = [useSignal<Blob | null>(null), useSignal(false), useSignal(0), useSignal(0), useSignal(false)];
  const audio = useRef<HTMLAudioElement>(null);
  const url = useObjectUrl(content.value, '');
  const rate = SPEEDS[speed.value % SPEEDS.length] ?? 1;
  useEffect(() => {
    if (url !== null && audio.current !== null) void start(audio.current, at.peek() / 1000).catch(() => undefined);
  }, [url]);
  useEffect(() => { if (audio.current !== null) audio.current.playbackRate = rate; }, [rate, url]);
  const toggle = () => {
    if (content.value === null) void fetchIt();
    else if (playing.value) audio.current?.pause();
    else void audio.current?.play();
  };
  const fetchIt = async () => {
    loading.value = true;
    await attempt(async () => { content.value = await load(); });
    loading.value = false;
  };
  const seek = (milliseconds: number) => {
    at.value = milliseconds;
    if (audio.current !== null && content.value !== null) audio.current.currentTime = milliseconds / 1000;
  };
  const ended = () => {
    playing.value = false;
    seek(0);
  };
  return (
    <span class="player">
      <IconButton icon={playing.value ? 'pause' : 'play'} label={playing.value ? texts.pause : texts.play} disabled={loading.value} onClick={toggle} />
      <input type="range" min={0} max={Math.max(1, length)} step={Math.max(1, Math.round(length / 50))} value={at.value} aria-label={texts.position} aria-valuetext={`${clock(at.value)} / ${clock(length)}`} onInput={(event) => { seek(Number(event.currentTarget.value)); }} />
      <span class="player-time">{clock(playing.value || at.value > 0 ? at.value : length)}</span>
      <button type="button" class="small" aria-label={texts.speed(rate)} onClick={() => { speed.value += 1; }}>{rate}×</button>
      {url !== null && <audio ref={audio} src={url} onPlay={() => { playing.value = true; }} onPause={() => { playing.value = false; }} onEnded={ended} onTimeUpdate={(event) => { at.value = Math.min(length, Math.round(event.currentTarget.currentTime * 1000)); }} />}
    </span>
  );
}

/** Plays from here. What a browser has recorded does not say how long it is: only at its end one can go back and forth in it. */
async function start(audio: HTMLAudioElement, from: number): Promise<void> {
  if (audio.readyState < HTMLMediaElement.HAVE_METADATA) await happens(audio, 'loadedmetadata');
  if (audio.duration === Infinity) {
    audio.currentTime = 1e7;
    await happens(audio, 'seeked');
  }
  audio.currentTime = from;
  await audio.play();
}

function happens(audio: HTMLAudioElement, name: string): Promise<void> {
  return new Promise((done) => { audio.addEventListener(name, () => { done(); }, { once: true }); });
}
