/** Files that are dragged into the app: a conversation takes them, wherever they are dropped on it; nothing else does. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

/** Whether what is dragged are files, and not a text or a link. */
function hasFiles({ dataTransfer }: DragEvent): boolean {
  return dataTransfer?.types.includes('Files') === true;
}

/** Files that are dropped where nobody takes them would be opened instead of the app. */
export function refuseDrops(): void {
  const refuse = (event: DragEvent) => {
    if (!hasFiles(event) || event.defaultPrevented) return;
    event.preventDefault();
    if (event.dataTransfer !== null) event.dataTransfer.dropEffect = 'none';
  };
  addEventListener('dragover', refuse);
  addEventListener('drop', refuse);
}

/** Takes files that are dropped on the page that this part is on. Whether some are held above it. */
export function useDrop(part: { readonly current: HTMLElement | null }, take: (files: readonly File[]) => void): boolean {
  const over = useSignal(false);
  const taker = useRef(take);
  taker.current = take;
  useEffect(() => {
    const page = part.current?.closest<HTMLElement>('.page');
    if (page == null) return undefined;
    const ending = new AbortController();
    const listen = (kind: 'dragover' | 'dragleave' | 'drop', heard: (event: DragEvent) => void) => { page.addEventListener(kind, heard, { signal: ending.signal }); };
    listen('dragover', (event) => {
      // Not above what stands over the page.
      if (!hasFiles(event) || isInDialog(event)) return;
      event.preventDefault();
      over.value = true;
    });
    listen('dragleave', ({ relatedTarget }) => { over.value = relatedTarget instanceof Node && page.contains(relatedTarget); });
    listen('drop', (event) => {
      over.value = false;
      if (!hasFiles(event) || isInDialog(event)) return;
      event.preventDefault();
      taker.current([...(event.dataTransfer?.files ?? [])]);
    });
    return () => { ending.abort(); };
  }, []);
  return over.value;
}

function isInDialog({ target }: DragEvent): boolean {
  return target instanceof Element && target.closest('dialog') !== null;
}
