import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { eraseHere } from '../actions/account';
import { readWords } from '../actions/own';
import type { CoreFailure } from '../core/rpc';
import { t } from '../i18n';
import { attempt } from '../store/toasts';
import { Dialog, Sign } from '../ui/parts';

/** The core can't run here: why, and what to do. */
export function Failed({ why, detail }: { readonly why: CoreFailure; readonly detail: string }) {
  const texts = t.value.failed;
  const lost = why === 'damaged' || why === 'key';
  return (
    <main class="centered">
      <Sign />
      <h1>{lost ? texts.lost : texts.title}</h1>
      <p>{texts[why]}</p>
      {why === 'other' && <p class="soft" dir="auto">{detail}</p>}
      <button type="button" class={lost ? '' : 'primary'} onClick={() => { location.reload(); }}>{t.value.retry}</button>
      {lost && <WayBack />}
    </main>
  );
}

/** What is here is of no use any more. The recovery words may still be here, and must not go with the rest unseen. */
function WayBack() {
  const texts = t.value.failed;
  const [words, sure] = [useSignal<string[] | null>(null), useSignal(false)];
  useEffect(() => void readWords().then((found) => { words.value = found; }, () => undefined), []);
  return (
    <>
      {words.value !== null && (
        <section class="note">
          <p>{texts.wordsHere}</p>
          <ol class="word-list" dir="ltr" lang="en" translate={false}>{words.value.map((word, at) => <li key={at}>{word}</li>)}</ol>
        </section>
      )}
      <button type="button" class="primary" onClick={() => { sure.value = true; }}>{texts.erase}</button>
      {sure.value && (
        <Dialog title={texts.erase} onClose={() => { sure.value = false; }}>
          <p>{texts.eraseText}</p>
          <button type="button" class="primary" onClick={() => void attempt(() => eraseHere('#/restore'))}>{t.value.start.haveWords}</button>
          <button type="button" onClick={() => void attempt(() => eraseHere('#/link'))}>{t.value.start.haveDevice}</button>
        </Dialog>
      )}
    </>
  );
}
