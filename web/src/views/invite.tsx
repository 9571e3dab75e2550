/** Inviting somebody, and the invitations that are open. */
import { useSignal } from '@preact/signals';
import { cancelInvitation, invite } from '../actions/contacts';
import { t, when } from '../i18n';
import { invitations } from '../store/data';
import { attempt, toast } from '../store/toasts';
import { confirm } from '../ui/confirm';
import { Field, IconButton, Page, shareText } from '../ui/parts';
import { QrCode } from '../ui/qr';

export function Invite() {
  const texts = t.value.invite;
  const [note, link, working] = [useSignal(''), useSignal<string | null>(null), useSignal(false)];
  const make = async (event: Event) => {
    event.preventDefault();
    working.value = true;
    await attempt(async () => { link.value = await invite(note.value); });
    working.value = false;
  };
  return (
    <Page title={texts.title} back={{ at: 'list' }}>
      <div class="padded">
        {link.value === null ? (
          <form onSubmit={(event) => void make(event)}>
            <p>{texts.text}</p>
            <Field label={texts.note} maxLength={64} autocomplete="off" value={note.value} onInput={(event) => { note.value = event.currentTarget.value; }} />
            <button type="submit" class="primary" disabled={working.value}>{working.value ? t.value.loading : texts.make}</button>
          </form>
        ) : <Made link={link.value} />}
        <Open />
      </div>
    </Page>
  );
}

function Made({ link }: { readonly link: string }) {
  const share = async () => {
    if ((await shareText(link)) === 'copied') toast(t.value.copied);
  };
  return (
    <div class="made">
      <QrCode text={link} label={t.value.invite.link} />
      <p class="address" dir="ltr">{link}</p>
      <button type="button" class="primary" onClick={() => void attempt(share)}>{t.value.share}</button>
    </div>
  );
}

function Open() {
  const texts = t.value.invite;
  const withdraw = async (id: Uint8Array) => {
    if (await confirm({ title: texts.cancelTitle, text: texts.cancelText, yes: texts.cancel })) await attempt(() => cancelInvitation(id));
  };
  if (invitations.value.length === 0) return null;
  return (
    <>
      <h2>{texts.open}</h2>
      <ul class="rows">
        {invitations.value.map((found) => (
          <li key={found.link} class="row">
            <span class="row-text"><strong dir="auto">{found.note || texts.link}</strong><span class="soft">{texts.until(when(found.expires))}</span></span>
            <IconButton icon="close" label={texts.cancelNamed(found.note || texts.until(when(found.expires)))} onClick={() => void withdraw(found.id)} />
          </li>
        ))}
      </ul>
    </>
  );
}
