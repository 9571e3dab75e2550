/** What a person should know: at the top of the list, until they have seen it. */
import { useEffect } from 'preact/hooks';
import { dismissWarnings } from '../actions/own';
import { t } from '../i18n';
import { me } from '../store/data';
import { address, route } from '../store/route';
import { attempt } from '../store/toasts';
import { followUnknown, unknownAtHome } from '../store/unknown';
import { warningText } from '../store/warnings';

export function Warnings() {
  useEffect(followUnknown, []);
  const warnings = me.value?.warnings ?? [];
  return (
    <>
      {unknownAtHome.value && <Unknown />}
      {warnings.length > 0 && <Told warnings={warnings} />}
    </>
  );
}

/** The node has forgotten the account. That can't be put away: nothing works until it is right again, or begun anew. */
function Unknown() {
  const texts = t.value.unknown;
  return (
    <section class="note card" role="alert">
      <h2>{texts.title}</h2>
      <p>{texts.text}</p>
      <p>{texts.next}</p>
      {route.value.at !== 'settings' && <div class="card-actions"><a class="button" href={address({ at: 'settings' })}>{t.value.settings.title}</a></div>}
    </section>
  );
}

function Told({ warnings }: { readonly warnings: readonly string[] }) {
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
