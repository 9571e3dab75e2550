/** All conversations. */
import { useComputed, useSignal } from '@preact/signals';
import type { ConversationView } from '../api/types';
import { t, when } from '../i18n';
import { channel, channels } from '../store/channels';
import { conversations, me } from '../store/data';
import { address, go, route } from '../store/route';
import { Icon } from '../ui/icons';
import { Avatar, IconButton } from '../ui/parts';
import { Introductions } from './introductions';
import { NewMenu } from './new';
import { InstallOffer } from './notifications';

export function List() {
  const texts = t.value.list;
  const [sought, beginning] = [useSignal(''), useSignal(false)];
  const shown = useComputed(() => {
    const words = sought.value.trim().toLocaleLowerCase();
    return conversations.value.filter((found) => (words === '' ? !found.archived : found.title.toLocaleLowerCase().includes(words)));
  });
  return (
    <section class="page">
      <header class="bar">
        <h1>{texts.title}</h1>
        <div class="actions">
          <IconButton icon="plus" label={texts.new} onClick={() => { beginning.value = true; }} />
          <IconButton icon="gear" label={t.value.settings.title} onClick={() => { go({ at: 'settings' }); }} />
        </div>
      </header>
      {beginning.value && <NewMenu close={() => { beginning.value = false; }} />}
      <Introductions />
      <InstallOffer />
      {me.value?.connected === false && <p class="note" role="status">{texts.offline}</p>}
      {conversations.value.length > 6 && (
        <label class="search">
          <Icon name="search" />
          <input type="search" placeholder={texts.search} aria-label={texts.search} value={sought.value} onInput={(event) => { sought.value = event.currentTarget.value; }} />
        </label>
      )}
      {conversations.value.length === 0 && channels.value.length === 0 ? <Nobody /> : (
        <ul class="rows">
          {shown.value.map((found) => <Row key={found.id} found={found} />)}
          {channels.value.filter((name) => name.includes(sought.value.trim())).map((name) => <ChannelRow key={`#${name}`} name={name} />)}
        </ul>
      )}
      {conversations.value.length > 0 && shown.value.length === 0 && <p class="soft padded">{texts.nothingFound}</p>}
    </section>
  );
}

function Row({ found }: { readonly found: ConversationView }) {
  const here = 'group' in route.value && route.value.group === found.id;
  const typing = found.members.filter((member) => found.typing.includes(member.identity)).map((member) => member.name);
  return (
    <li>
      <a class="row" href={address({ at: 'chat', group: found.id })} aria-current={here ? 'page' : undefined}>
        <Avatar name={found.title} picture={found.picture} />
        <span class="row-text">
          <span class="row-head">
            <strong dir="auto">{found.title}</strong>
            <time dateTime={new Date(found.last_at).toISOString()}>{when(found.last_at)}</time>
          </span>
          <span class="row-foot">
            <span class="preview" dir="auto">{typing.length > 0 ? t.value.chat.typing(typing.join(', ')) : found.preview}</span>
            {found.unread > 0 && <span class={found.muted ? 'count muted' : 'count'} aria-label={t.value.list.unread(found.unread)}>{found.unread}</span>}
          </span>
        </span>
      </a>
    </li>
  );
}

function ChannelRow({ name }: { readonly name: string }) {
  const here = route.value.at === 'channel' && route.value.channel === name;
  const { lines, unread } = channel(name);
  const last = lines.at(-1);
  return (
    <li>
      <a class="row" href={address({ at: 'channel', channel: name })} aria-current={here ? 'page' : undefined}>
        <span class="avatar plain" aria-hidden="true"><Icon name="hash" /></span>
        <span class="row-text">
          <span class="row-head"><strong dir="auto">{name}</strong>{last !== undefined && <time dateTime={new Date(last.at).toISOString()}>{when(last.at)}</time>}</span>
          <span class="row-foot">
            <span class="preview" dir="auto">{last === undefined || last.text === '' ? t.value.channel.tag : `${last.from}: ${last.text}`}</span>
            {unread > 0 && <span class="count muted" aria-label={t.value.list.unread(unread)}>{unread}</span>}
          </span>
        </span>
      </a>
    </li>
  );
}

function Nobody() {
  const texts = t.value.list;
  return (
    <div class="centered">
      <h2>{texts.none}</h2>
      <p>{texts.noneText}</p>
      <button type="button" class="primary" onClick={() => { go({ at: 'invite' }); }}>{texts.invite}</button>
    </div>
  );
}
