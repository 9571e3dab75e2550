/** The recovery words: shown, printed, tried once, and then forgotten by this device. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { forgetWords, readWords } from '../actions/own';
import { t } from '../i18n';
import { me } from '../store/data';
import { attempt, toast } from '../store/toasts';
import { go } from '../store/route';
import { Field, Page } from '../ui/parts';

export function Words() {
  const texts = t.value.settings;
  const [words, shown, trying] = [useSignal<string[] | null>(null), useSignal(false), useSignal(false)];
  useEffect(() => void attempt(async () => { words.value = await readWords(); }), []);
  return (
    <Page title={texts.words} back={{ at: 'settings' }}>
      <div class="padded words">
        <p>{texts.wordsText}</p>
        {words.value !== null && !shown.value && <button type="button" class="primary" onClick={() => { shown.value = true; }}>{texts.wordsShow}</button>}
        {words.value !== null && shown.value && !trying.value && (
          <>
            <ol class="word-list" translate={false}>{words.value.map((word, at) => <li key={at}>{word}</li>)}</ol>
            <p class="soft print-only" dir="ltr">{me.value?.node}</p>
            <button type="button" onClick={() => { print(); }}>{texts.wordsPrint}</button>
            <button type="button" class="primary" onClick={() => { trying.value = true; }}>{texts.wordsTry}</button>
          </>
        )}
        {words.value !== null && trying.value && <Try words={words.value} />}
      </div>
    </Page>
  );
}

function Try({ words }: { readonly words: readonly string[] }) {
  const texts = t.value.settings;
  const [at, word] = [useSignal(Math.floor(Math.random() * words.length)), useSignal('')];
  const look = async (event: Event) => {
    event.preventDefault();
    if (word.value.trim().toLowerCase() !== words[at.value]) {
      toast(texts.wordsWrong, true);
      return;
    }
    await attempt(forgetWords);
    toast(texts.wordsRight);
    go({ at: 'settings' }, true);
  };
  return (
    <form onSubmit={(event) => void look(event)}>
      <Field label={texts.wordsTryText(at.value + 1)} autocomplete="off" autocapitalize="none" spellcheck={false} value={word.value} onInput={(event) => { word.value = event.currentTarget.value; }} />
      <button type="submit" class="primary">{texts.wordsTry}</button>
    </form>
  );
}
