/** The recovery words: shown, printed, tried once, and then forgotten by this device. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { forgetWords, readWords } from '../actions/own';
import { fullDate, t } from '../i18n';
import { me } from '../store/data';
import { keptSince, markKept } from '../store/keeping';
import { go } from '../store/route';
import { attempt, toast } from '../store/toasts';
import { Field, Page } from '../ui/parts';
import { History } from './history';

/** How many of the words are asked for. */
const TRIED = 3;

export function Words() {
  const [texts, mine] = [t.value.settings, me.value];
  const [words, known, step] = [useSignal<string[] | null>(null), useSignal(false), useSignal<'hidden' | 'shown' | 'trying'>('hidden')];
  useEffect(() => void attempt(async () => {
    words.value = await readWords();
    known.value = true;
  }), []);
  return (
    <Page title={texts.words} back={{ at: 'settings' }}>
      <div class="padded words">
        <p>{texts.wordsText}</p>
        {known.value && words.value === null && <p class="soft">{keptSince.value === null ? texts.wordsElsewhere : texts.wordsKept(fullDate(keptSince.value))}</p>}
        {words.value !== null && step.value === 'hidden' && <button type="button" class="primary" onClick={() => { step.value = 'shown'; }}>{texts.wordsShow}</button>}
        {words.value !== null && step.value === 'shown' && <Shown words={words.value} next={() => { step.value = 'trying'; }} />}
        {words.value !== null && step.value === 'trying' && <Try words={words.value} back={() => { step.value = 'shown'; }} />}
        {mine !== null && step.value === 'hidden' && <History mine={mine} />}
      </div>
    </Page>
  );
}

function Shown({ words, next }: { readonly words: readonly string[]; readonly next: () => void }) {
  const texts = t.value.settings;
  return (
    <>
      <WordList words={words} />
      <div class="card-actions">
        <button type="button" class="primary" onClick={next}>{texts.wordsTry}</button>
        <button type="button" onClick={() => { print(); }}>{texts.wordsPrint}</button>
      </div>
      <Kit words={words} />
    </>
  );
}

function WordList({ words, kind = 'word-list' }: { readonly words: readonly string[]; readonly kind?: string }) {
  return <ol class={kind} dir="ltr" lang="en" translate={false}>{words.map((word, at) => <li key={at}>{word}</li>)}</ol>;
}

/** What is printed: all that is needed to come back, on one sheet. */
function Kit({ words }: { readonly words: readonly string[] }) {
  const texts = t.value.settings;
  return (
    <section class="kit" aria-hidden="true">
      <h2>{texts.kitTitle}</h2>
      <p>{texts.kitText}</p>
      <dl>
        <dt>{texts.name}</dt><dd dir="auto">{me.value?.name}</dd>
        <dt>{texts.node}</dt><dd dir="ltr">{me.value?.node}</dd>
        <dt>{texts.kitDate}</dt><dd>{fullDate(Date.now())}</dd>
      </dl>
      <WordList words={words} kind="kit-words" />
      <p>{texts.kitSecret}</p>
    </section>
  );
}

function Try({ words, back }: { readonly words: readonly string[]; readonly back: () => void }) {
  const texts = t.value.settings;
  const asked = useSignal(chosen(words.length, TRIED));
  const typed = useSignal<readonly string[]>(asked.value.map(() => ''));
  const look = async (event: Event) => {
    event.preventDefault();
    const wrong = asked.value.find((at, turn) => typed.value[turn]?.trim().toLowerCase() !== words[at]);
    if (wrong !== undefined) {
      toast(texts.wordsWrong(wrong + 1), true);
      return;
    }
    if (!(await attempt(forgetWords))) return;
    markKept();
    toast(texts.wordsRight);
    go({ at: 'settings' }, true);
  };
  const write = (turn: number, word: string) => { typed.value = typed.value.map((before, at) => (at === turn ? word : before)); };
  return (
    <form onSubmit={(event) => void look(event)}>
      <p>{texts.wordsTryHint}</p>
      {asked.value.map((at, turn) => (
        <Field key={at} label={texts.wordsTryText(at + 1)} dir="ltr" autocomplete="off" autocapitalize="none" spellcheck={false} value={typed.value[turn]} onInput={(event) => { write(turn, event.currentTarget.value); }} />
      ))}
      <div class="card-actions">
        <button type="submit" class="primary" disabled={typed.value.some((word) => word.trim() === '')}>{texts.wordsTryDone}</button>
        <button type="button" onClick={back}>{texts.wordsShowAgain}</button>
      </div>
    </form>
  );
}

/** Some of so many places, each once, in their order. */
function chosen(all: number, some: number): number[] {
  const places = Array.from({ length: all }, (_, at) => at);
  while (places.length > some) places.splice(Math.floor(Math.random() * places.length), 1);
  return places;
}
