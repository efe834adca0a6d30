import {
  createDiskFiles,
  createHostSecrets,
  createLineLog,
  createOutboundEgress,
  createSystemClock,
  createSystemRandom,
  createSystemResolver,
  createSystemReverseResolver,
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
  return {
    clock,
    random,
    files,
    secrets: createHostSecrets({ environment: process.env, files, log }),
    resolver,
    reverse: createSystemReverseResolver(),
    egress: createOutboundEgress({ resolver, clock }),
    log,
    logLevel: options.logLevel,
  };
}

/** Of these, what gathering a configuration reads through. */
export function ioOf({ files, secrets, egress, clock }: HostPorts): Omit<GatherOptions, 'revision'> {
  return { files, secrets, egress, machine: { now: () => clock.now(), nodeVersion: process.version } };
}
