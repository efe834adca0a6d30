import { DatabaseSync } from 'node:sqlite';
import { createApi, seed } from '../../examples/access/api.js';
import { createLineLog, createMemoryTables, createSystemClock } from '../../src/adapters/index.ts';
import {
  compile,
  rehearse,
  type RehearsalQuestion,
  type RehearsedVerdict,
  type Snapshot,
} from '../../src/gateway/index.ts';
import { createOfflineKinds } from '../../src/main/kinds.ts';
import { createFileIssuer } from '../system/file-issuer.ts';
import { gatherText } from '../system/inner-gateway.ts';
import { type LocalServer, startLocalServer } from '../system/local-server.ts';
import { valueOf } from '../system/value-of.ts';
import { answerOfApi } from './api-answer.ts';
import { type Cell, seenComplaint } from './cells.ts';
import { invoiceConfiguration, invoiceFiles } from './invoice-scene.ts';
import type { Caller, Rights } from './rights.ts';

const clock = createSystemClock();

/** The example's configuration as `explain` and the configuration's tests ask it: nothing is sent through a gateway. */
export class RehearsedInvoices {
  readonly #snapshot: Snapshot;
  readonly #callers: Rights['callers'];
  readonly #database: DatabaseSync;
  readonly #api: LocalServer;

  private constructor(
    snapshot: Snapshot,
    callers: Rights['callers'],
    api: { readonly server: LocalServer; readonly database: DatabaseSync },
  ) {
    this.#snapshot = snapshot;
    this.#callers = callers;
    this.#api = api.server;
    this.#database = api.database;
  }

  static async of({ callers }: Rights): Promise<RehearsedInvoices> {
    const database = new DatabaseSync(':memory:');
    const server = await startLocalServer(createApi(database));
    const { keys } = await createFileIssuer();
    const gathered = await gatherText(invoiceConfiguration(server.url), invoiceFiles(keys));
    const tables = createMemoryTables({ log: createLineLog({ write() {}, clock, format: 'json', level: 'error' }) });
    const snapshot = valueOf(compile(gathered, { kinds: createOfflineKinds(), tables }));
    return new RehearsedInvoices(snapshot, callers, { server, database });
  }

  /** Rehearses what a cell asks, with the reply that the API would give; what is not as it must be, or null. */
  async complaintOf(cell: Cell): Promise<string | null> {
    const caller = this.#callers[cell.caller] ?? null;
    seed(this.#database);
    const body = cell.body === null ? null : Buffer.from(JSON.stringify(cell.body));
    const question: RehearsalQuestion = {
      ...{ method: cell.method, host: 'localhost', target: cell.target, body, caller: toldOf(caller) },
      headers: body === null ? [] : [['content-type', 'application/json']],
      reply: await answerOfApi(this.#api.url, cell, caller),
    };
    const { verdict } = await rehearse(this.#snapshot, question, clock);
    return complaintOf(cell, verdict);
  }

  stop(): void {
    this.#api.stop();
    this.#database.close();
  }
}

function toldOf(caller: Caller): RehearsalQuestion['caller'] {
  if (caller === null) return { kind: 'anonymous' };
  const { subject, tenant = null, roles, amr = [], ...claims } = caller;
  return {
    ...{ kind: 'known', subject, roles, tenant, permissions: [], scopes: null, clientId: null, claims },
    assurance: { acr: null, amr, authAgeMs: null, proof: null },
  };
}

function complaintOf(cell: Cell, verdict: RehearsedVerdict): string | null {
  const status = verdict.kind === 'pass' ? verdict.reply?.status : verdict.status;
  if (status !== cell.status)
    return `${status} in the place of ${cell.status}: ${JSON.stringify(verdict).slice(0, 300)}`;
  return verdict.kind === 'pass' ? seenComplaint(cell, valueFrom(verdict.reply?.body)) : null;
}

/** JSON by lines is a text to whoever rehearses. */
function valueFrom(body: unknown): unknown {
  if (typeof body !== 'string') return body;
  return body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}
