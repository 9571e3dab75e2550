/** Something came from another app: where does it go? */
import { useComputed, useSignal, type Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { isPicture } from '../actions/pictures';
import { sendShared, type Progress } from '../actions/share';
import type { ConversationView, Look } from '../api/types';
import { t } from '../i18n';
import { conversations } from '../store/data';
import { go } from '../store/route';
import { shared, takeShared, type Shared } from '../store/shared';
import { attempt, toast } from '../store/toasts';
import { asFile } from '../ui/as-file';
import { Choices, type Choice } from '../ui/choices';
import { Icon } from '../ui/icons';
import { Avatar, Page, useObjectUrl } from '../ui/parts';

/** Pictures that are shown before they are sent. */
const SHOWN_MAX = 6;
/** For how many seconds a picture can be seen, beside always and once. */
const SECONDS = [5, 30] as const;

export function Share() {
  useEffect(() => void attempt(takeShared), []);
  const what = shared.value;
  return (
    <Page title={t.value.shared.title} back={{ at: 'list' }}>
      <div class="padded">{what === null ? <p class="soft" role="status">{t.value.shared.nothing}</p> : <Choosing what={what} />}</div>
    </Page>
  );
}

function Choosing({ what }: { readonly what: Shared }) {
  const texts = t.value.shared;
  const [chosen, look, working] = [useSignal<ReadonlySet<string>>(new Set()), useSignal<Look>('keep'), useSignal(false)];
  const progress = useRef<Progress>(new Map());
  const send = async () => {
    const groups = [...chosen.value];
    const [only] = groups;
    working.value = true;
    const done = await attempt(() => sendShared(what, groups, look.value, progress.current, asFile));
    working.value = false;
    if (!done || only === undefined) return;
    shared.value = null;
    if (groups.length > 1) toast(what.text === '' ? texts.sent(groups.length) : texts.drafts);
    go(groups.length === 1 ? { at: 'chat', group: only } : { at: 'list' }, true);
  };
  const cancel = () => {
    shared.value = null;
    go({ at: 'list' }, true);
  };
  return (
    <>
      <What what={what} />
      {what.files.some(isPicture) && <Looks look={look} />}
      <Where chosen={chosen} />
      <div class="answers bottom">
        <button type="button" class="primary" disabled={working.value || chosen.value.size === 0} onClick={() => void send()}>{working.value ? t.value.loading : what.files.length > 0 ? t.value.send : texts.put}</button>
        <button type="button" onClick={cancel}>{t.value.cancel}</button>
      </div>
    </>
  );
}

function What({ what }: { readonly what: Shared }) {
  const pictures = what.files.filter(isPicture);
  const others = what.files.filter((file) => !isPicture(file));
  const more = pictures.length - SHOWN_MAX;
  return (
    <section>
      {what.text !== '' && <blockquote class="quote" dir="auto">{what.text}</blockquote>}
      {pictures.length > 0 && (
        <ul class="previews">
          {pictures.slice(0, SHOWN_MAX).map((file, at) => <Preview key={at} file={file} />)}
          {more > 0 && <li>+{more}</li>}
        </ul>
      )}
      {others.length > 0 && <ul>{others.map((file, at) => <li key={at} class="file-name"><Icon name="file" /> <span dir="auto">{file.name}</span></li>)}</ul>}
    </section>
  );
}

function Preview({ file }: { readonly file: File }) {
  const url = useObjectUrl(file, file.type);
  return <li>{url !== null && <img src={url} alt={file.name} />}</li>;
}

function Looks({ look }: { readonly look: Signal<Look> }) {
  const texts = t.value.chat;
  const choices: Choice<Look>[] = [{ value: 'keep', name: texts.keep }, { value: 'once', name: texts.once }, ...SECONDS.map((seconds) => ({ value: { seconds }, name: texts.seconds(seconds) }))];
  return <Choices label={texts.view} choices={choices} chosen={look.value} choose={(next) => { look.value = next; }} />;
}

function Where({ chosen }: { readonly chosen: Signal<ReadonlySet<string>> }) {
  const sought = useSignal('');
  const able = useComputed(() => conversations.value.filter((found) => found.standing === 'ready'));
  const shown = useComputed(() => {
    const words = sought.value.trim().toLocaleLowerCase();
    return able.value.filter((found) => chosen.value.has(found.id) || found.title.toLocaleLowerCase().includes(words));
  });
  return (
    <fieldset class="people">
      <legend>{t.value.shared.where}</legend>
      <label class="search">
        <Icon name="search" />
        <input type="search" placeholder={t.value.list.search} aria-label={t.value.list.search} value={sought.value} onInput={(event) => { sought.value = event.currentTarget.value; }} />
      </label>
      {shown.value.map((found) => <Place key={found.id} found={found} chosen={chosen} />)}
      {shown.value.length === 0 && <p class="soft">{t.value.list.nothingFound}</p>}
    </fieldset>
  );
}

function Place({ found, chosen }: { readonly found: ConversationView; readonly chosen: Signal<ReadonlySet<string>> }) {
  const set = (whether: boolean) => {
    const next = new Set(chosen.value);
    if (whether) next.add(found.id);
    else next.delete(found.id);
    chosen.value = next;
  };
  return (
    <label class="row">
      <Avatar name={found.title} picture={found.picture} />
      <span class="row-text" dir="auto">{found.title}</span>
      <input type="checkbox" checked={chosen.value.has(found.id)} onChange={(event) => { set(event.currentTarget.checked); }} />
    </label>
  );
}
