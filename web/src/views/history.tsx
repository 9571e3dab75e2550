/** How much of what was said the recovery words bring back. */
import { setHistory } from '../actions/own';
import type { KeepHistory, MeView } from '../api/types';
import { t } from '../i18n';
import { attempt } from '../store/toasts';

/** Days that can be chosen, beside nothing and everything. */
const DAYS = [30, 365] as const;

export function History({ mine }: { readonly mine: MeView }) {
  const texts = t.value.settings;
  const other = typeof mine.history === 'object' && !DAYS.some((days) => days === daysOf(mine.history)) ? [mine.history] : [];
  const choices: readonly KeepHistory[] = ['nothing', ...DAYS.map((days) => ({ days })), ...other, 'all'];
  const set = (at: number) => {
    const chosen = choices[at];
    if (chosen !== undefined) void attempt(() => setHistory(chosen));
  };
  return (
    <label class="field">
      <span>{texts.history}</span>
      <select value={choices.findIndex((choice) => JSON.stringify(choice) === JSON.stringify(mine.history))} onChange={(event) => { set(Number(event.currentTarget.value)); }}>
        {choices.map((choice, at) => <option key={at} value={at}>{named(choice)}</option>)}
      </select>
      <small>{mine.history === 'nothing' ? texts.historyNone : texts.historyText}</small>
    </label>
  );
}

function daysOf(history: KeepHistory): number | null {
  return typeof history === 'object' ? history.days : null;
}

function named(history: KeepHistory): string {
  const texts = t.value.settings;
  if (history === 'nothing') return texts.historyNothing;
  return history === 'all' ? texts.historyAll : texts.historyDays(history.days);
}
