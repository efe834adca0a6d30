import { z } from 'zod';
import { ok } from '../../src/base/index.ts';
import { deny, PASS, type Exchange, type PolicyKind, type Steps } from '../../src/policy/index.ts';
import type { Clock, Lease, Leases, Limiter, TableDeclaration } from '../../src/ports/index.ts';
import { type Judge, RATE, SLOTS } from './judge.ts';

/** The table of keys that the simulation changes. */
export const KEYS: TableDeclaration = {
  name: 'sim-keys',
  rowLimit: 100,
  staleAfterMs: Number.MAX_SAFE_INTEGER,
  whenStale: 'serve',
};

/** What a thread that refuses a configuration says that it lacks. */
const NEVER_FILLED = 'sim-never-filled';

const OPTIONS = z.strictObject({ mark: z.int() });

/** What a thread's copy of the kind works with. */
export interface SimKindPorts {
  readonly judge: Judge;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly limiter: Limiter;
  readonly leases: Leases;
  /** Whether this thread, and no other, finds fault with the configuration of this mark. */
  readonly finds: (mark: number) => boolean;
}

/**
 * A kind of policy that does what the real ones do with a thread's state: it looks a key up in a live table, charges the
 * shared limiter, holds a lease for the time of the request, and waits; and in each stage it tells the judge by which
 * configuration it judged.
 */
export function createSimKind(ports: SimKindPorts): PolicyKind<z.infer<typeof OPTIONS>> {
  return {
    kind: 'sim',
    summary: 'Tells by which configuration it judged.',
    schema: OPTIONS,
    sources({ mark }) {
      const needed = { kind: 'table', declaration: KEYS } as const;
      return ports.finds(mark) ? [needed, { kind: 'table', declaration: { ...KEYS, name: NEVER_FILLED } }] : [needed];
    },
    compile({ mark }, { operations }, sources) {
      const table = sources.table<true>(KEYS.name);
      const steps = stepsOf(ports, mark, () => ({ version: table().version, rows: table().rows }));
      return ok(new Map(operations.map(({ id }) => [id, steps])));
    },
  };
}

type Look = () => { readonly version: number; readonly rows: ReadonlyMap<string, true> };

const READS = { request: 'none', response: 'none' } as const;

function stepsOf({ judge, clock, limiter, leases }: SimKindPorts, mark: number, look: Look): Steps {
  const held = new Map<string, Lease>();
  return {
    admit: {
      reads: READS,
      run(x) {
        const { key } = judge.met(numberOf(x), mark, 'admit');
        const { version, rows } = look();
        judge.lookedUp(key, version, rows.has(key));
        if (rows.has(key)) return PASS;
        judge.counts.keyless++;
        return deny({ code: 'invalid-token' });
      },
    },
    limit: {
      reads: READS,
      run(x) {
        const request = judge.met(numberOf(x), mark, 'limit');
        const nowMs = clock.now();
        const [decision] = limiter.charge([{ key: 'all', rate: RATE }], nowMs);
        judge.charged(decision?.allowed === true, nowMs);
        if (decision?.allowed !== true) return deny({ code: 'rate-limited' });
        const lease = leases.take('slots', SLOTS);
        judge.slotAsked(request, lease !== null);
        if (lease === null) return deny({ code: 'gateway-overloaded' });
        held.set(x.id, lease);
        return PASS;
      },
      release(x) {
        const lease = held.get(x.id);
        if (lease === undefined) return;
        held.delete(x.id);
        lease.release();
        const request = judge.followed.get(numberOf(x));
        if (request !== undefined) request.holdsSlot = false;
      },
    },
    inspect: {
      reads: READS,
      run(x) {
        judge.met(numberOf(x), mark, 'inspect');
        const waitMs = Number(x.request.headers.get('x-wait') ?? 0);
        return waitMs === 0 ? PASS : { kind: 'wait', untilMs: clock.monotonic() + waitMs };
      },
    },
    decide: {
      reads: READS,
      run(x) {
        judge.met(numberOf(x), mark, 'decide');
        return PASS;
      },
    },
    respond: {
      reads: READS,
      run(x) {
        judge.met(numberOf(x), mark, 'respond');
        return PASS;
      },
    },
  };
}

function numberOf(x: Exchange): number {
  return Number(x.request.headers.get('x-number'));
}
