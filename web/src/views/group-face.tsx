/** The name and the picture of a group, for those who may change them. */
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { setGroupName, setGroupPicture } from '../actions/contacts';
import { prepareFace } from '../actions/pictures';
import type { ConversationView } from '../api/types';
import { t } from '../i18n';
import { attempt } from '../store/toasts';
import { Avatar, Field } from '../ui/parts';

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
      <Picture found={found} />
      <form onSubmit={save}>
        <Field label={texts.name} dir="auto" maxLength={64} autocomplete="off" value={name.value} onInput={(event) => { name.value = event.currentTarget.value; }} />
        {changed && <button type="submit" class="primary">{t.value.save}</button>}
      </form>
    </section>
  );
}

function Picture({ found }: { readonly found: ConversationView }) {
  const texts = t.value.group;
  const file = useRef<HTMLInputElement>(null);
  const take = async (chosen: File | undefined) => {
    if (chosen !== undefined) await attempt(async () => setGroupPicture(found.id, await prepareFace(chosen)));
    if (file.current !== null) file.current.value = '';
  };
  return (
    <div class="face-picture">
      <Avatar name={found.title} picture={found.picture} large />
      <button type="button" class="small" onClick={() => file.current?.click()}>{texts.picture}</button>
      {found.picture !== null && <button type="button" class="small" onClick={() => void attempt(() => setGroupPicture(found.id, new Uint8Array()))}>{texts.noPicture}</button>}
      <input ref={file} type="file" accept="image/*" hidden aria-label={texts.pictureOf} onChange={(event) => void take(event.currentTarget.files?.[0])} />
    </div>
  );
}
