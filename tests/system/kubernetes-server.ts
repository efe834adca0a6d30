import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A slice of a service's endpoints, of which each is ready unless said otherwise. */
export interface Slice {
  readonly addresses: readonly { readonly address: string; readonly ready?: boolean }[];
  readonly ports: readonly { readonly name?: string; readonly port: number }[];
}

/** The EndpointSlices of one service in the API of Kubernetes, as its documentation says it behaves: lists by pages, and watches. */
export interface KubernetesServer {
  readonly port: number;
  /** What was asked for: `list`, or `watch` and what from. */
  readonly asked: string[];
  put(name: string, slice: Slice): void;
  remove(name: string): void;
  /** Sends time on without a change. */
  bookmark(): void;
  /** Ends all watches: cleanly, with the event of a version that is gone, or in the middle of a line. */
  end(how: 'cleanly' | 'gone' | 'cut'): void;
  /** From now on every request gets this status; null: it answers again. */
  fail(status: number | null): void;
  /** From now on only this token is right. */
  demand(token: string): void;
  /** From now on it proves itself by this certificate, where it has any; all connections are closed. */
  prove(identity: Identity): void;
  /** Connections so far, also those over which nothing was asked. */
  readonly connections: () => number;
  stop(): Promise<void>;
}

/** PEM. */
interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** Starts one for the service `orders` of the namespace `shop`, whose account has this token; two slices are a page. It speaks TLS where it has an identity. */
export async function startKubernetes(firstToken: string, identity: Identity | null = null): Promise<KubernetesServer> {
  let token = firstToken;
  const slices = makeSlices();
  let failing: number | null = null;
  const listener: RequestListener = (request, reply) => {
    const url = new URL(request.url ?? '/', 'http://kubernetes');
    const query = url.searchParams;
    const isRight =
      url.pathname === '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices' &&
      query.get('labelSelector') === 'kubernetes.io/service-name=orders';
    reply.setHeader('content-type', 'application/json');
    if (failing !== null) reply.writeHead(failing).end('{}');
    else if (request.headers.authorization !== `Bearer ${token}`) reply.writeHead(401).end('{}');
    else if (!isRight) reply.writeHead(404).end('{}');
    else if (query.get('watch') === 'true') slices.watch(query, reply);
    else slices.list(query, reply);
  };
  const secure: TlsServer | null = identity === null ? null : createTlsServer(identity, listener);
  const server = (secure ?? createServer(listener)).listen(0, '127.0.0.1');
  let connections = 0;
  server.on('connection', () => connections++);
  await once(server, 'listening');
  return {
    ...slices,
    port: (server.address() as AddressInfo).port,
    fail: (status) => {
      failing = status;
    },
    connections: () => connections,
    demand: (next) => {
      token = next;
      server.closeAllConnections();
    },
    prove: (next) => {
      secure?.setSecureContext(next);
      server.closeAllConnections();
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The slices, and those who watch them. */
interface Slices extends Omit<KubernetesServer, 'port' | 'fail' | 'connections' | 'demand' | 'prove' | 'stop'> {
  list(query: URLSearchParams, reply: ServerResponse): void;
  watch(query: URLSearchParams, reply: ServerResponse): void;
}

function makeSlices(): Slices {
  const asked: string[] = [];
  const slices = new Map<string, object>();
  const watches = new Set<ServerResponse>();
  let version = 100;
  /** Versions before this one are not known any more. */
  let oldest = 0;
  /** What has happened, by the version that it made. */
  const history: { readonly version: number; readonly line: string }[] = [];
  const tell = (type: string, object: object): void => {
    const line = `${JSON.stringify({ type, object })}\n`;
    if (type !== 'ERROR' && type !== 'BOOKMARK') history.push({ version, line });
    // In two pieces: what is sent does not end where lines do.
    for (const watch of watches) {
      watch.write(line.slice(0, 9));
      watch.write(line.slice(9));
    }
  };
  const listPage = (query: URLSearchParams, reply: ServerResponse): void => {
    asked.push('list');
    const from = Number(query.get('continue') ?? 0);
    const items = [...slices.values()].slice(from, from + 2);
    const next = from + 2 < slices.size ? String(from + 2) : '';
    const metadata = { resourceVersion: String(version), continue: next };
    reply.end(JSON.stringify({ kind: 'EndpointSliceList', apiVersion: 'discovery.k8s.io/v1', metadata, items }));
  };
  const watch = (query: URLSearchParams, reply: ServerResponse): void => {
    const from = Number(query.get('resourceVersion'));
    asked.push(`watch ${from}`);
    if (from < oldest) {
      reply.end(`${JSON.stringify({ type: 'ERROR', object: gone() })}\n`);
      return;
    }
    reply.flushHeaders();
    for (const past of history) if (past.version > from) reply.write(past.line);
    watches.add(reply);
    reply.on('close', () => watches.delete(reply));
  };
  return {
    list: listPage,
    watch,
    asked,
    put: (name, slice) => {
      const type = slices.has(name) ? 'MODIFIED' : 'ADDED';
      version++;
      slices.set(name, sliceObject(name, slice, version));
      tell(type, slices.get(name) ?? {});
    },
    remove: (name) => {
      version++;
      const slice = slices.get(name) ?? {};
      slices.delete(name);
      tell('DELETED', { ...slice, metadata: { name, resourceVersion: String(version) } });
    },
    bookmark: () => {
      version += 10;
      tell('BOOKMARK', { kind: 'EndpointSlice', metadata: { resourceVersion: String(version) } });
    },
    end: (how) => {
      if (how === 'gone') {
        oldest = version;
        tell('ERROR', gone());
      }
      for (const each of watches) {
        if (how === 'cut') each.write('{"type":"MODIF');
        if (how === 'cut') each.destroy();
        else each.end();
      }
      watches.clear();
    },
  };
}

function sliceObject(name: string, { addresses, ports }: Slice, version: number): object {
  return {
    metadata: { name, namespace: 'shop', resourceVersion: String(version) },
    addressType: 'IPv4',
    endpoints: addresses.map(({ address, ready = true }) => ({ addresses: [address], conditions: { ready } })),
    ports: ports.map((port) => ({ protocol: 'TCP', ...port })),
  };
}

function gone(): object {
  return { kind: 'Status', status: 'Failure', reason: 'Expired', code: 410, message: 'too old resource version' };
}
