import { useEffect } from 'preact/hooks';
import { Dialog, useObjectUrl } from '../ui/parts';

/** A picture over everything. `seconds`: it closes by itself after that. */
export function Viewer({ content, seconds, name, close }: { readonly content: Blob; readonly seconds: number | null; readonly name: string; readonly close: () => void }) {
  const url = useObjectUrl(content, content.type);
  useEffect(() => {
    if (seconds === null) return undefined;
    const timer = setTimeout(close, seconds * 1000);
    return () => { clearTimeout(timer); };
  }, [seconds]);
  return (
    <Dialog title={name} onClose={close}>
      {url !== null && <img class="viewed" src={url} alt={name} draggable={false} onContextMenu={(event) => { event.preventDefault(); }} />}
      {seconds !== null && <div class="countdown" ref={(bar) => { if (bar !== null) bar.style.animationDuration = `${seconds}s`; }} />}
    </Dialog>
  );
}
