import { writeFile } from 'node:fs/promises';
import { createServer, request as requestHttp } from 'node:http';
import { join } from 'node:path';
import { findProgram, startServer } from '../bench/child.ts';
import { startNginx } from './nginx.ts';
import { freePort } from '../framing/free-port.ts';
import { startLocalServer } from '../system/local-server.ts';

/** Servers that stand between the gateway and one origin each, and pass on what they understood. */
interface MiddleServers {
  /** One port for each origin, in the same order. */
  readonly ports: readonly number[];
  stop(): Promise<void>;
}

/** How one kind of server is started; `program` is what must be installed, with its Debian package. */
export interface MiddleKind {
  readonly name: string;
  readonly program: string | null;
  readonly start: (folder: string, originPorts: readonly number[]) => Promise<MiddleServers>;
}

/** The readings that ours is compared with. */
export const MIDDLE_KINDS: readonly MiddleKind[] = [
  { name: 'nginx', program: 'nginx', start: startNginxes },
  { name: 'HAProxy', program: 'haproxy', start: startHaproxy },
  { name: 'node:http', program: null, start: startNodeHttp },
];

async function startNginxes(folder: string, originPorts: readonly number[]): Promise<MiddleServers> {
  const ports = await Promise.all(originPorts.map(freePort));
  const servers = originPorts.map(
    (origin, index) =>
      `server { listen 127.0.0.1:${ports[index]}; location / { proxy_pass http://127.0.0.1:${origin}; } }`,
  );
  const http = `client_max_body_size 0; large_client_header_buffers 8 32k; merge_slashes off;
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffer_size 64k; proxy_buffers 8 64k;
  ${servers.join('\n  ')}`;
  const child = await startNginx({ folder, port: ports[0] as number, http });
  return { ports, stop: child.stop };
}

async function startHaproxy(folder: string, originPorts: readonly number[]): Promise<MiddleServers> {
  const ports = await Promise.all(originPorts.map(freePort));
  const sections = originPorts.map(
    (origin, index) => `listen l${index}\n  bind 127.0.0.1:${ports[index]}\n  server origin 127.0.0.1:${origin}\n`,
  );
  const file = join(folder, 'haproxy.cfg');
  await writeFile(
    file,
    `global
  nbthread 1
  tune.bufsize 65536
  tune.http.maxhdr 256
defaults
  mode http
  timeout connect 3s
  timeout client 30s
  timeout server 30s
  http-reuse always
${sections.join('')}`,
  );
  const child = await startServer([findProgram('haproxy') ?? 'haproxy', '-db', '-f', file], ports[0] as number, {
    core: 'any',
  });
  return { ports, stop: child.stop };
}

async function startNodeHttp(_folder: string, originPorts: readonly number[]): Promise<MiddleServers> {
  const made = originPorts.map((port) =>
    createServer({ maxHeaderSize: 65_536 }, (request, response) => {
      const { connection: _ended, ...headers } = request.headers;
      const onward = requestHttp(
        { host: '127.0.0.1', port, method: request.method, path: request.url, headers, agent: false },
        (reply) => {
          response.writeHead(reply.statusCode ?? 502, reply.headers);
          reply.pipe(response);
        },
      );
      onward.on('error', () => response.destroy());
      request.on('aborted', () => onward.destroy());
      request.pipe(onward);
    }),
  );
  const servers = await Promise.all(made.map(startLocalServer));
  const stop = async (): Promise<void> => {
    for (const server of servers) server.stop();
  };
  return { ports: servers.map(({ port }) => port), stop };
}
