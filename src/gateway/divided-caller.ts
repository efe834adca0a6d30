import type { CallClient, UpstreamCall, UpstreamEvents } from '../wire/index.ts';
import type { Mirror } from './mirror.ts';
import type { RoutedRequest, UpstreamCaller } from './upstream-caller.ts';

/** What one upstream is made of. */
interface Parts {
  readonly stable: UpstreamCaller;
  readonly canary: UpstreamCaller | null;
  readonly mirror: Mirror | null;
}

/** Carries the requests of an upstream that has a canary or a mirror beside its targets. */
export class DividedCaller implements UpstreamCaller {
  readonly parts: Parts;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  /** Whether these are its parts. */
  isOf({ stable, canary, mirror }: Parts): boolean {
    return stable === this.parts.stable && canary === this.parts.canary && mirror === this.parts.mirror;
  }

  waitingShare(client: CallClient): number {
    return this.parts.stable.waitingShare(client);
  }

  call(request: RoutedRequest, events: UpstreamEvents, client: CallClient, atMs?: number): UpstreamCall {
    const { stable, canary, mirror } = this.parts;
    const side = canary !== null && request.toCanary ? canary : stable;
    const call = side.call(request, events, client, atMs);
    return mirror === null ? call : mirror.follow(request, call, client);
  }
}
