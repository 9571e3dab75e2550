/** Taking everything along, as one file. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { saveAs } from '../actions/files';
import type { Progress } from '../export/everything';
import { t } from '../i18n';
import { attempt, toast } from '../store/toasts';
import { Dialog } from '../ui/parts';

export function Export({ close }: { readonly close: () => void }) {
  const texts = t.value.export;
  const progress = useSignal<Progress | null>(null);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => { running.current?.abort(); }, []);
  const make = async () => {
    const controller = (running.current = new AbortController());
    progress.value = { conversation: '', done: 0, all: 1 };
    const now = new Date();
    const done = await attempt(async () => {
      const { exportEverything } = await import('../export/everything');
      const content = await exportEverything(now, controller.signal, (next) => { if (!controller.signal.aborted) progress.value = next; }).catch((error: unknown) => {
        if (controller.signal.aborted) return null;
        throw error;
      });
      if (content === null) return;
      saveAs(`tidings-${now.toISOString().slice(0, 10)}.zip`, content);
      toast(texts.done);
    });
    if (controller.signal.aborted) return;
    progress.value = null;
    if (done) close();
  };
  // At once, though a file that is just being fetched may take a moment to end.
  const stop = () => {
    running.current?.abort();
    progress.value = null;
  };
  return (
    <Dialog title={texts.title} onClose={close}>
      <p>{texts.text}</p>
      <p class="soft">{texts.notIn}</p>
      {progress.value === null ? <button type="button" class="primary" onClick={() => void make()}>{texts.go}</button> : (
        <>
          <label class="field"><span dir="auto">{progress.value.conversation || texts.begins}</span><progress max={progress.value.all} value={progress.value.done} /></label>
          <button type="button" onClick={stop}>{t.value.cancel}</button>
        </>
      )}
    </Dialog>
  );
}
