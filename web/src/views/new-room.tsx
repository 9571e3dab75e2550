import { useSignal } from '@preact/signals';
import { createRoom } from '../actions/places';
import { t } from '../i18n';
import { go } from '../store/route';
import { attempt } from '../store/toasts';
import { Field, Page } from '../ui/parts';

/** Making an anonymous room. */
export function NewRoom() {
  const texts = t.value.room;
  const [name, passphrase, working] = [useSignal(''), useSignal(''), useSignal(false)];
  const make = async (event: Event) => {
    event.preventDefault();
    working.value = true;
    // Its page shows the link, which is what comes next.
    await attempt(async () => { go({ at: 'details', group: await createRoom(name.value, passphrase.value) }, true); });
    working.value = false;
  };
  return (
    <Page title={texts.create} back={{ at: 'list' }}>
      <form class="padded" onSubmit={(event) => void make(event)}>
        <p>{texts.text}</p>
        <Field label={texts.name} required maxLength={64} autocomplete="off" value={name.value} onInput={(event) => { name.value = event.currentTarget.value; }} />
        <Field label={texts.passphrase} hint={texts.passphraseHint} type="password" maxLength={128} autocomplete="new-password" value={passphrase.value} onInput={(event) => { passphrase.value = event.currentTarget.value; }} />
        <button type="submit" class="primary" disabled={working.value || name.value.trim() === ''}>{working.value ? t.value.loading : texts.make}</button>
      </form>
    </Page>
  );
}
