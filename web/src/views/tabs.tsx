/** What is to be said of other tabs of the app. */
import { leaderSilent } from '../core';
import { t } from '../i18n';
import { isOlder } from '../store/tabs';

/** A line above all pages; it goes by itself. */
export function OtherTabs() {
  const texts = t.value.tabs;
  return (
    <div class="tabs" role="status">
      {leaderSilent.value ? <span>{texts.silent}</span> : isOlder.value && (
        <>
          <span>{texts.older}</span>
          <button type="button" onClick={() => { location.reload(); }}>{texts.reload}</button>
        </>
      )}
    </div>
  );
}
