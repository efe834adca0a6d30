import type { ApiConfig } from './config.ts';
import type { ConfigChange } from './config-change.ts';

type Tell = (about: 'upstream' | 'replies', effect: ConfigChange['effect'], message: string) => ConfigChange;

/** What differs in what is told of tokens, and where they may stand. */
export function tokenChanges(
  old: Pick<ApiConfig, 'metadata' | 'tokensInQuery'>,
  next: Pick<ApiConfig, 'metadata' | 'tokensInQuery'>,
  tell: Tell,
): readonly ConfigChange[] {
  const changes: ConfigChange[] = [];
  if (old.tokensInQuery !== next.tokensInQuery) {
    const passes = next.tokensInQuery === 'pass';
    const words = `queries ${passes ? 'may' : 'may no longer'} bear tokens`;
    changes.push(tell('upstream', passes ? 'loosens' : 'tightens', words));
  }
  if (old.metadata?.resource !== next.metadata?.resource) {
    const tells = next.metadata !== null;
    const place = next.metadata?.resource ?? 'the host that they ask';
    const words = tells
      ? `clients are told by ${place} where tokens are had`
      : 'clients are not told where tokens are had';
    changes.push(tell('replies', old.metadata === null ? 'loosens' : tells ? 'changes' : 'tightens', words));
  }
  return changes;
}
