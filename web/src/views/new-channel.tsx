import { useSignal } from '@preact/signals';
import { channelName, joinChannel } from '../actions/places';
import { t } from '../i18n';
import { go } from '../store/route';
import { attempt } from '../store/toasts';
import { Field, Page } from '../ui/parts';

/** Going into a public channel. */
export function NewChannel() {
  const texts = t.value.channel;
  const [name, working] = [useSignal(''), useSignal(false)];
  const join = async (event: Event) => {
    event.preventDefault();
    const channel = channelName(name.value);
    working.value = true;
    await attempt(async () => {
      await joinChannel(channel);
      go({ at: 'channel', channel }, true);
    });
    working.value = false;
  };
  return (
    <Page title={texts.join} back={{ at: 'list' }}>
      <form class="padded" onSubmit={(event) => void join(event)}>
        <p class="note">{texts.public}</p>
        <p>{texts.text}</p>
        <Field label={texts.name} placeholder="lobby" required maxLength={64} autocomplete="off" autocapitalize="none" spellcheck={false} value={name.value} onInput={(event) => { name.value = event.currentTarget.value; }} />
        <button type="submit" class="primary" disabled={working.value || channelName(name.value) === ''}>{texts.go}</button>
      </form>
    </Page>
  );
}
