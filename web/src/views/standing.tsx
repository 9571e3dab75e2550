/** Why one can't write in a conversation, and what can be done about it. */
import { useSignal } from '@preact/signals';
import { forget } from '../actions/contacts';
import type { ConversationView } from '../api/types';
import { t } from '../i18n';
import { contact } from '../store/data';
import { go } from '../store/route';
import { attempt } from '../store/toasts';
import { unknownAtHome } from '../store/unknown';
import { Dialog } from '../ui/parts';

export function Standing({ found }: { readonly found: ConversationView }) {
  const texts = t.value.standing;
  const { standing } = found;
  if (standing === 'ready') return null;
  if (typeof standing === 'object') return <KeyChanged found={found} identity={standing.key_changed} />;
  return (
    <div class="note standing" role="status">
      <span>{texts[standing]}</span>
      {/* What the node has lost may come back with a backup: nothing is deleted before that. */}
      {standing === 'out' && !unknownAtHome.value && <Away group={found.id} />}
    </div>
  );
}

/** The last thing to do where one is out. */
function Away({ group }: { readonly group: string }) {
  const texts = t.value.group;
  const sure = useSignal(false);
  const away = () => {
    sure.value = false;
    void attempt(async () => {
      await forget(group);
      go({ at: 'list' }, true);
    });
  };
  return (
    <>
      <button type="button" class="small" onClick={() => { sure.value = true; }}>{texts.forget}</button>
      {sure.value && (
        <Dialog title={texts.forget} onClose={() => { sure.value = false; }}>
          <p>{t.value.standing.outText}</p>
          <button type="button" class="primary danger" onClick={away}>{texts.forget}</button>
        </Dialog>
      )}
    </>
  );
}

/** With whom, and the way to their page, where the numbers are compared. */
function KeyChanged({ found, identity }: { readonly found: ConversationView; readonly identity: string }) {
  const texts = t.value.standing;
  const name = contact(identity)?.name ?? found.members.find((member) => member.identity === identity)?.name ?? found.title;
  return (
    <p class="note standing" role="status">
      <span>{texts.keyChanged(name)}</span>
      <button type="button" class="small" onClick={() => { go({ at: 'person', identity }); }}>{texts.compare}</button>
    </p>
  );
}
