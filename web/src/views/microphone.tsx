/** The way to a voice message: tapped, it records until it is stopped; held, as long as it is held. */
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { t } from '../i18n';
import { Icon } from '../ui/icons';
import { useLoaded } from '../ui/loaded';

/** Milliseconds after which a press counts as holding. */
const HELD_AFTER = 400;

export function Microphone({ group }: { readonly group: string }) {
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
  const close = () => {
    open.value = false;
    button.current?.focus();
  };
  return (
    <>
      <button ref={button} type="button" class="send mic" aria-label={t.value.voice.record} title={t.value.voice.record} onPointerDown={press} onClick={(event) => { if (event.detail === 0) begin(); }}>
        <Icon name="mic" />
      </button>
      {open.value && <Recorder group={group} released={released.value} close={close} />}
    </>
  );
}

function Recorder(props: { readonly group: string; readonly released: boolean; readonly close: () => void }) {
  const recorder = useLoaded(() => import('./voice/recorder'));
  return recorder === null ? null : <recorder.Recorder {...props} />;
}
