/** Lines about a conversation, in German. */
import type { NoticeView, Somebody } from '../api/types';
import { meFirst, type Span } from './notice.en';

const list = new Intl.ListFormat('de');
const subject = ({ me, name }: Somebody) => (me ? 'Du' : name);
const object = ({ me, name }: Somebody) => (me ? 'dich' : name);
const objects = (who: readonly Somebody[]) => list.format(who.map(object));
const roles = ['Leitung', 'Moderation'];

/** Who did something, with the verb that this begins with. */
const has = (by: Somebody) => (by.me ? 'Du hast' : `${by.name} hat`);

function is(who: readonly Somebody[]): string {
  const [one, ...others] = who;
  if (one !== undefined && others.length === 0) return one.me ? 'Du bist' : `${one.name} ist`;
  return `${list.format(meFirst(who).map(subject))} ${who.some(({ me }) => me) ? 'seid' : 'sind'}`;
}

export function notice(said: NoticeView, span: Span): string {
  if (said === 'refused') return 'Der Knoten zeigt einen Stand dieser Unterhaltung, der nicht stimmen kann. Es wird nichts gesendet, bis er einen anderen zeigt.';
  if (said === 'not_let_in') return 'Du bist nicht mehr in dieser Unterhaltung: Jemand hat dich entfernt, oder ihr Knoten hat dich verloren.';
  if ('added' in said) return `${has(said.added.by)} ${objects(said.added.who)} hinzugefügt`;
  if ('removed' in said) return `${has(said.removed.by)} ${objects(said.removed.who)} entfernt`;
  if ('left' in said) return `${is(said.left.who)} gegangen`;
  if ('role' in said) return `${has(said.role.by)} ${said.role.who.me ? 'dir' : said.role.who.name} eine andere Rolle gegeben: ${roles[said.role.role] ?? 'Mitglied'}`;
  if ('name' in said) return `${has(said.name.by)} die Unterhaltung „${said.name.name}“ genannt`;
  if ('picture' in said) return `${has(said.picture.by)} das Bild geändert`;
  if ('expire' in said) return expire(said.expire, span);
  if ('came' in said) return `${is(said.came.who)} inzwischen dazugekommen`;
  if ('gone' in said) return `${is(said.gone.who)} inzwischen gegangen`;
  if ('removed_you' in said) return `${has(said.removed_you.by)} dich entfernt`;
  const { of } = said.lost_memory;
  return of.me ? 'Eines deiner Geräte hat sein Gedächtnis verloren' : `Ein Gerät von ${of.name} hat sein Gedächtnis verloren`;
}

function expire({ by, seconds }: { readonly by: Somebody; readonly seconds: number }, span: Span): string {
  if (seconds === 0) return `${has(by)} eingestellt, dass Nachrichten nicht mehr verschwinden`;
  return `${has(by)} eingestellt, wann Nachrichten verschwinden: nach ${span(seconds)}`;
}
