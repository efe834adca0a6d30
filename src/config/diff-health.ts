import { type ChangeEffect, type ConfigChange, sameData } from './config-change.ts';
import type { CheckConfig, HealthConfig } from './health-config.ts';

/** What differs in how it is known which targets are well. `tell` makes a change of words. */
export function healthChanges(
  old: HealthConfig,
  next: HealthConfig,
  tell: (about: 'upstream', effect: ChangeEffect, message: string) => ConfigChange,
): readonly ConfigChange[] {
  const changes: ConfigChange[] = [];
  if (!sameData(old.check, next.check)) {
    const words =
      next.check === null ? 'targets are no longer checked' : `targets are checked by ${checkText(next.check)}`;
    changes.push(tell('upstream', 'changes', words));
  }
  if (!sameData(old.eject, next.eject)) {
    const words =
      next.eject === null
        ? 'targets that fail are no longer left out'
        : `targets are left out behind ${next.eject.consecutive} failures in a row, or ${next.eject.failurePercent} % of them, and ${next.eject.maxPercent} % at most`;
    changes.push(tell('upstream', 'changes', words));
  }
  if (old.slowStartMs !== next.slowStartMs) {
    const words = `targets that are back get all of their part ${next.slowStartMs === 0 ? 'at once' : `within ${next.slowStartMs / 1_000} s`}`;
    changes.push(tell('upstream', 'changes', words));
  }
  if (old.whenAllDown !== next.whenAllDown) {
    const serves = next.whenAllDown === 'serve';
    const words = `while all targets fail their checks, requests are ${serves ? 'served all the same' : 'refused'}`;
    changes.push(tell('upstream', serves ? 'loosens' : 'tightens', words));
  }
  return changes;
}

function checkText({ kind, path, everyMs }: CheckConfig): string {
  const what = { http: `GET ${path}`, tcp: 'connecting', grpc: 'grpc.health.v1.Health/Check' }[kind];
  return `${what} each ${everyMs / 1_000} s`;
}
