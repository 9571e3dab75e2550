/** Where in the app one is: what follows `#` in the address. */
import { signal } from '@preact/signals';

export type Route =
  | { readonly at: 'list' }
  /** `message`: the one that is brought into view. */
  | { readonly at: 'chat'; readonly group: string; readonly message?: string }
  | { readonly at: 'details'; readonly group: string }
  | { readonly at: 'person'; readonly identity: string }
  | { readonly at: 'channel'; readonly channel: string }
  | { readonly at: 'invite' | 'open' | 'new-group' | 'new-room' | 'new-channel' | 'people' | 'share' | 'settings' | 'devices' | 'words' | 'restore' | 'link' | 'known' | 'node' };

const PLAIN = ['invite', 'open', 'new-group', 'new-room', 'new-channel', 'people', 'share', 'settings', 'devices', 'words', 'restore', 'link', 'known', 'node'] as const;

/** Of a conversation, or a message. */
const ID = /^[\w-]{22}$/;

/** Reads what follows `#`. What is nothing leads to the list. */
export function parsed(hash: string): Route {
  const [first = '', second = '', third = '', fourth = ''] = hash.replace(/^#\/?/, '').split('/');
  const plain = PLAIN.find((name) => name === first);
  if (plain !== undefined) return { at: plain };
  if (first === 'p' && /^[\w-]{43}$/.test(second)) return { at: 'person', identity: second };
  if (first === 'channel' && second !== '') return channelAt(second);
  if (first !== 'c' || !ID.test(second)) return { at: 'list' };
  if (third === 'details') return { at: 'details', group: second };
  return third === 'm' && ID.test(fourth) ? { at: 'chat', group: second, message: fourth } : { at: 'chat', group: second };
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
    case 'chat': return route.message === undefined ? `#/c/${route.group}` : `#/c/${route.group}/m/${route.message}`;
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
