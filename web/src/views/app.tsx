/** The whole app: outside without an account, inside with one. */
import { coreState } from '../core';
import { t } from '../i18n';
import { hasAccount, me } from '../store/data';
import { followed } from '../store/link';
import '../store/lasting';
import { wasHere } from '../store/marker';
import { route, type Route } from '../store/route';
import { Fence, Unloaded, useTried } from '../ui/loaded';
import { Sign, Toasts } from '../ui/parts';
import { Failed } from './failed';
import { LinkThis, Restore, Start } from './start';
import { OtherTabs } from './tabs';

export function App() {
  return (
    <>
      <OtherTabs />
      <Fence><Inside /></Fence>
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
  if (me.value.stage === 'removed') return <Out />;
  return <Loaded />;
}

/** What only those need who have an account: for the others the app opens without it. Who was here gets it beside the core. */
const home = () => import('./home');
if (wasHere()) void home().catch(() => undefined);

function Loaded() {
  const { found, failed } = useTried(home);
  if (failed !== null) return <main class="app"><Unloaded /></main>;
  return found === null ? <Opening /> : <found.Home />;
}

/** Seldom seen, and so loaded for those alone who see it. */
function Out() {
  const { found, failed } = useTried(() => import('./removed'));
  if (failed !== null) return <main class="app"><Unloaded /></main>;
  return found === null ? <Opening /> : <found.Removed />;
}

function Outside({ to }: { readonly to: Route }) {
  const leads = followed.value?.to;
  if (to.at === 'restore') return <main class="outside"><Restore /></main>;
  if (to.at === 'link' || (leads !== undefined && 'device' in leads)) return <main class="outside"><LinkThis /></main>;
  return <Start />;
}

function Opening() {
  return (
    <main class="centered" aria-busy="true">
      <Sign />
      <p class="soft">{t.value.loading}</p>
    </main>
  );
}
