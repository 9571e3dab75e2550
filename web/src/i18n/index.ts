/** The language of the person. */
import { batch, computed, signal, type ReadonlySignal } from '@preact/signals';
import { en, type Texts } from './en';

/** Each by its own name. Those that are not shown are not loaded. */
const languages = {
  en: { name: 'English', direction: 'ltr', load: () => Promise.resolve(en) },
  de: { name: 'Deutsch', direction: 'ltr', load: async () => (await import('./de')).de },
} as const satisfies Record<string, { readonly name: string; readonly direction: 'ltr' | 'rtl'; readonly load: () => Promise<Texts> }>;

export type Language = keyof typeof languages;

const PLACE = 'tidings.language';
const shown = signal<Language>('en');
const texts = signal<Texts>(en);

/** Which language is shown. */
export const language: ReadonlySignal<Language> = shown;

/** Its texts: `t.value.list.title`. */
export const t: ReadonlySignal<Texts> = texts;

/** To which side it is read. */
export const direction = computed(() => languages[shown.value].direction);

export const allLanguages = Object.entries(languages).map(([code, { name }]) => ({ code: code as Language, name }));

/** Shows the language of the person, before anything is shown. Without it, when it can't be loaded, all is English. */
export async function startLanguage(): Promise<void> {
  await show(chosen()).catch(() => undefined);
}

export async function setLanguage(code: Language): Promise<void> {
  await show(code);
  localStorage.setItem(PLACE, code);
}

async function show(code: Language): Promise<void> {
  const loaded = await languages[code].load();
  batch(() => {
    shown.value = code;
    texts.value = loaded;
  });
}

function chosen(): Language {
  const known = (code: string | null | undefined): code is Language => code != null && code in languages;
  const kept = localStorage.getItem(PLACE);
  return known(kept) ? kept : (navigator.languages.map((code) => code.slice(0, 2)).find(known) ?? 'en');
}

/** A time of day today, a weekday in the last days, else a date. `at`: milliseconds. */
export function when(at: number, now = Date.now()): string {
  const age = now - at;
  const { today, week, year, older } = whens.value;
  if (new Date(at).toDateString() === new Date(now).toDateString()) return today.format(at);
  return (age > 0 && age < 6 * 86_400_000 ? week : age > 300 * 86_400_000 ? older : year).format(at);
}

const whens = computed(() => {
  const made = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(language.value, options);
  const day = { day: 'numeric', month: 'short' } as const;
  return { today: made({ hour: '2-digit', minute: '2-digit' }), week: made({ weekday: 'short' }), year: made(day), older: made({ ...day, year: 'numeric' }) };
});

/** Making one of these takes longer than all else about a message: one for each language. */
const times = computed(() => new Intl.DateTimeFormat(language.value, { hour: '2-digit', minute: '2-digit' }));
const days = computed(() => new Intl.DateTimeFormat(language.value, { weekday: 'long', day: 'numeric', month: 'long' }));

export function time(at: number): string {
  return times.value.format(at);
}

export function day(at: number): string {
  return days.value.format(at);
}

export function fullDate(at: number): string {
  return new Intl.DateTimeFormat(language.value, { dateStyle: 'long' }).format(at);
}

/** A span in words. `seconds`: how long. */
export function span(seconds: number): string {
  const units = [['week', 604_800], ['day', 86_400], ['hour', 3_600], ['minute', 60], ['second', 1]] as const;
  const [unit, size] = units.find(([, size]) => seconds >= size && seconds % size === 0) ?? units[4];
  return new Intl.NumberFormat(language.value, { style: 'unit', unit, unitDisplay: 'long' }).format(seconds / size);
}

/** A day with its year and time. */
export function date(at: number): string {
  return new Intl.DateTimeFormat(language.value, { dateStyle: 'medium', timeStyle: 'short' }).format(at);
}

/** Bytes, in the largest unit that leaves a number of at least one. */
export function size(bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return new Intl.NumberFormat(language.value, { style: 'unit', unit: units[power] ?? 'byte', unitDisplay: 'short', maximumFractionDigits: power > 1 ? 1 : 0 }).format(bytes / 1000 ** power);
}

/** Minutes and seconds of something that is heard. `length`: milliseconds. */
export function clock(length: number): string {
  const seconds = Math.round(length / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
