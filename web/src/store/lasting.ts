/** At each opening with an account: it is noted that there is one, and the browser is asked to keep it. */
import { coreState } from '../core';
import { markAccount } from './marker';

let asked = false;

coreState.subscribe((state) => {
  if (asked || state.is !== 'running' || !state.account) return;
  asked = true;
  // In some browsers what a script notes lasts for a week.
  markAccount();
  // Most say no at first, and yes to whom they know. Firefox asks the person, where once is enough.
  if (!navigator.userAgent.includes('Firefox')) void persist().catch(() => false);
});

async function persist(): Promise<boolean> {
  return (await navigator.storage.persisted()) || navigator.storage.persist();
}
