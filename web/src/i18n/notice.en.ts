/** Lines about a conversation: who came, went, changed its name. */
import type { NoticeView, Somebody } from '../api/types';

/** Words for a time of so many seconds. */
export type Span = (seconds: number) => string;

const list = new Intl.ListFormat('en');
const subject = ({ me, name }: Somebody) => (me ? 'You' : name);
/** This person first. */
export const meFirst = (who: readonly Somebody[]) => [...who].sort((one, other) => Number(other.me) - Number(one.me));
const subjects = (who: readonly Somebody[]) => list.format(meFirst(who).map(subject));
const object = ({ me, name }: Somebody) => (me ? 'you' : name);
const objects = (who: readonly Somebody[]) => list.format(who.map(object));
const roles = ['an owner', 'a moderator'];

export function notice(said: NoticeView, span: Span): string {
  if (said === 'refused') return 'The node shows a state of this conversation that can’t be right. Nothing is sent until it shows another.';
  if (said === 'not_let_in') return 'You are not in this conversation any more: somebody removed you, or its node has lost you.';
  if ('added' in said) return `${subject(said.added.by)} added ${objects(said.added.who)}`;
  if ('removed' in said) return `${subject(said.removed.by)} removed ${objects(said.removed.who)}`;
  if ('left' in said) return `${subjects(said.left.who)} left`;
  if ('role' in said) return `${subject(said.role.by)} made ${object(said.role.who)} ${roles[said.role.role] ?? 'a member'}`;
  if ('name' in said) return `${subject(said.name.by)} named the conversation “${said.name.name}”`;
  if ('picture' in said) return `${subject(said.picture.by)} changed the picture`;
  if ('expire' in said) return expire(said.expire, span);
  if ('came' in said) return `${subjects(said.came.who)} joined in the meantime`;
  if ('gone' in said) return `${subjects(said.gone.who)} left in the meantime`;
  if ('removed_you' in said) return `${subject(said.removed_you.by)} removed you`;
  const { of } = said.lost_memory;
  return of.me ? 'One of your devices has lost its memory' : `One of ${of.name}’s devices has lost its memory`;
}

function expire({ by, seconds }: { readonly by: Somebody; readonly seconds: number }, span: Span): string {
  if (seconds === 0) return `${subject(by)} turned off disappearing messages`;
  return `${subject(by)} set messages to disappear after ${span(seconds)}`;
}
