/** Files that are on their way out: how far they are, and what can be done with them. */
import { cancelSending, sendAgain } from '../actions/files';
import type { Sending } from '../core/rpc';
import { t } from '../i18n';
import { me } from '../store/data';
import { sending } from '../store/sending';
import { attempt, faultText } from '../store/toasts';
import { Icon } from '../ui/icons';
import { useObjectUrl } from '../ui/parts';

export function Outgoing({ group }: { readonly group: string }) {
  return <>{sending.value.filter((one) => one.group === group).map((one) => <One key={one.file} one={one} />)}</>;
}

function One({ one }: { readonly one: Sending }) {
  const texts = t.value.queue;
  const { about, file, failed } = one;
  const thumbnail = useObjectUrl(about.thumbnail ?? null, 'image/jpeg');
  const percent = about.size === 0 ? 0 : Math.round((100 * one.done) / about.size);
  const image = about.kind.startsWith('image/');
  const name = about.voice != null ? texts.voice : image ? texts.picture : about.name;
  const state = failed !== null ? texts.failed(faultText(failed)) : me.value?.connected === false ? texts.waits : texts.sends(percent);
  return (
    <li class="message mine outgoing">
      <div class="bubble file">
        <span class="hidden">{t.value.you}</span>
        {thumbnail !== null && <img class="outgoing-picture" src={thumbnail} alt="" />}
        <span class="file-name"><Icon name={failed !== null ? 'alert' : image ? 'eye' : about.voice != null ? 'mic' : 'file'} /> <span dir="auto">{name}</span></span>
        {failed === null && <progress max={100} value={percent} aria-label={`${name}: ${texts.sends(percent)}`} />}
        <span class={failed === null ? 'soft' : 'alarm'}>{state}</span>
        <span class="outgoing-actions">
          {failed !== null && <button type="button" class="small" onClick={() => void attempt(() => sendAgain(file))}>{t.value.retry}</button>}
          <button type="button" class="small" onClick={() => void attempt(() => cancelSending(file))}>{failed === null ? texts.cancel : t.value.remove}</button>
        </span>
      </div>
    </li>
  );
}
