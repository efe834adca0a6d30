import type { Config } from '../../config/index.ts';
import { type Diagnosis, fine, warn } from './diagnosis.ts';

/** Whether only this machine reaches the admin port. */
export function checkAdminPort({ admin }: Config): Diagnosis {
  const { host, port } = admin;
  const local = host === 'localhost' || host === '::1' || host.startsWith('127.');
  if (local) return fine('admin port', `port ${port} listens on ${host} only`);
  return warn(
    'admin port',
    `port ${port} listens on ${host}, which other machines can reach; who has the admin key rules the gateway`,
    'take `admin.host` away, and reach the port by a tunnel; or let a firewall name who may',
  );
}
