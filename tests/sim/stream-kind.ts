import { z } from 'zod';
import { Bitset, ok } from '../../src/base/index.ts';
import {
  type AuthenticateVerdict,
  deny,
  type Exchange,
  Notes,
  PASS,
  type PolicyKind,
  type Principal,
  type Verdict,
} from '../../src/policy/index.ts';
import type { Clock } from '../../src/ports/index.ts';

const OPTIONS = z.strictObject({ denied: z.array(z.string()) });
const READS = { request: 'none', response: 'none' } as const;

/** What the policies of a simulation of streams know besides their configuration, and what they count. */
export interface StreamFacts {
  /** Whose keys were withdrawn. */
  readonly revoked: Pick<ReadonlySet<string>, 'has'>;
  /** Whose verdict fails. */
  readonly broken: ReadonlySet<string>;
  /** How long a verdict is waited for; 0 for none. */
  delayMs(): number;
  readonly limited: Map<string, number>;
  entered: number;
  released: number;
}

/** A kind that identifies whoever the request names, for as long as the request says, and lets in who is not denied. */
export function createStreamKind(clock: Clock, facts: StreamFacts): PolicyKind<z.infer<typeof OPTIONS>> {
  return {
    kind: 'sim',
    summary: 'Lets in who is not denied.',
    schema: OPTIONS,
    sources: () => [],
    compile({ denied }, { operations }) {
      const steps = {
        authenticate: { reads: READS, run: (x: Exchange) => inTime(clock, facts.delayMs(), () => identify(x, facts)) },
        authorize: {
          reads: READS,
          run(x: Exchange): Verdict {
            facts.entered++;
            return denied.includes(subjectOf(x)) ? deny({ code: 'forbidden' }) : PASS;
          },
          release: () => void facts.released++,
        },
        limit: {
          reads: READS,
          run(x: Exchange): Verdict {
            facts.limited.set(x.id, (facts.limited.get(x.id) ?? 0) + 1);
            return PASS;
          },
        },
      };
      return ok(new Map(operations.map(({ id }) => [id, steps])));
    },
  };
}

function identify(x: Exchange, { revoked, broken }: StreamFacts): AuthenticateVerdict {
  const subject = subjectOf(x);
  if (broken.has(subject)) throw new Error('broken');
  const expiresAtMs = Number(x.request.headers.get('x-expires'));
  if (revoked.has(subject) || x.startedAtMs >= expiresAtMs) return deny({ code: 'invalid-token' });
  return { kind: 'identified', principal: principalOf(subject, expiresAtMs) };
}

function inTime<V>(clock: Clock, delayMs: number, verdict: () => V): V | Promise<V> {
  if (delayMs === 0) return verdict();
  const { promise, resolve } = Promise.withResolvers<void>();
  clock.after(delayMs, resolve);
  return promise.then(verdict);
}

function subjectOf(x: Exchange): string {
  return x.request.headers.get('x-subject') ?? '';
}

function principalOf(subject: string, expiresAtMs: number): Principal {
  return {
    ...{ kind: 'user', issuer: 'sim', subject, clientId: null, credentialId: null, sessionId: null, tenant: null },
    ...{ roles: [], scopes: null, permissions: Bitset.of(0, []), claims: {}, confirmation: null, expiresAtMs },
    assurance: { acr: null, amr: [], authTimeMs: null },
    notes: new Notes(),
  };
}
