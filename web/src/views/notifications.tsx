/** Notifications, and the app on the device: what can be turned on, and what to do where it can't. */
import { useSignal } from '@preact/signals';
import { pushState, testPush, turnPushOff, turnPushOn, type TestOutcome } from '../actions/push';
import type { MeView } from '../api/types';
import { t } from '../i18n';
import { install, installWay, mayOffer, offerNoMore } from '../store/install';
import { attempt } from '../store/toasts';

export function Notifications({ mine }: { readonly mine: MeView }) {
  const texts = t.value.push;
  const [working, outcome] = [useSignal(false), useSignal<TestOutcome | null>(null)];
  const state = pushState.value;
  const able = state === 'on' || state === 'off';
  const during = async (action: () => Promise<unknown>) => {
    working.value = true;
    outcome.value = null;
    await attempt(action);
    working.value = false;
  };
  const turn = (on: boolean) => during(() => (on ? turnPushOn(mine.node) : turnPushOff()));
  return (
    <section>
      <h2>{texts.title}</h2>
      {able && <label class="switch"><input type="checkbox" checked={state === 'on'} disabled={working.value} onChange={(event) => void turn(event.currentTarget.checked)} /> {texts.on}</label>}
      <p class={able ? 'soft' : 'note'}>{able ? texts.text : texts[state === 'install first' ? 'installFirst' : state]}</p>
      {state === 'on' && <button type="button" disabled={working.value} onClick={() => void during(async () => { outcome.value = await testPush(); })}>{working.value ? texts.testing : texts.test}</button>}
      <p role="status">{outcome.value === null ? '' : texts.outcome[outcome.value]}</p>
      <InstallEntry />
    </section>
  );
}

function InstallEntry() {
  const texts = t.value.install;
  if (installWay.value === null) return null;
  return (
    <>
      <h2>{texts.title}</h2>
      {installWay.value === 'button' ? <button type="button" onClick={() => void attempt(install)}>{texts.install}</button> : <p>{texts.byHand}</p>}
    </>
  );
}

/** A hint at a good moment; never again after a no. */
export function InstallOffer() {
  const texts = t.value.install;
  if (!mayOffer.value) return null;
  return (
    <div class="cards">
      <section class="card" aria-label={texts.title}>
        <p>{installWay.value === 'button' ? texts.offer : texts.byHand}</p>
        <p class="answers">
          {installWay.value === 'button' && <button type="button" class="primary" onClick={() => void attempt(install)}>{texts.install}</button>}
          <button type="button" onClick={offerNoMore}>{texts.later}</button>
        </p>
      </section>
    </div>
  );
}
