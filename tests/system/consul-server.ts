import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An instance of a service, as its agent was told of it. */
export interface Instance {
  /** Empty where it has that of its node. */
  readonly address: string;
  readonly port: number;
  readonly weight?: number;
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
  /** From now on every request gets this status; null: it answers again. */
  fail(status: number | null): void;
  stop(): Promise<void>;
}

/** Starts one that demands this token and has one service, `orders`; its node is at 127.0.0.1. */
export async function startConsul(token: string): Promise<ConsulServer> {
  const asked: URLSearchParams[] = [];
  let index = 10;
  let instances: readonly Instance[] = [];
  let failing: number | null = null;
  const waiting = new Set<() => void>();
  const answer = (reply: ServerResponse): void => {
    reply.setHeader('x-consul-index', String(index));
    reply.end(
      JSON.stringify(
        instances.map(({ address, port, weight = 1 }) => ({
          Node: { Node: 'node-1', Address: '127.0.0.1' },
          Service: { Service: 'orders', Address: address, Port: port, Weights: { Passing: weight, Warning: 1 } },
          Checks: [{ Status: 'passing' }],
        })),
      ),
    );
  };
  const server = createServer((request, reply) => {
    const url = new URL(request.url ?? '/', 'http://consul');
    asked.push(url.searchParams);
    if (failing !== null) reply.writeHead(failing).end();
    else if (request.headers['x-consul-token'] !== token) reply.writeHead(403).end('Permission denied');
    else if (url.pathname !== '/v1/health/service/orders' || url.searchParams.get('passing') !== 'true')
      reply.writeHead(404).end();
    else if (Number(url.searchParams.get('index') ?? 0) < index) answer(reply);
    else {
      const go = (): void => {
        waiting.delete(go);
        clearTimeout(timer);
        answer(reply);
      };
      const seconds = Number(/^([0-9]+)s$/.exec(url.searchParams.get('wait') ?? '')?.[1] ?? 300);
      const timer = setTimeout(go, seconds * 1_000);
      waiting.add(go);
      reply.on('close', () => {
        waiting.delete(go);
        clearTimeout(timer);
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    waiting: () => waiting.size,
    say: (next, at = index + 1) => {
      instances = next;
      index = at;
      for (const go of [...waiting]) go();
    },
    fail: (status) => {
      failing = status;
      for (const go of [...waiting]) go();
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
