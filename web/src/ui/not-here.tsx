import type { ConversationView } from '../api/types';
import { look } from '../core';
import { t } from '../i18n';
import { Coming, Trouble, useTried } from './loaded';
import { Page } from './parts';

/** In place of a conversation that the app does not have: it comes in a moment, or it is not here any more. `key` it by the conversation. */
export function NotHere({ group }: { readonly group: string }) {
  const tried = useTried(async () => ({ known: (await look<ConversationView | null>('conversation', group)) !== null }));
  const gone = tried.found?.known === false;
  return (
    <Page title={gone ? t.value.trouble.gone : t.value.loading} back={{ at: 'list' }}>
      {gone ? <Trouble title={t.value.trouble.goneText} leave /> : <div class="padded"><Coming tried={tried} /></div>}
    </Page>
  );
}
