import { t } from '../i18n';
import { LinkForm } from '../ui/link-form';
import { Page } from '../ui/parts';

/** Opening a link that came some other way, or scanning one. */
export function OpenLink() {
  return (
    <Page title={t.value.scan.open} back={{ at: 'list' }}>
      <div class="padded">
        <p>{t.value.scan.openText}</p>
        <LinkForm label={t.value.scan.link} />
      </div>
    </Page>
  );
}
