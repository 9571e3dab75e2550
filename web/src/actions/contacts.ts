/** Who one talks to: invitations, groups, verification, blocking. */
import type { ConversationView } from '../api/types';
import { command, look, onEvent } from '../core';

/** Seconds that an invitation is good for: a week. */
const LASTS = 7 * 86_400;
/** Milliseconds that a new group is waited for until those who are meant are in it: their nodes may not answer. */
const COMING_IN_MAX = 8_000;

/** Makes a link with which somebody who has no account yet can come. */
export async function invite(note: string): Promise<string> {
  const outcome = await command({ invite: { lasts: LASTS, note: note.trim(), token: null, account: true } });
  return typeof outcome === 'object' && 'link' in outcome ? outcome.link : '';
}

export async function cancelInvitation(id: Uint8Array): Promise<void> {
  await command({ cancel_invitation: { id } });
}

/** Makes a group; gives it once all are in it, or have not come for a while. */
export async function createGroup(name: string, members: readonly string[]): Promise<string> {
  const outcome = await command({ create_group: { name: name.trim(), members: [...members] } });
  const group = typeof outcome === 'object' && 'conversation' in outcome ? outcome.conversation : '';
  await allIn(group, members);
  return group;
}

/** What is said before somebody is in never reaches them, so nobody should be invited to write before that. */
async function allIn(group: string, members: readonly string[]): Promise<void> {
  const areIn = async () => {
    const there = (await look<ConversationView | null>('conversation', group))?.members ?? [];
    return members.every((wanted) => there.some((member) => member.identity === wanted && member.devices > 0));
  };
  await new Promise<void>((done) => {
    const end = () => {
      stop();
      clearTimeout(timer);
      done();
    };
    const check = () => void areIn().then((all) => { if (all) end(); }, end);
    const stop = onEvent(check);
    const timer = setTimeout(end, COMING_IN_MAX);
    check();
  });
}

export async function addMembers(group: string, members: readonly string[]): Promise<void> {
  await command({ add_members: { group, members: [...members] } });
}

export async function removeMember(group: string, member: string): Promise<void> {
  await command({ remove_member: { group, member } });
}

export async function setRole(group: string, member: string, role: number): Promise<void> {
  await command({ set_role: { group, member, role } });
}

export async function setExpire(group: string, expire: number): Promise<void> {
  await command({ set_group: { group, name: null, picture: null, expire } });
}

export async function setGroupName(group: string, name: string): Promise<void> {
  await command({ set_group: { group, name: name.trim(), picture: null, expire: null } });
}

/** `picture`: a small JPEG; without bytes for none. */
export async function setGroupPicture(group: string, picture: Uint8Array): Promise<void> {
  await command({ set_group: { group, name: null, picture, expire: null } });
}

export async function setMuted(group: string, muted: boolean): Promise<void> {
  await command({ set_conversation: { group, muted, archived: null } });
}

export async function setArchived(group: string, archived: boolean): Promise<void> {
  await command({ set_conversation: { group, muted: null, archived } });
}

export async function leave(group: string): Promise<void> {
  await command({ leave: { group } });
}

export async function forget(group: string): Promise<void> {
  await command({ forget: { group } });
}

export async function setVerified(contact: string, verified: boolean): Promise<void> {
  await command({ set_verified: { contact, verified } });
}

export async function setBlocked(contact: string, blocked: boolean): Promise<void> {
  await command({ set_blocked: { contact, blocked } });
}

/** Gives a contact another name, for oneself alone. */
export async function renameContact(contact: string, name: string): Promise<void> {
  await command({ rename_contact: { contact, name: name.trim() } });
}

/** Ends it with a contact: the conversation is left, and what they send is not accepted any more. */
export async function removeContact(contact: string): Promise<void> {
  await command({ remove_contact: { contact } });
}

/** Suggests two contacts to each other. */
export async function introduce(first: string, second: string): Promise<void> {
  await command({ introduce: { first, second } });
}

export async function answerIntroduction(introduction: string, accept: boolean): Promise<void> {
  await command({ answer_introduction: { introduction, accept } });
}
