/** What rooms have beside other conversations: a link for all, and a lock. */
import { useSignal } from '@preact/signals';
import { roomLink, unlock } from '../actions/places';
import { t } from '../i18n';
import { follow } from '../store/link';
import { attempt, toast } from '../store/toasts';
import { Field, shareText } from '../ui/parts';
import { QrCode } from '../ui/qr';

/** The link with which others come in, shown when it is asked for. */
export function RoomLink({ group }: { readonly group: string }) {
  const texts = t.value.room;
  const link = useSignal<string | null>(null);
  const share = async () => {
    if (link.value !== null && (await shareText(link.value)) === 'copied') toast(t.value.copied);
  };
  return (
    <section>
      <h2>{texts.link}</h2>
      <p>{texts.linkText}</p>
      {link.value === null ? (
        <button type="button" class="primary" onClick={() => void attempt(async () => { link.value = await roomLink(group); })}>{texts.show}</button>
      ) : (
        <div class="made">
          <QrCode text={link.value} label={texts.link} />
          <p class="address" dir="ltr">{link.value}</p>
          <button type="button" class="primary" onClick={() => void attempt(share)}>{t.value.share}</button>
        </div>
      )}
    </section>
  );
}

/** The door of a room that is locked. */
export function Locked({ group }: { readonly group: string }) {
  const texts = t.value.join;
  const [passphrase, working] = [useSignal(''), useSignal(false)];
  const open = async (event: Event) => {
    event.preventDefault();
    working.value = true;
    await attempt(() => unlock(group, passphrase.value));
    working.value = false;
  };
  return (
    <form class="padded" onSubmit={(event) => void open(event)}>
      <Field label={texts.passphrase} hint={texts.locked} type="password" autocomplete="off" value={passphrase.value} onInput={(event) => { passphrase.value = event.currentTarget.value; }} />
      <button type="submit" class="primary" disabled={working.value || passphrase.value === ''}>{working.value ? t.value.loading : texts.enter}</button>
    </form>
  );
}

/** A message that leads into a room. */
export function RoomCard({ name, link }: { readonly name: string; readonly link: string }) {
  const texts = t.value.room;
  return (
    <p class="text"><span dir="auto">{texts.card(name)}</span> <button type="button" class="small" onClick={() => void attempt(() => follow(link))}>{t.value.start.open}</button></p>
  );
}
