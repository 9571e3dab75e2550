/** One of several, as buttons that belong together: the arrow keys go from one to the next. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

export interface Choice<T> {
  readonly value: T;
  readonly name: string;
  /** Shown in place of the name. */
  readonly sign?: ComponentChildren;
}

export function Choices<T>({ label, choices, chosen, choose }: {
  readonly label: string;
  readonly choices: readonly Choice<T>[];
  readonly chosen: T;
  readonly choose: (value: T) => void;
}) {
  const group = useId();
  const same = (value: T) => JSON.stringify(value) === JSON.stringify(chosen);
  return (
    <fieldset class="choices">
      <legend class="hidden">{label}</legend>
      {choices.map(({ value, name, sign }) => (
        <label key={name} class="choice" title={sign === undefined ? undefined : name}>
          <input type="radio" name={group} checked={same(value)} aria-label={name} onChange={() => { choose(value); }} />
          <span>{sign ?? name}</span>
        </label>
      ))}
    </fieldset>
  );
}
