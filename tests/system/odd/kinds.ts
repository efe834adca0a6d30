import { parentPort, threadId } from 'node:worker_threads';
import { z } from 'zod';
import { ok } from '../../../src/base/index.ts';
import { kindTable, type KindTable } from '../../../src/gateway/index.ts';
import { createKinds, createOfflineKinds } from '../../../src/main/kinds.ts';
import {
  createSlot,
  deny,
  type KindPorts,
  PASS,
  type Operation,
  type PolicyKind,
  type Steps,
  type Verdict,
} from '../../../src/policy/index.ts';
import type { Lease, Leases } from '../../../src/ports/index.ts';

/** So many may hold a lease of the tests at once. */
export const LEASES = 3;

const held = createSlot<{ lease: Lease | null }>('odd', () => ({ lease: null }));

/**
 * A kind of policy for tests alone, that does to its thread what no kind should, by the field `x-odd` of the request,
 * in every thread or in the one that `x-meant` numbers.
 * For an operation that it does not build, compiling throws.
 * Replies bear the number of the thread in `x-thread`.
 */
function createOddKind(leases: Leases, builds: (operation: Operation) => boolean): PolicyKind<object> {
  return {
    kind: 'odd',
    summary: 'Does odd things.',
    schema: z.strictObject({}),
    sources: () => [],
    compile: (_config, { operations }) => {
      const steps = stepsWith(leases);
      if (!operations.every(builds)) throw new Error('odd building');
      return ok(new Map(operations.map(({ id }) => [id, steps])));
    },
  };
}

function stepsWith(leases: Leases): Steps {
  const reads = { request: 'none', response: 'none' } as const;
  return {
    decide: {
      reads,
      run: (exchange) => {
        const { headers } = exchange.request;
        const meant = headers.get('x-meant');
        // Which thread gets a request is the system's choice.
        if (meant !== null && meant !== String(threadId)) return PASS;
        const asked = headers.get('x-odd');
        if (asked !== 'lease') return behave(asked);
        const slot = exchange.slot(held);
        slot.lease = leases.take('odd', LEASES);
        return slot.lease === null ? deny({ code: 'rate-limited' }) : PASS;
      },
      release: (exchange) => exchange.slot(held).lease?.release(),
    },
    respond: {
      reads,
      run: (_exchange, _reply, editor) => {
        editor.setHeader('x-thread', String(threadId));
        return PASS;
      },
    },
  };
}

function behave(asked: string | null): Verdict {
  switch (asked) {
    case 'throw':
      throw new Error('odd');
    case 'block-1':
      block(1_000);
      return PASS;
    case 'block-10':
      block(10_000);
      return PASS;
    case 'leak':
      leak([]);
      return PASS;
    case 'heap-near':
      // As the thread itself would say it: how full a heap is when V8 looks can't be told beforehand.
      parentPort?.postMessage({ kind: 'heap', state: 'near' });
      return PASS;
    case 'timer':
      setTimeout(() => {
        throw new Error('odd timer');
      }, 1);
      return PASS;
    case 'reject':
      void Promise.reject(new Error('odd rejection'));
      return PASS;
    case 'exit':
      return process.exit(3);
    case null:
    default:
      return PASS;
  }
}

function block(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

/** Some MiB a turn: the event loop goes on, so that it is the memory that ends the thread. */
function leak(kept: object[]): void {
  for (let count = 0; count < 20_000; count++) kept.push({ more: kept.length });
  setImmediate(() => leak(kept));
}

/** The product's kinds and the odd one, in a thread with these ports; it does not build `/unbuildable`, which is built at first use. */
export function createOddKinds(ports: KindPorts, leases: Leases): KindTable {
  return kindTable([
    ...createKinds(ports).values(),
    createOddKind(leases, ({ template }) => template !== '/unbuildable'),
  ]);
}

/** The same for whoever only builds configurations. */
export function createOfflineOddKinds(): KindTable {
  return kindTable([...createOfflineKinds().values(), createOddKind({ take: () => null }, () => true)]);
}
