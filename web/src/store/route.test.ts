// @vitest-environment happy-dom
import { expect, test } from 'vitest';
import { address, parsed, type Route } from './route';

const GROUP = 'kWcKVvZ7HiqXdQ4wZRNyLw';

test('each place has an address that leads there', () => {
  const places: Route[] = [{ at: 'list' }, { at: 'chat', group: GROUP }, { at: 'chat', group: GROUP, message: GROUP }, { at: 'details', group: GROUP }, { at: 'invite' }, { at: 'words' }, { at: 'person', identity: `${GROUP}${GROUP.slice(1)}` }, { at: 'channel', channel: 'a/b #ö %' }];
  for (const place of places) expect(parsed(address(place))).toEqual(place);
});

test('what is no place leads to the list', () => {
  for (const hash of ['', '#', '#/nowhere', '#/c/', '#/c/short', `#/c/${GROUP}!`, '#/c/../settings', '#/p/short', '#/channel/', '#/channel/%E0']) expect(parsed(hash)).toEqual({ at: 'list' });
});
