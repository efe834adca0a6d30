import { createPseudonyms } from '../audit/index.ts';
import { errorIssue, type Issue } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import { Revocations } from '../control/index.ts';
import { pseudonymKey } from './ledger-changes.ts';
import type { CredentialPart, PartOptions } from './credential-part.ts';

/** What was revoked at a node, and by which issuers of the configuration in force. */
export interface NodeRevocations extends CredentialPart {
  readonly kept: Revocations;
  issuers(): Config['issuers'];
}

/** Opens it. What was revoked earlier holds from the first filling on; where it can't be read, nothing is served. */
export function openNodeRevocations(options: PartOptions): NodeRevocations {
  const { host, keyring, store, tables, alerts, record, inForce } = options;
  const pseudonym = createPseudonyms(pseudonymKey(keyring));
  const kept = new Revocations({ store, keyring, clock: host.clock, tables, alerts, record, pseudonym, inForce });
  let inUse: Config['issuers'] = [];
  return {
    kept,
    issuers: () => inUse,
    fill: async ({ config }): Promise<readonly Issue[]> => {
      inUse = inUse.length === 0 ? config.issuers : inUse;
      try {
        await kept.load();
        await kept.follow(config.issuers);
        return [];
      } catch (fault) {
        const detail = fault instanceof Error ? fault.message : 'unknown fault';
        return [errorIssue('data', `what was revoked can't be read from the store: ${detail}`)];
      }
    },
    retain: ({ config }) => {
      inUse = config.issuers;
    },
    close: () => kept.close(),
  };
}
