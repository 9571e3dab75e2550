/** A public channel: everybody can read it, nothing of it is kept. */
import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { leaveChannel, sayInChannel } from '../actions/places';
import { t, time } from '../i18n';
import { channel, openChannel, seen, type Line } from '../store/channels';
import { me } from '../store/data';
import { go } from '../store/route';
import { attempt } from '../store/toasts';
import { Icon } from '../ui/icons';
import { Page } from '../ui/parts';

/** Pixels from the end within which new lines are followed. */
const NEAR = 120;

export function Channel({ name }: { readonly name: string }) {
  const texts = t.value.channel;
  useEffect(() => {
    openChannel.value = name;
    seen(name);
    return () => { openChannel.value = null; };
  }, [name]);
  const leave = () => attempt(async () => {
    await leaveChannel(name);
    go({ at: 'list' }, true);
  });
  return (
    <Page title={`#${name}`} back={{ at: 'list' }} actions={<button type="button" class="small" onClick={() => void leave()}>{texts.leave}</button>}>
      <p class="note">{texts.public}</p>
      <Lines lines={channel(name).lines} />
      <Say name={name} />
    </Page>
  );
}

function Lines({ lines }: { readonly lines: readonly Line[] }) {
  const texts = t.value.channel;
  const [place, following] = [useRef<HTMLDivElement>(null), useRef(true)];
  useLayoutEffect(() => {
    if (place.current !== null && following.current) place.current.scrollTop = place.current.scrollHeight;
  });
  const scrolled = () => {
    const element = place.current;
    if (element !== null) following.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
  };
  return (
    <div class="log" ref={place} onScroll={scrolled} role="log" aria-label={t.value.chat.log} tabIndex={0}>
      <ol>
        {lines.length === 0 && <li class="notice">{texts.empty}</li>}
        {lines.map((line, at) => <Said key={`${line.at} ${at}`} line={line} />)}
      </ol>
    </div>
  );
}

function Said({ line }: { readonly line: Line }) {
  const mine = line.mine === true;
  if (line.missed !== undefined) return <li class="notice">{t.value.chat.gap(line.missed)}</li>;
  return (
    <li class={mine ? 'message mine' : 'message'}>
      <div class="bubble">
        <span class="hidden">{mine ? t.value.you : line.from}</span>
        {!mine && <strong class="sender" dir="auto" aria-hidden="true">{line.from}</strong>}
        <p class="text" dir="auto">{line.text}</p>
        <span class="foot"><time dateTime={new Date(line.at).toISOString()}>{time(line.at)}</time></span>
      </div>
    </li>
  );
}

function Say({ name }: { readonly name: string }) {
  const texts = t.value.channel;
  const text = useSignal('');
  const say = async (event: Event) => {
    event.preventDefault();
    const said = text.value.trim();
    if (said === '') return;
    text.value = '';
    const done = await attempt(() => sayInChannel(name, said, me.value?.name ?? ''));
    if (!done && text.value === '') text.value = said;
  };
  const key = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || matchMedia('(pointer: coarse)').matches) return;
    void say(event);
  };
  return (
    <form class="composer" onSubmit={(event) => void say(event)}>
      <textarea rows={1} dir="auto" placeholder={texts.write} aria-label={texts.write} value={text.value} onInput={(event) => { text.value = event.currentTarget.value; }} onKeyDown={key} />
      <button type="submit" class="send" aria-label={t.value.send} disabled={text.value.trim() === ''}><Icon name="send" flip /></button>
    </form>
  );
}
