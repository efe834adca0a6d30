import { errorIssue, type Issue } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import type { CertificateFault } from './node-certificates.ts';

/** At a start there is nothing better; while the gateway runs there is, and it would be given up. */
export function spoiledIssue(file: string, { config, places }: Gathered): Issue {
  const { clients, hosts } = config.server.https;
  const trust = [clients, ...hosts.map((host) => host.clients)].find((one) => one?.crlFile === file);
  const path = `${trust?.path ?? 'server.https'}.clientCrl`;
  const fix = 'put a newer one there';
  return errorIssue(path, 'a list of this file has ended, and the one in force has not', {
    place: places[path] ?? null,
    fix,
  });
}

/** Why there is no certificate for the https port. */
export function certificateIssue({ path, words }: CertificateFault, { places }: Gathered): Issue {
  return errorIssue(path, words, { place: places[path] ?? null });
}

/** Why a port can not be opened. */
export function portIssue(key: string, { host, port, code }: { host: string; port: number; code: string }): Issue {
  const words: Readonly<Record<string, string>> = {
    EADDRINUSE: 'is in use by another program',
    EACCES: 'may not be opened by this user (ports below 1024 need a right)',
    EADDRNOTAVAIL: `can not be opened on ${host}, which is no address of this machine`,
  };
  return errorIssue(key, `port ${port} ${words[code] ?? `can not be opened (${code})`}`, {
    fix: 'choose another port or stop what uses it',
  });
}
