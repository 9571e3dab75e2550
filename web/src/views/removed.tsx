import { useSignal } from '@preact/signals';
import { eraseHere } from '../actions/account';
import { t } from '../i18n';
import { attempt } from '../store/toasts';
import { Confirm, confirm } from '../ui/confirm';
import { Sign } from '../ui/parts';

/** Another device of the same person has removed this one: nothing comes here any more. */
export function Removed() {
  const texts = t.value.removed;
  const working = useSignal(false);
  const erase = async () => {
    if (!(await confirm({ title: texts.eraseTitle, text: texts.eraseText, yes: texts.eraseYes }))) return;
    working.value = true;
    await attempt(eraseHere);
    working.value = false;
  };
  return (
    <main class="centered">
      <Sign />
      <h1>{texts.title}</h1>
      <p>{texts.text}</p>
      <p class="soft">{texts.back}</p>
      <button type="button" class="primary" disabled={working.value} onClick={() => void erase()}>{texts.erase}</button>
      <Confirm />
    </main>
  );
}
