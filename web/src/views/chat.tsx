/** One conversation. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ConversationView, MessageView } from '../api/types';
import { span, t } from '../i18n';
import { conversation } from '../store/data';
import { arrived, closeLog, log, openLog, openLogAt } from '../store/messages';
import { go } from '../store/route';
import { attempt, toast } from '../store/toasts';
import { useLoaded } from '../ui/loaded';
import { NotHere } from '../ui/not-here';
import { Avatar, IconButton, Page } from '../ui/parts';
import { lineOf } from '../ui/said';
import { Composer } from './composer';
import { Log } from './log';
import { Queue } from './queue';
import { Locked } from './room';
import { Standing } from './standing';

/** What the composer is about: a reply, or a change. */
export type Draft = { readonly kind: 'reply' | 'edit'; readonly message: MessageView } | null;

/** A conversation; at one of its messages, if the address names one. */
export function Chat({ to }: { readonly to: { readonly group: string; readonly message?: string } }) {
  const { group } = to;
  const found = conversation(group);
  const [draft, searching] = [useSignal<Draft>(null), useSignal(false)];
  const known = found !== undefined;
  useEffect(() => () => { closeLog(group); }, [group]);
  useEffect(() => { if (known) void attempt(() => show(group, to.message)); }, [to, known]);
  if (found === undefined) return <NotHere group={group} />;
  return (
    <Page
      back={{ at: 'list' }}
      labelled={false}
      name={found.title}
      title={<Title found={found} />}
      actions={<Actions group={group} search={() => { searching.value = !searching.value; }} />}
    >
      {searching.value && <Search group={group} close={() => { searching.value = false; }} />}
      <Log found={found} draft={draft} />
      <Arrived />
      <Standing found={found} />
      {found.standing === 'locked' && <Locked group={found.id} />}
      <Queue group={group} />
      {found.standing === 'ready' && <Composer found={found} draft={draft} />}
    </Page>
  );
}

/** Opens it where one wants to be; what is open already stays as it is. */
async function show(group: string, message: string | undefined): Promise<void> {
  if (message !== undefined && await openLogAt(group, message)) return;
  if (message !== undefined) toast(t.peek().chat.notHere);
  if (log.peek()?.group !== group) await openLog(group, conversation(group)?.unread);
}

function Actions({ group, search }: { readonly group: string; readonly search: () => void }) {
  return (
    <>
      <IconButton icon="search" label={t.value.search.here} onClick={search} />
      <IconButton icon="dots" label={t.value.chat.details} onClick={() => { go({ at: 'details', group }); }} />
    </>
  );
}

function Search({ group, close }: { readonly group: string; readonly close: () => void }) {
  const search = useLoaded(() => import('./search'));
  return search === null ? null : <search.SearchHere group={group} close={close} />;
}

function Title({ found }: { readonly found: ConversationView }) {
  const typing = found.members.filter((member) => found.typing.includes(member.identity)).map((member) => member.name);
  const others = found.kind === 'pair' ? '' : found.members.map((member) => (member.me ? t.value.you : member.name)).join(', ');
  const lasting = found.expire > 0 ? `${t.value.group.disappearing} ${t.value.group.after(span(found.expire))}` : '';
  return (
    <h1>
      <button type="button" class="title" onClick={() => { go({ at: 'details', group: found.id }); }}>
        <Avatar name={found.title} picture={found.picture} />
        <span class="title-text">
          <span class="title-name" dir="auto">{found.title}</span>
          <small aria-live="polite">{typing.length > 0 ? t.value.chat.typing(typing.join(', '), typing.length) : [lasting, others].filter((part) => part !== '').join(' · ')}</small>
        </span>
      </button>
    </h1>
  );
}

/** Says what comes. The log itself is silent, or it would read out the history as it is loaded. Each is a part of its own: the same words twice are said twice. */
function Arrived() {
  return (
    <div class="hidden" role="status">
      {arrived.value.map((message) => <p key={message.id} dir="auto">{`${message.name}: ${lineOf(message)}`}</p>)}
    </div>
  );
}
