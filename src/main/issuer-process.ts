import { type DemoIssuerOptions, startDemoIssuer } from '../identity/index.ts';

/** What the process is told, once. */
export type ToIssuer = Omit<DemoIssuerOptions, 'onFault'>;

/** What it says: where it listens, or why it doesn't, and what goes wrong in it later. */
export type FromIssuer =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'fault'; readonly message: string };

/**
 * The entry of the process that the local authorization server runs in. Its framework makes code from strings when it
 * is loaded, which the gateway's own process forbids to all that runs in it.
 */
function runIssuer(): void {
  const say = (message: FromIssuer): void => void process.send?.(message);
  // Without the gateway nobody can reach it, and nobody would end it.
  process.once('disconnect', () => process.exit(0));
  process.once('message', (options: ToIssuer) => {
    startDemoIssuer({ ...options, onFault: (message) => say({ kind: 'fault', message }) }).then(
      ({ port }) => say({ kind: 'listening', port }),
      (fault: unknown) => say({ kind: 'failed', reason: fault instanceof Error ? fault.message : 'unknown fault' }),
    );
  });
}

runIssuer();
