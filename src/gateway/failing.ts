import type { UpstreamConfig } from '../config/compiled.ts';
import type { FailingPorts } from './failing-ports.ts';
import { Retries } from './retries.ts';
import { UpstreamBreaker } from './upstream-breaker.ts';

/** What an API says of an upstream that fails. */
type FailingConfig = Pick<UpstreamConfig, 'protocol' | 'retries' | 'breaker'>;

/** What is done in one thread where an upstream fails; null each where nothing is. */
export interface Failing {
  readonly retries: Retries | null;
  readonly breaker: UpstreamBreaker | null;
}

/** Whether anything is done where an upstream fails, so that its requests must be followed. */
export function isFollowed({ retries, breaker }: FailingConfig): boolean {
  return retries.attempts > 0 || breaker !== null;
}

/** Keeps it for as long as an API says the same of it, whatever its targets are. */
export class FailingUpstreams {
  readonly #ports: FailingPorts;
  readonly #byKey = new Map<string, Failing>();

  constructor(ports: FailingPorts) {
    this.#ports = ports;
  }

  /** The one of an API, or of a part of it that has a name of its own. */
  of(name: string, { protocol, retries, breaker }: FailingConfig): Failing {
    const key = JSON.stringify([name, protocol, retries, breaker]);
    let failing = this.#byKey.get(key);
    if (failing === undefined) {
      failing = {
        retries: retries.attempts === 0 ? null : new Retries(retries, { api: name, protocol }, this.#ports),
        breaker: breaker === null ? null : new UpstreamBreaker(name, breaker, this.#ports),
      };
      this.#byKey.set(key, failing);
    }
    return failing;
  }

  /** Forgets those that none of these is. */
  retain(wanted: readonly Failing[]): void {
    for (const [key, failing] of this.#byKey) {
      if (wanted.includes(failing)) continue;
      this.#byKey.delete(key);
      failing.breaker?.close();
    }
  }
}
