import { t } from '../i18n';
import { contacts } from '../store/data';
import { address } from '../store/route';
import { Avatar, Page } from '../ui/parts';

/** Everybody whom one knows. */
export function PeoplePage() {
  const texts = t.value.person;
  return (
    <Page title={texts.all} back={{ at: 'settings' }}>
      <div class="padded">
        {contacts.value.length === 0 ? <p class="soft">{t.value.list.none}</p> : (
          <ul class="rows">
            {contacts.value.map((found) => (
              <li key={found.identity}>
                <a class="row" href={address({ at: 'person', identity: found.identity })}>
                  <Avatar name={found.name} picture={found.picture} />
                  <span class="row-text">
                    <strong dir="auto">{found.name}</strong>
                    <small>{found.blocked ? texts.blocked : found.verified ? t.value.group.verified : ''}</small>
                  </span>
                </a>
              </li>
            ))}
          </ul>
        )}
      </div>
    </Page>
  );
}
