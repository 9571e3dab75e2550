/** Somebody who has an account has opened a link: what it is, and the yes. */
import { useSignal } from '@preact/signals';
import { accept } from '../actions/account';
import { forget } from '../actions/contacts';
import { t } from '../i18n';
import { nodeOf, settle, type Followed } from '../store/link';
import { go } from '../store/route';
import { attempt, isFault } from '../store/toasts';
import { Field, Sign } from '../ui/parts';

export function Join({ followed }: { readonly followed: Followed }) {
  const { to } = followed;
  if ('contact' in to || 'room' in to) return <Enter followed={followed} room={'room' in to} />;
  return (
    <main class="centered start">
      <Sign />
      <h1>{'device' in to ? t.value.join.device : t.value.join.account}</h1>
      <p>{'device' in to ? t.value.join.deviceText : t.value.join.accountText}</p>
      <button type="button" class="primary" onClick={settle}>{t.value.close}</button>
    </main>
  );
}

function Enter({ followed, room }: { readonly followed: Followed; readonly room: boolean }) {
  const texts = t.value.join;
  const [working, locked, passphrase] = [useSignal(false), useSignal(false), useSignal('')];
  const enter = async () => {
    const group = await accept(followed.link, passphrase.value === '' ? null : passphrase.value);
    settle();
    go(group === '' ? { at: 'list' } : { at: 'chat', group }, true);
  };
  const leave = () => {
    // Nothing is kept of a room whose door stayed shut.
    if (locked.value && 'room' in followed.to) void forget(followed.to.room.group).catch(() => undefined);
    settle();
  };
  const open = async (event: Event) => {
    event.preventDefault();
    working.value = true;
    await attempt(async () => {
      try {
        await enter();
      } catch (error) {
        // A room that is locked says so only when one is at its door.
        if (locked.value || !isFault(error, 'passphrase')) throw error;
        locked.value = true;
      }
    });
    working.value = false;
  };
  return (
    <main class="centered start">
      <Sign />
      <h1>{room ? texts.room : t.value.start.invited}</h1>
      <p class="soft">{new URL(nodeOf(followed.to)).host}</p>
      {room && <p>{texts.roomText}</p>}
      <form onSubmit={(event) => void open(event)}>
        {locked.value && <Field label={texts.passphrase} hint={texts.locked} type="password" autocomplete="off" autofocus value={passphrase.value} onInput={(event) => { passphrase.value = event.currentTarget.value; }} />}
        <button type="submit" class="primary" disabled={working.value || (locked.value && passphrase.value === '')}>{working.value ? t.value.loading : room ? texts.enter : t.value.start.begin}</button>
      </form>
      <button type="button" onClick={leave}>{t.value.cancel}</button>
    </main>
  );
}
