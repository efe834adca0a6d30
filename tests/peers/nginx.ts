import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Child, findProgram, startServer } from '../bench/child.ts';

/** What an nginx is started with: a folder of its own, a port that it then listens on, and what stands in its `http` block. */
export interface NginxPlan {
  readonly folder: string;
  readonly port: number;
  readonly http: string;
}

/** Starts an nginx of one worker, which writes nothing outside its folder, and resolves when its port is open. */
export async function startNginx({ folder, port, http }: NginxPlan): Promise<Child> {
  const file = join(folder, 'nginx.conf');
  await writeFile(
    file,
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f;
  uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  ${http}
}
`,
  );
  return startServer([findProgram('nginx') ?? 'nginx', '-p', folder, '-c', file], port, { core: 'any' });
}
