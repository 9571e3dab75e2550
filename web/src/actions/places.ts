/** Rooms, which nobody enters by name, and channels, which everybody may. */
import { command } from '../core';
import { heard } from '../store/channels';

/** Makes an anonymous room; gives it. `passphrase`: empty for none. */
export async function createRoom(name: string, passphrase: string): Promise<string> {
  const outcome = await command({ create_room: { name: name.trim(), passphrase: passphrase === '' ? null : passphrase } });
  return typeof outcome === 'object' && 'conversation' in outcome ? outcome.conversation : '';
}

/** The link with which others come in. */
export async function roomLink(group: string): Promise<string> {
  const outcome = await command({ room_link: { group } });
  return typeof outcome === 'object' && 'link' in outcome ? outcome.link : '';
}

/** Opens a room that is locked. */
export async function unlock(group: string, passphrase: string): Promise<void> {
  await command({ unlock: { group, passphrase } });
}

/** The name of a channel, of what a person typed: `#lobby` and `lobby` are the same. */
export function channelName(typed: string): string {
  return typed.trim().replace(/^#/, '').trim();
}

export async function joinChannel(channel: string): Promise<void> {
  await command({ join_channel: { channel } });
}

export async function leaveChannel(channel: string): Promise<void> {
  await command({ leave_channel: { channel } });
}

/** Says something to everybody in a channel. The node does not say it back to whoever said it. */
export async function sayInChannel(channel: string, text: string, name: string): Promise<void> {
  await command({ say_in_channel: { channel, text } });
  heard(channel, { from: name, text, at: Date.now(), mine: true });
}
