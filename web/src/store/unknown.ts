/** Whether the home node knows the account still. Nothing in what the core tells says so by itself: it is asked. */
import { signal } from '@preact/signals';
import { look, onEvent } from '../core';
import { hasAccount } from './data';

/** Milliseconds between two looks while the page is looked at. */
const LOOK_EVERY = 15_000;

/** The node refuses this device again and again: its owner has deleted the account, or the node has lost what it kept. */
export const unknownAtHome = signal(false);

/** Follows it from now on. Gives what ends that. */
export function followUnknown(): () => void {
  const again = () => {
    if (document.visibilityState !== 'visible' || hasAccount.peek() !== true) return;
    void look<boolean>('isUnknownAtHome').then((unknown) => { unknownAtHome.value = unknown; }, () => undefined);
  };
  const timer = setInterval(again, LOOK_EVERY);
  const stop = onEvent((event) => { if (typeof event === 'object' && 'connection' in event) again(); });
  again();
  return () => {
    clearInterval(timer);
    stop();
  };
}
