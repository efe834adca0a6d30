/**
 * What the kinds of policy cost for each request of the secured rows, inside one process: their steps run as the plan has
 * them over prebuilt requests of 500 users, without sockets, so that the figures hold still on a noisy machine.
 * Argument: RS256 (the default) or ES256. Prints a line for each step, then one line of JSON.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import {
  createDiskFiles,
  createHostSecrets,
  createLineLog,
  createMemoryTables,
  createOutboundEgress,
  createSystemClock,
  createSystemResolver,
} from '../../src/adapters/index.ts';
import { createPseudonyms } from '../../src/audit/index.ts';
import { type Gathered, gather, parseConfig } from '../../src/config/index.ts';
import { compile, type CompiledOperation, type Snapshot } from '../../src/gateway/index.ts';
import { createCallerTexts } from '../../src/gateway/identity-fields.ts';
import { listKinds } from '../../src/main/kinds.ts';
import type { Exchange, Operation, Principal, Slot } from '../../src/policy/index.ts';
import { type CanonicalRequest, newAuthorityMemory, readRequestHead } from '../../src/wire/index.ts';
import { BENCH_DESCRIPTION, type BenchAlgorithm, makeCallers } from './callers.ts';
import { fillTables } from '../system/filled-tables.ts';
import { countingKinds } from '../system/counting-kinds.ts';
import { valueOf } from '../system/value-of.ts';
import { configureSecured } from './contestants/portcullis.ts';

const WARM_ROUNDS = 200;
const WARM_PASSES = 4;
const COLD_ROUNDS = 20;
const CALLS_TIMED = 50;

const clock = createSystemClock();
const log = createLineLog({ write: (line) => process.stderr.write(line), clock, format: 'text', level: 'warn' });
const tables = createMemoryTables({ log });
const callerTexts = createCallerTexts(createPseudonyms(Buffer.alloc(32, 1)));

async function gatherSecured(folder: string, algorithm: BenchAlgorithm): Promise<[Gathered, string[]]> {
  const callers = await makeCallers(folder, algorithm);
  await writeFile(join(folder, 'bench.openapi.yaml'), BENCH_DESCRIPTION);
  const file = join(folder, 'portcullis.yaml');
  const files = createDiskFiles({ clock });
  const egress = createOutboundEgress({ resolver: createSystemResolver({ clock }), clock });
  const secrets = createHostSecrets({ environment: {}, files, log });
  const parsed = valueOf(
    parseConfig(configureSecured(1, callers), { file, kinds: listKinds(countingKinds({ clock, log })) }),
  );
  const gathered = valueOf(await gather(parsed, { files, secrets, egress, revision: 1 }));
  return [gathered, (await readFile(callers.requestsFile, 'utf8')).trim().split('\n')];
}

/** An exchange as steps see it. */
class BenchExchange implements Exchange {
  readonly id = '';
  readonly request: CanonicalRequest;
  readonly operation: Operation;
  readonly params: Readonly<Record<string, string>>;
  principal: Principal | null = null;
  readonly startedAtMs = clock.now();
  readonly #startedMs = clock.monotonic();
  #slots: unknown[] | null = null;

  constructor(request: CanonicalRequest, operation: Operation, params: Readonly<Record<string, string>>) {
    this.request = request;
    this.operation = operation;
    this.params = params;
  }

