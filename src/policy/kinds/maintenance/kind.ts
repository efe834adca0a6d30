import { AddressSet, ok, parseAddress } from '../../../base/index.ts';
import { compileEach, saidOf } from '../../compile-each.ts';
import type { Exchange } from '../../exchange.ts';
import { type PolicyKind, READS_NOTHING, type Steps } from '../../kind.ts';
import { deny, PASS, type Verdict } from '../../verdict.ts';
import type { MaintenanceConfig, MaintenanceRules } from './config.ts';

/**
 * The kind that closes an API or an operation for a while: 503 `under-maintenance` with Retry-After (RFC 9110 §10.2.3).
 * Strangers hear it before anything else is looked at; where roles may pass, callers must have signed in first.
 */
export function createMaintenanceKind(): PolicyKind<MaintenanceConfig> {
  return {
    kind: 'maintenance',
    summary: 'Closes an API or an operation for a while.',
    schema: null,
    sources: () => [],
    compile: (config, { operations }) =>
      compileEach(operations, (operation) => {
        const own = saidOf(config.operations, operation);
        return ok(stepsFor(own === 'off' ? null : (own ?? config.api)));
      }),
  };
}

function stepsFor(rules: MaintenanceRules | null): Steps {
  if (rules === null) return {};
  const { message, retryAfterMs, roles, addresses } = rules;
  const closed = deny(
    {
      code: 'under-maintenance',
      headers: [['retry-after', String(Math.ceil(retryAfterMs / 1_000))]],
      ...(message === null ? {} : { detail: message }),
    },
    'maintenance',
  );
  const [passing, admitted] = [new Set(roles), AddressSet.of(addresses)];
  const run = ({ principal, request }: Exchange): Verdict => {
    if (principal !== null && principal.roles.some((role) => passing.has(role))) return PASS;
    return addresses.length > 0 && isAmong(admitted, request.peer.address) ? PASS : closed;
  };
  // What has gone upstream ends as usual, streams that stand too; and a page reads of it only where its preflight passes.
  const step = { reads: READS_NOTHING, standing: false, preflights: false, run };
  // Nobody has a role before it is known who calls.
  return roles.length > 0 ? { authorize: step } : { admit: step };
}

function isAmong(blocks: AddressSet, address: string): boolean {
  const bytes = parseAddress(address);
  return bytes.ok && blocks.has(bytes.value);
}
