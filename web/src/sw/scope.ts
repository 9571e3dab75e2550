/** The service worker itself. */
export const worker = self as unknown as ServiceWorkerGlobalScope;

/** All pages of the app, also those that were opened before this worker began. */
export function pages(): Promise<readonly WindowClient[]> {
  return worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
}
