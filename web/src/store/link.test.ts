// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from 'vitest';
import type { LinkView } from '../api/types';

const ask = vi.fn();
class Refused extends Error {}
vi.mock('../core', () => ({ ask, Refused }));
const { follow, followed, readNode, settle, takeFromAddress } = await import('./link');

const ROOM: LinkView = { room: { hub: 'https://hub.example', group: 'g' } };
const PERSON: LinkView = { contact: { node: 'https://node.example', token: null } };

beforeEach(() => { ask.mockReset(); });

test('the address is asked for a link once, and keeps nothing of it', () => {
  history.replaceState(null, '', '/i#1.SECRET.TOKEN');
  expect(takeFromAddress()).toMatch(/\/i#1\.SECRET\.TOKEN$/);
  expect(location.href).not.toContain('SECRET');
  expect(location.pathname + location.hash).toBe('/#/');
  expect(takeFromAddress()).toBeNull();
  history.replaceState(null, '', '/r#1.SECRET');
  expect(takeFromAddress()).toMatch(/\/r#1\.SECRET$/);
  history.replaceState(null, '', '/i');
  expect(takeFromAddress()).toBeNull();
  expect(location.pathname).toBe('/');
});

test('a room waits until somebody is there who can go in', async () => {
  ask.mockResolvedValueOnce(ROOM).mockResolvedValueOnce(PERSON);
  await follow(' room ');
  expect(followed.value).toEqual({ link: 'room', to: ROOM });
  await follow('person');
  expect(followed.value?.to).toBe(PERSON);
  settle();
  expect(followed.value?.to).toBe(ROOM);
  settle();
  expect(followed.value).toBeNull();
});

test('a node is known by its address, or by any link of it', async () => {
  ask.mockResolvedValueOnce(ROOM);
  expect(await readNode('https://hub.example/r#1.x')).toBe('https://hub.example');
  ask.mockRejectedValueOnce(new Error('no link')).mockResolvedValueOnce('https://node.example');
  expect(await readNode('node.example')).toBe('https://node.example');
  ask.mockRejectedValueOnce(new Error('no link')).mockResolvedValueOnce(undefined);
  await expect(readNode('??')).rejects.toThrow('node');
});
