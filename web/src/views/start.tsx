/** Before there is an account: with an invitation, with recovery words, or with another device. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { begin, linkThis, restore } from '../actions/account';
import { t } from '../i18n';
import { linkCheck } from '../store/data';
import { followed, nodeOf, settle, type Followed } from '../store/link';
import { wasHere } from '../store/marker';
import { go } from '../store/route';
import { attempt, faultText } from '../store/toasts';
import { LinkForm } from '../ui/link-form';
import { Field, IconButton, Page, Sign } from '../ui/parts';
import { Scanner } from '../ui/scanner';
import type { Trouble } from './trouble';

export function Start() {
  const texts = t.value.start;
  const leads = followed.value?.to;
  if (followed.value !== null && leads !== undefined && !('room' in leads)) return <Begin followed={followed.value} />;
  return (
    <main class="centered start">
      <Sign />
      <h1>{t.value.app}</h1>
      {wasHere() ? <Evicted /> : <p class="lead">{texts.tagline}</p>}
      {leads !== undefined && <p class="note" role="status">{t.value.join.roomFirst}</p>}
      <LinkForm label={texts.haveLink} />
      <button type="button" class={wasHere() ? 'primary' : ''} onClick={() => { go({ at: 'restore' }); }}>{texts.haveWords}</button>
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

function Begin({ followed: invitation }: { readonly followed: Followed }) {
  const texts = t.value.start;
  const [name, working] = [useSignal(''), useSignal(false)];
  const start = async (event: Event) => {
    event.preventDefault();
    working.value = true;
    await attempt(async () => {
      const group = await begin(invitation, name.value);
      settle();
      go(group === null || group === '' ? { at: 'list' } : { at: 'chat', group }, true);
    });
    working.value = false;
  };
  return (
    <main class="centered start">
      <Sign />
      <h1>{texts.invited}</h1>
      {wasHere() ? <Evicted /> : <p class="lead">{texts.invitedText}</p>}
      <form onSubmit={(event) => void start(event)}>
        <Field label={texts.yourName} autocomplete="nickname" required pattern=".*\S.*" maxLength={64} value={name.value} onInput={(event) => { name.value = event.currentTarget.value; }} />
        <button type="submit" class="primary" disabled={working.value}>{working.value ? texts.beginning : texts.begin}</button>
      </form>
      <button type="button" onClick={() => { go({ at: 'restore' }); }}>{texts.haveWords}</button>
      <button type="button" onClick={() => { go({ at: 'link' }); }}>{texts.haveDevice}</button>
      <p class="soft">{texts.privacy}</p>
    </main>
  );
}

export function Restore() {
  const texts = t.value.restore;
  const [words, node, working] = [useSignal(''), useSignal(followed.value === null ? defaultNode() : nodeOf(followed.value.to)), useSignal(false)];
  const trouble = useSignal<Trouble | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const come = async (event: Event) => {
    event.preventDefault();
    working.value = true;
    trouble.value = null;
    try {
      await restore(node.value, words.value);
      go({ at: 'list' }, true);
    } catch (error) {
      // Seldom needed: it comes when it is.
      trouble.value = await import('./trouble').then(({ troubleOf }) => troubleOf(error, field.current), () => ({ about: 'node', text: faultText(error) }));
    }
    working.value = false;
  };
  const about = trouble.value?.about;
  return (
    <Page title={texts.title} back={{ at: 'list' }}>
      <form class="padded" onSubmit={(event) => void come(event)}>
        <label class="field">
          <span>{texts.words}</span>
          <textarea ref={field} rows={3} dir="ltr" autocomplete="off" autocapitalize="none" spellcheck={false} aria-invalid={about === 'words'} value={words.value} onInput={(event) => { words.value = event.currentTarget.value; }} />
          <small>{texts.wordsHint}</small>
        </label>
        {about === 'words' && <p class="alarm" role="alert">{trouble.value?.text}</p>}
        <Field label={texts.node} hint={texts.nodeHint} inputMode="url" autocomplete="url" aria-invalid={about === 'node'} value={node.value} onInput={(event) => { node.value = event.currentTarget.value; }} />
        {about === 'node' && <p class="alarm" role="alert">{trouble.value?.text}</p>}
        <button type="submit" class="primary" disabled={working.value || words.value.trim() === ''}>{working.value ? t.value.loading : texts.go}</button>
      </form>
    </Page>
  );
}

export function LinkThis() {
  const texts = t.value.link;
  const scanned = followed.value !== null && 'device' in followed.value.to ? followed.value.link : '';
  const [code, working, scanning] = [useSignal(scanned), useSignal(false), useSignal(false)];
  useEffect(() => {
    if (scanned === '') return;
    settle();
    go({ at: 'link' }, true);
  }, []);
  const link = async () => {
    working.value = true;
    if (await attempt(() => linkThis(code.value))) go({ at: 'list' }, true);
    working.value = false;
    linkCheck.value = null;
  };
  const found = (text: string) => {
    code.value = text;
    void link();
  };
  return (
    <Page title={texts.title} back={{ at: 'list' }}>
      <form class="padded" onSubmit={(event) => { event.preventDefault(); void link(); }}>
        <p>{texts.text}</p>
        <div class="with-button">
          <Field label={texts.code} autocomplete="off" autocapitalize="none" spellcheck={false} value={code.value} onInput={(event) => { code.value = event.currentTarget.value; }} />
          <IconButton icon="scan" label={t.value.scan.title} onClick={() => { scanning.value = true; }} />
        </div>
        {linkCheck.value !== null && <p class="digits" role="status">{texts.check(linkCheck.value)}</p>}
        <button type="submit" class="primary" disabled={working.value || code.value.trim() === ''}>{working.value ? t.value.loading : texts.go}</button>
      </form>
      {scanning.value && <Scanner title={texts.title} onFound={found} close={() => { scanning.value = false; }} />}
    </Page>
  );
}

/** The node that the app came from, if it is one. */
function defaultNode(): string {
  return location.protocol.startsWith('http') ? location.origin : '';
}
