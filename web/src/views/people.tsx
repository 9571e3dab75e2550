import type { Signal } from '@preact/signals';
import type { ContactView } from '../api/types';
import { Avatar } from '../ui/parts';

/** Contacts of whom some are chosen. */
export function People({ label, people, chosen }: { readonly label: string; readonly people: readonly ContactView[]; readonly chosen: Signal<ReadonlySet<string>> }) {
  const set = (who: string, whether: boolean) => {
    const next = new Set(chosen.value);
    if (whether) next.add(who);
    else next.delete(who);
    chosen.value = next;
  };
  if (people.length === 0) return null;
  return (
    <fieldset class="people">
      <legend>{label}</legend>
      {people.map((found) => (
        <label key={found.identity} class="row">
          <Avatar name={found.name} picture={found.picture} />
          <span class="row-text" dir="auto">{found.name}</span>
          <input type="checkbox" checked={chosen.value.has(found.identity)} onChange={(event) => { set(found.identity, event.currentTarget.checked); }} />
        </label>
      ))}
    </fieldset>
  );
}
