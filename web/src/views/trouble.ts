/** What stands against coming back by the words: said beside what it is about. */
import { t } from '../i18n';
import { phraseFault, phraseSaid, rangeOf, type PhraseFault } from '../i18n/phrase';
import { faultText, isFault } from '../store/toasts';

export interface Trouble {
  readonly about: 'words' | 'node';
  readonly text: string;
}

/** A word that is none is selected where it was typed: what is typed next takes its place. */
export function troubleOf(error: unknown, field: HTMLTextAreaElement | null): Trouble {
  if (isFault(error, 'offline')) return { about: 'node', text: t.peek().restore.unreachable };
  const said = phraseSaid(error);
  if (said === null) return { about: 'node', text: faultText(error) };
  const fault = phraseFault(said);
  const range = typeof fault === 'object' && 'place' in fault ? rangeOf(field?.value ?? '', fault.place) : null;
  if (range !== null) field?.setSelectionRange(...range);
  field?.focus();
  return { about: 'words', text: phraseText(fault) };
}

function phraseText(fault: PhraseFault): string {
  const texts = t.peek().restore;
  if (typeof fault !== 'object') return fault === 'together' ? texts.wrongTogether : t.peek().fault.phrase;
  if ('count' in fault) return texts.wrongCount(fault.count);
  return fault.like === null ? texts.wrongWord(fault.place, fault.word) : texts.wrongLike(fault.place, fault.word, fault.like);
}
