/** The name and the picture of a group, for those who may change them. */
import { useSignal } from '@preact/signals';
import { setGroupName, setGroupPicture } from '../actions/contacts';
import type { ConversationView } from '../api/types';
import { t } from '../i18n';
import { attempt } from '../store/toasts';
import { Field } from '../ui/parts';
import { Face } from './face';

export function GroupFace({ found }: { readonly found: ConversationView }) {
  const texts = t.value.group;
  const name = useSignal(found.title);
  const changed = name.value.trim() !== found.title && name.value.trim() !== '';
  const save = (event: Event) => {
    event.preventDefault();
    void attempt(() => setGroupName(found.id, name.value));
  };
  return (
    <section class="face">
      <Face name={found.title} picture={found.picture} label={texts.pictureOf} set={(picture) => setGroupPicture(found.id, picture)} />
      <form onSubmit={save}>
        <Field label={found.kind === 'room' ? t.value.room.name : texts.name} dir="auto" maxLength={64} autocomplete="off" value={name.value} onInput={(event) => { name.value = event.currentTarget.value; }} />
        {changed && <button type="submit" class="primary">{t.value.save}</button>}
      </form>
    </section>
  );
}
