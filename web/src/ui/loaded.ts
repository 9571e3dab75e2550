/** Parts that are loaded when they are needed. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { attempt } from '../store/toasts';

/** What `load` gives; `null` until it is there. */
export function useLoaded<T extends object>(load: () => Promise<T>): T | null {
  const found = useSignal<T | null>(null);
  useEffect(() => void attempt(async () => { found.value = await load(); }), []);
  return found.value;
}
