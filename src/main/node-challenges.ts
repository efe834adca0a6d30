import type { ChallengeAnswer, PublishAnswers } from '../certificates/index.ts';
import { ACME_CHALLENGES, type ChallengeRow, nameKey, tokenKey } from '../gateway/index.ts';
import type { Alerts, Clock, Log, SharedTable } from '../ports/index.ts';
import { createNodeTables } from './node-tables.ts';
import { soon } from './soon.ts';
import type { TableSpread } from './table-spread.ts';

/** Whoever spreads tables over the gateway threads. */
export interface TableThreads {
  readonly tables: Pick<TableSpread, 'inForce'>;
  useTable(table: SharedTable): void;
}

/** A thread that is busy takes a table within milliseconds; one that is stuck is ended in the end, but not soon. */
const TAKEN_WITHIN_MS = 30_000;

/** The way of the answers to CAs into all gateway threads. */
export interface NodeChallenges {
  readonly publish: PublishAnswers;
  /** From now on answers go to these threads. */
  serveBy(threads: TableThreads): void;
}

/** Opens it. Publishing rejects before there are threads, and where one of them does not take the answers in time. */
export function createNodeChallenges(options: {
  readonly clock: Clock;
  readonly log: Log;
  readonly alerts: Alerts;
}): NodeChallenges {
  const { clock, log, alerts } = options;
  const { name } = ACME_CHALLENGES;
  let threads: TableThreads | null = null;
  let newest = 0;
  const tables = createNodeTables({ log, alerts, tell: (table) => threads?.useTable(table) });
  tables.declare(ACME_CHALLENGES);
  return {
    serveBy: (given) => {
      threads = given;
    },
    async publish(answers) {
      if (threads === null) throw new Error('nobody serves yet');
      const version = ++newest;
      tables.replace<ChallengeRow>(name, version, new Map(answers.map(rowOf)), clock.now());
      if (tables.read(name).version !== version) throw new Error('the answers to a CA could not be published');
      // A CA may ask any of them, since they share one port.
      const words = `a gateway thread did not take the answers to a CA within ${TAKEN_WITHIN_MS / 1_000} s`;
      if (!(await soon(threads.tables.inForce(name, version), clock, TAKEN_WITHIN_MS))) throw new Error(words);
    },
  };
}

function rowOf(answer: ChallengeAnswer): [string, ChallengeRow] {
  switch (answer.kind) {
    case 'http-01':
      return [tokenKey(answer.token), { text: answer.keyAuthorization }];
    case 'tls-alpn-01':
      return [nameKey(answer.name), { chainPem: answer.chainPem, keyPem: answer.keyPem }];
  }
}
