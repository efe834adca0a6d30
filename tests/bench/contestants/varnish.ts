import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../framing/free-port.ts';
import { findProgram, startServer } from '../child.ts';
import { useOfTree } from '../process-tree.ts';
import type { Absence, Contestant, Row, Surroundings } from './contestant.ts';

/** Varnish as a cache of everything, in memory, with the fields of the other contestants. It compiles its rules with gcc. */
export async function startVarnish(row: Row, surroundings: Surroundings): Promise<Contestant | Absence> {
  const [program, compiler] = [findProgram('varnishd'), findProgram('gcc')];
  if (program === null || compiler === null) {
    return { name: 'varnish', row, reason: 'not installed (Debian packages varnish, gcc)' };
  }
  const port = await freePort();
  const folder = join(surroundings.folder, `varnish-${row}`);
  await mkdir(folder);
  const configuration = configure(surroundings);
  await writeFile(join(folder, 'default.vcl'), configuration);
  const where = ['-n', join(folder, 'state'), '-f', join(folder, 'default.vcl')];
  const what = ['-F', '-a', `127.0.0.1:${port}`, '-s', 'malloc,64m', '-p', 'thread_pools=1', '-j', 'none'];
  const child = await startServer([program, ...what, ...where], port, { core: 'contestant' });
  return {
    name: 'varnish',
    row,
    target: { scheme: 'http', port },
    configuration,
    use: () => useOfTree(child.pid),
    stop: child.stop,
  };
}

function configure({ upstreamPort, replyFields }: Surroundings): string {
  const added = replyFields.map(([name, value]) => `  set resp.http.${name} = "${value}";`).join('\n');
  return `vcl 4.1;
import std;
backend api { .host = "127.0.0.1"; .port = "${upstreamPort}"; }
sub vcl_recv { return (hash); }
sub vcl_backend_response { set beresp.ttl = 1h; return (deliver); }
sub vcl_deliver {
  set resp.http.X-Request-Id = req.xid;
${added}
}
`;
}
