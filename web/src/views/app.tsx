/** The whole app: one page at a time on a phone, the list beside the conversation where there is room. */
import { coreState } from '../core';
import { t } from '../i18n';
import { hasAccount, me } from '../store/data';
import { followed } from '../store/link';
import { wasHere } from '../store/marker';
import { route, type Route } from '../store/route';
import { Sign, Toasts } from '../ui/parts';
import { Channel } from './channel';
import { Chat } from './chat';
import { Details } from './details';
import { Devices, LinkRequest } from './devices';
import { Failed } from './failed';
import { Invite } from './invite';
import { Join } from './join';
import { WhatIsKnown } from './known';
import { List } from './list';
import { NewChannel } from './new-channel';
import { NewGroup } from './new-group';
import { NewRoom } from './new-room';
import { YourNode } from './node';
import { OpenLink } from './open-link';
import { PeoplePage } from './people-page';
import { PersonPage } from './person';
import { Share } from './share';
import { LinkThis, Restore, Start } from './start';
import { Settings } from './settings';
import { Words } from './words';

export function App() {
  return (
    <>
      <Inside />
      <Toasts />
    </>
  );
}

function Inside() {
  const state = coreState.value;
  if (state.is === 'failed') return <Failed why={state.why} detail={state.detail} />;
  // Who was never here need not wait for the core to see where to begin.
  if (hasAccount.value === false || (state.is === 'starting' && !wasHere())) return <Outside to={route.value} />;
  if (state.is === 'starting' || me.value === null) return <Opening />;
  if (followed.value !== null) return <Join key={followed.value.link} followed={followed.value} />;
  const inner = besideList(route.value);
  return (
    <div class={inner === null ? 'app at-list' : 'app at-page'}>
      {/* On a phone the list is all there is: then it is what the page is about. */}
      <div class="aside" role={inner === null ? 'main' : 'navigation'} aria-label={t.value.list.title}><List /></div>
      <div class="main" role={inner === null ? undefined : 'main'}>{inner ?? <Nothing />}</div>
      <LinkRequest />
    </div>
  );
}

function Outside({ to }: { readonly to: Route }) {
  const leads = followed.value?.to;
  if (to.at === 'restore') return <Restore />;
  if (to.at === 'link' || (leads !== undefined && 'device' in leads)) return <LinkThis />;
  return <Start />;
}

function besideList(to: Route) {
  switch (to.at) {
    case 'chat': return <Chat key={to.group} to={to} />;
    case 'details': return <Details key={to.group} group={to.group} />;
    case 'invite': return <Invite />;
    case 'open': return <OpenLink />;
    case 'new-group': return <NewGroup />;
    case 'new-room': return <NewRoom />;
    case 'new-channel': return <NewChannel />;
    case 'channel': return <Channel key={to.channel} name={to.channel} />;
    case 'person': return <PersonPage key={to.identity} identity={to.identity} />;
    case 'share': return <Share />;
    case 'people': return <PeoplePage />;
    case 'settings': return <Settings />;
    case 'devices': return <Devices />;
    case 'words': return <Words />;
    case 'known': return <WhatIsKnown />;
    case 'node': return <YourNode />;
    default: return null;
  }
}

function Opening() {
  return (
    <main class="centered" aria-busy="true">
      <Sign />
      <p class="soft">{t.value.loading}</p>
    </main>
  );
}

function Nothing() {
  return <div class="centered empty" aria-hidden="true"><Sign /></div>;
}
