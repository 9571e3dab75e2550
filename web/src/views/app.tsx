/** The whole app: one page at a time on a phone, the list beside the conversation where there is room. */
import { coreState } from '../core';
import { t } from '../i18n';
import { hasAccount, me } from '../store/data';
import { invited } from '../store/invited';
import { route, type Route } from '../store/route';
import { Sign, Toasts } from '../ui/parts';
import { Chat } from './chat';
import { Details } from './details';
import { Devices, LinkRequest } from './devices';
import { Failed } from './failed';
import { Invite } from './invite';
import { Join } from './join';
import { WhatIsKnown } from './known';
import { List } from './list';
import { NewGroup } from './new-group';
import { YourNode } from './node';
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
  if (hasAccount.value === false) return <Outside to={route.value} />;
  if (state.is === 'starting' || me.value === null) return <Opening />;
  if (invited.value !== null) return <Join invited={invited.value} />;
  const inner = besideList(route.value);
  return (
    <div class={inner === null ? 'app at-list' : 'app at-page'}>
      <nav class="aside" aria-label={t.value.list.title}><List /></nav>
      <main class="main">{inner ?? <Nothing />}</main>
      <LinkRequest />
    </div>
  );
}

function Outside({ to }: { readonly to: Route }) {
  if (to.at === 'restore') return <Restore />;
  if (to.at === 'link') return <LinkThis />;
  return <Start />;
}

function besideList(to: Route) {
  switch (to.at) {
    case 'chat': return <Chat key={to.group} group={to.group} />;
    case 'details': return <Details key={to.group} group={to.group} />;
    case 'invite': return <Invite />;
    case 'new-group': return <NewGroup />;
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
