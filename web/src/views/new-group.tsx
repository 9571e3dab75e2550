import { useSignal } from '@preact/signals';
import { createGroup } from '../actions/contacts';
import { t } from '../i18n';
import { contacts } from '../store/data';
import { go } from '../store/route';
import { attempt } from '../store/toasts';
import { Field, Page } from '../ui/parts';
import { People } from './people';

/** Making a group of contacts. */
export function NewGroup() {
  const texts = t.value.group;
  const [name, chosen, working] = [useSignal(''), useSignal<ReadonlySet<string>>(new Set()), useSignal(false)];
  const make = async (event: Event) => {
    event.preventDefault();
    working.value = true;
    await attempt(async () => { go({ at: 'chat', group: await createGroup(name.value, [...chosen.value]) }, true); });
    working.value = false;
  };
  return (
    <Page title={texts.create} back={{ at: 'list' }}>
      <form class="padded" onSubmit={(event) => void make(event)}>
        <Field label={texts.name} required maxLength={64} value={name.value} onInput={(event) => { name.value = event.currentTarget.value; }} />
        <People label={texts.members} people={contacts.value.filter((found) => !found.blocked)} chosen={chosen} />
        <button type="submit" class="primary" disabled={working.value || name.value.trim() === ''}>{working.value ? t.value.loading : texts.create}</button>
      </form>
    </Page>
  );
}
