/** What the node's doctor finds: it says so in English sentences, which other languages have a table for. */
import type { Finding } from '../api/types';
import { date, language, type Language } from './index';
import { translated, type Sentences } from './warnings';

/** The doctor's sentences in another language. */
export interface FindingTexts {
  /** For each check its name, and what it says and advises. */
  readonly checks: Readonly<Record<string, { readonly name: string; readonly says: Sentences }>>;
  /** What is filled in: causes, and what is damaged in the database. */
  readonly reasons: Sentences;
}

/** Only the owner's page needs these, and only once it looks for problems. */
const tables: Partial<Record<Language, () => Promise<FindingTexts>>> = { de: async () => (await import('./findings.de')).findings };

/** The sentences of the language that is shown; null if it has none, or they can't be loaded. */
export async function findingTexts(): Promise<FindingTexts | null> {
  return (await tables[language.value]?.().catch(() => null)) ?? null;
}

/** A finding in the language of these sentences. What is not among them stays as the doctor has it. */
export function wordedFinding(finding: Finding, texts: FindingTexts | null): Finding {
  const check = texts?.checks[finding.check];
  if (texts === null || check === undefined) return finding;
  const fill = (value: string) => filled(value, texts.reasons);
  const say = (text: string) => translated(text, check.says, fill) ?? fill(text);
  return { ...finding, check: check.name, text: say(finding.text), advice: finding.advice === null ? null : say(finding.advice) };
}

/** Times and sizes as the language writes them; reasons, several of which are told in a row, in its words. */
function filled(value: string, reasons: Sentences): string {
  if (/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) return date(Date.parse(value));
  const size = /^(\d+\.\d) ([KMGT]iB)$/.exec(value);
  if (size !== null) return `${new Intl.NumberFormat(language.value, { minimumFractionDigits: 1 }).format(Number(size[1]))} ${size[2] ?? ''}`;
  return value.split('; ').map((reason) => translated(reason, reasons) ?? reason).join('; ');
}
