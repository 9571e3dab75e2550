/** Recording a voice message: seen while it is recorded, heard before it is sent. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { sendTo, type Reply } from '../../actions/files';
import { clock, t } from '../../i18n';
import { attempt, toast } from '../../store/toasts';
import { IconButton } from '../../ui/parts';
import { Player } from './player';
import { LENGTH_MAX, Recording, type Recorded } from './recording';

/** Milliseconds of a recording that are thrown away without asking. */
const THROWN_AWAY = 5_000;

export interface RecorderProps {
  readonly group: string;
  readonly released: boolean;
  /** What it answers. */
  readonly reply: Reply | null;
  readonly sent: () => void;
  readonly close: () => void;
}

export function Recorder({ group, released, reply, sent, close }: RecorderProps) {
  const texts = t.value.voice;
  const [recording, recorded] = [useSignal<Recording | null>(null), useSignal<Recorded | null>(null)];
  const stop = async () => {
    const running = recording.peek();
    recording.value = null;
    if (running !== null) await attempt(async () => { recorded.value = await running.stop(); });
  };
  useEffect(() => {
    let over = false;
    void Recording.start().then((found) => {
      if (over) found.end();
      else recording.value = found;
    }).catch((error: unknown) => {
      toast(error instanceof DOMException && error.name === 'NotFoundError' ? texts.none : texts.denied, true);
      close();
    });
    return () => {
      over = true;
      recording.peek()?.end();
    };
  }, []);
  useEffect(() => { if (released && recording.value !== null) void stop(); }, [released, recording.value]);
  const send = async () => {
    const found = recorded.value;
    if (found === null) return;
    const { content, kind, length } = found;
    const about = { name: `voice.${kind.split('/')[1] ?? 'bin'}`, kind, voice: length };
    if (!(await attempt(() => sendTo([group], content, about, reply)))) return;
    sent();
    close();
  };
  const asking = useSignal(false);
  const discard = () => {
    const length = (recorded.value ?? recording.value)?.length ?? 0;
    if (length < THROWN_AWAY) close();
    else {
      asking.value = true;
      void stop();
    }
  };
  const key = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return;
    if (asking.value) asking.value = false;
    else discard();
  };
  if (asking.value) return <div class="recorder" role="group" aria-label={texts.title} onKeyDown={key}><Sure discard={close} keep={() => { asking.value = false; }} /></div>;
  return (
    <div class="recorder" role="group" aria-label={texts.title} onKeyDown={key}>
      <IconButton icon="bin" label={texts.discard} onClick={discard} />
      {recorded.value === null
        ? <Running recording={recording.value} stop={() => void stop()} />
        : <Review recorded={recorded.value} send={() => void send()} />}
    </div>
  );
}

function Sure({ discard, keep }: { readonly discard: () => void; readonly keep: () => void }) {
  const texts = t.value.voice;
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => { button.current?.focus(); }, []);
  return (
    <>
      <span class="recorder-main" role="alert">{texts.discardSure}</span>
      <button type="button" class="danger" onClick={discard}>{texts.discard}</button>
      <button ref={button} type="button" onClick={keep}>{texts.keep}</button>
    </>
  );
}

function Running({ recording, stop }: { readonly recording: Recording | null; readonly stop: () => void }) {
  const texts = t.value.voice;
  const [length, bar, button] = [useSignal(0), useRef<HTMLSpanElement>(null), useRef<HTMLDivElement>(null)];
  useEffect(() => { button.current?.querySelector('button')?.focus(); }, []);
  useEffect(() => {
    if (recording === null) return undefined;
    let frame = 0;
    const look = () => {
      if (bar.current !== null) bar.current.style.scale = `${recording.level().toFixed(3)} 1`;
      const seconds = Math.floor(recording.length / 1000) * 1000;
      if (seconds !== length.peek()) length.value = seconds;
      if (recording.length >= LENGTH_MAX) {
        toast(texts.long);
        stop();
      } else frame = requestAnimationFrame(look);
    };
    look();
    return () => { cancelAnimationFrame(frame); };
  }, [recording]);
  return (
    <>
      <span class="recording-sign" aria-hidden="true" />
      <span role="status" class="hidden">{recording === null ? t.value.loading : texts.recording}</span>
      <time role="timer">{clock(length.value)}</time>
      <span class="level" aria-hidden="true"><span ref={bar} /></span>
      <div ref={button} class="recorder-main"><IconButton icon="stop" label={texts.stop} onClick={stop} /></div>
    </>
  );
}

function Review({ recorded, send }: { readonly recorded: Recorded; readonly send: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => { button.current?.focus(); }, []);
  return (
    <>
      <Player length={recorded.length} load={() => Promise.resolve(recorded.content)} />
      <button ref={button} type="button" class="primary" onClick={send}>{t.value.send}</button>
    </>
  );
}
