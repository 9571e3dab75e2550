/** Asking before something that can't be taken back. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { t } from '../i18n';
import { route, type Route } from '../store/route';
import { Dialog } from './parts';

export interface Question {
  /** What is asked, and what happens after a yes. */
  readonly title: string;
  readonly text: string;
  /** The yes, by the name of what is done. */
  readonly yes: string;
}

const asked = signal<(Question & { readonly at: Route; readonly answer: (yes: boolean) => void }) | null>(null);

/** Asks one question over the page. Whether the person wants it; closing it is a no, and so is going elsewhere. */
export function confirm(question: Question): Promise<boolean> {
  asked.peek()?.answer(false);
  return new Promise((answer) => { asked.value = { ...question, at: route.peek(), answer }; });
}

/** Where the question is shown: once on each screen that may ask one. */
export function Confirm() {
  const [question, here] = [asked.value, route.value];
  useEffect(() => {
    if (question === null || question.at === here) return;
    asked.value = null;
    question.answer(false);
  }, [question, here]);
  if (question === null) return null;
  const answer = (yes: boolean) => {
    if (asked.peek() === question) asked.value = null;
    question.answer(yes);
  };
  return (
    <Dialog title={question.title} text={question.text} closing={false} onClose={() => { answer(false); }}>
      <div class="confirm">
        <button type="button" autofocus onClick={() => { answer(false); }}>{t.value.cancel}</button>
        <button type="button" class="primary danger" onClick={() => { answer(true); }}>{question.yes}</button>
      </div>
    </Dialog>
  );
}
