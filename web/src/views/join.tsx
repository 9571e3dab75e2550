import { useSignal } from '@preact/signals';
import { accept } from '../actions/account';
import { t } from '../i18n';
import { invited, type Invited } from '../store/invited';
import { go } from '../store/route';
import { attempt } from '../store/toasts';
import { Sign } from '../ui/parts';

/** Somebody who has an account opens an invitation. */
export function Join({ invited: invitation }: { readonly invited: Invited }) {
  const working = useSignal(false);
  const open = async () => {
    working.value = true;
    await attempt(async () => {
      const group = await accept(invitation.link);
      go(group === '' ? { at: 'list' } : { at: 'chat', group }, true);
    });
    invited.value = null;
  };
  return (
    <main class="centered start">
      <Sign />
      <h1>{t.value.start.invited}</h1>
      <p class="soft">{new URL(invitation.node).host}</p>
      <button type="button" class="primary" disabled={working.value} onClick={() => void open()}>{working.value ? t.value.loading : t.value.start.begin}</button>
      <button type="button" onClick={() => { invited.value = null; }}>{t.value.cancel}</button>
    </main>
  );
}
