/** To whom something goes. */
import { useSignal, type Signal } from '@preact/signals';
import { t } from '../../i18n';
import { conversations } from '../../store/data';
import { Avatar } from '../../ui/parts';

/** Conversations of which some are chosen. */
export function ToWhom({ chosen }: { readonly chosen: Signal<ReadonlySet<string>> }) {
  const open = useSignal(false);
  const texts = t.value.picture;
  const all = conversations.value.filter((found) => found.standing === 'ready' && (!found.archived || chosen.value.has(found.id)));
  const names = all.filter((found) => chosen.value.has(found.id)).map((found) => found.title);
  const set = (group: string, whether: boolean) => {
    const next = new Set(chosen.value);
    if (whether) next.add(group);
    else next.delete(group);
    chosen.value = next;
  };
  return (
    <div class="to-whom">
      <button type="button" class="small" aria-expanded={open.value} onClick={() => { open.value = !open.value; }}>
        <span dir="auto">{names.length === 0 ? texts.nobody : texts.to(names.join(', '))}</span>
      </button>
      {open.value && (
        <fieldset class="people">
          <legend>{texts.whom}</legend>
          {all.map((found) => (
            <label key={found.id} class="row">
              <Avatar name={found.title} picture={found.picture} />
              <span class="row-text" dir="auto">{found.title}</span>
              <input type="checkbox" checked={chosen.value.has(found.id)} onChange={(event) => { set(found.id, event.currentTarget.checked); }} />
            </label>
          ))}
        </fieldset>
      )}
    </div>
  );
}
