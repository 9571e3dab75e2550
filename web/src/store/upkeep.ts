/** What is looked after at each opening of the app. */
import { repairPush } from '../actions/push';
import { coreState } from '../core';
import { t } from '../i18n';
import { me } from './data';
import { toast } from './toasts';

/** Looks after it once the account is there; of several tabs the one that leads. */
export function startUpkeep(): void {
  let done = false;
  me.subscribe((mine) => {
    const state = coreState.peek();
    if (done || mine === null || state.is !== 'running' || !state.leader) return;
    done = true;
    void repairPush(mine.node).then((repair) => { if (repair !== 'right') toast(t.peek().push.repair[repair], repair !== 'repaired'); }, () => undefined);
  });
}
