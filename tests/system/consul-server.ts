import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An instance of a service, as its agent was told of it. */
export interface Instance {
  /** Empty where it has that of its node. */
  readonly address: string;
  readonly port: number;
  readonly weight?: number;
  /** What its worst check says; passing if nothing is said. */
  readonly status?: 'passing' | 'warning' | 'critical';
}

/** The health endpoint of an agent of Consul as its documentation says it behaves: blocking queries with an index. */
export interface ConsulServer {
  readonly port: number;
  /** Requests so far, by their query. */
  readonly asked: URLSearchParams[];
  /** How many wait for a change. */
  readonly waiting: () => number;
  /** The instances from now on; `index` in place of the next one, as behind a restart of the servers. */
  say(instances: readonly Instance[], index?: number): void;
  /** Answers all that wait although nothing has changed, with the index that they know. */
  wake(): void;
  /** From now on every request gets this status; null: it answers again. */
  fail(status: number | null): void;
  /** The next answer has this status, that to whoever waits too; what follows is right again. */
  failOnce(status: number): void;
  stop(): Promise<void>;
}

/** Starts one that demands this token and has one service, `orders`; its node is at 127.0.0.1. */
export async function startConsul(token: string): Promise<ConsulServer> {
  const asked: URLSearchParams[] = [];
  let index = 10;
  let instances: readonly Instance[] = [];
  let failing: number | null = null;
  const waiting = new Set<() => void>();
  let failingOnce: number | null = null;
  const answer = (reply: ServerResponse, onlyPassing: boolean): void => {
    const status = failing ?? failingOnce;
    failingOnce = null;
    if (status !== null) {
      reply.writeHead(status).end();
      return;
    }
    reply.setHeader('x-consul-index', String(index));
    reply.end(replyOf(onlyPassing ? instances.filter((each) => (each.status ?? 'passing') === 'passing') : instances));
  };
  const server = createServer((request, reply) => {
    const url = new URL(request.url ?? '/', 'http://consul');
    const query = url.searchParams;
    asked.push(query);
    const onlyPassing = query.has('passing') && query.get('passing') !== 'false';
    if (failing !== null) answer(reply, onlyPassing);
    else if (request.headers['x-consul-token'] !== token) reply.writeHead(403).end('Permission denied');
    else if (url.pathname !== '/v1/health/service/orders') reply.writeHead(404).end();
    else if (Number(query.get('index') ?? 0) < index || failingOnce !== null) answer(reply, onlyPassing);
    else {
      const go = (): void => {
        waiting.delete(go);
        clearTimeout(timer);
        answer(reply, onlyPassing);
      };
      const seconds = Number(/^([0-9]+)s$/.exec(query.get('wait') ?? '')?.[1] ?? 300);
      const timer = setTimeout(go, seconds * 1_000);
      waiting.add(go);
      reply.on('close', () => {
        waiting.delete(go);
        clearTimeout(timer);
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const wake = (): void => {
    for (const go of [...waiting]) go();
  };
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    waiting: () => waiting.size,
    say: (next, at = index + 1) => {
      instances = next;
      index = at;
      wake();
    },
    wake,
    fail: (status) => {
      failing = status;
      wake();
    },
    failOnce: (status) => {
      failingOnce = status;
      wake();
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What `/v1/health/service` says of them. */
function replyOf(instances: readonly Instance[]): string {
  return JSON.stringify(
    instances.map(({ address, port, weight = 1, status = 'passing' }) => ({
      Node: { Node: 'node-1', Address: '127.0.0.1' },
      Service: { Service: 'orders', Address: address, Port: port, Weights: { Passing: weight, Warning: 1 } },
      Checks: [{ Status: 'passing' }, { Status: status }],
    })),
  );
}
