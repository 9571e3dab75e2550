/** What the core warns of, in the person's language. */
import { t } from '../i18n';
import { worded } from '../i18n/warnings';
import { onEvent } from '../core';
import { toast } from './toasts';

export function warningText(warning: string): string {
  return worded(warning, t.value.warnings);
}

// What stays to be read stands at the top of the list; all else is said once.
onEvent((event) => { if (typeof event === 'object' && 'warning' in event) toast(warningText(event.warning), true); });
