/** That somebody writes is over some seconds after they stop. The core forgets it then, and says nothing of that: it is looked at once more. */
import { effect } from '@preact/signals';
import { conversations, refresh } from './data';

/** Milliseconds: a little more than the core holds one word of it (6 s). */
const OVER_AFTER = 6_500;

effect(() => {
  if (!conversations.value.some(({ typing }) => typing.length > 0)) return undefined;
  const timer = setTimeout(refresh, OVER_AFTER);
  return () => { clearTimeout(timer); };
});
