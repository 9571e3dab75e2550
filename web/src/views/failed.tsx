import { eraseHere } from '../actions/account';
import type { CoreFailure } from '../core/rpc';
import { t } from '../i18n';
import { attempt } from '../store/toasts';
import { Sign } from '../ui/parts';

/** The core can't run here: why, and what to do. */
export function Failed({ why, detail }: { readonly why: CoreFailure; readonly detail: string }) {
  const texts = t.value.failed;
  const lost = why === 'damaged' || why === 'key';
  return (
    <main class="centered">
      <Sign />
      <h1>{texts.title}</h1>
      <p>{texts[why]}</p>
      {why === 'other' && <p class="soft">{detail}</p>}
      <button type="button" class="primary" onClick={() => { location.reload(); }}>{t.value.retry}</button>
      {lost && <button type="button" onClick={() => void attempt(eraseHere)}>{texts.erase}</button>}
    </main>
  );
}
