import { judgeNode, judgeOpenFiles, RAISE_OPEN_FILES } from '../base/index.ts';
import type { Alerts, Log } from '../ports/index.ts';

/** What a node runs on, as far as it may be too little. */
interface Machine {
  readonly descriptorLimit: Parameters<typeof judgeOpenFiles>[0];
  readonly nodeVersion: string;
}

/** Tells the operator of a Node below the security floor, and of a bound on open files that a few networks could reach. */
export function warnOfMachine(
  { alerts, log }: { readonly alerts: Pick<Alerts, 'raise'>; readonly log: Log },
  { descriptorLimit, nodeVersion }: Machine,
): void {
  const node = judgeNode(nodeVersion);
  if (node.below)
    alerts.raise({ kind: 'node.below-security-floor', key: nodeVersion, severity: 'medium', message: node.words });
  const { few, words } = judgeOpenFiles(descriptorLimit);
  if (!few) return;
  log.write('warn', 'descriptors.few', `${words}; raise the limit: ${RAISE_OPEN_FILES}`, { limit: descriptorLimit });
}