  slot<T>(slot: Slot<T>): T {
    // A list that is empty would be given room for seventeen by its first value.
    this.#slots ??= [undefined, undefined, undefined, undefined];
    return (this.#slots[slot.number] ??= slot.initial()) as T;
  }

  moment(): number {
    return this.#startedMs;
  }

  body(): never {
    throw new Error('nothing reads a body here');
  }
}

/** The exchanges of a Snapshot, and what is done with them. */
interface Course {
  readonly exchanges: readonly BenchExchange[];
  readonly steps: ReturnType<typeof stepsOf>;
}

/** Reads each head anew: texts of earlier rounds may have become cheaper to handle than those of a socket. */
function prepare(snapshot: Snapshot, lines: readonly string[]): Course {
  const memory = newAuthorityMemory();
  const peer = { address: '127.0.0.1', port: 1, tls: null, via: [] };
  let operation: CompiledOperation | null = null;
  const exchanges = lines.map((line) => {
    const [target, token] = line.split('\t');
    const head = Buffer.from(
      `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAuthorization: Bearer ${token}\r\n\r\n`,
      'latin1',
    );
    const read = readRequestHead(head, head.length - 2, memory);
    if (read.fault !== null) throw new Error(read.fault);
    const { method, path, query, fields, authority } = read;
    const match = snapshot.router.find(authority.host, path, method);
    if (match.kind !== 'matched') throw new Error(match.kind);
    operation = match.target;
    const request = { method, host: authority.host, port: authority.port, path, query, headers: fields, peer };
    return new BenchExchange(request, match.target.operation, match.params);
  });
  if (operation === null) throw new Error('there are no requests');
  return { exchanges, steps: stepsOf(operation) };
}

/** The steps before the upstream, and what is found out once for each principal. */
function stepsOf(operation: CompiledOperation) {
  const steps = valueOf(operation.plan()).request.map(({ policy, stage, step }) => ({
    name: `${policy} (${stage})`,
    run: (exchange: BenchExchange): void => {
      const verdict = (step as { run(exchange: Exchange): { kind: string; principal?: Principal } }).run(exchange);
      if (verdict.kind === 'identified') exchange.principal = verdict.principal ?? null;
      else if (verdict.kind !== 'pass' && verdict.kind !== 'abstain') throw new Error(JSON.stringify(verdict));
    },
  }));
  const name = (exchange: BenchExchange): void => void callerTexts(exchange.principal as Principal);
  return [...steps, { name: 'caller texts', run: name }];
}

interface Cost {
  us: number;
  bytes: number;
}

/**
 * Time and bytes allocated for each call. CPU time of a thread comes in steps of milliseconds on some machines, so this is
 * the time of a clock, over few calls at once: the best of many such runs had its turn of the scheduler for itself.
 */
function cost(exchanges: readonly BenchExchange[], run: (exchange: BenchExchange) => void): Cost {
  const bytes = allocatedBytes();
  let bestNs = Number.POSITIVE_INFINITY;
  for (let at = 0; at + CALLS_TIMED <= exchanges.length; at += CALLS_TIMED) {
    const before = process.hrtime.bigint();
    for (let next = at; next < at + CALLS_TIMED; next++) run(exchanges[next] as BenchExchange);
    bestNs = Math.min(bestNs, Number(process.hrtime.bigint() - before));
  }
  const us = bestNs / 1_000 / CALLS_TIMED;
  return { us, bytes: (allocatedBytes() - bytes) / exchanges.length };
}

function allocatedBytes(): number {
  return (getHeapStatistics() as unknown as { total_allocated_bytes: number }).total_allocated_bytes;
}

/** The best of several rounds for each step; each round prepares its own exchanges. */
function measure(rounds: number, course: () => Course): ReadonlyMap<string, Cost> {
  const best = new Map<string, Cost>();
  for (let round = 0; round < rounds; round++) {
    const { exchanges, steps } = course();
    for (const { name, run } of steps) {
      const { us, bytes } = cost(exchanges, run);
      const known = best.get(name);
      best.set(name, { us: Math.min(us, known?.us ?? us), bytes: Math.min(bytes, known?.bytes ?? bytes) });
    }
  }
  return best;
}

function report(title: string, costs: ReadonlyMap<string, Cost>): Readonly<Record<string, Cost>> {
  for (const [name, { us, bytes }] of costs) {
    console.log(`${title.padEnd(5)} ${name.padEnd(28)} ${us.toFixed(2).padStart(8)} us ${bytes.toFixed(0)} bytes`);
  }
  return Object.fromEntries(costs);
}

const algorithm: BenchAlgorithm = process.argv[2] === 'ES256' ? 'ES256' : 'RS256';
const folder = await mkdtemp(join(tmpdir(), 'portcullis-kinds-'));
try {
  const [gathered, lines] = await gatherSecured(folder, algorithm);
  const snapshot = valueOf(compile(gathered, { kinds: countingKinds({ clock, log }), tables }));
  fillTables(snapshot, tables, clock.now());
  const cold = measure(COLD_ROUNDS, () =>
    prepare(valueOf(compile(gathered, { kinds: countingKinds({ clock, log }), tables })), lines),
  );
  const many = Array.from({ length: WARM_PASSES }, () => lines).flat();
  const warm = measure(WARM_ROUNDS, () => prepare(snapshot, many));
  const result = { warm: report('warm', warm), cold: report('cold', cold) };
  console.log(JSON.stringify({ bench: 'inner-kinds', algorithm, ...result }));
} finally {
  await rm(folder, { recursive: true });
}
