import { err, type Issue, ok, type Problem, type Result } from '../../../base/index.ts';
import { API_KEY_HASH_TABLE, API_KEY_TABLES } from '../../../credential/index.ts';
import { compileEach, saidOf } from '../../compile-each.ts';
import type { Exchange } from '../../exchange.ts';
import type { KindPorts } from '../../kind-ports.ts';
import {
  type PolicyKind,
  READS_NOTHING,
  type RoleTable,
  type Source,
  type Sources,
  type Step,
  type Steps,
} from '../../kind.ts';
import { createRoleTable } from '../../role-table.ts';
import { usedCredential } from '../../used-credential.ts';
import { ABSTAIN, type AuthenticateVerdict, deny } from '../../verdict.ts';
import type { ApiKeyConfig, LeakReporters } from './config.ts';
import { createFailedTries, type FailedTries } from './failed-tries.ts';
import { type KnownKey, KnownKeys } from './known-keys.ts';
import { PUBLIC_KEYS_LIMIT_BYTES, readLeakProof } from './leak-proof.ts';
import { leakReportsPage } from './leak-reports.ts';
import { shownApiKey } from './shown-key.ts';

/** What this kind works with while requests run. */
export type ApiKeyPorts = Pick<KindPorts, 'clock' | 'alerts' | 'desk'>;

/** The subject under which the control side hears which keys are used, each once a minute: id, and wall milliseconds. */
export const API_KEY_USES = 'api-keys.used';

const MINUTE_MS = 60_000;

const SEVERAL = deny({ code: 'several-credentials' }, 'several-keys');

/**
 * The kind `api-key`: who is calling, by a key that the gateway has given out. The word `api-key` in `auth` makes it. All
 * operations of a Snapshot share what is known of keys.
 */
export function createApiKeyKind(ports: ApiKeyPorts): PolicyKind<ApiKeyConfig> {
  const tries = createFailedTries(ports);
  // A role table is made for one Snapshot, and so are the sources that come with it.
  const bySnapshot = new WeakMap<RoleTable, KnownKeys>();

  const keysOf = (roles: RoleTable, got: Sources): KnownKeys => {
    const known = bySnapshot.get(roles);
    if (known !== undefined) return known;
    const made = new KnownKeys(roles, got);
    bySnapshot.set(roles, made);
    return made;
  };

  return {
    kind: 'api-key',
    summary: 'API keys that the gateway has given out',
    schema: null,
    sources: ({ leakReports }) => [...TABLES, ...(leakReports === null ? [] : reporterSources(leakReports))],
    pages: ({ leakReports }, got) => {
      const proof = leakReports === null ? null : readLeakProof(leakReports, got);
      // What is wrong with it is told where the policy is compiled.
      if (proof === null || !proof.ok) return [];
      const keys = new KnownKeys(NO_ROLES, got);
      return [leakReportsPage({ proof: proof.value, keys, desk: ports.desk })];
    },
    compile: (config, { operations, roles }, got) => {
      const wrong = reporterIssues(config.leakReports, got);
      if (wrong.length > 0) return err(wrong);
      return compileEach(operations, (operation): Result<Steps, readonly Issue[]> => {
        if (!(saidOf(config.operations, operation) ?? config.taken)) return ok({});
        return ok({ authenticate: authenticateStep(config, keysOf(roles, got), { ports, tries }) });
      });
    },
  };
}

const TABLES: readonly Source[] = [API_KEY_HASH_TABLE, ...API_KEY_TABLES].map((declaration) => {
  return { kind: 'table', declaration };
});

/** Whoever recognizes keys asks for no rights. */
const NO_ROLES = createRoleTable([], []);

function reporterSources({ publicKeys, secret, bearer }: LeakReporters): readonly Source[] {
  const secrets = [secret, bearer].flatMap((reference): readonly Source[] =>
    reference === null ? [] : [{ kind: 'secret', reference }],
  );
  if (publicKeys === null) return secrets;
  return [...secrets, { kind: 'file', path: publicKeys, limitBytes: PUBLIC_KEYS_LIMIT_BYTES }];
}

function reporterIssues(reporters: LeakReporters | null, got: Sources): readonly Issue[] {
  const proof = reporters === null ? null : readLeakProof(reporters, got);
  return proof === null || proof.ok ? [] : proof.error;
}

interface StepContext {
  readonly ports: ApiKeyPorts;
  readonly tries: FailedTries;
}

function authenticateStep(
  { header, environment, credentials }: ApiKeyConfig,
  keys: KnownKeys,
  { ports, tries }: StepContext,
): Step<'authenticate'> {
  const removes = credentials !== 'pass';
  return {
    reads: READS_NOTHING,
    run(exchange): AuthenticateVerdict {
      const { headers, peer } = exchange.request;
      const shown = shownApiKey(headers, header);
      if (shown === null) return ABSTAIN;
      if (shown === 'several') return SEVERAL;
      if (removes) exchange.slot(usedCredential).header = shown.field;
      const { operation, startedAtMs: nowMs } = exchange;
      const judged = keys.judge(shown.text, { api: operation.api, environment, address: peer.address, nowMs });
      if (typeof judged !== 'string') {
        tellUse(judged, nowMs, ports);
        return judged.verdict;
      }
      tries(peer.address);
      return deny(invalidKey(exchange), judged);
    },
  };
}

/** Once a minute for each key, so that no request costs more than a comparison. */
function tellUse(known: KnownKey, nowMs: number, { desk }: ApiKeyPorts): void {
  const minute = Math.floor(nowMs / MINUTE_MS);
  if (minute === known.toldMinute) return;
  known.toldMinute = minute;
  desk.tell(API_KEY_USES, [known.id, minute * MINUTE_MS]);
}

/** The same words whatever is wrong: each further one would help who tries keys out. The rule tells the record. */
function invalidKey({ operation }: Exchange): Problem {
  return { code: 'invalid-api-key', headers: [['www-authenticate', `ApiKey realm="${operation.api}"`]] };
}
