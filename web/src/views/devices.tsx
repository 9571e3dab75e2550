/** One's devices, and adding another. */
import { useSignal } from '@preact/signals';
import { answerLink, offerLink, removeDevice } from '../actions/own';
import type { DeviceView } from '../api/types';
import { t, when } from '../i18n';
import { asking, devices } from '../store/data';
import { attempt } from '../store/toasts';
import { Dialog, Page } from '../ui/parts';
import { QrCode } from '../ui/qr';

export function Devices() {
  const texts = t.value.settings;
  const code = useSignal<string | null>(null);
  const leaving = useSignal<DeviceView | null>(null);
  const offer = () => attempt(async () => { code.value = (await offerLink())?.code ?? null; });
  return (
    <Page title={texts.devices} back={{ at: 'settings' }}>
      <div class="padded">
        <ul class="rows">
          {devices.value.map((device) => (
            <li key={device.serial} class="row">
              <span class="row-text"><strong dir="auto">{device.name}</strong><small>{device.this ? texts.thisDevice : texts.added(when(device.added))}</small></span>
              {!device.this && <button type="button" class="small danger" onClick={() => { leaving.value = device; }}>{t.value.remove}</button>}
            </li>
          ))}
        </ul>
        {leaving.value !== null && <Removing device={leaving.value} close={() => { leaving.value = null; }} />}
        {code.value === null ? <button type="button" class="primary" onClick={() => void offer()}>{t.value.link.offer}</button> : <Offered code={code.value} />}
      </div>
    </Page>
  );
}

function Removing({ device, close }: { readonly device: DeviceView; readonly close: () => void }) {
  const remove = () => {
    close();
    void attempt(() => removeDevice(device.serial));
  };
  return (
    <Dialog title={device.name} onClose={close}>
      <p>{t.value.settings.removeDevice}</p>
      <button type="button" class="primary danger" onClick={remove}>{t.value.remove}</button>
    </Dialog>
  );
}

function Offered({ code }: { readonly code: string }) {
  return (
    <div class="made">
      <p>{t.value.link.offerText}</p>
      <QrCode text={code} label={t.value.link.code} />
      <p class="address" dir="ltr">{code}</p>
    </div>
  );
}

/** Wherever one is: a device asks to be linked. */
export function LinkRequest() {
  const asked = asking.value;
  if (asked === null) return null;
  const texts = t.value.link;
  const answer = (accept: boolean) => {
    asking.value = null;
    void attempt(() => answerLink(asked.request, accept));
  };
  return (
    <Dialog title={texts.asks(asked.name)} onClose={() => { asking.value = null; }}>
      <p>{texts.asksText(asked.check)}</p>
      <button type="button" class="primary" onClick={() => { answer(true); }}>{texts.yes}</button>
      <button type="button" class="danger" onClick={() => { answer(false); }}>{texts.no}</button>
    </Dialog>
  );
}
