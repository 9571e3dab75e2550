/** Who one talks to: invitations, groups, verification, blocking. */
import { command } from '../core';

/** Seconds that an invitation is good for: a week. */
const LASTS = 7 * 86_400;

/** Makes a link with which somebody who has no account yet can come. */
export async function invite(note: string): Promise<string> {
  const outcome = await command({ invite: { lasts: LASTS, note: note.trim(), token: null, account: true } });
  return typeof outcome === 'object' && 'link' in outcome ? outcome.link : '';
}

export async function cancelInvitation(id: Uint8Array): Promise<void> {
  await command({ cancel_invitation: { id } });
}

/** Makes a group. What is said in it at once waits in the core until those are in who are meant. */
export async function createGroup(name: string, members: readonly string[]): Promise<string> {
  const outcome = await command({ create_group: { name: name.trim(), members: [...members] } });
  return typeof outcome === 'object' && 'conversation' in outcome ? outcome.conversation : '';
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
