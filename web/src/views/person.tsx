/** One person: comparing safety numbers, the name, introducing them, and parting. */
import { useSignal } from '@preact/signals';
import { introduce, removeContact, renameContact, setBlocked, setVerified } from '../actions/contacts';
import type { ContactView } from '../api/types';
import { look } from '../core';
import { t } from '../i18n';
import { contact, contacts } from '../store/data';
import { go } from '../store/route';
import { attempt, toast } from '../store/toasts';
import { confirm } from '../ui/confirm';
import { Avatar, Dialog, Field, Page } from '../ui/parts';
import { QrCode } from '../ui/qr';
import { Scanner } from '../ui/scanner';
import { People } from './people';

/** A page of their own, also for somebody with whom there is no conversation. */
export function PersonPage({ identity }: { readonly identity: string }) {
  const other = contact(identity);
  if (other === undefined) return <Page title={t.value.person.unknown} back={{ at: 'people' }}><p /></Page>;
  const group = other.conversation;
  return (
    <Page title={other.name} back={{ at: 'people' }}>
      <div class="padded">
        <div class="made">
          <Avatar name={other.name} picture={other.picture} large />
          {group !== null && <button type="button" class="primary" onClick={() => { go({ at: 'chat', group }); }}>{t.value.person.write}</button>}
        </div>
        <Person other={other} />
      </div>
    </Page>
  );
}

/** All that can be done with a person, below what their page has at its top. */
export function Person({ other }: { readonly other: ContactView }) {
  return (
    <>
      <Safety other={other} />
      <Name other={other} />
      <Introducing other={other} />
      <Parting other={other} />
    </>
  );
}

function Safety({ other }: { readonly other: ContactView }) {
  const texts = t.value.group;
  const [scanning, wrong] = [useSignal(false), useSignal(false)];
  const groups = other.safety_number.match(/\d{5}/g) ?? [other.safety_number];
  const compare = (scanned: string) => attempt(async () => {
    wrong.value = !(await look<boolean>('safetyFits', other.identity, scanned));
    if (wrong.value) return;
    await setVerified(other.identity, true);
    toast(t.value.person.fits(other.name));
  });
  return (
    <section>
      <h2>{texts.safety} {other.verified && <small class="good">{texts.verified}</small>}</h2>
      {other.key_changed && <p class="note" role="alert">{t.value.standing.keyChanged(other.name)}</p>}
      <p>{texts.safetyText}</p>
      <QrCode text={other.safety_code} label={texts.safety} />
      <p class="digits" dir="ltr">{groups.join(' ')}</p>
      <div class="made"><button type="button" onClick={() => { scanning.value = true; }}>{t.value.person.scan}</button></div>
      <label class="switch"><input type="checkbox" checked={other.verified} onChange={(event) => void attempt(() => setVerified(other.identity, event.currentTarget.checked))} /> {texts.same}</label>
      {scanning.value && <Scanner title={t.value.person.scan} onFound={(text) => void compare(text)} close={() => { scanning.value = false; }} />}
      {wrong.value && (
        <Dialog title={t.value.person.wrong} onClose={() => { wrong.value = false; }}>
          <p>{t.value.person.wrongText(other.name)}</p>
          <button type="button" class="primary" onClick={() => { wrong.value = false; }}>{t.value.close}</button>
        </Dialog>
      )}
    </section>
  );
}

function Name({ other }: { readonly other: ContactView }) {
  const texts = t.value.person;
  const name = useSignal(other.name);
  const save = (event: Event) => {
    event.preventDefault();
    void attempt(() => renameContact(other.identity, name.value));
  };
  return (
    <section>
      <form onSubmit={save}>
        <Field label={texts.name} hint={texts.nameHint(other.own_name)} maxLength={64} autocomplete="off" value={name.value} onInput={(event) => { name.value = event.currentTarget.value; }} />
        {name.value.trim() !== other.name && name.value.trim() !== '' && <button type="submit" class="primary">{t.value.save}</button>}
      </form>
    </section>
  );
}

function Introducing({ other }: { readonly other: ContactView }) {
  const texts = t.value.person;
  const [open, chosen] = [useSignal(false), useSignal<ReadonlySet<string>>(new Set())];
  const others = contacts.value.filter((one) => one.identity !== other.identity && !one.blocked && one.conversation !== null);
  if (others.length === 0 || other.blocked || other.conversation === null) return null;
  const begin = () => {
    chosen.value = new Set();
    open.value = true;
  };
  const send = () => {
    open.value = false;
    void attempt(async () => {
      for (const second of chosen.value) await introduce(other.identity, second);
      toast(texts.introduced);
    });
  };
  return (
    <section>
      <button type="button" onClick={begin}>{texts.introduce(other.name)}</button>
      {open.value && (
        <Dialog title={texts.introduce(other.name)} onClose={() => { open.value = false; }}>
          <p>{texts.introduceText}</p>
          <People label={texts.introduceTo} people={others} chosen={chosen} />
          <button type="button" class="primary" disabled={chosen.value.size === 0} onClick={send}>{texts.introduceSend}</button>
        </Dialog>
      )}
    </section>
  );
}

function Parting({ other }: { readonly other: ContactView }) {
  const texts = t.value.person;
  const remove = async () => {
    if (!(await confirm({ title: texts.remove, text: texts.removeText(other.name), yes: texts.remove }))) return;
    await attempt(async () => {
      await removeContact(other.identity);
      go({ at: 'list' }, true);
    });
  };
  return (
    <section class="stacked">
      <button type="button" class="danger" onClick={() => void attempt(() => setBlocked(other.identity, !other.blocked))}>{other.blocked ? t.value.group.unblock : t.value.group.block}</button>
      {other.blocked && <p class="soft">{texts.blockedText}</p>}
      <button type="button" class="danger" onClick={() => void remove()}>{texts.remove}</button>
    </section>
  );
}
