/** What a conversation is: who is in it, how long messages stay, and the way out. */
import { useSignal } from '@preact/signals';
import { addMembers, forget, leave, removeMember, setArchived, setExpire, setMuted, setRole } from '../actions/contacts';
import type { ConversationView, MemberView } from '../api/types';
import { span, t } from '../i18n';
import { contact, contacts, conversation, me } from '../store/data';
import { address, go } from '../store/route';
import { attempt } from '../store/toasts';
import { confirm } from '../ui/confirm';
import { NotHere } from '../ui/not-here';
import { Avatar, Dialog, Page } from '../ui/parts';
import { GroupFace } from './group-face';
import { People } from './people';
import { Person } from './person';
import { RoomLink } from './room';

/** Seconds after which messages can disappear. */
const SPANS = [0, 30, 300, 3_600, 86_400, 604_800, 2_419_200] as const;
const [OWNER, MODERATOR] = [0, 1] as const;

export function Details({ group }: { readonly group: string }) {
  const found = conversation(group);
  if (found === undefined) return <NotHere group={group} />;
  const other = found.contact == null ? undefined : contact(found.contact);
  const mine = found.members.find((member) => member.me)?.role ?? 2;
  const staff = found.kind === 'pair' || mine <= MODERATOR;
  return (
    <Page title={found.title} back={{ at: 'chat', group }}>
      <div class="padded">
        {found.kind !== 'pair' && staff && found.standing === 'ready' && <GroupFace found={found} />}
        {found.kind === 'room' && found.standing === 'ready' && <RoomLink group={found.id} />}
        {found.kind !== 'pair' && <Members found={found} mine={mine} />}
        <Settings found={found} staff={staff} />
        {other !== undefined && <Person key={other.identity} other={other} />}
        {(other === undefined || found.standing === 'out') && <WayOut found={found} />}
      </div>
    </Page>
  );
}

function Members({ found, mine }: { readonly found: ConversationView; readonly mine: number }) {
  const texts = t.value.group;
  const adding = useSignal(false);
  return (
    <section>
      <h2>{texts.members}</h2>
      <ul class="rows">{found.members.map((member) => <Member key={member.identity} member={member} group={found.id} mine={mine} />)}</ul>
      {mine <= MODERATOR && found.kind === 'group' && <button type="button" onClick={() => { adding.value = true; }}>{texts.add}</button>}
      {adding.value && <Adding found={found} close={() => { adding.value = false; }} />}
    </section>
  );
}

/** In rooms all are strangers, oneself as well. */
function faceOf(identity: string): Uint8Array | null | undefined {
  return identity === me.value?.identity ? me.value.picture : contact(identity)?.picture;
}

function Member({ member, group, mine }: { readonly member: MemberView; readonly group: string; readonly mine: number }) {
  const texts = t.value.group;
  const roles = [texts.owner, texts.moderator, texts.member];
  const known = contact(member.identity) !== undefined;
  const remove = async () => {
    const sure = await confirm({ title: texts.removeTitle(member.name), text: texts.removeText(member.name), yes: t.value.remove });
    if (sure) await attempt(() => removeMember(group, member.identity));
  };
  const change = async (select: HTMLSelectElement) => {
    const role = Number(select.value);
    const sure = role !== OWNER || await confirm({ title: texts.ownerTitle(member.name), text: texts.ownerText(member.name), yes: texts.ownerYes });
    // What is shown is what holds, also after a no and when it failed.
    if (!sure || !(await attempt(() => setRole(group, member.identity, role)))) select.value = String(member.role);
  };
  const mayRemove = !member.me && mine <= MODERATOR && (mine === OWNER || member.role > mine);
  return (
    <li class="row member">
      <Avatar name={member.me ? (me.value?.name ?? t.value.you) : member.name} picture={faceOf(member.identity)} />
      <span class="row-text"><strong dir="auto">{member.me ? t.value.you : known ? <a href={address({ at: 'person', identity: member.identity })}>{member.name}</a> : member.name}</strong></span>
      <span class="member-actions">
        {mine === OWNER && !member.me ? (
          <select aria-label={texts.role(member.name)} value={member.role} onChange={(event) => void change(event.currentTarget)}>
            {roles.map((name, role) => <option key={name} value={role}>{name}</option>)}
          </select>
        ) : <small>{roles[member.role]}</small>}
        {mayRemove && <button type="button" class="small danger" aria-label={texts.removeNamed(member.name)} onClick={() => void remove()}>{t.value.remove}</button>}
      </span>
    </li>
  );
}

function Adding({ found, close }: { readonly found: ConversationView; readonly close: () => void }) {
  const chosen = useSignal<ReadonlySet<string>>(new Set());
  const there = new Set(found.members.map((member) => member.identity));
  const add = () => {
    close();
    void attempt(() => addMembers(found.id, [...chosen.value]));
  };
  return (
    <Dialog title={t.value.group.add} onClose={close}>
      <People label={t.value.group.members} people={contacts.value.filter((one) => !there.has(one.identity) && !one.blocked)} chosen={chosen} />
      <button type="button" class="primary" disabled={chosen.value.size === 0} onClick={add}>{t.value.group.add}</button>
    </Dialog>
  );
}

function Settings({ found, staff }: { readonly found: ConversationView; readonly staff: boolean }) {
  const texts = t.value.group;
  return (
    <section>
      <label class="field">
        <span>{texts.disappearing}</span>
        <select disabled={!staff || found.standing !== 'ready'} value={found.expire} onChange={(event) => void attempt(() => setExpire(found.id, Number(event.currentTarget.value)))}>
          {[...new Set([...SPANS, found.expire])].sort((one, other) => one - other).map((seconds) => <option key={seconds} value={seconds}>{seconds === 0 ? texts.never : texts.after(span(seconds))}</option>)}
        </select>
      </label>
      <label class="switch"><input type="checkbox" checked={found.muted} onChange={(event) => void attempt(() => setMuted(found.id, event.currentTarget.checked))} /> {texts.mute}</label>
      <label class="switch"><input type="checkbox" checked={found.archived} onChange={(event) => void attempt(() => setArchived(found.id, event.currentTarget.checked))} /> {texts.archive}</label>
    </section>
  );
}

function WayOut({ found }: { readonly found: ConversationView }) {
  const texts = t.value.group;
  const out = found.standing === 'out';
  const yes = out ? texts.forget : texts.leave;
  const end = async () => {
    if (!(await confirm({ title: (out ? texts.forgetTitle : texts.leaveTitle)(found.title), text: out ? texts.forgetText : texts.leaveText, yes }))) return;
    await attempt(async () => {
      await (out ? forget(found.id) : leave(found.id));
      go({ at: 'list' }, true);
    });
  };
  return <section><button type="button" class="danger" onClick={() => void end()}>{yes}</button></section>;
}
