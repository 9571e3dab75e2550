/** The way to a voice message: tapped, it records until it is stopped; held, as long as it is held. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Reply } from '../actions/files';
import { t } from '../i18n';
import { Icon } from '../ui/icons';
import { useLoaded } from '../ui/loaded';
import type { RecorderProps } from './voice/recorder';

/** Milliseconds after which a press counts as holding. */
const HELD_AFTER = 400;

export function Microphone({ group, reply, sent }: { readonly group: string; readonly reply: Reply | null; readonly sent: () => void }) {
  const [open, released] = [useSignal(false), useSignal(false)];
  const button = useRef<HTMLButtonElement>(null);
  const press = (event: PointerEvent) => {
    if (event.button !== 0 || open.value) return;
    const since = event.timeStamp;
    const release = (end: PointerEvent) => { if (end.timeStamp - since > HELD_AFTER) released.value = true; };
    addEventListener('pointerup', release, { once: true });
    begin();
  };
  const begin = () => {
    released.value = false;
    open.value = true;
  };
  const close = () => { open.value = false; };
  // When the recorder has gone: until then the button can't be seen, nor focused.
  useEffect(() => (open.value ? () => { button.current?.focus(); } : undefined), [open.value]);
  return (
    <>
      <button ref={button} type="button" class="send mic" aria-label={t.value.voice.record} title={t.value.voice.record} onPointerDown={press} onClick={(event) => { if (event.detail === 0) begin(); }}>
        <Icon name="mic" />
      </button>
      {open.value && <Recorder group={group} released={released.value} reply={reply} sent={sent} close={close} />}
    </>
  );
}

function Recorder(props: RecorderProps) {
  const recorder = useLoaded(() => import('./voice/recorder'));
  return recorder === null ? null : <recorder.Recorder {...props} />;
}
