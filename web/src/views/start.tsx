/** Before there is an account: with an invitation, with recovery words, or with another device. */
import { useSignal } from '@preact/signals';
import { begin, linkThis, restore } from '../actions/account';
import { t } from '../i18n';
import { linkCheck } from '../store/data';
import { invited, readInvitation, type Invited } from '../store/invited';
import { wasHere } from '../store/marker';
import { go } from '../store/route';
import { attempt, toast } from '../store/toasts';
import { Field, Page, Sign } from '../ui/parts';

export function Start() {
  const texts = t.value.start;
  if (invited.value !== null) return <Begin invited={invited.value} />;
  const link = useSignal('');
  const open = (event: Event) => {
    event.preventDefault();
    invited.value = readInvitation(link.value);
    if (invited.value === null) toast(t.value.fault.link, true);
  };
  return (
    <main class="centered start">
      <Sign />
      <h1>{t.value.app}</h1>
      {wasHere() ? <Evicted /> : <p class="lead">{texts.tagline}</p>}
      <form onSubmit={open}>
        <Field label={texts.haveLink} placeholder="https://…/i#1.…" inputMode="url" autocomplete="off" value={link.value} onInput={(event) => { link.value = event.currentTarget.value; }} />
        <button type="submit" class="primary" disabled={link.value.trim() === ''}>{texts.open}</button>
      </form>
      <button type="button" onClick={() => { go({ at: 'restore' }); }}>{texts.haveWords}</button>
      <button type="button" onClick={() => { go({ at: 'link' }); }}>{texts.haveDevice}</button>
      <p class="soft">{texts.privacy}</p>
    </main>
  );
}

function Evicted() {
  return (
    <div class="note" role="alert">
      <p><strong>{t.value.restore.evicted}</strong></p>
      <p>{t.value.restore.evictedText}</p>
    </div>
  );
}

function Begin({ invited: invitation }: { readonly invited: Invited }) {
  const texts = t.value.start;
  const [name, working] = [useSignal(''), useSignal(false)];
  const start = async (event: Event) => {
    event.preventDefault();
    working.value = true;
    await attempt(async () => {
      const group = await begin(invitation, name.value);
      invited.value = null;
      go(group === null || group === '' ? { at: 'list' } : { at: 'chat', group }, true);
    });
    working.value = false;
  };
  return (
    <main class="centered start">
      <Sign />
      <h1>{texts.invited}</h1>
      <p class="lead">{texts.invitedText}</p>
      <form onSubmit={(event) => void start(event)}>
        <Field label={texts.yourName} autocomplete="nickname" maxLength={64} value={name.value} onInput={(event) => { name.value = event.currentTarget.value; }} />
        <button type="submit" class="primary" disabled={working.value}>{working.value ? texts.beginning : texts.begin}</button>
      </form>
      <button type="button" onClick={() => { go({ at: 'restore' }); }}>{texts.haveWords}</button>
      <p class="soft">{texts.privacy}</p>
    </main>
  );
}

export function Restore() {
  const texts = t.value.restore;
  const [words, node, working] = [useSignal(''), useSignal(invited.value?.node ?? defaultNode()), useSignal(false)];
  const come = async (event: Event) => {
    event.preventDefault();
    working.value = true;
    if (await attempt(() => restore(node.value, words.value))) go({ at: 'list' }, true);
    working.value = false;
  };
  return (
    <Page title={texts.title} back={{ at: 'list' }}>
      <form class="padded" onSubmit={(event) => void come(event)}>
        <label class="field">
          <span>{texts.words}</span>
          <textarea rows={3} autocomplete="off" autocapitalize="none" spellcheck={false} value={words.value} onInput={(event) => { words.value = event.currentTarget.value; }} />
          <small>{texts.wordsHint}</small>
        </label>
        <Field label={texts.node} hint={texts.nodeHint} inputMode="url" autocomplete="url" value={node.value} onInput={(event) => { node.value = event.currentTarget.value; }} />
        <button type="submit" class="primary" disabled={working.value || words.value.trim() === ''}>{working.value ? t.value.loading : texts.go}</button>
      </form>
    </Page>
  );
}

export function LinkThis() {
  const texts = t.value.link;
  const [code, working] = [useSignal(''), useSignal(false)];
  const ask = async (event: Event) => {
    event.preventDefault();
    working.value = true;
    if (await attempt(() => linkThis(code.value))) go({ at: 'list' }, true);
    working.value = false;
    linkCheck.value = null;
  };
  return (
    <Page title={texts.title} back={{ at: 'list' }}>
      <form class="padded" onSubmit={(event) => void ask(event)}>
        <p>{texts.text}</p>
        <Field label={texts.code} autocomplete="off" autocapitalize="none" spellcheck={false} value={code.value} onInput={(event) => { code.value = event.currentTarget.value; }} />
        {linkCheck.value !== null && <p class="digits" role="status">{texts.check(linkCheck.value)}</p>}
        <button type="submit" class="primary" disabled={working.value || code.value.trim() === ''}>{working.value ? t.value.loading : texts.go}</button>
      </form>
    </Page>
  );
}

/** The node that the app came from, if it is one. */
function defaultNode(): string {
  return location.protocol.startsWith('http') ? location.origin : '';
}
