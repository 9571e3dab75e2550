/** A picture over everything else. */
import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { saveAs } from '../actions/files';
import { t } from '../i18n';
import { attempt } from '../store/toasts';
import { closeViewed, type Viewed } from '../store/viewing';
import { IconButton, useObjectUrl } from '../ui/parts';

/** What is kept can be enlarged, saved and shared; the rest can only be looked at, for as long as it may be. */
export function Viewer({ viewed }: { readonly viewed: Viewed }) {
  const { content, look, by } = viewed;
  const [dialog, stage, large] = [useRef<HTMLDialogElement>(null), useRef<HTMLDivElement>(null), useSignal(false)];
  const url = useObjectUrl(content, content.type);
  const kept = look === 'keep';
  const close = () => dialog.current?.close();
  useModal(dialog, viewed.message);
  useEffect(() => {
    if (typeof look !== 'object') return undefined;
    const timer = setTimeout(close, look.seconds * 1000);
    return () => { clearTimeout(timer); };
  }, []);
  // Its middle first.
  useEffect(() => {
    const { current } = stage;
    if (current !== null && large.value) current.scrollTo((current.scrollWidth - current.clientWidth) / 2, (current.scrollHeight - current.clientHeight) / 2);
  }, [large.value]);
  const grow = () => { if (kept) large.value = !large.value; };
  const menu = (event: Event) => { if (!kept) event.preventDefault(); };
  return (
    <dialog ref={dialog} class="viewer" aria-label={by} onClose={closeViewed}>
      <header class="bar">
        <h2 dir="auto">{by}</h2>
        <div class="actions">
          {kept && <Keeping viewed={viewed} large={large.value} grow={grow} />}
          <IconButton icon="close" label={t.value.close} onClick={close} />
        </div>
      </header>
      <div ref={stage} class={`viewer-stage${large.value ? ' large' : ''}`} tabIndex={large.value ? 0 : -1}>
        {url !== null && <img class={kept ? 'viewed' : 'viewed fleeting'} src={url} alt={by} draggable={kept} onContextMenu={menu} onDblClick={grow} />}
      </div>
      {typeof look === 'object' && <div class="countdown" ref={(bar) => { if (bar !== null) bar.style.animationDuration = `${look.seconds}s`; }} />}
    </dialog>
  );
}

function Keeping({ viewed, large, grow }: { readonly viewed: Viewed; readonly large: boolean; readonly grow: () => void }) {
  const { name, content } = viewed;
  const file = new File([content], name, { type: content.type });
  const shares = 'canShare' in navigator && navigator.canShare({ files: [file] });
  const share = () => attempt(() => navigator.share({ files: [file] }).catch((error: unknown) => {
    // Whoever thinks better of it has seen nothing fail.
    if (!(error instanceof DOMException && error.name === 'AbortError')) throw error;
  }));
  return (
    <>
      <IconButton icon={large ? 'minus' : 'plus'} label={large ? t.value.chat.smaller : t.value.chat.larger} onClick={grow} />
      {shares && <IconButton icon="share" label={t.value.share} onClick={() => void share()} />}
      <IconButton icon="save" label={t.value.save} onClick={() => { saveAs(name, content); }} />
    </>
  );
}

/** Opens it over the page. What was focused before is focused again; if that is gone, the message is. */
function useModal(dialog: { readonly current: HTMLDialogElement | null }, message: string): void {
  useLayoutEffect(() => {
    const [element, before] = [dialog.current, document.activeElement];
    element?.showModal();
    return () => {
      element?.close();
      if (document.activeElement !== null && document.activeElement !== document.body) return;
      const row = document.querySelector<HTMLElement>(`[data-id='${CSS.escape(message)}']`);
      if (before instanceof HTMLElement && before.isConnected && before !== document.body) before.focus({ preventScroll: true });
      else row?.focus({ preventScroll: true });
    };
  }, []);
}
