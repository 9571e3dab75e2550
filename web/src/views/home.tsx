/** Inside: one page at a time on a phone, the list beside the conversation where there is room. */
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../i18n';
import { followed } from '../store/link';
import { address, route, type Route } from '../store/route';
import { viewing } from '../store/viewing';
import { Confirm } from '../ui/confirm';
import { keepFocus } from '../ui/focus';
import { Fence, Unloaded, useLoaded, useTried } from '../ui/loaded';
import { Sign } from '../ui/parts';
import { Chat } from './chat';
import { refuseDrops } from './drop';
import { Join } from './join';
import { LinkRequest } from './devices';
import { List } from './list';

refuseDrops();
keepFocus();

export function Home() {
  return (
    <>
      <Inside />
      {viewing.value.length > 0 && <Viewing />}
    </>
  );
}

/** A picture, wherever one is by now. */
function Viewing() {
  const viewer = useLoaded(() => import('./viewer'));
  const first = viewing.value[0];
  return viewer === null || first === undefined ? null : <viewer.Viewer key={first.message} viewed={first} />;
}

function Inside() {
  useReturn(route.value);
  if (followed.value !== null) return <Join key={followed.value.link} followed={followed.value} />;
  const inner = besideList(route.value);
  return (
    <div class={inner === null ? 'app at-list' : 'app at-page'}>
      {/* On a phone the list is all there is: then it is what the page is about. */}
      <div class="aside" role={inner === null ? 'main' : 'navigation'} aria-label={t.value.list.title}><List /></div>
      <div class="main" role={inner === null ? undefined : 'main'}><Fence page={address(route.value)}>{inner ?? <Nothing />}</Fence></div>
      <LinkRequest />
      <Confirm />
    </div>
  );
}

function besideList(to: Route) {
  switch (to.at) {
    case 'list': return null;
    case 'chat': return <Chat key={to.group} to={to} />;
    case 'restore':
    case 'link': return null;
    default: return <Page to={to} />;
  }
}

/** Who comes back to the list goes on where they left it, and not at its beginning. */
function useReturn(to: Route): void {
  const before = useRef(to);
  useEffect(() => {
    const left = before.current;
    before.current = to;
    const focused = document.activeElement;
    const lost = focused === null || focused === document.body || focused.getClientRects().length === 0;
    if (to.at !== 'list' || left.at === 'list' || !lost) return;
    const place = 'group' in left ? address({ at: 'chat', group: left.group }) : address(left);
    const rows = [...document.querySelectorAll<HTMLElement>('.aside a.row')];
    const heading = document.querySelector<HTMLElement>('.aside h1');
    if (heading !== null) heading.tabIndex = -1;
    (rows.find((row) => row.getAttribute('href') === place) ?? heading)?.focus();
  }, [to]);
}

/** The other pages come when the first of them is opened, so that the first opening of the app need not wait for them. */
function Page({ to }: { readonly to: Route }) {
  const { found: pages, failed } = useTried(() => import('./pages'));
  if (failed !== null) return <Unloaded />;
  return pages === null ? <div class="centered" aria-busy="true" /> : <pages.Page to={to} />;
}

function Nothing() {
  return <div class="centered empty" aria-hidden="true"><Sign /></div>;
}
