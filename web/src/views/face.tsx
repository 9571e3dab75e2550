/** The picture of oneself or of a group, and changing it. */
import { useRef } from 'preact/hooks';
import { prepareFace } from '../actions/pictures';
import { t } from '../i18n';
import { attempt } from '../store/toasts';
import { Avatar } from '../ui/parts';

/** `set` takes a small JPEG; nothing of it to have none. */
export function Face({ name, picture, label, set }: {
  readonly name: string;
  readonly picture: Uint8Array | null;
  readonly label: string;
  readonly set: (picture: Uint8Array) => Promise<void>;
}) {
  const texts = t.value.group;
  const file = useRef<HTMLInputElement>(null);
  const take = async (chosen: File | undefined) => {
    if (chosen !== undefined) await attempt(async () => set(await prepareFace(chosen)));
    if (file.current !== null) file.current.value = '';
  };
  return (
    <div class="face-picture">
      <Avatar name={name} picture={picture} large />
      <button type="button" class="small" onClick={() => file.current?.click()}>{texts.picture}</button>
      {picture !== null && <button type="button" class="small" onClick={() => void attempt(() => set(new Uint8Array()))}>{texts.noPicture}</button>}
      <input ref={file} type="file" accept="image/*" hidden aria-label={label} onChange={(event) => void take(event.currentTarget.files?.[0])} />
    </div>
  );
}
