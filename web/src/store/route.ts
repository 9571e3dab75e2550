/** Where in the app one is: what follows `#` in the address. */
import { signal } from '@preact/signals';

export type Route =
  | { readonly at: 'list' }
  | { readonly at: 'chat'; readonly group: string }
  | { readonly at: 'details'; readonly group: string }
  | { readonly at: 'person'; readonly identity: string }
  | { readonly at: 'channel'; readonly channel: string }
  | { readonly at: 'invite' | 'open' | 'new-group' | 'new-room' | 'new-channel' | 'people' | 'share' | 'settings' | 'devices' | 'words' | 'restore' | 'link' | 'known' | 'node' };

const PLAIN = ['invite', 'open', 'new-group', 'new-room', 'new-channel', 'people', 'share', 'settings', 'devices', 'words', 'restore', 'link', 'known', 'node'] as const;

/** Reads what follows `#`. What is nothing leads to the list. */
export function parsed(hash: string): Route {
  const [first = '', second = '', third = ''] = hash.replace(/^#\/?/, '').split('/');
  const plain = PLAIN.find((name) => name === first);
  if (plain !== undefined) return { at: plain };
  if (first === 'c' && /^[\w-]{22}$/.test(second)) return { at: third === 'details' ? 'details' : 'chat', group: second };
  if (first === 'p' && /^[\w-]{43}$/.test(second)) return { at: 'person', identity: second };
  if (first === 'channel' && second !== '') return channelAt(second);
  return { at: 'list' };
}

function channelAt(written: string): Route {
  try {
    return { at: 'channel', channel: decodeURIComponent(written) };
  } catch {
    return { at: 'list' };
  }
}

export function address(route: Route): string {
  switch (route.at) {
    case 'list': return '#/';
    case 'chat': return `#/c/${route.group}`;
    case 'details': return `#/c/${route.group}/details`;
    case 'person': return `#/p/${route.identity}`;
    case 'channel': return `#/channel/${encodeURIComponent(route.channel)}`;
    default: return `#/${route.at}`;
  }
}

export const route = signal<Route>(parsed(location.hash));

addEventListener('hashchange', () => { route.value = parsed(location.hash); });

/** Goes there. `instead`: the way back does not lead here. */
export function go(to: Route, instead = false): void {
  if (instead) history.replaceState(null, '', `/${address(to)}`);
  else if (location.hash !== address(to)) history.pushState(null, '', `/${address(to)}`);
  route.value = to;
}

addEventListener('popstate', () => { route.value = parsed(location.hash); });
