import { useSignal } from '@preact/signals';
import { t } from '../i18n';
import { follow } from '../store/link';
import { attempt } from '../store/toasts';
import { IconButton, Field } from './parts';
import { Scanner } from './scanner';

/** One field for all that leads somewhere: invitations, rooms, codes of devices; pasted, typed or scanned. */
export function LinkForm({ label }: { readonly label: string }) {
  const [text, working, scanning] = [useSignal(''), useSignal(false), useSignal(false)];
  const take = async (said: string) => {
    working.value = true;
    await attempt(() => follow(said));
    working.value = false;
  };
  const open = (event: Event) => {
    event.preventDefault();
    void take(text.value);
  };
  return (
    <form onSubmit={open}>
      <div class="with-button">
        <Field label={label} placeholder="https://…" inputMode="url" autocomplete="off" autocapitalize="none" spellcheck={false} value={text.value} onInput={(event) => { text.value = event.currentTarget.value; }} />
        <IconButton icon="scan" label={t.value.scan.title} onClick={() => { scanning.value = true; }} />
      </div>
      <button type="submit" class="primary" disabled={working.value || text.value.trim() === ''}>{t.value.start.open}</button>
      {scanning.value && <Scanner title={t.value.scan.title} onFound={(said) => void take(said)} close={() => { scanning.value = false; }} />}
    </form>
  );
}
