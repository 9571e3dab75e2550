/** What one can begin: one calm menu. */
import { t } from '../i18n';
import { go, type Route } from '../store/route';
import { Icon, type IconName } from '../ui/icons';
import { Dialog } from '../ui/parts';

export function NewMenu({ close }: { readonly close: () => void }) {
  const texts = t.value.new;
  const ways: readonly [IconName, string, string, Route][] = [
    ['plus', t.value.list.invite, texts.invite, { at: 'invite' }],
    ['scan', t.value.scan.open, texts.open, { at: 'open' }],
    ['people', t.value.group.create, texts.group, { at: 'new-group' }],
    ['door', t.value.room.create, texts.room, { at: 'new-room' }],
    ['hash', t.value.channel.join, texts.channel, { at: 'new-channel' }],
  ];
  const begin = (to: Route) => {
    close();
    go(to);
  };
  return (
    <Dialog title={t.value.list.new} onClose={close}>
      <div class="ways">
        {ways.map(([icon, name, text, to]) => (
          <button key={name} type="button" class="way" onClick={() => { begin(to); }}>
            <Icon name={icon} />
            <span class="row-text"><strong>{name}</strong><small>{text}</small></span>
          </button>
        ))}
      </div>
    </Dialog>
  );
}
