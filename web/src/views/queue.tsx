/** What waits for a connection, and trying it now. */
import { useSignal } from '@preact/signals';
import { tryNow } from '../actions/files';
import { t } from '../i18n';
import { me } from '../store/data';
import { log } from '../store/messages';
import { sending } from '../store/sending';
import { attempt } from '../store/toasts';

export function Queue({ group }: { readonly group: string }) {
  const texts = t.value.queue;
  const working = useSignal(false);
  if (me.value?.connected !== false) return null;
  const said = log.value?.messages.filter((message) => message.delivery === 'waiting').length ?? 0;
  const files = sending.value.filter((one) => one.group === group && one.failed === null).length;
  const again = async () => {
    working.value = true;
    await attempt(tryNow);
    working.value = false;
  };
  return (
    <p class="note queue" role="status">
      <span>{texts.offline(said + files)}</span>
      <button type="button" class="small" disabled={working.value} onClick={() => void again()}>{texts.tryNow}</button>
    </p>
  );
}
