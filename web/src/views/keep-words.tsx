import { t } from '../i18n';
import { putOff } from '../store/keeping';
import { remind } from '../store/moment';
import { go } from '../store/route';

/** In the list, at a good moment: the recovery words should be kept. */
export function KeepWords() {
  if (!remind.value) return null;
  const texts = t.value.keeping;
  return (
    <section class="card" aria-labelledby="keep-words">
      <h2 id="keep-words">{texts.title}</h2>
      <p>{texts.text}</p>
      <div class="card-actions">
        <button type="button" class="primary" onClick={() => { go({ at: 'words' }); }}>{texts.go}</button>
        <button type="button" onClick={() => { putOff(); }}>{texts.later}</button>
      </div>
    </section>
  );
}
