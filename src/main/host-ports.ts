import {
  createDiskFiles,
  createHostSecrets,
  createLineLog,
  createOutboundEgress,
  createOwnSecrets,
  createSystemClock,
  createSystemRandom,
  createSystemResolver,
  createSystemReverseResolver,
  createVaultSecrets,
} from '../adapters/index.ts';
import type { GatherOptions } from '../config/index.ts';
import type {
  Clock,
  Egress,
  Files,
  Log,
  LogLevel,
  Random,
  Resolver,
  ReverseResolver,
  Secrets,
} from '../ports/index.ts';

/** What this machine gives: time, randomness, files, secrets, names, the way out, and a log. */
export interface HostPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly files: Files;
  readonly secrets: Secrets;
  readonly resolver: Resolver;
  readonly reverse: ReverseResolver;
  readonly egress: Egress;
  readonly log: Log;
  readonly logLevel: LogLevel;
}

/** Calls to owner services at a time. They have places of their own: nobody else waits for them. */
export const OWNER_CALLS = 64;

/** Calls at a time: those, and 64 for all else, such as keys of issuers, introspection and alerts. */
const CALL_LIMIT = 64 + OWNER_CALLS;

/** Opens them. The log goes to standard error, as JSON unless a person reads it. */
export function openHostPorts(options: {
  readonly logFormat: 'json' | 'text';
  readonly logLevel: LogLevel;
}): HostPorts {
  const clock = createSystemClock();
  const random = createSystemRandom();
  const files = createDiskFiles({ clock });
  const log = createLineLog({
    write: (line) => process.stderr.write(line),
    clock,
    format: options.logFormat,
    level: options.logLevel,
  });
  const resolver = createSystemResolver({ clock });
  const egress = createOutboundEgress({ resolver, clock, callLimit: CALL_LIMIT });
  const own = { environment: process.env, files, log };
  const vault = createVaultSecrets({ egress, files, clock, own: createOwnSecrets(own) });
  return {
    clock,
    random,
    files,
    secrets: createHostSecrets({ ...own, vault }),
    resolver,
    reverse: createSystemReverseResolver(),
    egress,
    log,
    logLevel: options.logLevel,
  };
}

/** Of these, what gathering a configuration reads through. */
export function ioOf({ files, secrets, egress, clock }: HostPorts): Omit<GatherOptions, 'revision'> {
  return { files, secrets, egress, machine: { now: () => clock.now(), nodeVersion: process.version } };
}
