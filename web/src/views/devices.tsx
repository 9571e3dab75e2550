/** One's devices, and adding another. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { offerLink, removeDevice } from '../actions/own';
import type { DeviceView } from '../api/types';
import { t, time, when } from '../i18n';
import { devices } from '../store/data';
import { answer, asking, decideLater, requests, type LinkRequest } from '../store/linking';
import { attempt } from '../store/toasts';
import { confirm } from '../ui/confirm';
import { Dialog, Page } from '../ui/parts';
import { QrCode } from '../ui/qr';

export function Devices() {
  const texts = t.value.settings;
  return (
    <Page title={texts.devices} back={{ at: 'settings' }}>
      <div class="padded">
        {requests.value.filter((asked) => asked !== asking.value).map((asked) => <Waiting key={asked.request} asked={asked} />)}
        <ul class="rows">{devices.value.map((device) => <Device key={device.serial} device={device} />)}</ul>
        {/* A code is good for one device: with the next one it is used up. */}
        {requests.value.length === 0 && <Offer key={devices.value.length} />}
      </div>
    </Page>
  );
}

function Device({ device }: { readonly device: DeviceView }) {
  const texts = t.value.settings;
  // What was linked just now has said nothing of itself yet.
  const name = device.name || texts.newDevice;
  const remove = async () => {
    const sure = await confirm({ title: texts.removeTitle(name), text: texts.removeDevice, yes: t.value.remove });
    if (sure) await attempt(() => removeDevice(device.serial));
  };
  return (
    <li class="row">
      <span class="row-text"><strong dir="auto">{name}</strong><small>{device.this ? texts.thisDevice : device.added > 0 && texts.added(when(device.added))}</small></span>
      {!device.this && <button type="button" class="small danger" aria-label={t.value.group.removeNamed(name)} onClick={() => void remove()}>{t.value.remove}</button>}
    </li>
  );
}

/** The code with which another device comes in, as long as it is good. */
function Offer() {
  const texts = t.value.link;
  const [offered, over] = [useSignal<{ readonly code: string; readonly until: number } | null>(null), useSignal(false)];
  const offer = () => attempt(async () => {
    offered.value = await offerLink();
    over.value = false;
  });
  const until = offered.value?.until;
  useEffect(() => {
    if (until === undefined) return undefined;
    const timer = setTimeout(() => { over.value = true; }, Math.max(0, until - Date.now()));
    return () => { clearTimeout(timer); };
  }, [until]);
  if (offered.value === null) return <button type="button" class="primary" onClick={() => void offer()}>{texts.offer}</button>;
  return (
    <div class="made">
      {over.value ? (
        <>
          <p role="status">{texts.over}</p>
          <button type="button" class="primary" onClick={() => void offer()}>{texts.again}</button>
        </>
      ) : (
        <>
          <p>{texts.offerText(time(offered.value.until))}</p>
          <QrCode text={offered.value.code} label={texts.code} />
          <p class="address" dir="ltr">{offered.value.code}</p>
        </>
      )}
    </div>
  );
}

/** Wherever one is: a device asks to be linked. Whoever closes the question finds it on the page of the devices. */
export function LinkRequest() {
  const asked = asking.value;
  if (asked === null) return null;
  const texts = t.value.link;
  return (
    <Dialog key={asked.request} title={texts.asks(asked.name)} text={texts.asksText(asked.check)} onClose={() => { decideLater(asked); }}>
      <Answers asked={asked} />
    </Dialog>
  );
}

function Waiting({ asked }: { readonly asked: LinkRequest }) {
  const texts = t.value.link;
  return (
    <section class="note" aria-label={texts.asks(asked.name)}>
      <p><strong dir="auto">{texts.asks(asked.name)}</strong></p>
      <p>{texts.asksText(asked.check)}</p>
      <div class="answers"><Answers asked={asked} /></div>
    </section>
  );
}

function Answers({ asked }: { readonly asked: LinkRequest }) {
  const texts = t.value.link;
  return (
    <>
      <button type="button" class="primary" onClick={() => void attempt(() => answer(asked, true))}>{texts.yes}</button>
      <button type="button" class="danger" onClick={() => void attempt(() => answer(asked, false))}>{texts.no}</button>
    </>
  );
}
