/** Light or dark. */
import { signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';

const PLACE = 'tidings.theme';
const kept = localStorage.getItem(PLACE);

export const theme = signal<Theme>(kept === 'light' || kept === 'dark' ? kept : 'system');

theme.subscribe((chosen) => {
  if (chosen === 'system') localStorage.removeItem(PLACE);
  else localStorage.setItem(PLACE, chosen);
  document.documentElement.dataset['theme'] = chosen;
});
