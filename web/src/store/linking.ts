/** Devices that ask to be linked, until they are answered. The core knows them, as long as it runs: a question that was put aside is not lost. */
import { computed, signal } from '@preact/signals';
import { answerLink } from '../actions/own';
import { coreState, look, onEvent } from '../core';

export interface LinkRequest {
  readonly request: string;
  /** What it calls itself. */
  readonly name: string;
  /** The digits that it must show. */
  readonly check: string;
}

/** All that are not answered yet: as many as the core keeps, which is one. */
export const requests = signal<readonly LinkRequest[]>([]);
const later = signal<string | null>(null);

/** What is asked now, wherever one is. */
export const asking = computed(() => requests.value.find(({ request }) => request !== later.value) ?? null);

/** The person does not want to decide now: it waits on the page of the devices. */
export function decideLater({ request }: LinkRequest): void {
  later.value = request;
}

/** Says whether it may. If that fails and it still asks, it can be answered again. */
export async function answer({ request }: LinkRequest, accept: boolean): Promise<void> {
  later.value = request;
  try {
    await answerLink(request, accept);
  } finally {
    follow();
  }
}

async function refresh(): Promise<void> {
  const found = await look<[string, string, string][]>('deviceRequests');
  requests.value = found.map(([request, name, check]) => ({ request, name, check }));
}

const follow = () => void refresh().catch(() => undefined);
onEvent((event) => { if (event === 'changed' || 'device_asks' in event) follow(); });
coreState.subscribe((state) => { if (state.is === 'running' && state.account) follow(); });
