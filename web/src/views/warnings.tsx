/** What a person should know: at the top of the list, until they have seen it. */
import { dismissWarnings } from '../actions/own';
import { t } from '../i18n';
import { me } from '../store/data';
import { address } from '../store/route';
import { attempt } from '../store/toasts';
import { warningText } from '../store/warnings';

export function Warnings() {
  const warnings = me.value?.warnings ?? [];
  if (warnings.length === 0) return null;
  return (
    <section class="note card" role="alert">
      <h2>{t.value.settings.warnings}</h2>
      {warnings.map((warning) => <p key={warning}>{warningText(warning)}</p>)}
      <div class="card-actions">
        <button type="button" onClick={() => void attempt(() => dismissWarnings(warnings))}>{t.value.settings.seen}</button>
        <a class="button" href={address({ at: 'devices' })}>{t.value.settings.devices}</a>
      </div>
    </section>
  );
}
