import type { Issue } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import { Desks } from '../control/index.ts';
import type { Alerts, Keyring, Store, Tables } from '../ports/index.ts';
import type { HostPorts } from './host-ports.ts';

/** What the control side knows of callers, which gateway threads ask it for or are told by live tables. */
export interface NodeCredentials {
  readonly desks: Desks;
  /** Makes ready what a configuration needs, beside the one in force. What stands against it. */
  fill(gathered: Gathered): Promise<readonly Issue[]>;
  /** From now on only what this configuration needs is kept. */
  retain(gathered: Gathered): void;
  /** Nothing is fetched or told after this. */
  close(): Promise<void>;
}

/** What it works with. */
export interface NodeCredentialsOptions {
  readonly host: HostPorts;
  readonly alerts: Alerts;
  readonly store: Store;
  readonly keyring: Keyring;
  /** What goes on to every gateway thread. */
  readonly tables: Tables;
}

/** One part of it, such as API keys, or sessions. */
interface Part {
  fill?(gathered: Gathered): Promise<readonly Issue[]>;
  retain?(gathered: Gathered): void;
  close?(): Promise<void> | void;
}

/** What each part is made with. */
export interface PartOptions extends NodeCredentialsOptions {
  readonly desks: Desks;
}

/** Opens it; nothing is fetched or told before the first filling. */
export function openNodeCredentials(options: NodeCredentialsOptions): NodeCredentials {
  const desks = new Desks(options.host.log);
  const parts = openParts({ ...options, desks });
  return {
    desks,
    fill: async (gathered) => {
      const lacking = parts.map(async (part) => (await part.fill?.(gathered)) ?? []);
      return (await Promise.all(lacking)).flat();
    },
    retain: (gathered) => {
      for (const part of parts) part.retain?.(gathered);
    },
    close: async () => {
      for (const part of parts) await part.close?.();
    },
  };
}

/** Each in a file of its own. */
function openParts(_options: PartOptions): readonly Part[] {
  return [];
}
