/** What is loaded when it is needed, what is shown until then, and what if it does not come. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useErrorBoundary, useLayoutEffect } from 'preact/hooks';
import { t } from '../i18n';
import { go } from '../store/route';
import { attempt, faultText, toast } from '../store/toasts';

/** Something that comes, or has failed. */
export interface Tried<T> {
  readonly found: T | null;
  /** Why it did not come. */
  readonly failed: { readonly error: unknown } | null;
  readonly again: () => void;
}

/** Loads something a page can't be without. */
export function useTried<T>(load: () => Promise<T>): Tried<T> {
  const [found, failed] = [useSignal<T | null>(null), useSignal<{ readonly error: unknown } | null>(null)];
  const again = () => {
    failed.value = null;
    load().then((value) => { found.value = value; }, (error: unknown) => {
      failed.value = { error };
      // What is there already stays; only the newer is missing.
      if (found.peek() !== null) toast(faultText(error), true);
    });
  };
  useEffect(again, []);
  return { found: found.value, failed: failed.value, again };
}

/** What `load` gives; `null` until it is there. For what a page can be without: that it failed is only said. */
export function useLoaded<T extends object>(load: () => Promise<T>): T | null {
  const found = useSignal<T | null>(null);
  useEffect(() => void attempt(async () => { found.value = await load(); }), []);
  return found.value;
}

/** In place of what is not there yet: that it comes, or why not, and another try. */
export function Coming({ tried }: { readonly tried: Tried<unknown> }) {
  if (tried.failed === null) return <p class="soft" role="status">{t.value.loading}</p>;
  return <Trouble title={t.value.trouble.notLoaded} why={faultText(tried.failed.error)} again={tried.again} />;
}

/** In place of a part of the app that did not come. A page that begins anew looks for all of them again, which a browser else might not. */
export function Unloaded() {
  return <Trouble alone title={t.value.trouble.notLoaded} why={t.value.failed.loading} again={() => { location.reload(); }} />;
}

/** A fault in one page must not end the others: it is said there, with a way on. `page`: which one; without, all of the app. */
export function Fence({ page, children }: { readonly page?: string; readonly children: ComponentChildren }) {
  const [error, reset] = useErrorBoundary((fault: unknown) => { console.error(fault); });
  useLayoutEffect(() => { if (error !== undefined) reset(); }, [page]);
  if (error === undefined) return <>{children}</>;
  if (page === undefined) return <main class="app"><Trouble alone title={t.value.failed.other} again={() => { location.reload(); }} /></main>;
  return <section class="page"><Trouble alone title={t.value.trouble.broken} why={t.value.trouble.brokenText} again={reset} leave /></section>;
}

/** Something that went wrong: what, and what one can do. `alone`: in place of a page, with its heading. */
export function Trouble({ title, why, again, leave = false, alone = false }: {
  readonly title: string;
  readonly why?: string;
  readonly again?: () => void;
  readonly leave?: boolean;
  readonly alone?: boolean;
}) {
  return (
    <div class="centered" role="alert">
      {alone ? <h1>{title}</h1> : <p><strong>{title}</strong></p>}
      {why !== undefined && <p class="soft">{why}</p>}
      <div class="card-actions">
        {again !== undefined && <button type="button" class="primary" onClick={again}>{t.value.retry}</button>}
        {leave && <button type="button" onClick={() => { go({ at: 'list' }); }}>{t.value.trouble.leave}</button>}
      </div>
    </div>
  );
}
