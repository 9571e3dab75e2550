/** Small parts that pages are made of. */
import { signal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { t } from '../i18n';
import { go, type Route } from '../store/route';
import { heading } from '../store/title';
import { toasts } from '../store/toasts';
import { Icon, type IconName } from './icons';

/** A picture of somebody, or the first letter of their name. */
export function Avatar({ name, picture, large = false }: { readonly name: string; readonly picture?: Uint8Array | null | undefined; readonly large?: boolean }) {
  const url = useObjectUrl(picture ?? null, 'image/jpeg');
  const hue = [...name].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 12, 0);
  return (
    <span class={`avatar tint-${hue}${large ? ' large' : ''}`} aria-hidden="true">
      {url === null ? [...name.trim()][0]?.toUpperCase() ?? '?' : <img src={url} alt="" />}
    </span>
  );
}

/** A URL for bytes, as long as the part is there. */
export function useObjectUrl(content: Uint8Array | Blob | null, kind: string): string | null {
  const url = useMemo(() => {
    if (content === null || (content instanceof Uint8Array && content.length === 0)) return null;
    const blob = content instanceof Blob ? content : new Blob([content as Uint8Array<ArrayBuffer>], { type: kind });
    return URL.createObjectURL(blob);
  }, [content, kind]);
  useEffect(() => () => { if (url !== null) URL.revokeObjectURL(url); }, [url]);
  return url;
}

export function IconButton({ icon, label, onClick, flip = false, disabled = false }: {
  readonly icon: IconName;
  readonly label: string;
  readonly onClick: () => void;
  readonly flip?: boolean;
  readonly disabled?: boolean;
}) {
  return (
    <button type="button" class="icon-button" aria-label={label} title={label} onClick={onClick} disabled={disabled}>
      <Icon name={icon} flip={flip} />
    </button>
  );
}

/** A page with a bar at its top. `back`: where the way back leads; `name`: what it is called where there is only text, if the title is more. */
export function Page({ title, name = title, back, actions, children, labelled = true }: {
  readonly title: ComponentChildren;
  readonly name?: ComponentChildren;
  readonly back?: Route;
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
  readonly labelled?: boolean;
}) {
  const page = useRef<HTMLElement>(null);
  useEffect(() => { focusHere(page.current); }, []);
  const called = typeof name === 'string' ? name : '';
  useLayoutEffect(() => {
    heading.value = called;
    return () => { heading.value = ''; };
  }, [called]);
  return (
    <section class="page" ref={page}>
      <header class={back?.at === 'list' ? 'bar beside-list' : 'bar'}>
        {back !== undefined && <IconButton icon="back" flip label={t.value.back} onClick={() => { go(back); }} />}
        {labelled ? <h1>{title}</h1> : title}
        <div class="actions">{actions}</div>
      </header>
      {children}
    </section>
  );
}

/** Whoever came to a page by something that is not there any more goes on at its heading. */
function focusHere(page: HTMLElement | null): void {
  const focused = document.activeElement;
  if (focused !== null && focused !== document.body && focused.getClientRects().length > 0) return;
  const heading = page?.querySelector('h1');
  if (heading == null) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

/** A text field with its name above it. */
export function Field({ label, hint, ...rest }: { readonly label: string; readonly hint?: string } & JSX.IntrinsicElements['input']) {
  return (
    <label class="field">
      <span>{label}</span>
      <input {...rest} />
      {hint !== undefined && <small>{hint}</small>}
    </label>
  );
}

/** Something over the page. Closed by Escape; what was focused before is focused again. `text`: read with the title; `closing`: whether it has a button for that. */
export function Dialog({ title, text, closing = true, onClose, children }: {
  readonly title: string;
  readonly text?: string;
  readonly closing?: boolean;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const about = useId();
  // At once: a key that is pressed next belongs to the question already.
  useLayoutEffect(() => {
    const [element, before] = [dialog.current, document.activeElement];
    element?.showModal();
    // However it ends, what was focused before is focused again.
    return () => {
      element?.close();
      const lost = document.activeElement === null || document.activeElement === document.body;
      if (lost && before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <dialog ref={dialog} class="sheet" aria-label={title} aria-describedby={text === undefined ? undefined : about} onClose={onClose} onClick={(event) => { if (event.target === dialog.current) dialog.current?.close(); }}>
      <div class="sheet-inside">
        <header class="bar">
          <h2>{title}</h2>
          {closing && <div class="actions"><IconButton icon="close" label={t.value.close} onClick={() => dialog.current?.close()} /></div>}
        </header>
        {text !== undefined && <p id={about}>{text}</p>}
        {children}
      </div>
      <Toasts />
    </dialog>
  );
}

/** Where messages can be shown, the topmost last: a dialog leaves all that is below it without a voice. */
const places = signal<readonly object[]>([]);

/** Short messages; read out as they come. Every modal dialog has a place for them, as the page does. */
export function Toasts() {
  const place = useMemo(() => ({}), []);
  useLayoutEffect(() => {
    places.value = [...places.peek(), place];
    return () => { places.value = places.peek().filter((other) => other !== place); };
  }, []);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {places.value.at(-1) === place && toasts.value.map((toast) => (
        <p key={toast.number} class={toast.alarming ? 'toast alarming' : 'toast'}>{toast.text}</p>
      ))}
    </div>
  );
}

/** The app's sign. */
export function Sign() {
  return <img class="sign" src="/icons/icon.svg" alt="" width="72" height="72" />;
}

/** Copies or shares a text, whichever the device can do. */
export async function shareText(text: string): Promise<'shared' | 'copied'> {
  if (navigator.share !== undefined && matchMedia('(pointer: coarse)').matches) {
    await navigator.share({ text }).catch(() => undefined);
    return 'shared';
  }
  await navigator.clipboard.writeText(text);
  return 'copied';
}
